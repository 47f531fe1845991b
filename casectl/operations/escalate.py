"""The verb `escalate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import UNSET, Meta

from casectl.errors import NotAllowed
from casectl.model.case import Case
from casectl.model.lifecycle import ACTIVE, EscalationLevel
from casectl.operation import Cli, Operation
from casectl.operations._change import change_locked, lock_case
from casectl.operations._types import TypeBook, category_of
from casectl.operations._wishes import Wishes
from casectl.rules import case_input
from casectl.rules.lifecycle import allowed_targets, status_key
from casectl.rules.priorities import raised

if TYPE_CHECKING:
    from casectl.unit import CaseRow, Unit

MOST_ENTRIES = 10_000
"""Of a case's history that are looked at to count its escalations."""


class Escalate(Operation[Case], frozen=True, kw_only=True):
    """Escalate a case, with a reason.

    What happens is said by the escalation path of the case's type, level by level; by default the case becomes
    escalated, its priority rises by one and the lead of its team gets it. The reason is kept as an internal note.
    """

    name: ClassVar[str] = "escalate"
    right: ClassVar[str] = "case:escalate"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("POST", "/v1/cases/{case}/escalate/"),)
    cli: ClassVar[Cli] = Cli(
        group="Work on cases",
        positionals=("case", "reason"),
        examples=(('casectl escalate INC-2026-00092 "the whole site is down"', ""),),
        view="case",
    )

    case: Annotated[str, Meta(description="number or id of the case")]
    reason: Annotated[str, Meta(description="why; kept as an internal note", extra={"text": "line"})]

    async def run(self, unit: Unit) -> Case:
        reason = case_input.note_text(self.reason, "reason", "/reason")
        row = await lock_case(unit, self.case)
        book = await TypeBook.read(unit, [row])
        if category_of(row.category) not in ACTIVE:
            message = f"{row.number} is {book.status_of(row)}: only an active case can be escalated"
            raise NotAllowed(message, hint=f"casectl reopen {row.number}")
        wishes = await next_level(unit, row, book)
        if wishes is None:
            message = f"{row.number} cannot be escalated further: nothing is left that its escalation path would change"
            raise NotAllowed(message, hint=f"casectl note {row.number} --internal tells its assignee")
        await change_locked(unit, row, wishes, book)
        await unit.notes.insert(row, reason, is_internal=True, channel="cli")
        return await unit.cases.get(str(row.id))


async def next_level(unit: Unit, row: CaseRow, book: TypeBook) -> Wishes | None:
    """What the next level of the path changes; levels that would change nothing are passed, the last one repeats."""
    lifecycle = book.type_of(row).lifecycle
    path = lifecycle.escalation or [EscalationLevel(status=lifecycle.escalate_to)]
    done = await _escalations(unit, row) if len(path) > 1 else 0
    for level in path[min(done, len(path) - 1) :]:
        wishes = await _wishes(unit, row, book, level)
        if not wishes.is_empty():
            return wishes
    return None


async def _escalations(unit: Unit, row: CaseRow) -> int:
    entries = await unit.history.of_case(row.id, limit=MOST_ENTRIES, newest_first=True)
    return len({entry.request_id for entry in entries if entry.operation == Escalate.name and entry.object == "case"})


async def _wishes(unit: Unit, row: CaseRow, book: TypeBook, level: EscalationLevel) -> Wishes:
    """The wishes of one level; what is so already is no wish."""
    priority = raised(row.priority, level.raise_priority)
    lead = await unit.people.team_lead(row.team_id) if level.assign_lead and row.team_id is not None else None
    allowed = allowed_targets(book.type_of(row).lifecycle, book.status_of(row), unit.actor.rights)
    moves = bool(level.status) and status_key(level.status) in map(status_key, allowed)
    return Wishes(
        status=level.status if moves else UNSET,
        priority=priority if priority != row.priority else UNSET,
        assignee=str(lead) if lead not in (None, row.assignee_id) else UNSET,
    )
