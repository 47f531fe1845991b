"""Tells a server's streams when their tenants have news. `casectl.api` makes one Tailer in each process.

One connection, opened with the first waiting stream and closed after the last, looks every second where each waited
for tenant's audit ends, whatever number of streams wait; a notification makes it look at once. What is new is read by
each stream for itself, as its own actor.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from casectl.desk import open as opening
from casectl.errors import Refusal

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from casectl.config import Config

SECONDS_BETWEEN = 1.0
"""Looks when nothing is announced."""

SECONDS_AFTER_FAULT = 1.0
_CHANNEL = "LISTEN casectl_events"
_ENDS = "SELECT tenant_id, place FROM event_ends(%s)"


class Tailer:
    """Waits for news of any number of tenants at once."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._waiting: Counter[int] = Counter()
        self._ends: dict[int, str | None] = {}
        self._versions: Counter[int] = Counter()
        self._news = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    def version(self, tenant_id: int) -> int:
        """What counts up with every news of a tenant; ask before reading, then wait for another one."""
        return self._versions[tenant_id]

    async def wait(self, tenant_id: int, seen: int, seconds: float) -> None:
        """Wait until there is news since version `seen`, `seconds` at most."""
        self._waiting[tenant_id] += 1
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds), self._news:
                    await self._news.wait_for(lambda: self._versions[tenant_id] != seen)
        finally:
            self._waiting[tenant_id] -= 1

    async def wake(self) -> None:
        """Let all who wait look again: the server is about to end, or was away."""
        async with self._news:
            for tenant_id in self._waiting:
                self._versions[tenant_id] += 1
            self._news.notify_all()

    async def close(self) -> None:
        """Stop looking."""
        await self.wake()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        from psycopg import Error

        while +self._waiting:
            with suppress(Error, Refusal):
                await self._watch()
            if +self._waiting:
                await asyncio.sleep(SECONDS_AFTER_FAULT)

    async def _watch(self) -> None:
        """Look until nobody waits. Streams stop waiting for a moment whenever they read, hence the second look."""
        from psycopg import AsyncConnection

        url, parameters = opening.parameters_of(self._config)
        connection = await AsyncConnection.connect(url, **parameters, autocommit=True)
        async with connection:
            if self._config.number("database.prepare_threshold") is not None:  # behind PgBouncer nobody can listen
                await connection.execute(_CHANNEL)
            await self.wake()  # what was told before is lost
            idle = 0
            while idle < 3:  # noqa: PLR2004 - seconds
                await self._look(connection)
                async for _ in connection.notifies(timeout=SECONDS_BETWEEN, stop_after=1):
                    pass
                idle = 0 if +self._waiting else idle + 1

    async def _look(self, connection: AsyncConnection[Any]) -> None:
        tenants = sorted(+self._waiting)
        if not tenants:
            return
        rows = await (await connection.execute(_ENDS, (tenants,))).fetchall()
        moved = [tenant_id for tenant_id, place in rows if self._ends.get(tenant_id, "") != place]
        self._ends |= dict(rows)
        if moved:
            async with self._news:
                for tenant_id in moved:
                    self._versions[tenant_id] += 1
                self._news.notify_all()
