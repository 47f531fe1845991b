"""What a request may cost: its rate by address and by client, the size and patience of its body, its tenant's share.

`api.app` puts `Limiting` before the routes; whoever has found out who asks calls `admit`, works within `turn`, and lets
`throttle` guard logins. Refusals are those of casectl.errors and become problem documents like all others.
"""

from __future__ import annotations

import asyncio
import math
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from casectl.api.proxies import network_of
from casectl.api.rates import Rates, Standing
from casectl.api.responses import send_refusal
from casectl.api.turns import Turns
from casectl.desk.server.rates import SharedBuckets
from casectl.errors import Refusal, TooLarge, TooManyRequests, TooSlow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from casectl.api.metrics import Metrics
    from casectl.api.server_settings import ServerSettings
    from casectl.api.turns import Turn
    from casectl.desk.server.pool import Pool

_UNLIMITED = frozenset(("/healthz", "/readyz"))
_SLOWEST = 1000
"""Bytes a second that a body must come at in the long run: one byte now and then holds a place for ever."""

PASSWORDS_A_SECOND, PASSWORDS_AT_ONCE = 1 / 60, 10

_ANNOUNCE = frozenset((b"content-length", b"transfer-encoding"))
_PRUNE_EVERY = 60.0


class Limits:
    """The limits of one process; `api.app` keeps one in the application's state."""

    def __init__(self, settings: ServerSettings, pool: Pool, metrics: Metrics) -> None:
        self.settings = settings
        self.buckets = SharedBuckets(pool)
        self.rates = Rates(self.buckets, metrics.count_refusal)
        self.turns = Turns.of_pool(settings.pool_size)

    async def count_address(self, scope: Scope) -> None:
        """One request of an address. Raises TooManyRequests."""
        rate, client = self.settings.address_rate, scope.get("client")
        if rate is not None and client is not None:
            await self._spend(scope, "address", network_of(client[0]), rate, self.settings.address_burst)

    async def count_client(self, scope: Scope, user: int, tenant: int) -> None:
        """One request of a user, with whatever token or key: many people share a client, and one may have many keys.

        Raises TooManyRequests.
        """
        rate = self.settings.client_rate
        if rate is not None:
            await self._spend(scope, "client", f"{tenant}/{user}", rate, self.settings.client_burst)

    async def _spend(self, scope: Scope, limit: str, key: str, rate: float, burst: int) -> None:
        try:
            scope["state"]["standing"] = await self.rates.spend(limit, key, rate, burst)
        except TooManyRequests:
            scope["state"]["standing"] = Standing(limit, burst, rate, 0)
            raise

    async def prune_for_ever(self) -> None:
        """Forget full buckets now and then; several servers may do so at once."""
        while True:
            await asyncio.sleep(_PRUNE_EVERY)
            with suppress(Refusal):
                await self.buckets.prune()


@asynccontextmanager
async def limited(app: Starlette, settings: ServerSettings, pool: Pool, metrics: Metrics) -> AsyncIterator[Limits]:
    """The limits of an application for the time of its lifespan."""
    limits = app.state.limits = Limits(settings, pool, metrics)
    pruning = asyncio.create_task(limits.prune_for_ever())
    try:
        yield limits
    finally:
        pruning.cancel()


async def admit(scope: Scope, client: str, tenant: int, user: int) -> None:
    """Call when it is known who asks: counts the user (a program is one), names client and tenant to the log.

    Raises TooManyRequests.
    """
    scope["state"]["client"], scope["state"]["tenant"] = client, tenant
    await _limits(scope).count_client(scope, user, tenant)


async def count_password(scope: Scope, tenant: int, user: int) -> None:
    """Count a try at somebody's present password by who holds a token of his. Raises TooManyRequests."""
    rates = _limits(scope).rates
    await rates.spend("login", f"password:{tenant}/{user}", PASSWORDS_A_SECOND, PASSWORDS_AT_ONCE, exact=True)


def turn(scope: Scope, tenant: int) -> Turn:
    """`async with turn(scope, tenant):` around work that needs a connection, never around a whole event stream.

    Raises TooManyRequests where far too many of the tenant's requests wait already.
    """
    return _limits(scope).turns.turn(tenant)


async def throttle(request: Request, bucket: str, rate: float, burst: int) -> None:
    """Count a try at something that can be guessed: `burst` at once, then `rate` a second, over all servers.

    `bucket` says what is tried (`login:acme/jane`, `device:` and an address from `address_of`); it may hold hostile
    text. Raises TooManyRequests with `retry_after`.
    """
    await _limits(request.scope).rates.spend("login", bucket, rate, burst, exact=True)


def address_of(scope: Scope) -> str:
    """The address of whoever asks, as limits count it: of IPv6 the network of 64 bits."""
    client = scope.get("client")
    return network_of(client[0]) if client else "unknown"


def _limits(scope: Scope) -> Limits:
    limits: Limits = scope["app"].state.limits
    return limits


class Limiting:
    """Middleware: counts addresses, guards bodies, tells in headers how a caller stands."""

    def __init__(self, app: ASGIApp, settings: ServerSettings) -> None:
        self.app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request within its limits."""
        if scope["type"] != "http" or scope["path"] in _UNLIMITED:
            await self.app(scope, receive, send)
            return
        scope.setdefault("state", {})
        has_started = False

        async def send_with_standing(message: Message) -> None:
            nonlocal has_started
            if message["type"] == "http.response.start":
                has_started = True
                standing = scope["state"].get("standing")
                if standing is not None:
                    message["headers"] = [*message.get("headers", ()), *_headers(standing)]
            await send(message)

        try:
            await _limits(scope).count_address(scope)
            body = Body(scope, receive, self._settings.max_body, self._settings.request_timeout)
            await self.app(scope, body.receive, send_with_standing)
        except (TooManyRequests, TooLarge, TooSlow) as refusal:
            if has_started:
                raise
            await send_refusal(scope, send_with_standing, refusal)


def _headers(standing: Standing) -> list[tuple[bytes, bytes]]:
    """RateLimit and RateLimit-Policy as the IETF's draft-ietf-httpapi-ratelimit-headers has them."""
    seconds = max(1, math.ceil(standing.burst / standing.rate))
    left = max(0, min(standing.remaining, standing.burst))
    policy = f'"{standing.limit}";q={standing.burst};w={seconds}'
    told = f'"{standing.limit}";r={left};t={0 if left else math.ceil(1 / standing.rate)}'
    return [(b"ratelimit-policy", policy.encode()), (b"ratelimit", told.encode())]


class Body:
    """A request's body as it arrives: not too large, not too slow.

    A route that takes larger ones says so in `scope["state"]["max_body"]` before it reads; None is no limit.
    """

    def __init__(self, scope: Scope, receive: Receive, largest: int, patience: float) -> None:
        self._scope, self._receive, self._largest, self._patience = scope, receive, largest, patience
        self._size = 0
        self._began = 0.0
        # Without either header there is no body (RFC 9112, 6.3), and nothing to wait for.
        self._is_whole = not any(name in _ANNOUNCE for name, _ in scope["headers"])

    async def receive(self) -> Message:
        """ASGI's receive. Raises TooLarge as soon as that is known, TooSlow when the sender takes its time."""
        if self._is_whole:
            return await self._receive()
        largest = self._scope["state"].get("max_body", self._largest)
        if not self._began:
            self._began = time.monotonic()
            self._refuse_announced(largest)
        try:
            async with asyncio.timeout(self._patience):
                message = await self._receive()
        except TimeoutError:
            raise _too_slow() from None
        self._count(message, largest)
        return message

    def _count(self, message: Message, largest: int | None) -> None:
        self._size += len(message.get("body", b""))
        self._is_whole = message["type"] != "http.request" or not message.get("more_body", False)
        if largest is not None and self._size > largest:
            raise _too_large(largest)
        if not self._is_whole and time.monotonic() - self._began > self._patience + self._size / _SLOWEST:
            raise _too_slow()

    def _refuse_announced(self, largest: int | None) -> None:
        announced = next((value for name, value in self._scope["headers"] if name == b"content-length"), b"")
        if largest is not None and announced.isdigit() and int(announced) > largest:
            raise _too_large(largest)


def _too_large(largest: int) -> TooLarge:
    return TooLarge(f"the body has more than {largest:,} bytes", hint="server.max_body of the configuration limits it")


def _too_slow() -> TooSlow:
    return TooSlow("the body of the request did not arrive in time", hint="send it again, without pauses")
