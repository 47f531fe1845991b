"""The verb `history`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from casectl.errors import Gone
from casectl.model.case import HistoryEntry
from casectl.operation import Cli, Operation

if TYPE_CHECKING:
    from casectl.unit import Unit


class History(Operation[list[HistoryEntry]], frozen=True, kw_only=True):
    """Tell who changed what in a case, and when.

    This is the audit of the case: actor, time, command and request, every value before and after. Of a purged case
    the values are erased.
    """

    name: ClassVar[str] = "history"
    right: ClassVar[str] = "history:read"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("GET", "/v1/cases/{case}/history/"),)
    reads: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(
        group="Look",
        positionals=("case",),
        options={"limit": ("-n", "--limit"), "newest_first": ("-r", "--newest-first")},
        examples=(
            ("casectl history INC-2026-00024", ""),
            ("casectl history INC-2026-00024 --newest-first --limit 5", ""),
        ),
        view="history",
    )

    case: Annotated[str, Meta(description="number or id of the case")]
    limit: Annotated[int, Meta(description="entries at most", ge=1, le=10_000)] = 1_000
    newest_first: Annotated[bool, Meta(description="begin with the newest")] = False

    async def run(self, unit: Unit) -> list[HistoryEntry]:
        try:
            case_id = (await unit.cases.get(self.case, with_description=False)).id
        except Gone:
            purged = await unit.trash.purged(self.case)
            if purged is None:
                raise
            case_id = purged.id
        return await unit.history.of_case(case_id, limit=self.limit, newest_first=self.newest_first)
