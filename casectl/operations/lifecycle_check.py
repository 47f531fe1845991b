"""The verb `lifecycle check`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from casectl.model.configuration import LifecycleDetail
from casectl.operation import Cli, Operation
from casectl.operations._lifecycles import detail_of
from casectl.operations._type_documents import LifecycleDocument, contradictions, sound_lifecycle
from casectl.rules.case_input import refuse_all

if TYPE_CHECKING:
    from casectl.unit import Unit


class CheckLifecycle(Operation[LifecycleDetail], frozen=True, kw_only=True):
    """Check a lifecycle in a file, and show how it would read.

    By itself and against the statuses that the tenant has; whether its fields are in the form of a type is told by
    `casectl type change TYPE --lifecycle FILE --dry-run`.
    """

    name: ClassVar[str] = "lifecycle check"
    right: ClassVar[str] = "type:read"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("POST", "/v1/lifecycles/check/"),)
    reads: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        positionals=("lifecycle",),
        metavars={"lifecycle": "FILE"},
        examples=(("casectl lifecycle check lifecycle.json", ""),),
        view="lifecycle",
    )

    lifecycle: LifecycleDocument

    async def run(self, unit: Unit) -> LifecycleDetail:
        lifecycle = sound_lifecycle(self.lifecycle)
        refuse_all(list(contradictions(lifecycle, await unit.configuration.statuses())))
        return detail_of(lifecycle)
