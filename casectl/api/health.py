"""Is the process alive, and can it serve? For balancers and service managers. Only `api.app` imports this module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse
from starlette.routing import Route

from casectl.api.responses import send_refusal
from casectl.desk.readiness import require_ready
from casectl.errors import Refusal, Unreachable

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send


def health_routes() -> list[Route]:
    """`/healthz`: the process answers. `/readyz`: the database does, too, with the right schema."""
    return [Route("/healthz", _alive, methods=["GET"]), Route("/readyz", _ready, methods=["GET"])]


async def _alive(request: Request) -> Response:  # noqa: ARG001 - Starlette's signature
    return PlainTextResponse("alive\n")


async def _ready(request: Request) -> Response:
    try:
        closing = getattr(request.app.state, "closing", None)
        if closing is not None and closing.is_set():
            raise Unreachable("the server is shutting down")
        await require_ready(request.app.state.pool)
    except Refusal as refusal:
        return _Problem(refusal)
    return PlainTextResponse("ready\n")


class _Problem(PlainTextResponse):
    """A refusal, written as all others are."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__("", status_code=refusal.http_status)
        self._refusal = refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Send the problem document."""
        await send_refusal(scope, send, self._refusal)
