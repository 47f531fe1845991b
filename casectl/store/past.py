"""Cases as they were, from the audit in Postgres. Only `store.unit` imports this module, when a verb asks for it.

Row-level security decides as it does now: on the case, its notes, the entries of the audit, and on every name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from casectl.errors import Gone, NotFound
from casectl.model.case import CaseDetail, CaseDiff, Discrepancy, FieldDiff
from casectl.rules.replay import COLUMNS, Entry, Replay, differing_keys
from casectl.store.case_rows import CASE_COLUMNS, case_of, names_of, person
from casectl.store.cases import UNVERSIONED
from casectl.store.history import changes_of, field_of, names_in
from casectl.store.notes import StoredNotes

if TYPE_CHECKING:
    from datetime import datetime
    from typing import LiteralString

    from casectl.model.case import Case, Note, PersonRef
    from casectl.rules.replay import Moment
    from casectl.store.context import Context

REDACTED = "(redacted)"
"""Stands for a text that was erased."""

_PART = 500
"""Entries read at once: a case may have any number of them, with long texts in each."""

_ENTRIES: LiteralString = """
    (SELECT a.seq, a.occurred_at, a.actor_id, coalesce(u.login, 'casectl'), a.operation, a.action, 0, a.payload
     FROM audit a LEFT JOIN users u ON u.tenant_id = a.tenant_id AND u.id = a.actor_id
     WHERE a.tenant_id = %s AND a.object = 'case' AND a.object_id = %s AND a.seq > %s ORDER BY a.seq LIMIT %s)
    UNION ALL
    SELECT NULL, NULL, NULL, NULL, NULL, NULL, c.version, to_jsonb(c) FROM cases c WHERE c.tenant_id = %s AND c.id = %s
    ORDER BY 1 NULLS LAST
"""
"""The next entries of a case and, in the same snapshot, the case: it is what its last entry made it."""

_NOTE_CHANGES: LiteralString = """
    SELECT a.object_id, a.payload FROM audit a
    WHERE a.tenant_id = %s AND a.case_id = %s AND a.occurred_at > %s AND a.object = 'note' AND a.action = 'update'
    ORDER BY a.seq
"""

_USER: LiteralString = "SELECT id, name, login, email FROM users WHERE tenant_id = %s AND id = %s"

_ERASED: dict[str, Any] = {"title": REDACTED, "description": REDACTED, "tags": [], "fields": {}, "channel": REDACTED,
                           "is_restricted": False, "version": 0}  # fmt: skip
"""What stands for an erased value where null may not."""

_COLUMNS = [*(column.strip().removeprefix("c.") for column in CASE_COLUMNS.split(",")), "description"]


class StoredPast:
    """See `casectl.unit_past.Past`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def at(self, case: Case, instant: datetime, *, notes: int) -> CaseDetail:
        """See `casectl.unit_past.Past.at`."""
        replay = await self._replayed(case, instant)
        then = await self._case(case, replay.moments[0])
        of_case = {name: getattr(then, name) for name in then.__struct_fields__}
        found, more = await self._notes(case, instant, notes)
        return CaseDetail(
            **of_case, deleted_by=await self._deleter(replay.moments[0]), notes=found, more_notes=more, as_of=instant,
            redacted=_redacted(replay), discrepancies=_discrepancies(replay),
        )  # fmt: skip

    async def between(self, case: Case, since: datetime, until: datetime, *, notes: int) -> CaseDiff:
        """See `casectl.unit_past.Past.between`."""
        replay = await self._replayed(case, since, until)
        found, more = await self._notes(case, until, notes, since=since)
        return CaseDiff(
            id=case.id, number=case.number, since=since, until=until, changes=await self._changes(replay), notes=found,
            more_notes=more, redacted=_redacted(replay), discrepancies=_discrepancies(replay),
        )  # fmt: skip

    async def _replayed(self, case: Case, *instants: datetime) -> Replay:
        """The whole audit of a case gone through."""
        replay, tenant, seq = Replay(*instants), self._context.tenant_id, -1
        while True:
            rows = await self._context.sql.rows(_ENTRIES, (tenant, case.id, seq, _PART, tenant, case.id))
            if not rows or rows[-1][0] is not None:
                raise NotFound(f"there is no case {case.number}")  # it was withdrawn from the reader's sight just now
            *entries, (*_, version, stored) = rows
            for seq, at, actor_id, actor, operation, action, _, payload in entries:  # noqa: B007 - to go on behind it
                replay.feed(Entry(
                    at=at, actor_id=actor_id, actor=actor, operation=operation, is_insert=action == "insert",
                    steps=payload is None or bool(payload.keys() - UNVERSIONED), payload=payload,
                ))  # fmt: skip
            if len(entries) < _PART:
                replay.end(stored, version)
                return replay

    async def _case(self, case: Case, moment: Moment) -> Case:
        """The values of a moment as a case. Raises Gone without the least that makes one."""
        values = _ERASED | moment.values
        values |= {"id": case.id, "number": case.number, "created_at": case.created_at,
                   "changed_at": moment.changed_at or case.created_at}  # fmt: skip
        if moment.version is not None:
            values["version"] = moment.version
        if not {"status_id", "case_type_id", "priority"} <= values.keys():
            raise Gone(
                f"what {case.number} was at {moment.at.isoformat()} has been erased",
                hint=f"casectl history {case.number} tells what is left",
            )
        row = tuple(values.get(column) for column in _COLUMNS)
        return case_of(row, await names_of(self._context, [row]))

    async def _deleter(self, moment: Moment) -> PersonRef | None:
        if moment.values.get("deleted_at") is None:
            return None
        rows = await self._context.sql.rows(_USER, (self._context.tenant_id, moment.trashed_by))
        return person(rows[0], 0) if rows else None

    async def _changes(self, replay: Replay) -> list[FieldDiff]:
        """What the first and the last moment both know, and differently."""
        one, other = (moment.values for moment in (replay.moments[0], replay.moments[-1]))
        differing = {
            name: (one[name], other[name])
            for name in COLUMNS if name in one and name in other and one[name] != other[name]
        }  # fmt: skip
        names = await names_in(self._context, [differing])
        found = []
        for column, pair in differing.items():
            if column == "fields":
                found += [_diff(replay, f"fields.{key}", *(values.get(key) for values in pair))
                          for key in differing_keys(*pair)]  # fmt: skip
            else:
                told = changes_of({column: pair}, names)[0]
                found.append(replace(_diff(replay, column, told.before, told.after), field=told.field))
        return found

    async def _notes(
        self, case: Case, instant: datetime, limit: int, since: datetime | None = None
    ) -> tuple[list[Note], int]:
        """The newest notes written until then, as they read then, and how many older ones there were."""
        if not limit:
            return [], 0
        context = self._context
        notes, more = await StoredNotes(context).of_case(case, limit=limit, since=since, until=instant)
        before: dict[tuple[int, str], Any] = {}
        for note_id, payload in await context.sql.rows(_NOTE_CHANGES, (context.tenant_id, case.id, instant)):
            for name, pair in ({"content": [REDACTED]} if payload is None else payload).items():
                before.setdefault((note_id, name), pair[0])
        return [
            replace(
                note, content=before.get((note.id, "content"), note.content),
                is_internal=before.get((note.id, "is_internal"), note.is_internal),
            )
            for note in notes
        ], more  # fmt: skip


def _diff(replay: Replay, field: str, before: Any, after: Any) -> FieldDiff:
    entry = replay.changed.get(field)
    if entry is None:
        return FieldDiff(field=field, before=before, after=after)
    return FieldDiff(field=field, before=before, after=after, at=entry.at, actor=entry.actor, operation=entry.operation)


def _redacted(replay: Replay) -> list[str]:
    """The fields that are erased at one of the moments."""
    return list(dict.fromkeys(field_of(column) for moment in replay.moments for column in moment.unknown))


def _discrepancies(replay: Replay) -> list[Discrepancy]:
    return [Discrepancy(field=field_of(found.column), at=found.at) for found in replay.contradictions]
