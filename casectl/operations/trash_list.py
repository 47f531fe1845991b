"""The verb `trash list`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import UNSET, Meta, UnsetType

from casectl.model.trash import TrashPage
from casectl.operation import Cli, Operation
from casectl.operations._queries import check_limit
from casectl.rules.times import parse_duration

if TYPE_CHECKING:
    from casectl.unit import Unit


class ListTrash(Operation[TrashPage], frozen=True, kw_only=True):
    """List what is in the trash, who put it there and when.

    What was deleted last comes first. `casectl restore` brings a case back; `casectl list is:deleted` finds deleted
    cases by a query.
    """

    name: ClassVar[str] = "trash list"
    right: ClassVar[str] = "case:read_any"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("GET", "/v1/trash/"),)
    reads: ClassVar[bool] = True
    paged: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(
        group="Look",
        options={"limit": ("-n", "--limit")},
        metavars={"older_than": "AGE"},
        examples=(
            ("casectl trash list", ""),
            ("casectl trash list --older-than 30d --json", "what has been there for 30 days"),
        ),
        view="trash",
    )

    older_than: Annotated[str, Meta(description="deleted longer ago than this: 30d, 12h")] | UnsetType = UNSET
    limit: Annotated[int, Meta(description="how many cases; a page has at most 500")] = 50
    cursor: Annotated[str, Meta(description="cursor of the page, as the one before gave it")] | UnsetType = UNSET

    async def run(self, unit: Unit) -> TrashPage:
        check_limit(self.limit)
        before = None if self.older_than is UNSET else await unit.now() - parse_duration(self.older_than, "/older_than")
        return await unit.trash.page(limit=self.limit, before=before, after=self.cursor or None)
