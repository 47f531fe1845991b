"""A server on loopback that answers each connection as a test says, byte by byte: for what no real server would do."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any

import msgspec

from casectl import wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Script = "bytes | Callable[[socket.socket], None]"


def answer(status: int, body: bytes = b"", **headers: str | None) -> bytes:
    """An answer of casectl; headers by name with `_` for `-`, None leaves one out."""
    words = {"content-type": "application/json", "casectl-version": wire.version_header("0002")}
    words |= {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
    for name, value in headers.items():
        if value is None:
            words.pop(name.replace("_", "-"), None)
    lines = [f"HTTP/1.1 {status} X", f"content-length: {len(body)}", "connection: close"]
    lines += [f"{name}: {value}" for name, value in words.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def problem(status: int, code: str, detail: str = "no", **more: Any) -> bytes:
    """A refusal of casectl."""
    headers = {name: str(more.pop(name)) for name in ("retry_after",) if name in more}
    document = {"code": code, "detail": detail, "status": status, **more}
    return answer(status, msgspec.json.encode(document), content_type=wire.PROBLEM, **headers)


class OddServer:
    """Answers the n-th request as the n-th of its scripts says, later ones as the last; keeps what was asked."""

    def __init__(self, scripts: list[Any], wrap: Callable[[socket.socket], socket.socket] | None = None) -> None:
        self._scripts, self._wrap = scripts, wrap
        self.requests: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), connection:
                connection.settimeout(5)
                self._one(self._wrap(connection) if self._wrap else connection)

    def _one(self, connection: socket.socket) -> None:
        asked = read_request(connection)
        if not asked:
            return
        self.requests.append(asked)
        script = self._scripts[min(len(self.requests), len(self._scripts)) - 1]
        if callable(script):
            script(connection)
        else:
            connection.sendall(script)
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()

    def headers(self, number: int = 0) -> dict[str, str]:
        """The headers of a request by lower-case name."""
        lines = self.requests[number].partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}

    def close(self) -> None:
        """Stop listening."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)


def read_request(connection: socket.socket) -> bytes:
    """The bytes of one request with its body."""
    asked = b""
    while b"\r\n\r\n" not in asked:
        part = connection.recv(65536)
        if not part:
            return asked
        asked += part
    head, _, body = asked.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@contextlib.contextmanager
def odd_server(*scripts: Any, wrap: Any = None) -> Iterator[OddServer]:
    """A server with these scripts until the block ends."""
    made = OddServer([*scripts], wrap)
    try:
        yield made
    finally:
        made.close()
