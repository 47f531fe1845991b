"""Change cases: lock, check the version, plan, write once, read again. Only verbs import this module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casectl.errors import VersionConflict
from casectl.operations._plan import in_trash, plan_change
from casectl.operations._types import TypeBook
from casectl.operations._wishes import refuse_circle, resolve

if TYPE_CHECKING:
    from casectl.model.case import Case
    from casectl.operations._wishes import Wishes
    from casectl.unit import CaseRow, Unit


async def lock_case(unit: Unit, reference: str, *, in_the_trash: bool = False) -> CaseRow:
    """The case, locked, at the version the call expects.

    Raises NotFound, VersionConflict with both versions, NotAllowed for a case in the trash unless `in_the_trash`.
    """
    row = (await unit.cases.lock([reference]))[0]
    check_version(unit, row.number, row.version)
    if row.deleted_at is not None and not in_the_trash:
        raise in_trash(row.number)
    return row


def check_version(unit: Unit, number: str, version: int) -> None:
    """Refuse a case that is no longer what the caller has seen."""
    expected = unit.call.expected_version
    if expected is not None and expected != version:
        raise VersionConflict(
            f"{number} is at version {version}, not {expected}: somebody changed it",
            hint=f"casectl history {number} tells what, casectl show {number} how it is now",
        )


async def change_locked(unit: Unit, row: CaseRow, wishes: Wishes, book: TypeBook | None = None) -> Case:
    """Apply `wishes` to a locked case in one version step, none when nothing changes; the case as it is then."""
    target = await resolve(unit, wishes)
    if target.columns.get("parent_id") not in (None, row.parent_id):
        await refuse_circle(unit, row.id, target.columns["parent_id"])
    if target.needs_types:
        book = book or await TypeBook.read(unit, [row])
    timed = target.status is not None or target.type is not None or target.is_deleted is not None
    changed = plan_change(unit.actor, row, target, book, await unit.now() if timed else None)
    if changed:
        await unit.cases.write([(row, changed)])
    return await unit.cases.get(str(row.id))


async def change_case(unit: Unit, reference: str, wishes: Wishes) -> Case:
    """Lock a case and apply `wishes`."""
    return await change_locked(unit, await lock_case(unit, reference), wishes)
