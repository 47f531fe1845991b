"""The verb `user activate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from casectl.model.people import User
from casectl.operation import Cli, Operation
from casectl.operations._people import person, require_no_less

if TYPE_CHECKING:
    from casectl.unit import Unit


class ActivateUser(Operation[User], frozen=True, kw_only=True):
    """Let a user in again.

    He has the roles, the teams and the password that he had; sessions and API keys that ended stay ended.
    """

    name: ClassVar[str] = "user activate"
    right: ClassVar[str] = "user:manage"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("POST", "/v1/users/{user}/activate/"),)
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        positionals=("user",),
        examples=(("casectl user activate marek", ""),),
        view="user",
    )

    user: Annotated[str, Meta(description="login, mail address, name or id")]

    async def run(self, unit: Unit) -> User:
        user = await person(unit, self.user)
        await require_no_less(unit, user)
        await unit.staff.change_user(user.id, {"is_active": True})
        return await unit.people.user(str(user.id))
