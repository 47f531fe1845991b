"""The verb `restore`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from casectl.errors import NotAllowed
from casectl.model.case import Case
from casectl.operation import Cli, Operation
from casectl.operations._change import change_locked, lock_case
from casectl.operations._wishes import Wishes

if TYPE_CHECKING:
    from casectl.unit import Unit


class Restore(Operation[Case], frozen=True, kw_only=True):
    """Bring a case back from the trash.

    `casectl trash list` shows what is in it.
    """

    name: ClassVar[str] = "restore"
    right: ClassVar[str] = "case:restore"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("POST", "/v1/cases/{case}/restore/"),)
    cli: ClassVar[Cli] = Cli(
        group="Work on cases", positionals=("case",), examples=(("casectl restore REQ-2026-00010", ""),), view="case"
    )

    case: Annotated[str, Meta(description="number or id of the case")]

    async def run(self, unit: Unit) -> Case:
        row = await lock_case(unit, self.case, in_the_trash=True)
        if row.deleted_at is None:
            raise NotAllowed(f"{row.number} is not in the trash", hint="casectl trash list shows what is")
        return await change_locked(unit, row, Wishes(is_deleted=False))
