"""The verb `search`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import UNSET, Meta, UnsetType

from casectl.errors import InvalidInput, Problem
from casectl.model.case import CasePage
from casectl.operation import Cli, Operation
from casectl.operations._queries import check_limit, read_query
from casectl.rules.query import Text, leaves

if TYPE_CHECKING:
    from casectl.unit import Unit


class Search(Operation[CasePage], frozen=True, kw_only=True):
    """Search cases by words in their text.

    Titles, descriptions, notes and numbers of cases in any state are searched; the words may stand beside any term of
    the query language.
    """

    name: ClassVar[str] = "search"
    right: ClassVar[str] = "case:read"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("GET", "/v1/search/"),)
    reads: ClassVar[bool] = True
    paged: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(
        group="Look",
        positionals=("query",),
        options={"limit": ("-n", "--limit"), "sort": ("-s", "--sort")},
        hidden=("filters",),
        aliases=("find",),
        examples=(
            ("casectl search printer", ""),
            ("casectl search '\"login fails\"' type:incident 'created:<30d'", "both words, in this order"),
        ),
        view="cases",
    )

    query: Annotated[list[str], Meta(description="words to find, and terms", extra={"query": True})]
    limit: Annotated[int, Meta(description="how many cases; a page has at most 500")] = 50
    cursor: Annotated[str, Meta(description="cursor of the page, as the one before gave it")] | UnsetType = UNSET
    sort: Annotated[str, Meta(description="order: -priority,due")] = ""
    filters: Annotated[
        list[str], Meta(description="term that narrows the query, whatever it says; may be repeated")
    ] = []
    explain: Annotated[bool, Meta(description="tell how the database finds them, instead")] = False

    async def run(self, unit: Unit) -> CasePage:
        check_limit(self.limit)
        query = await read_query(unit, self.query, self.sort, self.filters)
        if not any(isinstance(leaf, Text) for leaf in leaves(query)):
            message = "no word to search for was given"
            hint = "casectl list takes filters alone"
            problem = Problem(message=message, pointer="/query", code="no_words", hint=hint)
            raise InvalidInput(message, hint=hint, problems=[problem])
        if self.explain:
            return CasePage(items=[], plan=await unit.cases.plan(query, limit=self.limit))
        return await unit.cases.page(query, limit=self.limit, after=self.cursor or None, with_description=False)
