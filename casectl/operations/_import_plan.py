"""The plan of an import batch: which cases it opens, which changes follow, line by line in file order.

Pure but for the clock passed in; only verbs import this module. Lines are judged by the plan every change goes through
(_plan.plan_change); a refused line blocks the later lines of its case (DECISIONS 27 to 29).
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET

from casectl.errors import InvalidInput, NotAllowed, Refusal
from casectl.model.imports import PlannedCase
from casectl.operations._plan import merged_fields, plan_change
from casectl.operations._types import category_number, require_active
from casectl.operations._wishes import Target
from casectl.rules import case_input, numbering
from casectl.rules import lifecycle as law
from casectl.rules.priorities import parse_priority, priority_name
from casectl.unit import CaseRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from casectl.model.actor import Actor
    from casectl.model.imports import ChangeRecord, LineResult
    from casectl.model.people import TenantSettings
    from casectl.operations._import_names import Names
    from casectl.operations._types import LoadedType, TypeBook


class Opening(msgspec.Struct, kw_only=True):
    """A case to be made: as it is written first, by whom, with the file's number or one of its type's."""

    row: CaseRow
    by: int
    number: str | None


class Change(msgspec.Struct, kw_only=True):
    """One change of a case: the columns that get new values, by whom and when."""

    external_id: str
    columns: dict[str, Any]
    by: int
    at: datetime


class Judged(msgspec.Struct, kw_only=True):
    """A line and what becomes of it."""

    record: ChangeRecord
    result: LineResult
    reason: str = ""


class Known(msgspec.Struct, kw_only=True):
    """What the desk knows before the batch: lines read before, lines refused in this run, numbers, cases.

    `hidden` are external ids of cases that the actor may not see.
    """

    seen: dict[str, tuple[bytes, str, str]]
    blocked: dict[str, str]
    taken_numbers: set[str]
    hidden: set[str]
    cases: dict[str, CaseRow]


class BatchPlan:
    """Reads lines in file order into openings and rounds of changes; round n holds the n-th change of each case."""

    def __init__(  # noqa: PLR0913 - all that a line is judged by
        self, actor: Actor, known: Known, names: Names, types: Mapping[str, LoadedType | Refusal], book: TypeBook,
        *, settings: TenantSettings, patterns: Sequence[str], channel: str, whole_cases: bool,
        now: datetime,
    ) -> None:  # fmt: skip
        self.actor, self.known, self.names, self.types, self.book = actor, known, names, types, book
        self.settings = settings
        self.channel, self.whole_cases, self.now = channel, whole_cases, now
        self.before = {external_id: copy(row) for external_id, row in known.cases.items()}
        self.openings: dict[str, Opening] = {}
        self.rounds: list[list[Change]] = []
        self.judged: list[Judged] = []
        self.raised = self.openings_moved = 0
        self.reserved: dict[str, int] = {}
        self._patterns = patterns
        self._depth: dict[str, int] = {}

    def read(self, records: Sequence[ChangeRecord]) -> None:
        """Judge every line."""
        for record in records:
            judged = self._judge(record)
            self.judged.append(judged)
            if judged.result == "refused" and record.external_id:
                self.known.blocked.setdefault(record.external_id, f"line {record.line}")
            if judged.result != "seen":
                self.known.seen.setdefault(record.line_key, (record.digest, judged.result, judged.reason))

    def planned(self, most: int) -> list[PlannedCase]:
        """The first of the cases that are opened, as all lines leave them."""
        lines = {judged.record.external_id: judged.record.line for judged in reversed(self.judged)}
        return [self._planned(lines[name], self.known.cases[name]) for name in list(self.openings)[:most]]

    def _planned(self, line: int, row: CaseRow) -> PlannedCase:
        told = self.names.told
        return PlannedCase(
            line=line, number=row.number or None, title=row.title, type=self.book.type_of(row).name,
            status=self.book.status_of(row), priority=row.priority, priority_name=priority_name(row.priority),
            assignee=told.get(row.assignee_id or 0), team=told.get(row.team_id or 0), created_at=row.created_at,
        )  # fmt: skip

    def _judge(self, record: ChangeRecord) -> Judged:
        digest, before, _ = self.known.seen.get(record.line_key, (b"", "", ""))
        if before in ("created", "changed", "unchanged"):
            if digest == record.digest:
                return Judged(record=record, result="seen")
            return Judged(record=record, result="refused", reason="it was imported before with other content")
        if record.external_id in self.known.blocked:
            reason = f"blocked by {self.known.blocked[record.external_id]}"
            return Judged(record=record, result="blocked", reason=reason)
        if record.refused:
            return Judged(record=record, result="refused", reason=record.refused)
        try:
            return Judged(record=record, result=self._apply(record))
        except Refusal as refusal:
            return Judged(record=record, result="refused", reason=sentence(refusal))

    def _apply(self, record: ChangeRecord) -> LineResult:
        """Add the line to the plan whole, or raise the refusal of it whole."""
        by = self._user(record.by or record.opened_by)
        at = record.at or record.opened_at or self.now
        if max(at, record.opened_at or at) > self.now:
            raise InvalidInput(f"its time {max(at, record.opened_at or at):%Y-%m-%d %H:%M} UTC lies in the future")
        row = self.known.cases.get(record.external_id)
        opening = None
        if row is None:
            opening = self._opening(record, at)
            row = copy(opening.row)
        changed_at = max(at, row.changed_at)
        columns = self._columns(record, row, opening is not None, changed_at)
        if opening is not None:
            self._open(record, opening, row, moved=record.opened_at is not None and record.opened_at > at)
        if columns:
            self.raised += changed_at > at
            self._add(Change(external_id=record.external_id, columns=columns, by=by, at=changed_at))
            for name, value in columns.items():
                setattr(row, name, value)
            row.changed_at = changed_at
        return "created" if opening else "changed" if columns else "unchanged"

    def _user(self, name: str | None) -> int:
        return self.names.user(name) if name else self.actor.user_id

    def _open(self, record: ChangeRecord, opening: Opening, row: CaseRow, *, moved: bool) -> None:
        self.openings[record.external_id] = opening
        self.known.cases[record.external_id] = row
        if opening.number:
            self.known.taken_numbers.add(opening.number.upper())
        self.openings_moved += moved

    def _add(self, change: Change) -> None:
        depth = self._depth.get(change.external_id, 0)
        if depth == len(self.rounds):
            self.rounds.append([])
        self.rounds[depth].append(change)
        self._depth[change.external_id] = depth + 1

    def _columns(self, record: ChangeRecord, row: CaseRow, is_new: bool, at: datetime) -> dict[str, Any]:
        """What the line changes: of a new case the status alone, everything else it was opened with."""
        status = None if record.status is UNSET else record.status
        if is_new:
            return self._first_change(row, self.book.type_of(row), status, at)
        target = Target(
            columns=self._plain(record), status=status, fields=record.fields, type=self._type(record, row),
            tags=None if record.tags is UNSET else case_input.tags(record.tags),
        )  # fmt: skip
        return plan_change(self.actor, row, target, self.book, at)

    def _type(self, record: ChangeRecord, row: CaseRow) -> LoadedType | None:
        """The other type that the line gives to a case."""
        if record.type is None or law.status_key(record.type) == law.status_key(self.book.type_of(row).name):
            return None
        loaded = self.types[law.status_key(record.type)]
        if isinstance(loaded, Refusal):
            raise loaded
        require_active(loaded)
        return loaded

    def _first_change(self, row: CaseRow, loaded: LoadedType, status: str | None, at: datetime) -> dict[str, Any]:
        """From the initial status to the line's. Of a whole case the way is not known: any edge into it will do."""
        if status is None:
            return {}
        if not self.whole_cases:
            return plan_change(self.actor, row, Target(status=status), self.book, at)
        refusal: Refusal | None = None
        for source in _sources(loaded, status):
            other = copy(row)
            other.status_id, other.category = self._status(loaded, source)
            try:
                found = plan_change(self.actor, other, Target(status=status), self.book, at)
            except (NotAllowed, InvalidInput) as refused:
                refusal = refused if refusal is None or isinstance(refused, InvalidInput) else refusal
                continue
            return {name: value for name, value in found.items() if getattr(row, name) != value}
        raise refusal or NotAllowed(f"no status leads to {status}")

    def _status(self, loaded: LoadedType, name: str) -> tuple[int, int]:
        return self.book.status_id(name), category_number(law.category(loaded.lifecycle, name))

    def _opening(self, record: ChangeRecord, at: datetime) -> Opening:
        """The case as its first line opens it: in the initial status, never later than its first change."""
        if record.external_id in self.known.hidden:
            raise external_id_taken(self.channel, record.external_id)
        loaded = self.types[law.status_key(record.type or record.usual_type)]
        if isinstance(loaded, Refusal):
            raise loaded
        if record.status is UNSET and not self.settings.auto_assign_initial_status:
            raise InvalidInput("the line names no status, and the tenant gives none to a new case")
        require_active(loaded)
        status_id, category = self._status(loaded, loaded.lifecycle.initial)
        opened_at = min(record.opened_at or at, at)
        fields = merged_fields(loaded.form, {}, record.fields)
        case_input.refuse_all(loaded.form_problems(fields))
        columns = {"title": record.external_id, "priority": self.settings.default_priority} | self._plain(record)
        row = CaseRow(
            id=0, number=self._number(record) or "", case_type_id=loaded.id, type_revision=loaded.revision,
            status_id=status_id, category=category, parent_id=None, fields=fields, channel=self.channel,
            tags=case_input.merged_tags([], case_input.tags(record.tags or []), []),
            external_id=record.external_id, is_restricted=False, created_at=opened_at, changed_at=opened_at,
            first_response_at=None, resolved_at=None, closed_at=None, deleted_at=None, version=1,
            **{"description": "", "due_at": None} | dict.fromkeys(_REFERENCES) | columns,
        )  # fmt: skip
        return Opening(row=row, by=self._user(record.opened_by or record.by), number=row.number or None)

    def _number(self, record: ChangeRecord) -> str | None:
        """The file's number for the case, reserved. Raises what says that it is taken."""
        if record.number is None:
            return None
        number, counts = numbering.kept(record.number, self._patterns)
        if number.upper() in self.known.taken_numbers:
            raise number_taken(number)
        for sequence, count in counts.items():
            self.reserved[sequence] = max(count, self.reserved.get(sequence, 0))
        return number

    def _plain(self, record: ChangeRecord) -> dict[str, Any]:
        """Columns whose value follows from the line alone; people have provisional ids where they must be made."""
        columns = dict(_texts(record))
        if record.due_at is not UNSET:
            columns["due_at"] = record.due_at
        if record.team is not UNSET:
            columns["team_id"] = self.names.team(record.team) if record.team else None
        if record.assignee is not UNSET:
            columns["assignee_id"] = self.names.user(record.assignee) if record.assignee else None
        if record.reporter is not UNSET:
            columns["reporter_id"] = self.names.user(record.reporter) if record.reporter else None
        if record.contact is not UNSET:
            columns["contact_id"] = self.names.contact(record.contact) if record.contact else None
        return columns


_REFERENCES = ("assignee_id", "team_id", "reporter_id", "contact_id")


def _texts(record: ChangeRecord) -> Iterator[tuple[str, Any]]:
    if record.title is not UNSET:
        yield "title", case_input.title(record.title)
    if record.description is not UNSET:
        yield "description", case_input.long_text(record.description, "description", "/description")
    if record.priority is not UNSET:
        yield "priority", parse_priority(record.priority)


def _sources(loaded: LoadedType, status: str) -> list[str]:
    """The statuses a case may have come from, the initial one first."""
    wanted = law.find_status(loaded.lifecycle, status).name
    initial = law.find_status(loaded.lifecycle, loaded.lifecycle.initial).name
    if wanted == initial:
        return [initial]
    return [initial, *(found.name for found in loaded.lifecycle.statuses if found.name not in (initial, wanted))]


def number_taken(number: str) -> NotAllowed:
    """The refusal of a number, in the same words whoever has it: the importer may not know of that case."""
    return NotAllowed(f"the number {number} cannot be taken")


def external_id_taken(channel: str, external_id: str) -> NotAllowed:
    """The refusal of an external id, as `number_taken`."""
    return NotAllowed(f"the external id {external_id} of the channel {channel} cannot be taken")


def sentence(refusal: Refusal) -> str:
    """The reason that a refusal gives."""
    messages = list(dict.fromkeys(problem.message for problem in refusal.problems)) or [refusal.message]
    hint = f" ({refusal.hint})" if refusal.hint and isinstance(refusal, NotAllowed) else ""
    return "; ".join(messages) + hint
