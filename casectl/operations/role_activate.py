"""The verb `role activate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from casectl.model.people import RoleDetail
from casectl.operation import Cli, Operation
from casectl.rules import rights

if TYPE_CHECKING:
    from casectl.unit import Unit


class ActivateRole(Operation[RoleDetail], frozen=True, kw_only=True):
    """Let a role give its rights again."""

    name: ClassVar[str] = "role activate"
    right: ClassVar[str] = "role:manage"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("POST", "/v1/roles/{role}/activate/"),)
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        positionals=("role",),
        examples=(("casectl role activate 'API Client'", ""),),
        view="role",
    )

    role: Annotated[str, Meta(description="name or id")]

    async def run(self, unit: Unit) -> RoleDetail:
        role = await unit.roles.find(self.role)
        rights.require_to_give(unit.actor, role.rights, "a role")
        await unit.roles.change(role.id, {"is_active": True})
        return await unit.roles.find(str(role.id))
