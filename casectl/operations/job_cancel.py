"""The verb `job cancel`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from casectl.model.job import Job
from casectl.operation import Cli, Operation

if TYPE_CHECKING:
    from casectl.unit import Unit


class CancelJob(Operation[Job], frozen=True, kw_only=True):
    """Cancel a job between two of its steps.

    What it has changed stays changed.
    """

    name: ClassVar[str] = "job cancel"
    right: ClassVar[str] = "case:bulk_update"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("DELETE", "/v1/jobs/{job}/"),)
    cli: ClassVar[Cli] = Cli(
        group="Servers and logins", positionals=("job",), examples=(("casectl job cancel 2", ""),), view="job"
    )

    job: Annotated[str, Meta(description="id of the job", pattern="^[0-9]{1,15}$")]

    async def run(self, unit: Unit) -> Job:
        await unit.jobs.cancel(int(self.job))
        return await unit.jobs.get(int(self.job))
