"""The verb `user add`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from msgspec import UNSET, Meta, UnsetType

from casectl.errors import InvalidInput, Problem
from casectl.model.people import User
from casectl.operation import Cli, Operation
from casectl.rules import case_input, rights

LEAST_ROLE = "Reporter"

if TYPE_CHECKING:
    from casectl.unit import Unit


class AddUser(Operation[User], frozen=True, kw_only=True):
    """Add a user.

    Without `--role` it is a Reporter; giving any other role needs the right to manage roles.
    """

    name: ClassVar[str] = "user add"
    right: ClassVar[str] = "user:manage"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("POST", "/v1/users/"),)
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        positionals=("login",),
        options={"full_name": ("--name",), "roles": ("--role",)},
        examples=(("casectl user add ann --name 'Ann Lee' --email ann@example.com --role 'Case Worker'", ""),),
        view="user",
    )

    login: Annotated[str, Meta(description="short name to log in and to assign cases with")]
    full_name: Annotated[str, Meta(description="name as people read it (default: the login)")] | UnsetType = UNSET
    email: Annotated[str, Meta(description="mail address")] | UnsetType = UNSET
    os_user: Annotated[str, Meta(description="operating-system user who acts as this user")] | UnsetType = UNSET
    roles: Annotated[list[str], Meta(description="role; may be repeated (default: Reporter)")] = []

    async def run(self, unit: Unit) -> User:
        problems: list[Problem] = []
        login = self._read(problems, lambda: case_input.login(self.login))
        name = self._read(problems, lambda: case_input.one_line(self.full_name or self.login, "name", "/full_name"))
        email = self._read(problems, lambda: case_input.mail_address(self.email) if self.email else None)
        os_user = self._read(
            problems, lambda: case_input.one_line(self.os_user, "user", "/os_user") if self.os_user else None
        )
        case_input.refuse_all(problems)
        gives_more = any(role.strip().lower() != LEAST_ROLE.lower() for role in self.roles)
        if gives_more:
            rights.require(unit.actor, "role:manage")
        roles = [role.strip() for role in self.roles] or [LEAST_ROLE]
        made = await unit.people.add_user(login=login, name=name, email=email, os_user=os_user, roles=roles)
        if gives_more:
            rights.require_to_give(unit.actor, await unit.access.rights_of(made.id), "a user")
        return made

    def _read(self, problems: list[Problem], reader: Any) -> Any:
        try:
            return reader()
        except InvalidInput as refusal:
            problems += refusal.problems
            return None
