"""The verb `close`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from msgspec import Meta

from casectl.errors import NotAllowed
from casectl.model.case import Case
from casectl.operation import Cli, Operation
from casectl.operations._change import change_locked, lock_case
from casectl.operations._types import TypeBook, category_of
from casectl.operations._wishes import Wishes
from casectl.rules.lifecycle import allowed_targets, status_key

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from casectl.model.lifecycle import Lifecycle
    from casectl.unit import Unit


class Close(Operation[Case], frozen=True, kw_only=True):
    """Close a case.

    It goes to the status that the lifecycle of its type names for this. Where that is more than one step away the
    steps are told.
    """

    name: ClassVar[str] = "close"
    right: ClassVar[str] = "case:close"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("POST", "/v1/cases/{case}/close/"),)
    cli: ClassVar[Cli] = Cli(
        group="Work on cases",
        positionals=("case",),
        options={"fields": ("--field",)},
        examples=(
            ("casectl close INC-2026-00216", ""),
            ("casectl close INC-2026-00217 --field close_code=duplicate", ""),
        ),
        view="case",
        in_bulk=("--status", "closed"),
    )

    case: Annotated[str, Meta(description="number or id of the case")]
    fields: Annotated[dict[str, Any], Meta(description="form field as KEY=VALUE; may be repeated")] = {}

    async def run(self, unit: Unit) -> Case:
        row = await lock_case(unit, self.case)
        book = await TypeBook.read(unit, [row])
        lifecycle, status = book.type_of(row).lifecycle, book.status_of(row)
        if category_of(row.category) == "closed":
            return await change_locked(unit, row, Wishes(fields=self.fields), book)
        try:
            return await change_locked(unit, row, Wishes(status=lifecycle.close_to, fields=self.fields), book)
        except NotAllowed as refusal:
            steps = way(lifecycle, status, lifecycle.close_to, unit.actor.rights)
            hint = f"first: casectl status {row.number} '{steps[0]}'" if len(steps) > 1 else refusal.hint
            told = f"{row.number} is {status} and cannot be closed in one step"
            message = f"{told}; the way is {' → '.join(steps)}" if len(steps) > 1 else refusal.message
            raise NotAllowed(message, hint=hint, problems=refusal.problems) from None


def way(lifecycle: Lifecycle, source: str, target: str, rights: AbstractSet[str]) -> list[str]:
    """The statuses of the shortest way from `source` to `target`, without `source`; empty where there is none."""
    ways: list[list[str]] = [[source]]
    seen = {status_key(source)}
    while ways:
        walked = ways.pop(0)
        if status_key(walked[-1]) == status_key(target):
            return walked[1:]
        for following in allowed_targets(lifecycle, walked[-1], rights):
            if status_key(following) not in seen:
                seen.add(status_key(following))
                ways.append([*walked, following])
    return []
