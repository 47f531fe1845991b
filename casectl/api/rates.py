"""Token buckets in the memory of one process, filled in blocks from those that all servers share.

A block is spent without asking anybody, so a busy client costs a statement every few dozen requests; an unspent one
lapses after seconds. Where the database is away each process limits by itself. Only casectl.api imports this module.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Protocol

import msgspec

from casectl.desk.server.rates import Taken
from casectl.errors import TooManyRequests, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

_LEASE = 5.0
"""Seconds after which an unspent block lapses."""

_BLOCK = 10
"""A block is at most this part of a bucket."""

_MOST_KEPT = 20_000
_LONGEST_NAME = 150


class Buckets(Protocol):
    """Where blocks come from."""

    async def take(self, bucket: str, rate: float, burst: int, want: int) -> Taken:
        """Up to `want` tokens; see casectl.desk.server.rates."""
        ...


class Standing(msgspec.Struct, frozen=True):
    """How a caller stands with a limit after a request: for the RateLimit headers."""

    limit: str
    burst: int
    rate: float
    remaining: int


class Wish(msgspec.Struct, frozen=True):
    """A block that is wanted of a bucket; `limit` is its name for people."""

    limit: str
    bucket: str
    rate: float
    burst: int
    want: int


class _Lease:
    __slots__ = ("lock", "refused_until", "remaining", "tokens", "until")

    def __init__(self) -> None:
        self.tokens = 0
        self.until = 0.0
        self.refused_until = 0.0
        self.remaining = 0
        self.lock = asyncio.Lock()


class OwnBuckets:
    """Buckets of this process alone, for as long as the shared ones cannot be reached."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def take(self, bucket: str, rate: float, burst: int, want: int) -> Taken:
        """As `Buckets.take`."""
        now = self._clock()
        level, filled = self._levels.pop(bucket, (float(burst), now))
        level = min(burst, level + rate * (now - filled))
        granted = min(want, math.floor(level))
        level -= granted
        self._levels[bucket] = (level, now)
        while len(self._levels) > _MOST_KEPT:
            self._levels.popitem(last=False)
        return Taken(granted, 0 if granted else (1 - level) / rate, math.floor(level))


class Rates:
    """Spends tokens of any bucket; `refused` is told the limit's name at each refusal."""

    def __init__(
        self, shared: Buckets, refused: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._shared, self._refused, self._clock = shared, refused, clock
        self._own = OwnBuckets(clock)
        self._leases: OrderedDict[str, _Lease] = OrderedDict()

    async def spend(self, limit: str, key: str, rate: float, burst: int, *, exact: bool = False) -> Standing:
        """Take one token of the bucket `limit:key`; `exact` asks the shared bucket every time.

        Raises TooManyRequests with `retry_after` when there is none.
        """
        bucket = _name(limit, key)
        lease = self._lease(bucket)
        if not self._spend_leased(lease):
            async with lease.lock:
                if not self._spend_leased(lease):
                    await self._refill(lease, Wish(limit, bucket, rate, burst, 1 if exact else _block(rate, burst)))
                    lease.tokens -= 1
        return Standing(limit, burst, rate, lease.remaining + lease.tokens)

    def _lease(self, bucket: str) -> _Lease:
        lease = self._leases.get(bucket)
        if lease is None:
            lease = self._leases[bucket] = _Lease()
            if len(self._leases) > _MOST_KEPT:
                self._leases.popitem(last=False)
        else:
            self._leases.move_to_end(bucket)
        return lease

    def _spend_leased(self, lease: _Lease) -> bool:
        if lease.tokens < 1 or self._clock() >= lease.until:
            return False
        lease.tokens -= 1
        return True

    async def _refill(self, lease: _Lease, wish: Wish) -> None:
        now = self._clock()
        if now < lease.refused_until:
            raise self._refusal(wish.limit, lease.refused_until - now)
        try:
            taken = await self._shared.take(wish.bucket, wish.rate, wish.burst, wish.want)
        except Unreachable:
            taken = await self._own.take(wish.bucket, wish.rate, wish.burst, wish.want)
        now = self._clock()
        lease.remaining = taken.remaining
        if not taken.granted:
            lease.tokens, lease.refused_until = 0, now + taken.wait
            raise self._refusal(wish.limit, taken.wait)
        lease.tokens, lease.until = taken.granted, now + _LEASE

    def _refusal(self, limit: str, wait: float) -> TooManyRequests:
        self._refused(limit)
        seconds = max(1, math.ceil(wait))
        refusal = TooManyRequests(
            f"too many requests ({limit} limit)", hint=f"try again in {seconds} s"
        )  # fmt: skip
        refusal.retry_after = seconds
        return refusal


def _block(rate: float, burst: int) -> int:
    """So many that a steady caller asks a few times a second, so few that several servers share a bucket fairly."""
    return max(1, min(burst // _BLOCK, math.ceil(rate)))


def _name(limit: str, key: str) -> str:
    if len(key) <= _LONGEST_NAME and key.isprintable():
        return f"{limit}:{key}"
    import hashlib

    return f"{limit}:sha256:{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}"
