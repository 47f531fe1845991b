"""The verb `actions`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from msgspec import Meta

from casectl.errors import InvalidInput, NotAllowed, Refusal
from casectl.model.case import ActionChoice, Case
from casectl.model.lifecycle import ACTIVE
from casectl.operation import Cli, Operation
from casectl.operations._plan import in_trash, not_permitted, plan_change
from casectl.operations._types import TypeBook, category_of
from casectl.operations._wishes import Target
from casectl.operations.escalate import next_level
from casectl.operations.note import case_facts
from casectl.rules import rights

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from casectl.unit import CaseRow, Unit


class Actions(Operation[list[ActionChoice]], frozen=True, kw_only=True):
    """Tell what you may do with a case now, and why not the rest.

    The rules are those that judge when it is done: each verb, and each status of the case's lifecycle.
    """

    name: ClassVar[str] = "actions"
    right: ClassVar[str] = "case:read"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (
        ("GET", "/v1/cases/{case}/actions/"),
        ("GET", "/v1/cases/{case}/workflows/"),
    )
    reads: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(
        group="Look", positionals=("case",), examples=(("casectl actions 42", ""),), view="actions"
    )

    case: Annotated[str, Meta(description="number or id of the case")]

    async def run(self, unit: Unit) -> list[ActionChoice]:
        case = await unit.cases.get(self.case, with_description=False)
        row = await unit.cases.peek(str(case.id))
        book = await TypeBook.read(unit, [row])
        judge = _Judge(unit, case, row, book, await unit.now())
        escalates = await next_level(unit, row, book) is not None
        return [*judge.verbs(can_rise=escalates), *judge.transitions()]


class _Judge:
    """What one actor may do with one case."""

    def __init__(self, unit: Unit, case: Case, row: CaseRow, book: TypeBook, now: datetime) -> None:
        self.unit, self.actor, self.case, self.row, self.book, self.now = unit, unit.actor, case, row, book, now
        self.lifecycle = book.type_of(row).lifecycle

    def verbs(self, *, can_rise: bool) -> Iterator[ActionChoice]:
        """Every verb on one case, in the order of the help."""
        number, status = self.case.number, self.book.status_of(self.row)
        yield self._choice("show", f"show {number}", lambda: rights.require(self.actor, "case:read"))
        yield self._choice("note", f'note {number} "..."', lambda: self._note(internal=False))
        yield self._choice("note internal", f'note {number} --internal "..."', lambda: self._note(internal=True))
        yield self._choice("update", f"update {number}", lambda: self._plan("case:update", title=self.row.title + "."))
        yield self._choice("assign", f"assign {number} USER", self._assign)
        yield self._choice("take", f"take {number}", self._take)
        yield self._choice("escalate", f'escalate {number} "..."', lambda: self._escalate(status, can_rise=can_rise))
        yield self._choice("close", f"close {number}", lambda: self._close(status))
        yield self._choice("reopen", f"reopen {number}", lambda: self._reopen(status))
        yield self._choice("delete", f"delete {number}", lambda: self._plan("case:delete", is_deleted=True))
        yield self._choice("restore", f"restore {number}", self._restore)
        yield self._choice("purge", f"purge {number} --confirm {number}", self._purge)
        yield self._choice("history", f"history {number}", lambda: rights.require(self.actor, "history:read"))

    def transitions(self) -> Iterator[ActionChoice]:
        """Every status of the lifecycle but the present one."""
        for status in self.lifecycle.statuses:
            if status.name != self.book.status_of(self.row):
                shown = f"'{status.name}'" if " " in status.name else status.name
                command = f"status {self.case.number} {shown}"
                yield self._choice(f"status {status.name}", command, lambda name=status.name: self._status(name))

    def _choice(self, name: str, command: str, check: Any) -> ActionChoice:
        try:
            check()
        except InvalidInput as refusal:
            # Nothing is wrong but what is still to be given.
            given = "".join(f" --field {one.pointer.rsplit('/')[-1]}=..." for one in refusal.problems)
            return ActionChoice(name=name, command=f"casectl {command}{given}", possible=True, reason=refusal.message)
        except Refusal as refusal:
            reason = f"{refusal.message}; {refusal.hint}" if refusal.hint else refusal.message
            return ActionChoice(name=name, command=f"casectl {command}", possible=False, reason=reason)
        return ActionChoice(name=name, command=f"casectl {command}", possible=True)

    def _plan(self, right: str, *, is_deleted: bool | None = None, status: str | None = None, **columns: Any) -> None:
        rights.require(self.actor, right)
        target = Target(columns=columns, status=status, is_deleted=is_deleted)
        plan_change(self.actor, self.row, target, self.book, self.now)

    def _note(self, *, internal: bool) -> None:
        if self.row.deleted_at is not None:
            raise in_trash(self.row.number)
        reason = rights.may_note(self.actor, case_facts(self.unit, self.case), internal=internal)
        if reason:
            raise not_permitted(reason, self.row.number)

    def _status(self, name: str) -> None:
        self._plan("case:update", status=name)

    def _assign(self) -> None:
        # Whoever it goes to: a user that nobody is stands for him.
        self._plan("case:assign", assignee_id=-1)

    def _take(self) -> None:
        rights.require(self.actor, "case:take")
        holder = self.case.assignee
        if holder is not None and holder.id != self.actor.user_id and self.row.deleted_at is None:
            raise NotAllowed(f"{self.case.number} is taken by {holder.login}")
        self._plan("case:take", assignee_id=self.actor.user_id)

    def _escalate(self, status: str, *, can_rise: bool) -> None:
        self._plan("case:escalate", title=self.row.title + ".")
        if category_of(self.row.category) not in ACTIVE:
            raise NotAllowed(f"{self.case.number} is {status}", hint=f"casectl reopen {self.case.number}")
        if not can_rise:
            raise NotAllowed("nothing is left that its escalation path would change")

    def _close(self, status: str) -> None:
        if category_of(self.row.category) == "closed":
            raise NotAllowed(f"{self.case.number} is {status} already")
        self._plan("case:close", status=self.lifecycle.close_to)

    def _reopen(self, status: str) -> None:
        rights.require(self.actor, "case:reopen")
        if category_of(self.row.category) in ACTIVE:
            raise NotAllowed(f"{self.case.number} is {status}: only a resolved or closed case can be reopened")
        self._plan("case:reopen", status=self.lifecycle.reopen_to)

    def _purge(self) -> None:
        rights.require(self.actor, "case:purge")
        if self.row.deleted_at is None:
            raise NotAllowed(f"{self.case.number} is not in the trash")

    def _restore(self) -> None:
        rights.require(self.actor, "case:restore")
        if self.row.deleted_at is None:
            raise NotAllowed(f"{self.case.number} is not in the trash")
        self._plan("case:restore", is_deleted=False)
