"""The verb `role list`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import UNSET, Meta, UnsetType

from casectl.model.people import Role
from casectl.operation import Cli, Operation
from casectl.rules import rights

if TYPE_CHECKING:
    from casectl.unit import Unit


class ListRoles(Operation[list[Role]], frozen=True, kw_only=True):
    """List the roles."""

    name: ClassVar[str] = "role list"
    right: ClassVar[str] = "role:read"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("GET", "/v1/roles/"),)
    reads: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        options={"include_inactive": ("--all",)},
        metavars={"having": "RIGHT"},
        examples=(("casectl role list", ""), ("casectl role list --having case:delete", "who may delete cases")),
        view="roles",
    )

    having: Annotated[str, Meta(description="only roles with this right")] | UnsetType = UNSET
    include_inactive: Annotated[bool, Meta(description="also those that were deactivated")] = False

    async def run(self, unit: Unit) -> list[Role]:
        right = None if self.having is UNSET else rights.known([self.having], "/having")[0]
        return await unit.roles.all(active_only=not self.include_inactive, right=right)
