"""The verb `user password`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import UNSET, Meta, UnsetType

from casectl.errors import InvalidInput, NotPermitted, Problem
from casectl.model.access import PasswordChange
from casectl.model.case import PersonRef
from casectl.operation import Cli, Operation
from casectl.operations._credentials import require_to_be
from casectl.rules import case_input, passwords, rights

if TYPE_CHECKING:
    from casectl.model.people import User
    from casectl.unit import Unit


class SetPassword(Operation[PasswordChange], frozen=True, kw_only=True):
    """Set the password of a user.

    People log in with it in a browser. It is asked for, or read from standard input: one line is the new password, two
    are the present one and the new one. To change your own you need the present one, or the right to manage users.
    Nobody sets that of a user who may or sees more than he. All sessions of the user end.
    """

    name: ClassVar[str] = "user password"
    right: ClassVar[str] = "account:manage"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("PUT", "/v1/users/{user}/password/"),)
    secrets: ClassVar[tuple[str, ...]] = ("old_password", "password")
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        positionals=("user",),
        examples=(("casectl user password marek", ""),),
        view="password",
    )

    user: Annotated[str, Meta(description="login of the user (default: you)")] = "@me"
    old_password: (
        Annotated[str, Meta(description="present password", extra={"secret": True}, max_length=1024)] | UnsetType
    ) = UNSET
    password: Annotated[str, Meta(description="new password", extra={"secret": True}, max_length=1024)]

    async def run(self, unit: Unit) -> PasswordChange:
        user = await unit.people.user(self.user)
        await self._allow(unit, user)
        known = [user.login, user.name, user.email or ""]
        word = passwords.check_password(self.password, known)
        if not await unit.access.is_person(user.id):
            case_input.refuse(
                f"{user.login} is a program or has left, and logs in nowhere", "/user", hint="casectl client rotate"
            )
        await unit.access.set_password(user.id, word)
        ended = await unit.access.end_sessions(user.id, reason="password set")
        person = PersonRef(id=user.id, name=user.name, login=user.login, email=user.email)
        return PasswordChange(user=person, sessions=ended, changed_at=await unit.now())

    async def _allow(self, unit: Unit, user: User) -> None:
        """One's own with the present one; else with the right to, and nobody's who can do more than this very token."""
        is_own = user.id == unit.actor.user_id
        if is_own and self.old_password is not UNSET and await self._proves(unit, user, self.old_password):
            return
        if is_own and "user:manage" not in unit.actor.rights:
            message = "the present password is required"
            raise InvalidInput(message, problems=[Problem(message=message, pointer="/old_password", code="required")])
        rights.require(unit.actor, "user:manage")
        await require_to_be(unit, user)

    async def _proves(self, unit: Unit, user: User, old: str) -> bool:
        """Whether this is the present password; False where there is none, which proves nothing."""
        fits = await unit.access.password_fits(user.id, old)
        if fits is None and "user:manage" not in unit.actor.rights:
            raise NotPermitted(
                f"{user.login} has no password yet", hint="somebody who may manage users sets the first one"
            )
        if fits is False:
            raise NotPermitted("this is not the present password", hint="a Tenant Admin can set a new one")
        return fits is True
