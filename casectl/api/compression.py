"""Answers compressed for who asks for it. Only `api.app` imports this module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.middleware.gzip import GZipMiddleware

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

LEAST = 1_000
"""Bytes below which compressing costs more than it saves."""
LEVEL = 5
"""Of zlib: a third of the time of the highest, a twentieth larger."""

PLAIN = "/oauth/"
"""Pages that hold a form's token beside words of whoever made the link: their length must tell nothing (BREACH)."""


class Compression:
    """Starlette's gzip; who does not accept it does not pay for it either."""

    def __init__(self, app: ASGIApp) -> None:
        self._plain = app
        self._compressing = GZipMiddleware(app, minimum_size=LEAST, compresslevel=LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        asked = scope["type"] == "http" and any(
            name == b"accept-encoding" and b"gzip" in value for name, value in scope["headers"]
        )
        await (self._compressing if asked and PLAIN not in scope["path"] else self._plain)(scope, receive, send)
