"""Jobs in Postgres. Only `store.unit` imports this module, when a verb asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from casectl import typed
from casectl.errors import NotAllowed, NotFound
from casectl.model.case import BulkOutcome
from casectl.model.job import Job, JobError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import LiteralString

    from casectl.model.case import BulkResult
    from casectl.store.context import Context

_SELECT: LiteralString = """
    SELECT j.id, j.kind, j.state, j.operation, coalesce(u.login, ''), j.request_id, cardinality(j.case_numbers),
           j.done, j.changed, j.unchanged, j.refused, j.error, j.created_at, j.started_at, j.finished_at
"""
_FROM: LiteralString = """
    FROM jobs j LEFT JOIN users u ON u.tenant_id = j.tenant_id AND u.id = j.actor_id
    WHERE j.tenant_id = %s
"""


class StoredJobs:
    """See `casectl.unit_jobs.Jobs`."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._sql = context.sql
        self._tenant = context.tenant_id

    async def add(self, kind: str, operation: dict[str, Any], numbers: Sequence[str]) -> int:
        """See `casectl.unit_jobs.Jobs.add`."""
        job_id = await self._context.take("job")
        actor, call = self._context.actor, self._context.call
        await self._sql.run(
            "INSERT INTO jobs (tenant_id, id, kind, operation, case_numbers, actor_id, rights, request_id)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            (self._tenant, job_id, kind, msgspec.json.encode(operation).decode(), list(numbers), actor.user_id,
             sorted(actor.rights), call.request_id),
        )  # fmt: skip
        return job_id

    async def unfinished(self) -> int:
        """See `casectl.unit_jobs.Jobs.unfinished`."""
        rows = await self._sql.rows(
            "SELECT count(*) FROM jobs WHERE tenant_id = %s AND actor_id = %s AND finished_at IS NULL",
            (self._tenant, self._context.actor.user_id),
        )
        return int(rows[0][0])

    async def get(self, job_id: int) -> Job:
        """See `casectl.unit_jobs.Jobs.get`."""
        rows = await self._sql.rows(_SELECT + ", j.outcomes" + _FROM + " AND j.id = %s", (self._tenant, job_id))
        if not rows:
            raise _missing(job_id)
        return _job(rows[0], rows[0][15])

    async def page(self, *, limit: int) -> list[Job]:
        """See `casectl.unit_jobs.Jobs.page`."""
        rows = await self._sql.rows(_SELECT + _FROM + " ORDER BY j.id DESC LIMIT %s", (self._tenant, limit))
        return [_job(row, []) for row in rows]

    async def cancel(self, job_id: int) -> None:
        """See `casectl.unit_jobs.Jobs.cancel`."""
        rows = await self._sql.rows(
            "SELECT state FROM jobs WHERE tenant_id = %s AND id = %s FOR UPDATE", (self._tenant, job_id)
        )
        if not rows:
            raise _missing(job_id)
        if rows[0][0] not in ("queued", "running"):
            raise NotAllowed(f"job {job_id} is {rows[0][0]} already", hint=f"casectl job show {job_id}")
        await self._sql.run(
            "UPDATE jobs SET state = 'cancelled', finished_at = now() WHERE tenant_id = %s AND id = %s",
            (self._tenant, job_id),
        )

    async def take(self, job_id: int, attempt: int, most: int) -> tuple[dict[str, Any], list[str]] | None:
        """See `casectl.unit_jobs.Jobs.take`."""
        rows = await self._sql.rows(
            "SELECT operation, case_numbers[done + 1 : done + %s] FROM jobs"
            " WHERE tenant_id = %s AND id = %s AND attempt = %s AND state = 'running' FOR UPDATE",
            (most, self._tenant, job_id, attempt),
        )
        return (rows[0][0], rows[0][1]) if rows else None

    async def advance(self, job_id: int, count: int, result: BulkResult, kept: int) -> bool:
        """See `casectl.unit_jobs.Jobs.advance`."""
        refused = [outcome for outcome in result.outcomes if outcome.result == "refused"]
        rows = await self._sql.rows(
            "UPDATE jobs SET done = done + %(count)s, changed = changed + %(changed)s, tries = 0,"
            " unchanged = unchanged + %(unchanged)s, refused = refused + %(refused)s, lease_until = now(),"
            " outcomes = CASE WHEN jsonb_array_length(outcomes) < %(kept)s THEN outcomes || %(outcomes)s::jsonb"
            "                 ELSE outcomes END,"
            " state = CASE WHEN done + %(count)s >= cardinality(case_numbers) THEN 'done' ELSE state END,"
            " finished_at = CASE WHEN done + %(count)s >= cardinality(case_numbers) THEN now() END"
            " WHERE tenant_id = %(tenant)s AND id = %(id)s RETURNING state",
            {"count": count, "changed": result.changed, "unchanged": result.unchanged, "refused": result.refused,
             "kept": kept, "outcomes": msgspec.json.encode(refused).decode(), "tenant": self._tenant, "id": job_id},
        )  # fmt: skip
        return bool(rows[0][0] == "done")


def _job(row: tuple[Any, ...], outcomes: list[Any]) -> Job:
    return Job(
        id=row[0], kind=row[1], state=row[2], operation=row[3], actor=row[4], request_id=row[5], total=row[6],
        done=row[7], changed=row[8], unchanged=row[9], refused=row[10],
        error=None if row[11] is None else typed.convert(row[11], JobError), created_at=row[12], started_at=row[13],
        finished_at=row[14], outcomes=typed.convert(outcomes, list[BulkOutcome]),
    )  # fmt: skip


def _missing(job_id: int) -> NotFound:
    return NotFound(f"there is no job {job_id}", hint="casectl job list; finished ones are kept for seven days")
