"""The port of this machine to which the login page sends the browser back (RFC 8252, 7.3). Only `login` uses it.

It listens on 127.0.0.1 alone, believes nothing but the answer with the right `state`, and shows a page without script.
"""

from __future__ import annotations

import hmac
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qs, urlsplit

from casectl.errors import NotLoggedIn

if TYPE_CHECKING:
    from types import TracebackType

PATH = "/callback"

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>casectl</title>
<body><h1>%s</h1><p>%s</p></body></html>
"""
_DONE = _PAGE % ("Back to the terminal", "casectl has its answer. You can close this window.")
_WRONG = _PAGE % ("Nothing to see here", "This is the door of a login in a terminal. You can close this window.")
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Connection": "close",
}
_TURN = 0.2
"""Seconds between two looks at the answer; Ctrl-C is heard in between."""


class _Door(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = False
    state = ""

    def __init__(self) -> None:
        self.answers: SimpleQueue[dict[str, str]] = SimpleQueue()
        super().__init__(("127.0.0.1", 0), _Visitor)

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that goes away is nothing to tell."""


class _Visitor(BaseHTTPRequestHandler):
    timeout = 10  # of a connection that a browser opens in advance and says nothing on
    server_version, sys_version = "casectl", ""

    def do_GET(self) -> None:
        answer = self._answer()
        self._say(400 if answer is None else 200, _WRONG if answer is None else _DONE)
        if answer is not None:
            self._door.answers.put(answer)

    @property
    def _door(self) -> _Door:
        assert isinstance(self.server, _Door)
        return self.server

    def _answer(self) -> dict[str, str] | None:
        """The parameters of the redirect; None for anything that is not the answer to our question."""
        parts = urlsplit(self.path)
        given = parse_qs(parts.query, keep_blank_values=True, max_num_fields=20)
        is_here = self.headers.get("Host") == f"127.0.0.1:{self._door.server_address[1]}"
        state = given.get("state", [""])
        known = hmac.compare_digest(state[0].encode(), self._door.state.encode()) and bool(self._door.state)
        if parts.path != PATH or not is_here or not known or any(len(values) > 1 for values in given.values()):
            return None
        return {name: values[0] for name, values in given.items()}

    def _say(self, status: int, page: str) -> None:
        body = page.encode()
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name for it
        """The redirect holds a code: it stands in no log."""


class Loopback:
    """The open port; leaving the block closes it. `expect` a state, then `wait` for the answer that brings it."""

    def __init__(self) -> None:
        self._door = _Door()
        self._thread = Thread(target=self._door.serve_forever, args=(_TURN,), name="loopback", daemon=True)

    @property
    def redirect_uri(self) -> str:
        """Where the login page sends the browser."""
        return f"http://127.0.0.1:{self._door.server_address[1]}{PATH}"

    def expect(self, state: str) -> None:
        """Believe the answer with this `state` from now on."""
        self._door.state = state

    def wait(self, seconds: float) -> dict[str, str]:
        """The parameters of the answer. Raises NotLoggedIn when none came in time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                return self._door.answers.get(timeout=_TURN)
            except Empty:
                continue
        raise NotLoggedIn(
            f"nobody logged in within {seconds:.0f} s", hint="casectl auth login --device needs no browser here"
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._door.shutdown()
        self._door.server_close()
