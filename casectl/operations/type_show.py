"""The verb `type show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import UNSET, Meta, UnsetType

from casectl.model.configuration import CaseType
from casectl.operation import Cli, Operation

if TYPE_CHECKING:
    from casectl.unit import Unit


class ShowType(Operation[CaseType], frozen=True, kw_only=True):
    """Show a case type: its form, its lifecycle and its numbers."""

    name: ClassVar[str] = "type show"
    right: ClassVar[str] = "type:read"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("GET", "/v1/types/{type}/"),)
    reads: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        positionals=("type",),
        examples=(("casectl type show incident", ""),),
        view="type",
    )

    type: Annotated[str, Meta(description="name or id of the case type")]
    revision: Annotated[int, Meta(description="an earlier revision", ge=1)] | UnsetType = UNSET

    async def run(self, unit: Unit) -> CaseType:
        revision = None if self.revision is UNSET else self.revision
        return await unit.configuration.case_type(self.type, revision)
