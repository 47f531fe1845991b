"""The verb `user show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from casectl.model.people import User
from casectl.operation import Cli, Operation

if TYPE_CHECKING:
    from casectl.unit import Unit


class ShowUser(Operation[User], frozen=True, kw_only=True):
    """Show a user with roles and teams."""

    name: ClassVar[str] = "user show"
    right: ClassVar[str] = "user:read"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("GET", "/v1/users/{user}/"),)
    reads: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        positionals=("user",),
        examples=(("casectl user show @me", ""),),
        view="user",
    )

    user: Annotated[str, Meta(description="login, mail address, name, id or @me")]

    async def run(self, unit: Unit) -> User:
        return await unit.people.user(self.user)
