"""The verb `user deactivate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import UNSET, Meta, UnsetType

from casectl.model.case import PersonRef, TeamRef
from casectl.model.people import UserDeactivation
from casectl.operation import Cli, Operation
from casectl.operations._people import MOST_TOLD, change_members, fate, hand_over, person, require_no_less
from casectl.operations._wishes import user_id
from casectl.rules import rights
from casectl.rules.text import plural

if TYPE_CHECKING:
    from casectl.model.case import CaseLine
    from casectl.model.people import User
    from casectl.unit import Unit


class DeactivateUser(Operation[UserDeactivation], frozen=True, kw_only=True):
    """Let a user in no more, and hand over what he has.

    His sessions and API keys end for good; his password, his roles and his teams stay for the day he comes back. His
    open cases go to somebody else, or are told and stay his; so do the teams that he leads. Nobody deactivates a user
    who may more than he, nor the last one who may manage users and roles.
    """

    name: ClassVar[str] = "user deactivate"
    right: ClassVar[str] = "user:manage"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("POST", "/v1/users/{user}/deactivate/"),)
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        positionals=("user",),
        metavars={"reassign_to": "USER", "lead_to": "USER"},
        examples=(
            ("casectl user deactivate sofia --dry-run", "what would end, and which cases would stay"),
            ("casectl user deactivate sofia --reassign-to marek --lead-to none", ""),
        ),
        view="user_deactivation",
    )

    user: Annotated[str, Meta(description="login, mail address, name or id")]
    reassign_to: Annotated[str, Meta(description="who gets his open cases, or none (default: they stay his)")] | (
        UnsetType | None
    ) = UNSET
    lead_to: Annotated[str, Meta(description="who leads his teams, or none (default: they stay his)")] | (
        UnsetType | None
    ) = UNSET

    @staticmethod
    def question(planned: UserDeactivation) -> str:
        """What to ask on a terminal once it is told what would happen; '' where no case and no team is touched."""
        told = [fate(planned, "his")] if planned.open_cases else []
        if planned.leads:
            told.append(f"He still leads {plural(len(planned.leads), 'team')}; --lead-to USER names another lead.")
        return f"{' '.join(told)} Let {planned.user.name} in no more?" if told else ""

    async def run(self, unit: Unit) -> UserDeactivation:
        user = await person(unit, self.user)
        await require_no_less(unit, user)
        await unit.staff.change_user(user.id, {"is_active": False})
        keys = await unit.staff.end_keys(user.id)
        sessions = await unit.access.end_sessions(user.id, reason="user deactivated")
        cases = await unit.staff.open_cases(assignee_id=user.id)
        heir = await self._reassign(unit, cases)
        return UserDeactivation(
            leads=await self._hand_teams_over(unit, user),
            user=await unit.people.user(str(user.id)),
            sessions=sessions,
            keys=keys,
            open_cases=len(cases),
            reassigned=0 if self.reassign_to is UNSET else len(cases),
            reassigned_to=heir,
            cases=cases[:MOST_TOLD],
        )

    async def _reassign(self, unit: Unit, cases: list[CaseLine]) -> PersonRef | None:
        """Who got the cases. He must be active: by now the one who leaves is not."""
        if self.reassign_to is UNSET:
            return None
        heir_id = await user_id(unit, self.reassign_to, "/reassign_to")
        await hand_over(unit, cases, assignee=None if heir_id is None else str(heir_id))
        if heir_id is None:
            return None
        heir = await unit.people.user(str(heir_id))
        return PersonRef(id=heir.id, name=heir.name, login=heir.login, email=heir.email)

    async def _hand_teams_over(self, unit: Unit, user: User) -> list[TeamRef]:
        """The teams that he still leads."""
        teams = await unit.people.teams(member_id=user.id)
        led = [team for team in teams if team.lead and team.lead.id == user.id]
        if self.lead_to is UNSET or not led:
            return [TeamRef(id=team.id, name=team.name) for team in led]
        rights.require(unit.actor, "team:manage")
        lead_id = await user_id(unit, self.lead_to, "/lead_to")
        for team in led:
            await unit.staff.change_team(team.id, {"lead_id": lead_id})
            await change_members(unit, team, [] if lead_id is None else [lead_id])
        return []
