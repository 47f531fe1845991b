"""One request with what is known about it, and writing a body in pieces. What streams in `casectl.api` imports it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from casectl import wire
from casectl.api.limits import turn
from casectl.api.responses import encode, request_id_of

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from casectl.errors import Refusal
    from casectl.operation import Call, Operation

Result = TypeVar("Result")

SLOWEST = 30.0
"""Seconds that a reader may take for one piece before the stream ends: what is not read is not kept."""


class Asked(msgspec.Struct, frozen=True):
    """A request that was let in: `bearer` and `gate` to ask again whether its holder still may come."""

    scope: Scope
    receive: Receive
    send: Send
    call: Call
    access: Any
    bearer: str

    @property
    def state(self) -> Any:
        """The application's state."""
        return self.scope["app"].state

    @property
    def tenant_id(self) -> int:
        """The tenant of who asks."""
        return int(self.access.identity.tenant_id)

    async def perform(self, operation: Operation[Result], call: Call | None = None) -> Result:
        """Perform a verb for who asks, when it is the tenant's turn."""
        async with turn(self.scope, self.tenant_id):
            result: Result = await self.state.pool.desk(self.access.identity).perform(operation, call or self.call)
            return result

    async def readmit(self) -> None:
        """Raise NotLoggedIn when the token is no longer good."""
        await self.state.gate.admit(self.bearer)

    def problem(self, refusal: Refusal) -> bytes:
        """A refusal as JSON, for the inside of a stream."""
        path: bytes = self.scope.get("raw_path") or b""
        return encode(wire.problem_of(refusal, request_id_of(self.scope), path.decode("latin-1")))

    async def gone(self) -> None:
        """Return when the client has gone away."""
        while (await self.receive())["type"] != "http.disconnect":
            pass


class Piecewise:
    """An answer whose body is written in pieces; `begun` tells whether the status was sent."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = False

    async def begin(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Send status and headers."""
        self.begun = True
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def write(self, piece: bytes) -> None:
        """Send a piece. Raises TimeoutError when the client takes too long to read, OSError when it has gone."""
        async with asyncio.timeout(SLOWEST):
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})

    async def end(self) -> None:
        """The body is complete."""
        await self._send({"type": "http.response.body", "body": b""})
