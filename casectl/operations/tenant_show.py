"""The verb `tenant show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from casectl.model.people import Tenant
from casectl.operation import Cli, Operation

if TYPE_CHECKING:
    from casectl.unit import Unit


class ShowTenant(Operation[Tenant], frozen=True, kw_only=True):
    """Show the tenant you work in."""

    name: ClassVar[str] = "tenant show"
    right: ClassVar[str] = "tenant:read"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("GET", "/v1/tenant/"),)
    reads: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        examples=(("casectl tenant show", ""),),
        view="tenant",
    )

    async def run(self, unit: Unit) -> Tenant:
        return await unit.configuration.tenant()
