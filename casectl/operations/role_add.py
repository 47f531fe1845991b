"""The verb `role add`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from casectl.model.people import RoleDetail
from casectl.operation import Cli, Operation
from casectl.operations._people import group_name
from casectl.rules import rights

if TYPE_CHECKING:
    from casectl.unit import Unit


class AddRole(Operation[RoleDetail], frozen=True, kw_only=True):
    """Add a role.

    It has the rights that are named, of which none may be one that you lack yourself.
    """

    name: ClassVar[str] = "role add"
    right: ClassVar[str] = "role:manage"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("POST", "/v1/roles/"),)
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        positionals=("role",),
        options={"rights": ("--right",)},
        metavars={"rights": "RIGHT"},
        examples=(("casectl role add Auditor --right case:read --right case:read_any --right history:read", ""),),
        view="role",
    )

    role: Annotated[str, Meta(description="its name")]
    rights: Annotated[list[str], Meta(description="right it gives; may be repeated")] = []

    async def run(self, unit: Unit) -> RoleDetail:
        name = group_name(self.role, "role", "/role", "Auditor")
        wanted = rights.known(self.rights, "/rights")
        rights.require_to_give(unit.actor, wanted, "a role")
        return await unit.roles.find(str((await unit.roles.add(name, wanted)).id))
