"""A client's connection, guarded before there is a request: size and patience of its head, and unread bodies.

uvicorn's own protocol keeps whatever head it is sent and waits for its end for ever. Only casectl.api imports this
module.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio

_MOST_FIELDS = 100
_MOST_PIPELINED = 16
_DISCARD = 5.0
"""Seconds in which the rest of a body may come after its request was answered: a client that is still sending would
otherwise see its connection reset instead of the answer."""

_TOLD = {
    400: "this is no HTTP/1.1 request",
    408: "the request did not arrive in time",
    431: "the head of the request is too large",
}


class Connection(HttpToolsProtocol):
    """uvicorn's connection with limits; `guarded` makes the class for one server."""

    largest_head: ClassVar[int] = 32_768
    patience: ClassVar[float] = 30.0

    _deadline: asyncio.TimerHandle | None = None
    _head = 0
    _fields = 0
    _in_head = True
    _is_last = False
    _refusal = 400

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """A client has connected: it has so long to send its first head."""
        super().connection_made(transport)
        self._wait(self.patience)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes have come; those of a head are counted before their end is seen."""
        if self._in_head:
            self._head += len(data)
            if self._deadline is None:
                self._wait(self.patience)
        super().data_received(data)
        if self._in_head and self._head > self.largest_head:
            self._refuse(431)

    def on_message_begin(self) -> None:
        """A head begins."""
        self._in_head, self._fields = True, 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """One field of a head; too many end the request.

        Fields behind a body are counted and dropped: uvicorn would add them to those of the head, which a proxy before
        us has judged without them (RFC 9110, 6.5.1).
        """
        if self._in_head:
            super().on_header(name, value)
        self._fields += len(name) + len(value) + 4
        if self._fields + len(self.url) > self.largest_head or len(self.headers) > _MOST_FIELDS:
            self._refusal = 431
            raise ValueError(_TOLD[431])  # the parser hands it on as an error of the request's

    def on_headers_complete(self) -> None:
        """A head is whole."""
        if len(self.url) > self.largest_head:
            self._refusal = 431
            raise ValueError(_TOLD[431])
        if len(self.pipeline) >= _MOST_PIPELINED:
            raise ValueError("too many requests at once")
        self._in_head = False
        self._stop_waiting()
        super().on_headers_complete()
        if self._is_last and self.cycle is not None:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """A request is whole; the next one's head is counted anew."""
        self._in_head, self._head = True, 0
        self._stop_waiting()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer is written; the rest of a body that nobody wants has little time."""
        super().on_response_complete()
        if not self._in_head and not self.transport.is_closing():
            self._wait(_DISCARD)

    def announce_end(self) -> None:
        """Answer what is under way, and say that it was the last: the server is ending."""
        self._is_last = True
        if self.cycle is not None:
            self.cycle.keep_alive = False

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words are replaced by ours
        """Answer what is no request, or too large a one."""
        self._refuse(self._refusal)

    def _wait(self, seconds: float) -> None:
        self._stop_waiting()
        self._deadline = self.loop.call_later(seconds, self._expire)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _expire(self) -> None:
        self._deadline = None
        if self._in_head and self._head:
            self._refuse(408)
        else:
            self.transport.close()

    def _refuse(self, status: int) -> None:
        """Answer and hang up; while an earlier request is being answered only hang up."""
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(_answer(status))
        self.transport.close()


def _answer(status: int) -> bytes:
    phrase = HTTPStatus(status).phrase
    problem: dict[str, Any] = {"type": "about:blank", "title": phrase, "status": status, "detail": _TOLD[status]}
    body = msgspec.json.encode(problem)
    head = (
        f"HTTP/1.1 {status} {phrase}\r\nContent-Type: application/problem+json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


def guarded(largest_head: int, patience: float) -> type[Connection]:
    """The class of connections whose heads have at most `largest_head` bytes and arrive within `patience` seconds."""
    return type("GuardedConnection", (Connection,), {"largest_head": largest_head, "patience": patience})
