"""The verb `team add`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import UNSET, Meta, UnsetType

from casectl.model.people import Team
from casectl.operation import Cli, Operation
from casectl.operations._people import group_name
from casectl.operations._wishes import user_id

if TYPE_CHECKING:
    from casectl.unit import Unit


class AddTeam(Operation[Team], frozen=True, kw_only=True):
    """Add a team.

    Its lead is a member too, and receives what is escalated.
    """

    name: ClassVar[str] = "team add"
    right: ClassVar[str] = "team:manage"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("POST", "/v1/teams/"),)
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        positionals=("team",),
        options={"members": ("--member",)},
        examples=(("casectl team add l3 --lead @me", ""),),
        view="team",
    )

    team: Annotated[str, Meta(description="its name")]
    lead: Annotated[str, Meta(description="user who leads it")] | UnsetType = UNSET
    members: Annotated[list[str], Meta(description="user who works in it; may be repeated")] = []

    async def run(self, unit: Unit) -> Team:
        name = group_name(self.team, "team", "/team", "billing")
        lead_id = None if self.lead is UNSET else await user_id(unit, self.lead, "/lead")
        found = [await user_id(unit, member, "/members") for member in self.members]
        members = [member for member in found if member is not None]
        return await unit.people.add_team(name, lead_id=lead_id, member_ids=members)
