"""Is the process alive, and can it serve? For balancers and service managers. Only `api.app` imports this module."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse
from starlette.routing import Route

from casectl.api.responses import send_refusal
from casectl.desk.server.readiness import require_ready
from casectl.errors import Refusal, Unreachable

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from casectl.desk.server.pool import Pool


def health_routes() -> list[Route]:
    """`/healthz`: the process answers. `/readyz`: the database does, too, with the right schema."""
    return [Route("/healthz", _alive, methods=["GET"]), Route("/readyz", Readiness().answer, methods=["GET"])]


async def _alive(request: Request) -> Response:  # noqa: ARG001 - Starlette's signature
    return PlainTextResponse("alive\n")


class Readiness:
    """Asks the database once for all who ask at the same time: nobody counts them, and anybody may ask."""

    def __init__(self) -> None:
        self._asking: asyncio.Task[Refusal | None] | None = None

    async def answer(self, request: Request) -> Response:
        """Whether this process can serve."""
        state = request.app.state
        closing = getattr(state, "closing", None)
        if closing is not None and closing.is_set():
            return _Problem(Unreachable("the server is shutting down"))
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(_refusal_of(state.pool))
        refusal = await asyncio.shield(self._asking)
        return PlainTextResponse("ready\n") if refusal is None else _Problem(refusal)


async def _refusal_of(pool: Pool) -> Refusal | None:
    try:
        await require_ready(pool)
    except Refusal as refusal:
        return refusal
    return None


class _Problem(PlainTextResponse):
    """A refusal, written as all others are."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__("", status_code=refusal.http_status)
        self._refusal = refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Send the problem document."""
        await send_refusal(scope, send, self._refusal)
