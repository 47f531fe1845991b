"""The verb `team change`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import UNSET, Meta, UnsetType

from casectl.model.people import Team
from casectl.operation import Cli, Operation
from casectl.operations._people import change_members, group_name, read_changes, refuse_both, refuse_no_change
from casectl.operations._wishes import user_id
from casectl.rules import case_input

if TYPE_CHECKING:
    from casectl.unit import Unit


class ChangeTeam(Operation[Team], frozen=True, kw_only=True):
    """Change a team: its name, its lead or its members.

    Who leads it is a member too. Members read the team's restricted cases: who takes somebody in must be one of them,
    with the right to read all cases, or have the right to read restricted ones.
    """

    name: ClassVar[str] = "team change"
    right: ClassVar[str] = "team:manage"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("PATCH", "/v1/teams/{team}/"), ("PUT", "/v1/teams/{team}/"))
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        positionals=("team",),
        options={"new_name": ("--name",)},
        metavars={"lead": "USER", "add_members": "USER", "remove_members": "USER"},
        examples=(("casectl team change Network --lead marek --add-member @me", ""),),
        view="team",
    )

    team: Annotated[str, Meta(description="name or id")]
    new_name: Annotated[str, Meta(description="new name")] | UnsetType = UNSET
    lead: Annotated[str, Meta(description="user who leads it, or none")] | UnsetType | None = UNSET
    add_members: Annotated[list[str], Meta(description="user to take in; may be repeated")] = []
    remove_members: Annotated[list[str], Meta(description="user to take out; may be repeated")] = []

    async def run(self, unit: Unit) -> Team:
        wishes = (self.new_name, self.lead, self.add_members, self.remove_members)
        refuse_no_change(*wishes, hint="say what, for example --lead @me or --add-member marek")
        changes = read_changes({"name": (self.new_name, lambda text: group_name(text, "team", "/new_name", "billing"))})
        team = await unit.people.team(self.team)
        if self.lead is not UNSET:
            changes["lead_id"] = await user_id(unit, self.lead, "/lead")
        lead_id = changes.get("lead_id", team.lead.id if team.lead else None)
        add = {await user_id(unit, member, "/add_members") for member in self.add_members}
        remove = [await unit.people.user(member) for member in self.remove_members]
        refuse_both((user.login for user in remove if user.id in add), "/remove_members")
        for user in remove:
            if user.id == lead_id:
                hint = "name another --lead, or none"
                case_input.refuse(f"{user.login} leads the team and stays a member", "/remove_members", "lead", hint)
        await unit.staff.change_team(team.id, changes)
        joining = {one for one in (*add, changes.get("lead_id")) if one is not None}
        await change_members(unit, team, joining, [user.id for user in remove])
        return await unit.people.team(str(team.id))
