"""Where a server's new ids and numbers come from: taken ahead of the verb's own transaction, many in one.

A counter's row stays locked until its transaction ends. Taken inside the verb's transaction it makes all who open a
case in the same tenant wait for each other's commit; a server has many of them at once. So it takes what all of them
want now in one short transaction beside theirs: numbers keep the order in which they were asked for, and one is lost
only when its verb fails at the very end (gaps are allowed, DECISIONS 13). Only `desk` makes one, and only
`store.context` asks it.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from casectl.store.sql import AsyncSql

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractAsyncContextManager
    from typing import LiteralString

    from psycopg import AsyncConnection

    Connect = Callable[[], AbstractAsyncContextManager[AsyncConnection[Any]]]

_TAKE: LiteralString = """
    SELECT name, take_numbers(name, count) FROM unnest(%s::text[], %s::int[]) AS wanted(name, count),
        (SELECT set_config('casectl.tenant', %s, true), set_config('synchronous_commit', 'off', true) OFFSET 0) AS first
"""
"""Without a flush of its own: the commit of whoever uses a number lies behind this one in the log, and flushes both."""


PATIENCE = 1.0
"""Seconds to wait for numbers; a batch takes a millisecond."""

PAUSE = 60.0
"""Seconds in which nobody waits again after a wait in vain."""


class Numbers:
    """Takes from the counters of all tenants.

    `connect` gives connections of its own, which no verb can hold, and on which each statement is a transaction.
    """

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._wanted: dict[int, list[tuple[Mapping[str, int], asyncio.Future[dict[str, int]]]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._again_at = 0.0

    async def take_each(self, tenant_id: int, counts: Mapping[str, int]) -> dict[str, int] | None:
        """The last of so many new values of each counter; none is ever given twice.

        None where they do not come soon, and for a while after: who asks takes them in his own transaction. A pooler
        that lends its connections to verbs alone, each of which waits for another connection, would never let go.
        """
        if time.monotonic() < self._again_at:
            return None
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._ask(tenant_id, counts)
        except TimeoutError:
            self._again_at = time.monotonic() + PAUSE
            return None

    async def _ask(self, tenant_id: int, counts: Mapping[str, int]) -> dict[str, int]:
        answer: asyncio.Future[dict[str, int]] = asyncio.get_running_loop().create_future()
        waiting = self._wanted.get(tenant_id)
        if waiting is None:
            self._wanted[tenant_id] = [(counts, answer)]
            task = asyncio.create_task(self._serve(tenant_id))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            waiting.append((counts, answer))
        return await answer

    async def _serve(self, tenant_id: int) -> None:
        """Answer those who wait for numbers of a tenant, all together, until nobody does."""
        while wanted := self._wanted[tenant_id]:
            self._wanted[tenant_id] = []
            asked = [(counts, answer) for counts, answer in wanted if not answer.cancelled()]
            try:
                last = await self._take(tenant_id, _total(counts for counts, _ in asked)) if asked else {}
            except Exception as error:  # noqa: BLE001 - each of those who wait is told, and judges it himself
                _tell(error, [answer for _, answer in asked])
                continue
            _share(asked, last)
        del self._wanted[tenant_id]

    async def _take(self, tenant_id: int, counts: Mapping[str, int]) -> dict[str, int]:
        names = sorted(counts)  # in one order, so that no two transactions wait in a ring
        async with self._connect() as connection:
            wanted = (names, [counts[name] for name in names], str(tenant_id))
            return {name: int(last) for name, last in await AsyncSql(connection).rows(_TAKE, wanted)}


def _total(wishes: Any) -> dict[str, int]:
    total: dict[str, int] = {}
    for counts in wishes:
        for name, count in counts.items():
            total[name] = total.get(name, 0) + count
    return total


def _share(asked: list[tuple[Mapping[str, int], asyncio.Future[dict[str, int]]]], last: dict[str, int]) -> None:
    """Give each his part, the first who asked the lowest."""
    following = {name: last[name] - count for name, count in _total(counts for counts, _ in asked).items()}
    for counts, answer in asked:
        for name, count in counts.items():
            following[name] += count
        if not answer.done():
            answer.set_result({name: following[name] for name in counts})


def _tell(error: Exception, answers: list[asyncio.Future[dict[str, int]]]) -> None:
    for answer in answers:
        if not answer.done():
            answer.set_exception(error)
