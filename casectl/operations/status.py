"""The verb `status`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from msgspec import Meta

from casectl.model.case import Case
from casectl.operation import Cli, Operation
from casectl.operations._change import change_case
from casectl.operations._wishes import Wishes

if TYPE_CHECKING:
    from casectl.unit import Unit


class SetStatus(Operation[Case], frozen=True, kw_only=True):
    """Move a case to another status.

    Only the steps of the type's lifecycle are possible; `casectl actions CASE` lists them.
    """

    name: ClassVar[str] = "status"
    # Closing and reopening have rights of their own, so the least needed is that of changing a case.
    right: ClassVar[str] = "case:update"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("POST", "/v1/cases/{case}/status/"),)
    cli: ClassVar[Cli] = Cli(
        group="Work on cases",
        positionals=("case", "status"),
        options={"fields": ("--field",)},
        examples=(
            ("casectl status INC-2026-00023 active", ""),
            ("casectl status INC-2026-00023 resolved --field close_code=fixed", "with a field in the same step"),
        ),
        view="case",
        in_bulk=("--status", "{status}"),
    )

    case: Annotated[str, Meta(description="number or id of the case")]
    status: Annotated[str, Meta(description="status it goes to")]
    fields: Annotated[dict[str, Any], Meta(description="form field as KEY=VALUE; may be repeated")] = {}

    async def run(self, unit: Unit) -> Case:
        return await change_case(unit, self.case, Wishes(status=self.status, fields=self.fields))
