"""The token buckets that all servers share, in Postgres. `casectl.api` imports this module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from casectl.errors import Unreachable

if TYPE_CHECKING:
    from casectl.desk.server.pool import Pool

_TAKE = "SELECT granted, wait, remaining FROM take_tokens(%s, %s, %s, %s)"
_PRUNE = "SELECT prune_rate_buckets()"


class Taken(msgspec.Struct, frozen=True):
    """What a bucket gave: `granted` tokens, or the seconds to `wait` for one; what `remaining` there is."""

    granted: int
    wait: float
    remaining: int


class SharedBuckets:
    """Buckets in the database of a pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def take(self, bucket: str, rate: float, burst: int, want: int) -> Taken:
        """Up to `want` tokens of a bucket that holds `burst` and fills at `rate` a second.

        Raises Unreachable when the database is away.
        """
        from psycopg import Error

        try:
            async with self._pool.connection() as connection, connection.transaction():
                row = await (await connection.execute(_TAKE, (bucket, rate, burst, want))).fetchone()
        except Error as error:
            raise Unreachable("the shared limits cannot be read: the database does not answer") from error
        assert row is not None
        return Taken(*row)

    async def prune(self) -> int:
        """Forget buckets that are full; how many. Raises Unreachable when the database is away."""
        from psycopg import Error

        try:
            async with self._pool.connection() as connection, connection.transaction():
                row = await (await connection.execute(_PRUNE)).fetchone()
        except Error as error:
            raise Unreachable("the shared limits cannot be read: the database does not answer") from error
        return int(row[0]) if row else 0
