"""A socket that is about to be closed: whoever is in already is answered, whoever comes later is not taken in."""

from __future__ import annotations

import socket
import sys
import threading

import pytest

from casectl.api.listening import let_nobody_begin


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can ignore connections at an open socket")
def test_who_is_in_is_answered_and_who_knocks_later_finds_the_door_closed():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        place = listening.getsockname()
        early = socket.create_connection(place, timeout=10)
        early.sendall(b"asked")
        let_nobody_begin(listening)
        if not is_filtered(listening):
            early.close()
            pytest.skip("this system does not let this user filter what comes to a socket")
        found: list[str] = []
        late = threading.Thread(target=lambda: found.append(knock(place)))
        late.start()
        late.join(0.3)
        assert late.is_alive(), "it knocks again"
        accepted, _ = listening.accept()
        assert accepted.recv(10) == b"asked"
        accepted.sendall(b"answered")
        assert early.recv(10) == b"answered"
        listening.setblocking(False)
        with pytest.raises(BlockingIOError):
            listening.accept()
    late.join(10)
    assert found == ["refused"]
    accepted.close()
    early.close()


def is_filtered(listening: socket.socket) -> bool:
    """Whether there is a filter, which can be taken away once; it is put back."""
    try:
        listening.setsockopt(socket.SOL_SOCKET, 27, 0)  # SO_DETACH_FILTER
    except OSError:
        return False
    let_nobody_begin(listening)
    return True


def knock(place: tuple[str, int]) -> str:
    try:
        socket.create_connection(place, timeout=10).close()
    except ConnectionRefusedError:
        return "refused"
    return "let in"
