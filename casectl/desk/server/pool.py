"""The connections of a server: a bounded pool over the configuration's Postgres, and desks on it.

`api` and, later, the daemon make one in each process; nothing else is shared between requests.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from casectl.desk import open as opening
from casectl.desk.local import AsyncLocalDesk, Terms, has_ended
from casectl.errors import Failure, Unreachable
from casectl.store.numbers import Numbers
from casectl.store.schema import SCHEMA_VERSION

if TYPE_CHECKING:
    from asyncio import Task
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    from casectl.config import Config
    from casectl.desk.identity import Identity

SCHEMA = SCHEMA_VERSION
"""The version of the database's schema that this program works with, as every answer of a server tells it."""

ASIDE = 3
"""Connections at most for new ids and numbers: beside `size`, since verbs that hold all of those wait for these."""

WAIT = 5.0
"""Seconds a request waits for a connection before it is told to come again."""


class Pool:
    """At most `size` connections as the app role; opened with `open`, let go of with `close`."""

    def __init__(self, config: Config, size: int = 10, wait: float = WAIT) -> None:
        self.config = config
        self._size, self._wait = size, wait
        self._pool: AsyncConnectionPool[Any] | None = None
        self._aside: AsyncConnectionPool[Any] | None = None
        self._giving: set[Task[None]] = set()
        # PgBouncer may have no connection left for them while verbs that wait for them hold all.
        numbers = None if opening.is_pooled(config) else Numbers(self._connection_aside)
        self._terms = Terms(numbers=numbers, limits=opening.limits_of(config))

    async def open(self) -> None:
        """Connect once, so that a wrong address is told at the start. Raises Unreachable, NotInitialised, Failure.

        The embedded server is started when it is down; a role that row-level security does not bind is refused.
        """
        import asyncio

        from psycopg_pool import AsyncConnectionPool

        first = await asyncio.to_thread(opening.connect, self.config, lambda _: None)
        first.close()
        url, parameters = opening.parameters_of(self.config)

        def pool(least: int, most: int, *, autocommit: bool = False) -> AsyncConnectionPool[Any]:
            own = {"application_name": "casectl serve", "autocommit": autocommit}
            return AsyncConnectionPool(
                url, kwargs=parameters | own, min_size=least, max_size=most,
                timeout=self._wait, configure=self._prepare, open=False,
            )  # fmt: skip

        self._pool, self._aside = pool(min(2, self._size), self._size), pool(1, ASIDE, autocommit=True)
        await self._pool.open()
        await self._aside.open()

    async def _prepare(self, connection: AsyncConnection[Any]) -> None:
        connection.prepare_threshold = self.config.number("database.prepare_threshold")
        opening.read_json_as_text(connection)
        if not opening.tells_utc(connection):
            await connection.execute("SET timezone = 'UTC'")
            await connection.execute("SET datestyle = 'ISO'")
            await connection.commit()  # else the settings would go with the pool's rollback

    async def close(self) -> None:
        """Let go of all connections."""
        import asyncio

        await asyncio.gather(*self._giving, return_exceptions=True)
        for pool in (self._pool, self._aside):
            if pool is not None:
                await pool.close()
        self._pool = self._aside = None

    def connection(self) -> AbstractAsyncContextManager[AsyncConnection[Any]]:
        """A connection for one transaction; given back, whatever happens.

        Raises Unreachable when none gets free in time, or when Postgres is away.
        """
        return self._lent(self._pool)

    def _connection_aside(self) -> AbstractAsyncContextManager[AsyncConnection[Any]]:
        """A connection that no verb holds: who works waits for what is done over these."""
        return self._lent(self._aside)

    @asynccontextmanager
    async def _lent(self, pool: AsyncConnectionPool[Any] | None) -> AsyncIterator[AsyncConnection[Any]]:
        from psycopg_pool import PoolTimeout

        if pool is None:
            raise Failure("the pool of connections is not open")
        try:
            connection = await pool.getconn()
            while has_ended(connection):  # by a restart of the server, say; asking it would cost a round trip
                await self._give_back(pool, connection, close=True)
                connection = await pool.getconn()
        except PoolTimeout as error:
            raise Unreachable(
                f"no connection to the database within {self._wait:g} s", hint="try again in a moment"
            ) from error
        try:
            yield connection
        finally:
            await self._give_back(pool, connection)

    async def _give_back(
        self, pool: AsyncConnectionPool[Any], connection: AsyncConnection[Any], *, close: bool = False
    ) -> None:
        """To the end, even where a request is given up meanwhile: the pool would miss the connection for ever."""
        import asyncio

        async def give_back() -> None:
            if close:
                await connection.close()
            await pool.putconn(connection)

        giving = asyncio.create_task(give_back())
        self._giving.add(giving)
        giving.add_done_callback(self._giving.discard)
        await asyncio.shield(giving)

    def desk(self, identity: Identity) -> AsyncLocalDesk:
        """A desk for whoever a request comes from."""
        return AsyncLocalDesk(self.connection, identity, self._terms)

    def stats(self) -> dict[str, int]:
        """How the pool does, in psycopg_pool's words: pool_size, pool_available, requests_waiting, ..."""
        return {} if self._pool is None else self._pool.get_stats()
