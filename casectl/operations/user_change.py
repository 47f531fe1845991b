"""The verb `user change`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import UNSET, Meta, UnsetType

from casectl.model.people import User
from casectl.operation import Cli, Operation
from casectl.operations._credentials import require_to_be
from casectl.operations._people import person, read_changes, refuse_both, refuse_no_change, require_no_less
from casectl.rules import case_input, rights

if TYPE_CHECKING:
    from casectl.unit import Unit

KNOWN_BY = ("login", "email", "os_user")
"""What the operating system or a provider vouches for when somebody comes in: whoever has the name is the user."""


class ChangeUser(Operation[User], frozen=True, kw_only=True):
    """Change a user, or the roles of one.

    Giving and taking roles needs the right to manage roles. Nobody changes a user who may more than he, be it by a
    deactivated role, or changes the login, address or operating-system user of one who sees more; and nobody gives or
    takes a right that he lacks himself. One active person who may manage users and roles always remains.
    """

    name: ClassVar[str] = "user change"
    right: ClassVar[str] = "user:manage"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("PATCH", "/v1/users/{user}/"), ("PUT", "/v1/users/{user}/"))
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        positionals=("user",),
        options={"full_name": ("--name",)},
        metavars={"login": "LOGIN", "add_roles": "ROLE", "remove_roles": "ROLE"},
        examples=(
            ("casectl user change marek --add-role 'Tenant Admin'", ""),
            ("casectl user change marek --name 'Marek Novak' --os-user none", "clears the operating-system user"),
        ),
        view="user",
    )

    user: Annotated[str, Meta(description="login, mail address, name, id or @me")]
    login: Annotated[str, Meta(description="new login")] | UnsetType = UNSET
    full_name: Annotated[str, Meta(description="name as people read it")] | UnsetType = UNSET
    email: Annotated[str, Meta(description="mail address, or none")] | UnsetType | None = UNSET
    os_user: Annotated[str, Meta(description="operating-system user who acts as this user, or none")] | (
        UnsetType | None
    ) = UNSET
    add_roles: Annotated[list[str], Meta(description="role to give; may be repeated")] = []
    remove_roles: Annotated[list[str], Meta(description="role to take; may be repeated")] = []

    async def run(self, unit: Unit) -> User:
        wishes = (self.login, self.full_name, self.email, self.os_user, self.add_roles, self.remove_roles)
        refuse_no_change(*wishes, hint="say what, for example --name 'Ann Lee' or --add-role 'Case Worker'")
        changes = read_changes({
            "login": (self.login, case_input.login),
            "name": (self.full_name, lambda text: case_input.one_line(text, "name", "/full_name")),
            "email": (self.email, case_input.mail_address),
            "os_user": (self.os_user, lambda text: case_input.one_line(text, "user", "/os_user")),
        })  # fmt: skip
        user = await person(unit, self.user)
        await require_no_less(unit, user)
        if any(changes.get(name) is not None for name in KNOWN_BY):
            await require_to_be(unit, user)
        await unit.staff.change_user(user.id, changes)
        await self._change_roles(unit, user.id)
        return await unit.people.user(str(user.id))

    async def _change_roles(self, unit: Unit, user_id: int) -> None:
        if not (self.add_roles or self.remove_roles):
            return
        rights.require(unit.actor, "role:manage")
        add = await unit.roles.named(self.add_roles, "/add_roles")
        remove = await unit.roles.named(self.remove_roles, "/remove_roles", active_only=False)
        refuse_both({role.name for role in add} & {role.name for role in remove}, "/remove_roles")
        for role in [*add, *remove]:
            rights.require_to_give(unit.actor, role.rights, "a user")
        await unit.staff.change_roles(user_id, {role.id for role in add}, {role.id for role in remove})
