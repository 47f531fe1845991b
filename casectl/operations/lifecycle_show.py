"""The verb `lifecycle show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import UNSET, Meta, UnsetType

from casectl import typed
from casectl.model.configuration import LifecycleDetail
from casectl.model.lifecycle import Lifecycle
from casectl.operation import Cli, Operation
from casectl.operations._lifecycles import detail_of

if TYPE_CHECKING:
    from casectl.unit import Unit


class ShowLifecycle(Operation[LifecycleDetail], frozen=True, kw_only=True):
    """Show the lifecycle of a case type: its statuses and where each leads.

    `casectl type show TYPE --select lifecycle` prints the document itself, to be changed and given back.
    """

    name: ClassVar[str] = "lifecycle show"
    right: ClassVar[str] = "type:read"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("GET", "/v1/lifecycles/{type}/"),)
    reads: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        positionals=("type",),
        examples=(("casectl lifecycle show incident", ""),),
        view="lifecycle",
    )

    type: Annotated[str, Meta(description="name or id of the case type")]
    revision: Annotated[int, Meta(description="an earlier revision", ge=1)] | UnsetType = UNSET

    async def run(self, unit: Unit) -> LifecycleDetail:
        found = await unit.configuration.case_type(self.type, None if self.revision is UNSET else self.revision)
        return detail_of(typed.convert(found.lifecycle, Lifecycle), found.name, found.revision)
