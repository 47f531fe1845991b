"""The verb `user list`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import UNSET, Meta, UnsetType

from casectl.model.people import User
from casectl.operation import Cli, Operation

if TYPE_CHECKING:
    from casectl.unit import Unit


class ListUsers(Operation[list[User]], frozen=True, kw_only=True):
    """List the users.

    Those who were deactivated are shown with `--all` only.
    """

    name: ClassVar[str] = "user list"
    right: ClassVar[str] = "user:read"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("GET", "/v1/users/"),)
    reads: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        positionals=("prefix",),
        options={"include_inactive": ("--all",)},
        metavars={"role": "ROLE", "team": "TEAM"},
        examples=(
            ("casectl user list", ""),
            ("casectl user list m --role 'Case Worker'", "whose login, name or address begins with m"),
        ),
        view="users",
    )

    prefix: Annotated[str, Meta(description="how login, name or mail address begin")] = ""
    role: Annotated[str, Meta(description="only who has this role")] | UnsetType = UNSET
    team: Annotated[str, Meta(description="only who works in this team")] | UnsetType = UNSET
    include_inactive: Annotated[bool, Meta(description="also those who were deactivated")] = False

    async def run(self, unit: Unit) -> list[User]:
        return await unit.people.users(
            active_only=not self.include_inactive,
            like=self.prefix,
            role_id=None if self.role is UNSET else (await unit.roles.find(self.role)).id,
            team_id=None if self.team is UNSET else (await unit.people.team(self.team)).id,
        )
