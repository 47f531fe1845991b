"""A gate over a test's own database, and what tests of it wait for and do as the owner."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from casectl.config import load
from casectl.desk.server.access import Gate
from casectl.desk.server.pool import Pool
from casectl.errors import NotLoggedIn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.conftest import Database


def by_owner(database: Database, statement: str, parameters: Any = ()) -> list[Any]:
    with psycopg.connect(**database.owner) as owner:
        for name, value in {"tenant": "1", "actor": "0", "operation": "test"}.items():
            owner.execute("SELECT set_config('casectl.' || %s, %s, true)", (name, value))
        cursor = owner.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


def with_gate(database: Database, work: Callable[[Gate, Pool], Awaitable[None]], **environ: str) -> None:
    async def run() -> None:
        url = psycopg.conninfo.make_conninfo("", **database.app)
        config = load({"database.url": url}, {"HOME": "/nowhere", **environ})
        pool = Pool(config)
        await pool.open()
        gate = Gate(pool, config)
        try:
            await gate.open()
            if gate._work:  # it listens, and forgets all when it begins to
                await until(lambda: gate._age > 0)
            await work(gate, pool)
        finally:
            await gate.close()
            await pool.close()

    asyncio.run(run())


async def until(holds: Callable[[], bool], seconds: float = 60) -> None:
    for _ in range(int(seconds / 0.02)):
        if holds():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come to hold in time")


async def refusal(gate: Gate, bearer: str) -> str:
    with pytest.raises(NotLoggedIn) as caught:
        await gate.admit(bearer)
    return caught.value.message
