"""What every answer of the server carries, and what becomes of errors nobody expected. Only `api.app` imports it.

One pure ASGI layer around everything: a request id, casectl's version, security headers, and a problem document
instead of a traceback.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

from casectl import wire
from casectl.api.responses import send_refusal
from casectl.errors import Failure, Refusal, UsageError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("casectl.api")

LONGEST_ID = 64
_ONCE = frozenset((
    b"authorization", b"host", b"content-type", b"last-event-id",
    *(name.lower().encode() for name in (
        wire.IDEMPOTENCY_KEY, wire.IF_MATCH, wire.DRY_RUN, wire.HISTORIC_AT, wire.HISTORIC_ACTOR)),
))  # fmt: skip
"""Headers that say one thing: where one comes twice, a proxy before us may have judged the other."""

_ID_BYTES = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."


def request_id(given: bytes) -> str:
    """The caller's request id where it is a short token that no log or audit can misread, else a new one."""
    if given and len(given) <= LONGEST_ID and not given.translate(None, _ID_BYTES):
        return given.decode()
    return os.urandom(8).hex()


class Envelope:
    """The outermost layer but the access log; `schema` is the version of the database's schema."""

    def __init__(self, app: ASGIApp, schema: str) -> None:
        self._app = app
        self._always = [
            (wire.VERSION.lower().encode(), wire.version_header(schema).encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; lifespan events pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        told = request_id(given)
        scope.setdefault("state", {})["request_id"] = told
        own = [(b"x-request-id", told.encode()), *self._always]
        has_started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal has_started
            if message["type"] == "http.response.start":
                has_started = True
                message["headers"] = [*message.get("headers", ()), *own]
                if not any(name.lower() == b"cache-control" for name, _ in message["headers"]):
                    message["headers"].append((b"cache-control", b"no-store"))
            await send(message)

        try:
            _refuse_twice(scope)
            await self._app(scope, receive, send_with_headers)
        except Exception as error:
            if has_started:
                raise
            await send_refusal(scope, send_with_headers, _told(error, scope))


def _refuse_twice(scope: Scope) -> None:
    """Raise UsageError for a header that is given twice and must not be."""
    names = [name for name, _ in scope["headers"]]
    if len({*names}) == len(names):
        return
    twice = sorted({name.decode("latin-1") for name in names if name in _ONCE and names.count(name) > 1})
    if twice:
        raise UsageError(f"the header {twice[0]} is given more than once", hint="send each header once")


def _told(error: Exception, scope: dict[str, Any] | Any) -> Refusal:
    """What the caller is told; an error of ours is told to the log only."""
    if isinstance(error, Refusal):
        return error
    log.error(
        "request %s failed: %s %s", scope["state"]["request_id"], scope["method"], ascii(scope["path"])[1:-1],
        exc_info=error,
    )  # fmt: skip
    return Failure("the server failed at this request", hint="its log tells why, under the request id")
