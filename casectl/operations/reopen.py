"""The verb `reopen`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from casectl.errors import NotAllowed
from casectl.model.case import Case
from casectl.model.lifecycle import ACTIVE
from casectl.operation import Cli, Operation
from casectl.operations._change import change_locked, lock_case
from casectl.operations._types import TypeBook, category_of
from casectl.operations._wishes import Wishes

if TYPE_CHECKING:
    from casectl.unit import Unit


class Reopen(Operation[Case], frozen=True, kw_only=True):
    """Open a closed case again.

    A resolved or closed case goes to the status that the lifecycle of its type names for this.
    """

    name: ClassVar[str] = "reopen"
    right: ClassVar[str] = "case:reopen"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("POST", "/v1/cases/{case}/reopen/"),)
    cli: ClassVar[Cli] = Cli(
        group="Work on cases", positionals=("case",), examples=(("casectl reopen INC-2026-00024", ""),), view="case"
    )

    case: Annotated[str, Meta(description="number or id of the case")]

    async def run(self, unit: Unit) -> Case:
        row = await lock_case(unit, self.case)
        book = await TypeBook.read(unit, [row])
        if category_of(row.category) in ACTIVE:
            status = book.status_of(row)
            hint = f"casectl actions {row.number} tells what is possible"
            raise NotAllowed(f"{row.number} is {status}: only a resolved or closed case can be reopened", hint=hint)
        return await change_locked(unit, row, Wishes(status=book.type_of(row).lifecycle.reopen_to), book)
