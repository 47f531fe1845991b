"""The verb `job list`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from casectl.model.job import Job
from casectl.operation import Cli, Operation

if TYPE_CHECKING:
    from casectl.unit import Unit


class ListJobs(Operation[list[Job]], frozen=True, kw_only=True):
    """List your jobs, the newest first.

    Finished ones are kept for seven days. A Tenant Admin sees those of all.
    """

    name: ClassVar[str] = "job list"
    right: ClassVar[str] = "case:bulk_update"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("GET", "/v1/jobs/"),)
    reads: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(
        group="Servers and logins",
        options={"limit": ("-n", "--limit")},
        examples=(("casectl job list", ""),),
        view="jobs",
    )

    limit: Annotated[int, Meta(description="jobs at most", ge=1, le=500)] = 50

    async def run(self, unit: Unit) -> list[Job]:
        return await unit.jobs.page(limit=self.limit)
