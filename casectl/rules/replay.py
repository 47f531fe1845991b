"""Rebuilds what a case was at an instant from its audit. Pure; `store` feeds it, and only when it is asked to.

It goes forward, from the creation on: what an entry says was before is then held against what those ahead of it left,
and the end against the stored case, so that a gap or a lie shows wherever it is. What was erased from the audit is
unknown from there on; then the first entry behind the instant tells what it found, or the stored case, as long as
nothing erased lies between. So only what is erased on both sides cannot be told.

Entries come in the order of `seq`, in which they were written under the case's lock. Each counts from its own time, and
not before the one ahead of it: a transaction that began first and had to wait wrote on top of what it waited for.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

COLUMNS = (
    "number", "title", "description", "case_type_id", "type_revision", "status_id", "priority", "assignee_id",
    "team_id", "reporter_id", "contact_id", "parent_id", "tags", "fields", "due_at", "channel", "external_id",
    "is_restricted", "created_by", "created_at", "first_response_at", "resolved_at", "closed_at", "deleted_at",
)  # fmt: skip
"""What the audit tells of a case; the category follows from the status, the version is counted."""

_TIMES = frozenset(name for name in COLUMNS if name.endswith("_at"))


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a case's audit. `payload` holds before and after by column, None where it was erased.

    `steps` says whether the change is one of those that step the version.
    """

    at: datetime
    actor_id: int
    actor: str
    operation: str
    is_insert: bool
    steps: bool
    payload: Mapping[str, Any] | None


class Contradiction(msgspec.Struct, frozen=True):
    """A column that an entry found otherwise than the ones before left it; without a time, the stored case did."""

    column: str
    at: datetime | None = None


class Moment:
    """The case at an instant: `values` by column, without those erased; `changed_at` None is before there was one.

    `trashed_by` is who put it into the trash or took it out last, as far as that is known.
    """

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.values: dict[str, Any] = {}
        self.changed_at: datetime | None = None
        self.version: int | None = None
        self.trashed_by: int | None = None
        self._steps_after = 0
        self._is_open = True

    @property
    def unknown(self) -> list[str]:
        """What cannot be told because the audit of it was erased."""
        return [name for name in COLUMNS if name not in self.values] + ["version"] * (self.version is None)

    def learn(self, entry: Entry) -> None:
        """What an entry after the instant says of the time before it."""
        self._steps_after += entry.steps
        if entry.payload is None:
            self._is_open = False
        elif self._is_open:
            for column, (before, _) in entry.payload.items():
                self.values.setdefault(column, value_of(column, before))

    def end(self, stored: Mapping[str, Any], version: int) -> None:
        """What the stored case says of what nobody has changed since."""
        if self._is_open:
            self.values = dict(stored) | self.values
            self.version = version - self._steps_after if self.version is None else self.version


class Replay:
    """Goes through the audit of one case once: `feed` every entry, then `end` with the case as it is stored.

    `moments` are then the case at the given instants, in their order; `changed` holds by field who changed it last
    between the first and the last of them (`fields.NAME` for those of a form).
    """

    def __init__(self, *instants: datetime) -> None:
        self.moments = [Moment(at) for at in instants]
        self.contradictions: list[Contradiction] = []
        self.changed: dict[str, Entry] = {}
        self._ahead = list(self.moments)
        self._values: dict[str, Any] = {}
        self._version: int | None = 0
        self._at: datetime | None = None
        self._changed_at: datetime | None = None
        self._trashed_by: int | None = None

    def feed(self, entry: Entry) -> None:
        """Apply the next entry."""
        self._at = entry.at if self._at is None else max(self._at, entry.at)
        if self._changed_at is None:
            self._begin(entry)
        self._freeze(before=self._at)
        passed = self.moments[: len(self.moments) - len(self._ahead)]
        for moment in passed:
            moment.learn(entry)
        if passed and self._ahead:
            self._note_who(entry)
        self._apply(entry)

    def _note_who(self, entry: Entry) -> None:
        if entry.payload is None:
            self.changed.clear()  # it may have changed anything once more
        else:
            self.changed.update(dict.fromkeys(changed_fields(entry.payload), entry))

    def _begin(self, entry: Entry) -> None:
        """Before its creation a case has no values."""
        if entry.is_insert:
            self._values = dict.fromkeys(COLUMNS)
        else:
            self.contradictions.append(Contradiction("created_at", entry.at))

    def _freeze(self, before: datetime | None = None) -> None:
        """The case as it is now is what it was at the instants before the next entry."""
        while self._ahead and (before is None or self._ahead[0].at < before):
            moment = self._ahead.pop(0)
            moment.values, moment.version = dict(self._values), self._version
            moment.changed_at, moment.trashed_by = self._changed_at, self._trashed_by

    def _apply(self, entry: Entry) -> None:
        self._changed_at = entry.at
        if entry.payload is None:
            self._values.clear()
            self._version = self._trashed_by = None
            return
        for column, (told, after) in entry.payload.items():
            before = value_of(column, told)
            if self._values.get(column, before) != before:
                self.contradictions.append(Contradiction(column, entry.at))
            self._values[column] = value_of(column, after)
        if "deleted_at" in entry.payload:
            self._trashed_by = entry.actor_id
        if self._version is not None:
            self._version += entry.steps

    def end(self, stored: Mapping[str, Any], version: int) -> None:
        """Hold the last state against the stored case, and take from it what the audit does not tell."""
        self._freeze()
        kept = {column: value_of(column, stored[column]) for column in COLUMNS}
        for moment in self.moments:
            moment.end(kept, version)
        differing = [name for name in COLUMNS if name in self._values and self._values[name] != kept[name]]
        if self._version not in (None, version):
            differing.append("version")
        self.contradictions += [Contradiction(column) for column in differing]


def value_of(column: str, raw: Any) -> Any:
    """A value of the audit as it is compared: times as instants, however they are written."""
    return datetime.fromisoformat(raw) if column in _TIMES and raw is not None else raw


def changed_fields(payload: Mapping[str, Any]) -> list[str]:
    """The fields that an entry changes, those of the form one by one."""
    found = [column for column in payload if column != "fields"]
    if "fields" in payload:
        found += [f"fields.{name}" for name in differing_keys(*payload["fields"])]
    return found


def differing_keys(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[str]:
    """The keys of form fields that have another value, sorted."""
    one, other = before or {}, after or {}
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
