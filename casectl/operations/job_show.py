"""The verb `job show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from casectl.model.job import Job
from casectl.operation import Cli, Operation

if TYPE_CHECKING:
    from casectl.unit import Unit


class ShowJob(Operation[Job], frozen=True, kw_only=True):
    """Show how far a job is, and which cases were refused.

    The first thousand refused cases are told with their reasons.
    """

    name: ClassVar[str] = "job show"
    right: ClassVar[str] = "case:bulk_update"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("GET", "/v1/jobs/{job}/"),)
    reads: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(
        group="Servers and logins", positionals=("job",), examples=(("casectl job show 1", ""),), view="job"
    )

    job: Annotated[str, Meta(description="id of the job", pattern="^[0-9]{1,15}$")]

    async def run(self, unit: Unit) -> Job:
        return await unit.jobs.get(int(self.job))
