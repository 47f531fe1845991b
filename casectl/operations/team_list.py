"""The verb `team list`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import UNSET, Meta, UnsetType

from casectl.model.people import Team
from casectl.operation import Cli, Operation

if TYPE_CHECKING:
    from casectl.unit import Unit


class ListTeams(Operation[list[Team]], frozen=True, kw_only=True):
    """List the teams.

    Those that were deactivated are shown with `--all` only.
    """

    name: ClassVar[str] = "team list"
    right: ClassVar[str] = "team:read"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("GET", "/v1/teams/"),)
    reads: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        options={"include_inactive": ("--all",)},
        metavars={"member": "USER"},
        examples=(("casectl team list", ""), ("casectl team list --member @me", "those that you lead or work in")),
        view="teams",
    )

    member: Annotated[str, Meta(description="only teams that this user leads or works in")] | UnsetType = UNSET
    include_inactive: Annotated[bool, Meta(description="also those that were deactivated")] = False

    async def run(self, unit: Unit) -> list[Team]:
        member = None if self.member is UNSET else await unit.people.user(self.member)
        return await unit.people.teams(
            active_only=not self.include_inactive, member_id=None if member is None else member.id
        )
