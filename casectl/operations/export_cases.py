"""`export cases`: whole cases, page by page, as another desk can take them in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import UNSET, Meta, UnsetType

from casectl.errors import InvalidInput, Problem
from casectl.model.export import ExportPage
from casectl.operation import Cli, Operation
from casectl.operations._queries import check_limit, read_query
from casectl.rules import forms, rights
from casectl.rules.query.ast import DEFAULT_SORT
from casectl.unit_exchange import Extent

if TYPE_CHECKING:
    from casectl.unit import Unit


class ExportCases(Operation[ExportPage], frozen=True, kw_only=True):
    """Export a page of whole cases, in the order of their ids.

    Closed cases are among them, deleted ones only with `trash`. What the actor may not see (restricted cases, internal
    notes, the history) is not exported. A page has fewer cases than its `limit` where they are large.
    """

    name: ClassVar[str] = "export cases"
    right: ClassVar[str] = "export:run"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("GET", "/v1/exports/"),)
    reads: ClassVar[bool] = True
    paged: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(group="The desk", hidden=("limit", "cursor"))

    query: Annotated[list[str], Meta(description="which cases; none are all", extra={"query": True})] = []
    notes: Annotated[bool, Meta(description="with their notes")] = False
    history: Annotated[bool, Meta(description="with their history")] = False
    trash: Annotated[bool, Meta(description="deleted cases, too")] = False
    limit: Annotated[int, Meta(description="how many cases; a page has at most 500")] = 500
    cursor: Annotated[str, Meta(description="cursor of the page, as the one before gave it")] | UnsetType = UNSET

    async def run(self, unit: Unit) -> ExportPage:
        check_limit(self.limit)
        rights.require(unit.actor, "case:read")
        if self.history:
            rights.require(unit.actor, "history:read")
        query = await read_query(unit, self.query)
        if query.sort != DEFAULT_SORT:
            message = "an export has its cases in the order of their ids"
            problem = Problem(message=message, pointer="/query", code="excluded", hint="leave sort: out")
            raise InvalidInput(message, hint=problem.hint, problems=[problem])
        extent = Extent(
            trash=self.trash, notes=self.notes, history=self.history,
            internal="note:read_internal" in unit.actor.rights,
        )  # fmt: skip
        items, following = await unit.exchange.page(query, extent, limit=self.limit, after=self.cursor or None)
        fields = dict.fromkeys(
            field.name for kind in await unit.configuration.case_types() for field in forms.fields_of(kind.form_schema)
        )
        return ExportPage(items=items, next=following, form_fields=list(fields))
