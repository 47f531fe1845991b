"""The verb `assign`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import UNSET, Meta, UnsetType

from casectl.model.case import Case
from casectl.operation import Cli, Operation
from casectl.operations._change import change_case
from casectl.operations._wishes import Wishes, refuse_nothing

if TYPE_CHECKING:
    from casectl.unit import Unit


class Assign(Operation[Case], frozen=True, kw_only=True):
    """Hand a case to somebody or to a team.

    With `none` nobody has it any more.
    """

    name: ClassVar[str] = "assign"
    right: ClassVar[str] = "case:assign"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("POST", "/v1/cases/{case}/assign/"),)
    cli: ClassVar[Cli] = Cli(
        group="Work on cases",
        positionals=("case", "assignee"),
        examples=(
            ("casectl assign INC-2026-00024 @me", ""),
            ("casectl assign INC-2026-00024 none --team Network", "to the team, nobody in particular"),
        ),
        view="case",
        in_bulk=("--assignee", "{assignee}"),
    )

    case: Annotated[str, Meta(description="number or id of the case")]
    assignee: Annotated[str, Meta(description="login, mail address, @me or none")] | UnsetType | None = UNSET
    team: Annotated[str, Meta(description="team, or none")] | UnsetType | None = UNSET

    async def run(self, unit: Unit) -> Case:
        wishes = Wishes(assignee=self.assignee, team=self.team)
        refuse_nothing(wishes, f"say to whom: casectl assign {self.case} @me")
        return await change_case(unit, self.case, wishes)
