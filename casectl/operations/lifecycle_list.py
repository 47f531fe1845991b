"""The verb `lifecycle list`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from casectl import typed
from casectl.model.configuration import LifecycleSummary
from casectl.model.lifecycle import Lifecycle
from casectl.operation import Cli, Operation

if TYPE_CHECKING:
    from casectl.unit import Unit


class ListLifecycles(Operation[list[LifecycleSummary]], frozen=True, kw_only=True):
    """List the lifecycles, one for each case type.

    A lifecycle belongs to its type: it is added, changed and taken out of use with it.
    """

    name: ClassVar[str] = "lifecycle list"
    right: ClassVar[str] = "type:read"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("GET", "/v1/lifecycles/"),)
    reads: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        options={"include_inactive": ("--all",)},
        examples=(("casectl lifecycle list", ""),),
        view="lifecycles",
    )

    include_inactive: Annotated[bool, Meta(description="also those of types that take no new cases")] = False

    async def run(self, unit: Unit) -> list[LifecycleSummary]:
        types = await (unit.types.all() if self.include_inactive else unit.configuration.case_types())
        read = [(one, typed.convert(one.lifecycle, Lifecycle)) for one in types]
        return [
            LifecycleSummary(
                type=one.name, revision=one.revision, initial=lifecycle.initial, is_active=one.is_active,
                statuses=[status.name for status in lifecycle.statuses], transitions=len(lifecycle.transitions),
            )
            for one, lifecycle in read
        ]  # fmt: skip
