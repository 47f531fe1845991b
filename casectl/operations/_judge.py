"""Whether one actor may do something to one case, by the rules that judge when it is done. Only verbs import this.

Each check raises the refusal that the verb itself would raise; InvalidInput says what is still to be given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from casectl.errors import InvalidInput, NotAllowed, Refusal
from casectl.model.lifecycle import ACTIVE
from casectl.operations._plan import in_trash, not_permitted, plan_change
from casectl.operations._types import TypeBook, category_of
from casectl.operations._wishes import Target, resolve
from casectl.operations.escalate import next_level
from casectl.operations.note import case_facts
from casectl.rules import lifecycle as law
from casectl.rules import rights

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from casectl.model.case import Case
    from casectl.unit import CaseRow, Unit

    Check = Callable[[], None]


class Judge:
    """What the actor of `unit` may do with one case. Made with `Judge.of`."""

    def __init__(self, unit: Unit, case: Case, row: CaseRow, book: TypeBook) -> None:
        self.unit, self.actor, self.case, self.row, self.book = unit, unit.actor, case, row, book
        self.lifecycle = book.type_of(row).lifecycle
        self.status_name = book.status_of(row)
        self.now: datetime | None = None
        self.rise: Target | None = None

    @classmethod
    async def of(cls, unit: Unit, case: Case) -> Judge:
        """Read what the rules need to know of a case that the actor sees."""
        row = await unit.cases.peek(str(case.id))
        judge = cls(unit, case, row, await TypeBook.read(unit, [row]))
        judge.now = await unit.now()
        wishes = await next_level(unit, row, judge.book)
        judge.rise = await resolve(unit, wishes, hold=False) if wishes else None
        return judge

    def verbs(self) -> dict[str, Check]:
        """The check of every verb on one case but `status`, in the order of the help."""
        return {
            "show": lambda: rights.require(self.actor, "case:read"),
            "note": lambda: self._note(internal=False),
            "note internal": lambda: self._note(internal=True),
            "update": lambda: self._plan("case:update", title=self.row.title + "."),
            "assign": self._assign,
            "take": self._take,
            "escalate": self._escalate,
            "close": self._close,
            "reopen": self._reopen,
            "delete": lambda: self._plan("case:delete", is_deleted=True),
            "restore": self._restore,
            "purge": self._purge,
            "history": lambda: rights.require(self.actor, "history:read"),
        }

    def status(self, name: str) -> None:
        """The check of `status NAME`."""
        self._plan("case:update", status=name)

    def any_status(self) -> None:
        """The check of `status` to whatever it may be: raises what refuses all of them."""
        rights.require(self.actor, "case:update")
        refusal: Refusal = NotAllowed(f"{self.status_name} is the only status there is")
        for status in self.lifecycle.statuses:
            if status.name == self.status_name:
                continue
            try:
                self.status(status.name)
            except InvalidInput:
                return
            except Refusal as refused:
                refusal = refused
            else:
                return
        raise refusal

    def lifecycle_category(self, status: str) -> str:
        """The category of a status of the case's lifecycle."""
        return law.category(self.lifecycle, status)

    def _plan(self, right: str, *, is_deleted: bool | None = None, status: str | None = None, **columns: Any) -> None:
        rights.require(self.actor, right)
        target = Target(columns=columns, status=status, is_deleted=is_deleted)
        plan_change(self.actor, self.row, target, self.book, self.now)

    def _note(self, *, internal: bool) -> None:
        rights.require(self.actor, "note:create")
        if self.row.deleted_at is not None:
            raise in_trash(self.row.number)
        reason = rights.may_note(self.actor, case_facts(self.unit, self.case), internal=internal)
        if reason:
            raise not_permitted(reason, self.row.number)

    def _assign(self) -> None:
        # Whoever it goes to: a user that nobody is stands for him.
        self._plan("case:assign", assignee_id=-1)

    def _take(self) -> None:
        rights.require(self.actor, "case:take")
        holder = self.case.assignee
        if holder is not None and holder.id != self.actor.user_id and self.row.deleted_at is None:
            raise NotAllowed(f"{self.case.number} is taken by {holder.login}")
        self._plan("case:take", assignee_id=self.actor.user_id)

    def _escalate(self) -> None:
        rights.require(self.actor, "case:escalate")
        if self.row.deleted_at is not None:
            raise in_trash(self.row.number)
        if category_of(self.row.category) not in ACTIVE:
            raise NotAllowed(f"{self.case.number} is {self.status_name}", hint=f"casectl reopen {self.case.number}")
        if self.rise is None:
            raise NotAllowed("nothing is left that its escalation path would change")
        plan_change(self.actor, self.row, self.rise, self.book, self.now)

    def _close(self) -> None:
        if category_of(self.row.category) == "closed":
            raise NotAllowed(f"{self.case.number} is {self.status_name} already")
        self._plan("case:close", status=self.lifecycle.close_to)

    def _reopen(self) -> None:
        rights.require(self.actor, "case:reopen")
        if category_of(self.row.category) in ACTIVE:
            message = f"{self.case.number} is {self.status_name}: only a resolved or closed case can be reopened"
            raise NotAllowed(message)
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
