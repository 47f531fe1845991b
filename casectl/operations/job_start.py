"""The verb `job start`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import msgspec
from msgspec import UNSET, Meta

from casectl.errors import InvalidInput, TooManyRequests
from casectl.field_types import build
from casectl.model.job import Job
from casectl.operation import Cli, Operation
from casectl.operations._queries import read_query
from casectl.operations._wishes import Wishes, refuse_nothing, resolve
from casectl.operations.bulk_update import BulkUpdate
from casectl.rules.case_input import refuse
from casectl.rules.numbering import expand_numbers
from casectl.rules.query import active_by_default

if TYPE_CHECKING:
    from casectl.unit import Unit

MOST = 100_000
"""Cases of one job."""

MOST_OPEN = 20
"""Jobs of one user at a time: all tenants' jobs wait in one line."""

WISHES = ("status", "priority", "assignee", "team", "add_tags", "remove_tags", "fields")


class StartJob(Operation[Job], frozen=True, kw_only=True):
    """Let a server change any number of cases after its answer.

    The cases that the query finds now are those that change, in steps of a thousand, each a transaction.
    """

    name: ClassVar[str] = "job start"
    right: ClassVar[str] = "case:bulk_update"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("POST", "/v1/jobs/"),)
    cli: ClassVar[Cli] = Cli(group="Servers and logins", hidden=("bulk_update",))

    bulk_update: Annotated[dict[str, Any], Meta(description="what bulk-update takes: query or cases, and changes")]

    async def run(self, unit: Unit) -> Job:
        wished = self._wished()
        wishes = Wishes(**{name: getattr(wished, name) for name in WISHES})
        refuse_nothing(wishes, "say what, for example status or add_tags")
        await resolve(unit, wishes)
        if await unit.jobs.unfinished() >= MOST_OPEN:
            raise TooManyRequests(f"{MOST_OPEN} of your jobs are not finished", hint="casectl job list shows them")
        numbers = await _numbers(unit, wished)
        changes = {name: value for name, value in msgspec.to_builtins(wished).items() if name in WISHES}
        operation = {name: value for name, value in changes.items() if value not in (UNSET, [], {})}
        job_id = await unit.jobs.add(BulkUpdate.name, operation, numbers)
        return await unit.jobs.get(job_id)

    def _wished(self) -> BulkUpdate:
        try:
            wished = build(BulkUpdate, self.bulk_update)
        except InvalidInput as refusal:
            refusal.problems = tuple(
                msgspec.structs.replace(problem, pointer=f"/bulk_update{problem.pointer}")
                for problem in refusal.problems
            )
            raise
        if wished.dry_run:
            refuse(
                "a job is no dry run", "/bulk_update/dry_run", "dry_run", "casectl bulk-update --query ... --dry-run"
            )
        return wished


async def _numbers(unit: Unit, wished: BulkUpdate) -> list[str]:
    """The cases as they are found now. Raises InvalidInput for none, both ways, or too many."""
    text = "" if wished.query is UNSET else wished.query.strip()
    if bool(wished.cases) == bool(text):
        refuse("say the cases or a query, one of them", "/bulk_update/query", "selection")
    if wished.cases:
        numbers = expand_numbers(wished.cases)
    else:
        query = await read_query(unit, [text])
        if query.where is None:
            refuse("the query names no cases", "/bulk_update/query", "selection", "is:active finds all active cases")
        numbers = await unit.cases.matching(active_by_default(query), limit=MOST + 1)
    if len(numbers) > MOST:
        refuse(f"a job changes {MOST:,} cases at most", "/bulk_update/query", "too_many", "narrow the query")
    if not numbers:
        refuse("the query finds no case", "/bulk_update/query", "selection")
    return numbers
