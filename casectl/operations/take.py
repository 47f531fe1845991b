"""The verb `take`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from casectl.errors import Conflict
from casectl.model.case import Case
from casectl.operation import Cli, Operation
from casectl.operations._change import change_locked, lock_case
from casectl.operations._wishes import Wishes

if TYPE_CHECKING:
    from casectl.unit import CaseRow, Unit


class Take(Operation[Case], frozen=True, kw_only=True):
    """Take a case yourself.

    A case that somebody else has taken meanwhile is refused, with the name of its holder; `casectl assign` hands cases
    over.
    """

    name: ClassVar[str] = "take"
    right: ClassVar[str] = "case:take"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("POST", "/v1/cases/{case}/take/"),)
    cli: ClassVar[Cli] = Cli(
        group="Work on cases",
        positionals=("case",),
        examples=(("casectl take INC-2026-00577", ""),),
        view="case",
        in_bulk=("--assignee", "@me"),
    )

    case: Annotated[str, Meta(description="number or id of the case")]

    async def run(self, unit: Unit) -> Case:
        row = await lock_case(unit, self.case)
        if row.assignee_id not in (None, unit.actor.user_id):
            raise await _taken(unit, row)
        return await change_locked(unit, row, Wishes(assignee="@me"))


async def _taken(unit: Unit, row: CaseRow) -> Conflict:
    case = await unit.cases.get(str(row.id), with_description=False)
    holder = case.assignee.login if case.assignee else "somebody"
    may_assign = "case:assign" in unit.actor.rights
    hint = f"casectl assign {row.number} @me hands it over" if may_assign else f"ask {holder}"
    return Conflict(f"{row.number} is taken by {holder}", hint=hint)
