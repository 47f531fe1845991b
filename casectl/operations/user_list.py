"""The verb `user list`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from casectl.model.people import User
from casectl.operation import Cli, Operation

if TYPE_CHECKING:
    from casectl.unit import Unit


class ListUsers(Operation[list[User]], frozen=True, kw_only=True):
    """List the users.

    Those who have left are shown with `--all-users` only.
    """

    name: ClassVar[str] = "user list"
    right: ClassVar[str] = "user:read"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("GET", "/v1/users/"),)
    reads: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        examples=(("casectl user list", ""),),
        view="users",
    )

    all_users: Annotated[bool, Meta(description="also those who have left")] = False

    async def run(self, unit: Unit) -> list[User]:
        return await unit.people.users(active_only=not self.all_users)
