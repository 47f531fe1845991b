"""The verb `list`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import UNSET, Meta, UnsetType

from casectl.model.case import CasePage
from casectl.operation import Cli, Operation
from casectl.operations._queries import check_limit, read_query
from casectl.rules.query import active_by_default

if TYPE_CHECKING:
    from casectl.unit import Unit


class ListCases(Operation[CasePage], frozen=True, kw_only=True):
    """List cases, the most urgent first.

    Without a status in the query only active cases are listed: `is:all` lists them all, `casectl help query` tells
    what a query may say.
    """

    name: ClassVar[str] = "list"
    right: ClassVar[str] = "case:read"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("GET", "/v1/cases/"),)
    reads: ClassVar[bool] = True
    paged: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(
        group="Look",
        positionals=("query",),
        options={"limit": ("-n", "--limit"), "sort": ("-s", "--sort")},
        hidden=("filters",),
        aliases=("ls",),
        examples=(
            ("casectl list", "the queue"),
            ("casectl list assignee:@me 'due:<2h'", "mine that are due within two hours"),
            ("casectl list 'priority:>=high' assignee:none --sort=-created", "urgent ones nobody has taken"),
        ),
        view="cases",
    )

    query: Annotated[list[str], Meta(description="what to find: status:active team:l2 ...", extra={"query": True})] = []
    limit: Annotated[int, Meta(description="how many cases; a page has at most 500")] = 50
    cursor: Annotated[str, Meta(description="cursor of the page, as the one before gave it")] | UnsetType = UNSET
    sort: Annotated[str, Meta(description="order: -priority,due")] = ""
    filters: Annotated[
        list[str], Meta(description="term that narrows the query, whatever it says; may be repeated")
    ] = []
    explain: Annotated[bool, Meta(description="tell how the database finds them, instead")] = False

    async def run(self, unit: Unit) -> CasePage:
        check_limit(self.limit)
        query = active_by_default(await read_query(unit, self.query, self.sort, self.filters))
        if self.explain:
            return CasePage(items=[], plan=await unit.cases.plan(query, limit=self.limit))
        return await unit.cases.page(query, limit=self.limit, after=self.cursor or None, with_description=False)
