"""The verb `type list`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from casectl.model.configuration import CaseType
from casectl.operation import Cli, Operation

if TYPE_CHECKING:
    from casectl.unit import Unit


class ListTypes(Operation[list[CaseType]], frozen=True, kw_only=True):
    """List the case types."""

    name: ClassVar[str] = "type list"
    right: ClassVar[str] = "type:read"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("GET", "/v1/types/"),)
    reads: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        examples=(("casectl type list", ""),),
        view="types",
    )

    async def run(self, unit: Unit) -> list[CaseType]:
        return await unit.configuration.case_types()
