"""The verb `team activate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from casectl.model.people import Team
from casectl.operation import Cli, Operation

if TYPE_CHECKING:
    from casectl.unit import Unit


class ActivateTeam(Operation[Team], frozen=True, kw_only=True):
    """Let a team have new cases again."""

    name: ClassVar[str] = "team activate"
    right: ClassVar[str] = "team:manage"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("POST", "/v1/teams/{team}/activate/"),)
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        positionals=("team",),
        examples=(("casectl team activate Network", ""),),
        view="team",
    )

    team: Annotated[str, Meta(description="name or id")]

    async def run(self, unit: Unit) -> Team:
        team = await unit.people.team(self.team)
        await unit.staff.change_team(team.id, {"is_active": True})
        return await unit.people.team(str(team.id))
