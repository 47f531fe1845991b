"""The verb `team show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from casectl.model.people import Team
from casectl.operation import Cli, Operation

if TYPE_CHECKING:
    from casectl.unit import Unit


class ShowTeam(Operation[Team], frozen=True, kw_only=True):
    """Show a team with its lead and members."""

    name: ClassVar[str] = "team show"
    right: ClassVar[str] = "team:read"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("GET", "/v1/teams/{team}/"),)
    reads: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        positionals=("team",),
        examples=(("casectl team show Network", ""),),
        view="team",
    )

    team: Annotated[str, Meta(description="name or id of the team")]

    async def run(self, unit: Unit) -> Team:
        return await unit.people.team(self.team)
