"""The verb `type deactivate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from casectl.model.configuration import CaseType
from casectl.operation import Cli, Operation

if TYPE_CHECKING:
    from casectl.unit import Unit


class DeactivateType(Operation[CaseType], frozen=True, kw_only=True):
    """Let a case type take no new cases.

    Those there are go on as before. `casectl type activate` takes it back.
    """

    name: ClassVar[str] = "type deactivate"
    right: ClassVar[str] = "type:manage"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("POST", "/v1/types/{type}/deactivate/"),)
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        positionals=("type",),
        aliases=("lifecycle deactivate",),
        examples=(("casectl type deactivate request", ""),),
        view="type",
    )

    type: Annotated[str, Meta(description="name or id of the case type")]

    async def run(self, unit: Unit) -> CaseType:
        found = await unit.types.lock(self.type)
        return await unit.types.set_active(found.id, active=False)
