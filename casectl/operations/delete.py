"""The verb `delete`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from casectl.model.case import Case
from casectl.operation import Cli, Operation
from casectl.operations._change import change_case
from casectl.operations._wishes import Wishes

if TYPE_CHECKING:
    from casectl.unit import Unit


class Delete(Operation[Case], frozen=True, kw_only=True):
    """Move a case to the trash.

    It keeps its number and all it holds; `casectl restore` brings it back, `casectl trash list` shows the trash.
    """

    name: ClassVar[str] = "delete"
    right: ClassVar[str] = "case:delete"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("DELETE", "/v1/cases/{case}/"),)
    cli: ClassVar[Cli] = Cli(
        group="Work on cases", positionals=("case",), aliases=("rm",), view="case",
        examples=(("casectl delete INC-2026-00025", ""),),
    )  # fmt: skip

    case: Annotated[str, Meta(description="number or id of the case")]

    async def run(self, unit: Unit) -> Case:
        return await change_case(unit, self.case, Wishes(is_deleted=True))
