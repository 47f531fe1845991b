"""Shares the database's connections between tenants: a flood of one must not keep the others waiting.

So many requests work at once as there are connections; those that wait are let in tenant by tenant, and one tenant
never holds all places, so that a slow report of one leaves room for the others. Only casectl.api imports this module.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Self

from casectl.errors import TooManyRequests, Unreachable

if TYPE_CHECKING:
    from types import TracebackType

_LONGEST_QUEUE = 500
"""Requests of one tenant that may wait in one process; more are told to come again."""

PATIENCE = 5.0
"""Seconds that a request waits for its turn before it is told to come again: clients wait longer, proxies as well."""


class Turns:
    """`places` requests at once, at most `share` of one tenant."""

    def __init__(
        self, places: int, share: int, longest_queue: int = _LONGEST_QUEUE, patience: float = PATIENCE
    ) -> None:
        self._patience = patience
        self._places, self._share, self._longest = places, share, longest_queue
        self._working: dict[int, int] = {}
        self._total = 0
        self._waiting: OrderedDict[int, deque[asyncio.Future[None]]] = OrderedDict()

    @classmethod
    def of_pool(cls, size: int) -> Turns:
        """For a pool of `size` connections: two are left for limits and logins, a quarter for other tenants."""
        places = max(1, size - 2)
        return cls(places, max(1, places - max(1, places // 4)))

    @property
    def working(self) -> int:
        """How many requests are at work."""
        return self._total

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return sum(len(queue) for queue in self._waiting.values())

    def turn(self, tenant: int) -> Turn:
        """One request's turn, as an async context manager.

        Raises TooManyRequests where far too many wait already, Unreachable where it takes too long.
        """
        return Turn(self, tenant)

    async def take(self, tenant: int) -> None:
        """Wait for a turn; `give` must follow."""
        queue = self._waiting.get(tenant)
        if queue is None and self._fits(tenant):
            self._begin(tenant)
            return
        if queue is None:
            queue = self._waiting[tenant] = deque()
        if len(queue) >= self._longest:
            refusal = TooManyRequests("too many requests of your organisation wait already", hint="try again in 1 s")
            refusal.retry_after = 1
            raise refusal
        try:
            async with asyncio.timeout(self._patience):
                await self._wait(tenant, queue)
        except TimeoutError:
            busy = Unreachable(f"the server was too busy for {self._patience:g} s", hint="try again in a moment")
            busy.retry_after = 1
            raise busy from None

    async def _wait(self, tenant: int, queue: deque[asyncio.Future[None]]) -> None:
        place = asyncio.get_running_loop().create_future()
        queue.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self.give(tenant)  # the turn came while the request was being cancelled
            else:
                self._leave(tenant, place)
            raise

    def give(self, tenant: int) -> None:
        """Hand a turn back: it goes to the next tenant in line."""
        self._total -= 1
        left = self._working[tenant] - 1
        if left:
            self._working[tenant] = left
        else:
            del self._working[tenant]
        self._let_in()

    def _fits(self, tenant: int) -> bool:
        return self._total < self._places and self._working.get(tenant, 0) < self._share

    def _begin(self, tenant: int) -> None:
        self._total += 1
        self._working[tenant] = self._working.get(tenant, 0) + 1

    def _let_in(self) -> None:
        for tenant in list(self._waiting):
            if self._total >= self._places:
                return
            if self._fits(tenant):
                self._call(tenant)

    def _call(self, tenant: int) -> None:
        queue = self._waiting[tenant]
        place = queue.popleft()
        while place.done() and queue:  # cancelled, and not yet gone from the queue
            place = queue.popleft()
        if queue:
            self._waiting.move_to_end(tenant)
        else:
            del self._waiting[tenant]
        if not place.done():
            self._begin(tenant)
            place.set_result(None)

    def _leave(self, tenant: int, place: asyncio.Future[None]) -> None:
        queue = self._waiting.get(tenant)
        if queue is not None and place in queue:
            queue.remove(place)
            if not queue:
                del self._waiting[tenant]


class Turn:
    """One request's turn."""

    __slots__ = ("_tenant", "_turns")

    def __init__(self, turns: Turns, tenant: int) -> None:
        self._turns, self._tenant = turns, tenant

    async def __aenter__(self) -> Self:
        await self._turns.take(self._tenant)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._turns.give(self._tenant)
