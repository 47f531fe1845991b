"""A line between a desk and Postgres that breaks at a commit."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Literal, Self

if TYPE_CHECKING:
    from casectl.store.cluster import Address

Break = Literal["", "before", "after", "for good"]


class CommitLine:
    """Listens on `port` of loopback and passes bytes to the server's socket and back.

    `breaks` says where the next COMMIT is cut off, once: before it reaches the server, after the server has done it
    but before its answer, or so that afterwards nobody gets through.
    """

    def __init__(self, server: Address) -> None:
        self._target = f"{server.folder}/.s.PGSQL.{server.port}"
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.breaks: Break = ""
        self._is_away = False
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self._is_away:
                    client.close()
                    continue
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._target)
                for pair in ((client, server), (server, client)):
                    thread = threading.Thread(target=self._pass, args=pair)
                    thread.start()
                    self._threads.append(thread)

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError), source:
            while data := source.recv(65536):
                if self.breaks and b"COMMIT\0" in data:
                    self._break(source, target, data)
                    return
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def _break(self, client: socket.socket, server: socket.socket, data: bytes) -> None:
        how, self.breaks = self.breaks, ""
        self._is_away = how == "for good"
        if how != "before":
            client.shutdown(socket.SHUT_RDWR)  # before the server can answer
            server.sendall(data)
        server.shutdown(socket.SHUT_WR)
        client.close()
