"""The verb `type activate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from casectl.model.configuration import CaseType
from casectl.operation import Cli, Operation

if TYPE_CHECKING:
    from casectl.unit import Unit


class ActivateType(Operation[CaseType], frozen=True, kw_only=True):
    """Let a case type take new cases again."""

    name: ClassVar[str] = "type activate"
    right: ClassVar[str] = "type:manage"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("POST", "/v1/types/{type}/activate/"),)
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        positionals=("type",),
        aliases=("lifecycle activate",),
        examples=(("casectl type activate request", ""),),
        view="type",
    )

    type: Annotated[str, Meta(description="name or id of the case type")]

    async def run(self, unit: Unit) -> CaseType:
        found = await unit.types.lock(self.type)
        return await unit.types.set_active(found.id, active=True)
