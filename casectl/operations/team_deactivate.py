"""The verb `team deactivate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import UNSET, Meta, UnsetType

from casectl.model.case import TeamRef
from casectl.model.people import TeamDeactivation
from casectl.operation import Cli, Operation
from casectl.operations._people import MOST_TOLD, fate, hand_over
from casectl.operations._wishes import team_id

if TYPE_CHECKING:
    from casectl.model.case import CaseLine
    from casectl.unit import Unit


class DeactivateTeam(Operation[TeamDeactivation], frozen=True, kw_only=True):
    """Give a team no more cases, and hand over those it has.

    Its open cases go to another team, or are told and stay its own.
    """

    name: ClassVar[str] = "team deactivate"
    right: ClassVar[str] = "team:manage"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("POST", "/v1/teams/{team}/deactivate/"),)
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        positionals=("team",),
        metavars={"reassign_to": "TEAM"},
        examples=(
            ("casectl team deactivate 'Customer Care' --dry-run", "which cases would stay"),
            ("casectl team deactivate 'Customer Care' --reassign-to Applications", ""),
        ),
        view="team_deactivation",
    )

    team: Annotated[str, Meta(description="name or id")]
    reassign_to: Annotated[str, Meta(description="team that gets its open cases, or none (default: they stay)")] | (
        UnsetType | None
    ) = UNSET

    @staticmethod
    def question(planned: TeamDeactivation) -> str:
        """What to ask on a terminal once it is told what would happen; '' where the team has no open cases."""
        if not planned.open_cases:
            return ""
        return f"{fate(planned, 'its own')} Give {planned.team.name} no more cases?"

    async def run(self, unit: Unit) -> TeamDeactivation:
        team = await unit.people.team(self.team)
        await unit.staff.change_team(team.id, {"is_active": False})
        cases = await unit.staff.open_cases(team_id=team.id)
        heir = await self._reassign(unit, cases)
        return TeamDeactivation(
            team=await unit.people.team(str(team.id)),
            open_cases=len(cases),
            reassigned=0 if self.reassign_to is UNSET else len(cases),
            reassigned_to=heir,
            cases=cases[:MOST_TOLD],
        )

    async def _reassign(self, unit: Unit, cases: list[CaseLine]) -> TeamRef | None:
        """The team that got the cases. It must be active: by now the one that ends is not."""
        if self.reassign_to is UNSET:
            return None
        heir_id = await team_id(unit, self.reassign_to, "/reassign_to")
        await hand_over(unit, cases, team=None if heir_id is None else str(heir_id))
        if heir_id is None:
            return None
        heir = await unit.people.team(str(heir_id))
        return TeamRef(id=heir.id, name=heir.name)
