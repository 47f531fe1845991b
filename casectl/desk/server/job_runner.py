"""Goes on with jobs, of whatever tenant, in any number of servers at once. `casectl.api` makes one in each process.

A job is claimed for one step and let go after it, so that many jobs get on side by side and a server that dies holds
none up for longer than its lease. The step is performed as the job's own actor with the rights he had when he asked,
as far as he still has them.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from casectl.desk.identity import Identity
from casectl.errors import Conflict, Refusal, Unreachable
from casectl.operation import Call
from casectl.operations._job_batch import RunBatch

if TYPE_CHECKING:
    from casectl.desk.server.pool import Pool

SECONDS_BETWEEN = 3.0
"""Looks for jobs that other servers were asked for, or died over."""

LEASE = 60
"""Seconds that a step may take; a thousand cases take about one."""

_log = logging.getLogger("casectl.jobs")

_CLAIM = "SELECT tenant_id, id, attempt, actor_id, rights FROM claim_job(%s)"
_FAIL = "SELECT fail_job(%s, %s, %s, %s::jsonb)"


class JobRunner:
    """Works until `close`; `wake` lets it look at once."""

    def __init__(self, pool: Pool, seconds: float = SECONDS_BETWEEN, lease: int = LEASE) -> None:
        self._pool, self._seconds, self._lease = pool, seconds, lease
        self._woken = asyncio.Event()
        self._ended = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to work."""
        self._task = asyncio.create_task(self._run())

    def wake(self) -> None:
        """Look for a job at once."""
        self._woken.set()

    async def close(self) -> None:
        """End after the step that is being done."""
        self._ended = True
        self.wake()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        from psycopg import Error

        while not self._ended:
            worked = False
            try:
                worked = await self.step()
            except (Error, Refusal):  # the database is away, or all connections are taken: look again later
                pass
            except Exception:  # noqa: BLE001 - one job that fails as nobody expected must not hold up all others
                _log.exception("a step of a job failed")
            if not worked:
                self._woken.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), self._seconds)

    async def step(self) -> bool:
        """Claim a job and do one step of it; whether there was one."""
        claimed = await self._row(_CLAIM, (self._lease,))
        if claimed is None or claimed[1] is None:
            return False
        tenant_id, job_id, attempt, user_id, rights = claimed
        desk = self._pool.desk(Identity(tenant_id=tenant_id, user_id=user_id, scopes=tuple(rights)))
        try:
            await desk.perform(RunBatch(job=job_id, attempt=attempt), Call(request_id=f"job-{job_id}"))
        except (Conflict, Unreachable):
            return True  # worth another try when the lease has run out
        except Refusal as refusal:
            told = {"code": refusal.code, "message": refusal.message, "hint": refusal.hint}
            await self._row(_FAIL, (tenant_id, job_id, attempt, msgspec.json.encode(told).decode()))
        return True

    async def _row(self, statement: Any, parameters: tuple[Any, ...]) -> tuple[Any, ...] | None:
        async with self._pool.connection() as connection, connection.transaction():
            row: tuple[Any, ...] | None = await (await connection.execute(statement, parameters)).fetchone()
            return row
