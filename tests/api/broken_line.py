"""A line between client and server that breaks when a test says so."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable


class BrokenLine:
    """Listens on `port` and passes bytes to the first of `upstream` ports that answers.

    `at_answer` is called once with the first bytes of the next answer; when it gives True the answer is lost: both
    sides are cut off. `cut` counts the answers lost.
    """

    def __init__(self, upstream: list[int]) -> None:
        self._upstream = upstream
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.at_answer: Callable[[bytes], bool] | None = None
        self.cut = 0
        self._thread = threading.Thread(target=self._accept)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)

    def _accept(self) -> None:
        threads = []
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
                thread.start()
                threads.append(thread)

    def _serve(self, client: socket.socket) -> None:
        server = self._connect()
        if server is None:
            client.close()
            return
        asking = threading.Thread(target=self._pass, args=(client, server), daemon=True)
        asking.start()
        self._pass(server, client, answers=True)
        for end in (client, server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        asking.join(10)
        client.close()
        server.close()

    def _connect(self) -> socket.socket | None:
        for port in self._upstream:
            with contextlib.suppress(OSError):
                connected = socket.create_connection(("127.0.0.1", port), 5)
                connected.settimeout(None)  # a server may take its time
                return connected
        return None

    def _pass(self, source: socket.socket, target: socket.socket, *, answers: bool = False) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if answers and self._is_lost(data):
                    break
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def _is_lost(self, data: bytes) -> bool:
        decide, self.at_answer = self.at_answer, None
        lost = decide is not None and decide(data)
        self.cut += lost
        return lost
