"""The verb `role deactivate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from casectl.errors import NotAllowed
from casectl.model.people import RoleDetail
from casectl.operation import Cli, Operation
from casectl.rules import rights
from casectl.rules.text import plural

if TYPE_CHECKING:
    from casectl.unit import Unit


class DeactivateRole(Operation[RoleDetail], frozen=True, kw_only=True):
    """Let a role give no rights any more.

    Those who have it keep it, and have its rights again when it is activated; nobody is given it meanwhile.
    """

    name: ClassVar[str] = "role deactivate"
    right: ClassVar[str] = "role:manage"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("POST", "/v1/roles/{role}/deactivate/"),)
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        positionals=("role",),
        examples=(("casectl role deactivate 'API Client'", ""),),
        view="role",
    )

    role: Annotated[str, Meta(description="name or id")]

    @staticmethod
    def question(planned: RoleDetail) -> str:
        """What to ask on a terminal once it is told what would happen; '' where nobody has the role."""
        if not planned.users:
            return ""
        return f"Take the rights of {planned.name} from the {plural(planned.users, 'user')} with it?"

    async def run(self, unit: Unit) -> RoleDetail:
        role = await unit.roles.find(self.role)
        rights.require_no_less(unit.actor, role.rights, f"who is {role.name}")
        if rights.is_tenant_admin(role.name):
            raise NotAllowed(f"{role.name} stays active: else nobody could give rights any more")
        await unit.roles.change(role.id, {"is_active": False})
        return await unit.roles.find(str(role.id))
