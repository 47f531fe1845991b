"""One step of a job: the next thousand cases and the job's own progress in one transaction.

No verb of the registry: only the runner of a server (`desk.server.job_runner`) performs it, as the job's actor. A step
that is not committed leaves both as they were, so a job goes on exactly where it was, whoever goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from casectl.field_types import build
from casectl.operation import Operation
from casectl.operations.bulk_update import MOST, BulkUpdate

if TYPE_CHECKING:
    from casectl.unit import Unit

KEPT = 1_000
"""Refused cases that a job tells one by one, give or take a step."""


class RunBatch(Operation[bool], frozen=True, kw_only=True):
    """Perform the next step of a job that this attempt holds; whether there is anything left to do."""

    name: ClassVar[str] = BulkUpdate.name
    right: ClassVar[str] = BulkUpdate.right

    job: int
    attempt: int

    async def run(self, unit: Unit) -> bool:
        taken = await unit.jobs.take(self.job, self.attempt, MOST)
        if taken is None:
            return False
        operation, numbers = taken
        result = await unit.perform(build(BulkUpdate, {**operation, "cases": numbers}))
        return not await unit.jobs.advance(self.job, len(numbers), result, KEPT)
