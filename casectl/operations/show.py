"""The verb `show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from casectl.model.case import CaseDetail
from casectl.operation import Cli, Operation

if TYPE_CHECKING:
    from casectl.unit import Unit


class Show(Operation[CaseDetail], frozen=True, kw_only=True):
    """Show a case with its notes.

    Internal notes are shown to who may read them only.
    """

    name: ClassVar[str] = "show"
    right: ClassVar[str] = "case:read"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("GET", "/v1/cases/{case}/"),)
    reads: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(
        group="Look",
        positionals=("case",),
        options={"notes": ("-n", "--notes")},
        aliases=("view",),
        examples=(("casectl show 42", ""), ("casectl show 42 --json --fields number,status,assignee", "")),
        view="case_detail",
    )

    case: Annotated[str, Meta(description="number or id of the case")]
    notes: Annotated[int, Meta(description="how many of the newest notes", ge=0, le=1000)] = 20

    async def run(self, unit: Unit) -> CaseDetail:
        case = await unit.cases.get(self.case)
        notes, more = await unit.notes.of_case(case.id, limit=self.notes) if self.notes else ([], 0)
        of_case = {name: getattr(case, name) for name in case.__struct_fields__}
        by = await unit.trash.deleted_by(case.id) if case.deleted_at is not None else None
        return CaseDetail(**of_case, deleted_by=by, notes=notes, more_notes=more)
