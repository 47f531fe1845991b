"""The connections of a server: a bounded pool over the configuration's Postgres, and desks on it.

`api` and, later, the daemon make one in each process; nothing else is shared between requests.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from casectl.desk import open as opening
from casectl.desk.local import AsyncLocalDesk, has_ended
from casectl.errors import Failure, Unreachable
from casectl.store.schema import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    from casectl.config import Config
    from casectl.desk.identity import Identity

SCHEMA = SCHEMA_VERSION
"""The version of the database's schema that this program works with, as every answer of a server tells it."""

WAIT = 5.0
"""Seconds a request waits for a connection before it is told to come again."""


class Pool:
    """At most `size` connections as the app role; opened with `open`, let go of with `close`."""

    def __init__(self, config: Config, size: int = 10, wait: float = WAIT) -> None:
        self.config = config
        self._size, self._wait = size, wait
        self._pool: AsyncConnectionPool[Any] | None = None

    async def open(self) -> None:
        """Connect once, so that a wrong address is told at the start. Raises Unreachable, NotInitialised, Failure.

        The embedded server is started when it is down; a role that row-level security does not bind is refused.
        """
        import asyncio

        from psycopg_pool import AsyncConnectionPool

        first = await asyncio.to_thread(opening.connect, self.config, lambda _: None)
        first.close()
        url, parameters = opening.parameters_of(self.config)
        self._pool = AsyncConnectionPool(
            url, kwargs={**parameters, "application_name": "casectl serve"}, min_size=min(2, self._size),
            max_size=self._size, timeout=self._wait, configure=self._prepare, open=False,
        )  # fmt: skip
        await self._pool.open()

    async def _prepare(self, connection: AsyncConnection[Any]) -> None:
        connection.prepare_threshold = self.config.number("database.prepare_threshold")
        opening.read_json_as_text(connection)
        if not opening.tells_utc(connection):
            await connection.execute("SET timezone = 'UTC'")
            await connection.execute("SET datestyle = 'ISO'")
            await connection.commit()

    async def close(self) -> None:
        """Let go of all connections."""
        if self._pool is not None:
            await self._pool.close()
            self._pool = None

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection[Any]]:
        """A connection for one transaction; given back, whatever happens.

        Raises Unreachable when none gets free in time, or when Postgres is away.
        """
        from psycopg_pool import PoolTimeout

        if self._pool is None:
            raise Failure("the pool of connections is not open")
        try:
            connection = await self._pool.getconn()
            while has_ended(connection):  # by a restart of the server, say; asking it would cost a round trip
                await connection.close()
                await self._pool.putconn(connection)
                connection = await self._pool.getconn()
        except PoolTimeout as error:
            raise Unreachable(
                f"no connection to the database within {self._wait:g} s", hint="try again in a moment"
            ) from error
        try:
            yield connection
        finally:
            await self._pool.putconn(connection)

    def desk(self, identity: Identity) -> AsyncLocalDesk:
        """A desk for whoever a request comes from."""
        return AsyncLocalDesk(self.connection, identity)

    def stats(self) -> dict[str, int]:
        """How the pool does, in psycopg_pool's words: pool_size, pool_available, requests_waiting, ..."""
        return {} if self._pool is None else self._pool.get_stats()
