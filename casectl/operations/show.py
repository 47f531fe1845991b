"""The verb `show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import UNSET, Meta, UnsetType

from casectl.model.case import CaseDetail
from casectl.operation import Cli, Operation
from casectl.rules import rights

if TYPE_CHECKING:
    from casectl.unit import Unit


class Show(Operation[CaseDetail], frozen=True, kw_only=True):
    """Show a case with its notes.

    Internal notes are shown only to those who may read them. With `--at` it is the case as it was then, rebuilt from
    the audit; a day or a minute means its beginning.
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
        metavars={"at": "TIME"},
        examples=(
            ("casectl show INC-2026-00024", ""),
            ("casectl show INC-2026-00024 --json --fields number,status,assignee", ""),
            ("casectl show INC-2026-00024 --at 2h", "as it was two hours ago"),
        ),
        view="case_detail",
    )

    case: Annotated[str, Meta(description="number or id of the case")]
    notes: Annotated[int, Meta(description="how many of the newest notes", ge=0, le=1000)] = 20
    at: (
        Annotated[str, Meta(description="as it was: 2h (ago), 14:30, yesterday 14:30, in the tenant's zone")]
        | UnsetType
    ) = UNSET

    async def run(self, unit: Unit) -> CaseDetail:
        if self.at is not UNSET:
            return await self._then(unit, self.at)
        case = await unit.cases.get(self.case)
        notes, more = await unit.notes.of_case(case, limit=self.notes) if self.notes else ([], 0)
        of_case = {name: getattr(case, name) for name in case.__struct_fields__}
        by = await unit.trash.deleted_by(case.id) if case.deleted_at is not None else None
        return CaseDetail(**of_case, deleted_by=by, notes=notes, more_notes=more)

    async def _then(self, unit: Unit, at: str) -> CaseDetail:
        from casectl.operations._past import instant_of

        rights.require(unit.actor, "history:read")
        case = await unit.cases.get(self.case, with_description=False)
        return await unit.past.at(case, await instant_of(unit, case, at, "/at"), notes=self.notes)
