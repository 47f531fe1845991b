"""The history that an exported case brings with it, held against the case: a chain of states that ends in it.

Pure. Everything above model may import this module. Every entry must have found what those before it left, each value
must be one that a case can have, and the last must leave the case as the file has it. Values stay as the file tells
them: people by login, types, statuses and teams by name, the parent by number.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import UNSET

from casectl import typed
from casectl.errors import InvalidInput
from casectl.model.export import HIDDEN, ExportedNote, Instant
from casectl.rules import case_input
from casectl.rules.case_input import refuse
from casectl.rules.times import FIRST_YEAR, LAST_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from casectl.model.export import ExportedCase, ExportedEvent

MOST_ENTRIES = 5_000
"""Entries in the history of one case."""

LONGEST_WAIT = timedelta(minutes=10)
"""How much earlier than the entry before it one may be: its command had begun, and waited for the other to end."""

_Name = Annotated[str, msgspec.Meta(min_length=1)]
_FIELDS: dict[str, Any] = {
    "number": _Name, "title": str, "description": str, "type": _Name, "type_revision": int, "status": _Name,
    "priority": Annotated[int, msgspec.Meta(ge=1, le=4)], "assignee": _Name | None, "team": _Name | None,
    "reporter": _Name | None, "contact": _Name | None, "parent": _Name | None, "tags": list[str],
    "fields": dict[str, Any], "due_at": Instant | None, "channel": str, "external_id": str | None,
    "is_restricted": bool, "created_by": _Name, "created_at": Instant, "first_response_at": Instant | None,
    "resolved_at": Instant | None, "closed_at": Instant | None, "deleted_at": Instant | None,
}  # fmt: skip
"""What a history tells of a case, and as what. Those that may not be None have a value from the first entry on."""

_KEPT = ("number", "channel", "external_id", "created_by", "created_at")
"""What no command changes."""

_PEOPLE = ("assignee", "reporter", "created_by", "author")


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """An entry: the fields of the case that got other values, or else the place of the note among the case's."""

    at: datetime
    actor: str
    operation: str
    values: dict[str, Any] = {}
    note: int | None = None


def steps_of(case: ExportedCase, now: datetime) -> tuple[list[Step], list[ExportedNote]]:
    """The history of a case from its creation on, in the order in which it was written, and the notes of the case.

    Raises InvalidInput, with a pointer into the line, for a history that is none of this case.
    """
    events = case.history or []
    chain = _Chain(case, now)
    try:
        if len(events) > MOST_ENTRIES:
            refuse(f"it has {len(events):,} entries, at most {MOST_ENTRIES:,} are taken in", "/history")
        for place, event in enumerate(events):
            chain.add(place, event)
        chain.end()
    except InvalidInput as refusal:
        raise InvalidInput(f"{refusal.problems[0].pointer}: {refusal.message}") from refusal
    except RecursionError:
        raise InvalidInput("/history: its fields are nested too deeply") from None
    return chain.steps, chain.notes


def named_in(case: ExportedCase) -> Iterator[tuple[str, str]]:
    """Whom and what the history of a case names: (user, team, contact or parent, the name)."""
    for event in case.history or ():
        yield "user", event.actor
        for change in event.changes:
            kind = "user" if change.field in _PEOPLE else change.field
            if kind in ("user", "team", "contact", "parent"):
                yield from ((kind, value) for value in (change.before, change.after) if _is_name(value))


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value) and value != HIDDEN


def contact_told(case: ExportedCase) -> str | None:
    """The contact of a case as a history tells it: `Ann Lee <ann@example.com>`, or by name alone."""
    if case.contact and case.contact_email:
        return f"{case.contact} <{case.contact_email}>"
    return case.contact_email or case.contact or None


class _Chain:
    """The states of a case, entry by entry."""

    def __init__(self, case: ExportedCase, now: datetime) -> None:
        self.case, self.now = case, now
        self.steps: list[Step] = []
        self.notes: list[ExportedNote] = [] if case.notes is UNSET else list(case.notes)
        self._state: dict[str, Any] = dict.fromkeys(_FIELDS)
        self._at = case.created_at
        self._free: dict[bytes, list[int]] = {}
        for place in reversed(range(len(self.notes))):
            self._free.setdefault(_key(self.notes[place]), []).append(place)

    def add(self, place: int, event: ExportedEvent) -> None:
        """The next entry."""
        pointer = f"/history/{place}"
        case_input.one_line(event.operation, "operation", f"{pointer}/operation", case_input.MAX_TAG)
        self._check_past(event.at, f"{pointer}/at")
        if (event.object, event.action) != ("case", "update" if place else "insert") and (
            not place or (event.object, event.action) != ("note", "insert")
        ):
            wanted = "the creation of the case" if not place else "a change of the case or a note"
            refuse(f"{event.action} of {event.object} is not {wanted}", f"{pointer}/action")
        if event.object == "note":
            self._add(event, note=self._note(event, pointer))
        else:
            self._check_time(event, pointer)
            values = self._values(event, pointer, is_first=not place)
            self._state |= values
            if values:
                self._add(event, values=values)

    def _check_past(self, at: datetime, pointer: str) -> None:
        if at > self.now:
            refuse(f"its time {at:%Y-%m-%d %H:%M} UTC lies in the future", pointer)
        if not FIRST_YEAR <= at.year <= LAST_YEAR:
            refuse(f"its time is not of the years {FIRST_YEAR} to {LAST_YEAR}", pointer)

    def _add(self, event: ExportedEvent, **what: Any) -> None:
        self.steps.append(Step(at=event.at, actor=event.actor, operation=event.operation.strip(), **what))

    def _check_time(self, event: ExportedEvent, pointer: str) -> None:
        told = f"its time {event.at:%Y-%m-%d %H:%M:%S} UTC lies"
        if event.at < self.case.created_at:
            refuse(f"{told} before the case was opened", f"{pointer}/at")
        if event.at < self._at - LONGEST_WAIT:
            longest = LONGEST_WAIT // timedelta(minutes=1)
            refuse(f"{told} more than {longest} minutes before the entry ahead of it", f"{pointer}/at")
        self._at = event.at

    def _values(self, event: ExportedEvent, pointer: str, *, is_first: bool) -> dict[str, Any]:
        """What the entry leaves otherwise than it found it."""
        found: dict[str, Any] = {}
        for place, change in enumerate(event.changes):
            where = f"{pointer}/changes/{place}"
            if change.field not in _FIELDS or change.field in found:
                refuse(f"{change.field!r} is no field of a case, or told twice", f"{where}/field")
            if change.field in _KEPT and not is_first:
                refuse(f"the {change.field} of a case never changes", f"{where}/field")
            before, after = (self._value(change.field, change.before, f"{where}/before", is_known=not is_first),
                             self._value(change.field, change.after, f"{where}/after"))  # fmt: skip
            if not _is_same(before, self._state[change.field]):
                refuse(f"the {change.field} before is not what the entries ahead of it left", f"{where}/before")
            found[change.field] = after
        if not found:
            refuse("it tells no change", f"{pointer}/changes")
        if is_first:
            for name, kind in _FIELDS.items():
                if name not in found and not _may_be_none(kind):
                    refuse(f"it does not tell the {name}", f"{pointer}/changes")
        return {name: value for name, value in found.items() if not _is_same(value, self._state[name])}

    def _value(self, field: str, raw: Any, pointer: str, *, is_known: bool = True) -> Any:
        """A value as it is compared; `is_known` says that the case has one."""
        if raw == HIDDEN and field in ("created_by", *_REFERENCES):
            return self.case.created_by if field == "created_by" else None
        if raw is None and not is_known:
            return None
        try:
            value = typed.convert(raw, _FIELDS[field])
        except msgspec.ValidationError as error:
            refuse(f"that is no {field}: {error}", pointer)
        _check_text(field, value, pointer)
        if isinstance(value, datetime) and not FIRST_YEAR <= value.year <= LAST_YEAR:
            refuse(f"the {field} is not of the years {FIRST_YEAR} to {LAST_YEAR}", pointer)
        return value

    def _note(self, event: ExportedEvent, pointer: str) -> int:
        """The place of the note that an entry tells; where the case brings no notes, those of its history are its."""
        told = {change.field: change.after for change in event.changes if change.field != "case_id"}
        try:
            note = typed.convert({"author": None} | told, ExportedNote)
        except msgspec.ValidationError as error:
            refuse(f"it tells no note: {error}", f"{pointer}/changes")
        if self.case.notes is UNSET:
            self._check_past(note.created_at, f"{pointer}/changes")
            self.notes.append(note)
            return len(self.notes) - 1
        places = self._free.get(_key(note))
        if not places:
            refuse("the note is none of the case", f"{pointer}/changes")
        return places.pop()

    def end(self) -> None:
        """Hold the last state against the case."""
        told = {name: getattr(self.case, name) for name in _FIELDS} | {"contact": contact_told(self.case)}
        for name, value in told.items():
            if not _is_same(self._state[name], (value or None) if _may_be_none(_FIELDS[name]) else value):
                refuse(f"its history does not end in this state: the {name} is another", f"/{name}")
        if any(self._free.values()):
            refuse("its history does not tell all of its notes", "/notes")
        is_answered = any(not note.is_internal for note in self.notes)
        if self.case.first_response_at and not is_answered and "first_response_at" not in self.steps[0].values:
            refuse("it has a first response, but no public note", "/first_response_at")


_REFERENCES = ("assignee", "team", "reporter", "contact", "parent")


def _may_be_none(kind: Any) -> bool:
    return type(None) in getattr(kind, "__args__", ())


def _is_same(one: Any, other: Any) -> bool:
    """Whether the database holds them for one value: 1 and 1.0 are, 1 and true are not."""
    return bool(_strict(one) == _strict(other))


def _strict(value: Any) -> Any:
    """A value that Python, too, compares so."""
    if isinstance(value, dict):
        return {name: _strict(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_strict(part) for part in value]
    return (value,) if isinstance(value, bool) else value


def _key(note: ExportedNote) -> bytes:
    return msgspec.json.encode(note)


def _check_text(field: str, value: Any, pointer: str) -> None:
    """Refuse what a case cannot have, and what it would have otherwise than the file says."""
    if field == "title":
        is_kept = case_input.title(value, pointer) == value
    elif field == "description":
        is_kept = case_input.long_text(value, field, pointer) == value
    elif field == "channel":
        is_kept = case_input.one_line(value, field, pointer, case_input.MAX_TAG) == value
    elif field == "tags":
        is_kept = case_input.merged_tags([], case_input.tags(value, pointer), []) == value
    else:
        return
    if not is_kept:
        refuse(f"the {field} is not as a case has it", pointer)
