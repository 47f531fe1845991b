"""The verb `type list`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from casectl.model.configuration import CaseType
from casectl.operation import Cli, Operation

if TYPE_CHECKING:
    from casectl.unit import Unit


class ListTypes(Operation[list[CaseType]], frozen=True, kw_only=True):
    """List the case types.

    Those that take no new cases are shown with `--all` only.
    """

    name: ClassVar[str] = "type list"
    right: ClassVar[str] = "type:read"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("GET", "/v1/types/"),)
    reads: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        options={"include_inactive": ("--all",)},
        examples=(("casectl type list", ""),),
        view="types",
    )

    include_inactive: Annotated[bool, Meta(description="also those that take no new cases")] = False

    async def run(self, unit: Unit) -> list[CaseType]:
        return await (unit.types.all() if self.include_inactive else unit.configuration.case_types())
