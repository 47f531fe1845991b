"""The verb `role show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from casectl.model.people import RoleDetail
from casectl.operation import Cli, Operation

if TYPE_CHECKING:
    from casectl.unit import Unit


class ShowRole(Operation[RoleDetail], frozen=True, kw_only=True):
    """Show a role with its rights and who has it.

    The first hundred who have it are told; `casectl user list --role` tells all.
    """

    name: ClassVar[str] = "role show"
    right: ClassVar[str] = "role:read"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("GET", "/v1/roles/{role}/"),)
    reads: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        positionals=("role",),
        examples=(("casectl role show 'Case Worker'", ""),),
        view="role",
    )

    role: Annotated[str, Meta(description="name or id")]

    async def run(self, unit: Unit) -> RoleDetail:
        return await unit.roles.find(self.role)
