"""Notes of cases in Postgres. Only `store.unit` imports this module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from casectl.model.case import CaseRef, Note, PersonRef
from casectl.store.case_rows import person

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import LiteralString

    from casectl.model.case import Case
    from casectl.store.context import Context
    from casectl.unit import CaseRow

_SELECT = """
    SELECT n.id, n.content, n.is_internal, n.channel, n.created_at, u.id, u.name, u.login, u.email
    FROM notes n LEFT JOIN users u ON u.tenant_id = n.tenant_id AND u.id = n.author_id
"""

_WRITTEN = "WHERE n.tenant_id = %s AND n.case_id = %s AND n.created_at > %s AND n.created_at <= %s"

_INSERT = """
    INSERT INTO notes (tenant_id, id, case_id, content, is_internal, channel, author_id, created_at,
                       changed_by, changed_at)
    SELECT %(tenant)s, %(last)s - %(count)s + n.position, n.case_id, n.content, n.is_internal, n.channel, n.author,
           coalesce(n.at, now()), n.author, coalesce(n.at, now())
    FROM json_to_recordset(%(notes)s::json)
         AS n(position int, case_id bigint, content text, is_internal boolean, channel text, author int, at timestamptz)
"""

_INSERT_ONE: LiteralString = """
    INSERT INTO notes (tenant_id, id, case_id, content, is_internal, channel, author_id, created_at,
                       changed_by, changed_at)
    SELECT %(tenant)s, coalesce(%(id)s::bigint, take_numbers('notes.id', 1)), %(case)s, %(content)s, %(internal)s,
           %(channel)s, %(by)s, coalesce(%(at)s, now()), %(by)s, coalesce(%(at)s, now())
    RETURNING id
"""

_AUTHOR: LiteralString = "SELECT id, name, login, email FROM users WHERE tenant_id = %s AND id = %s"


def _note(case: CaseRef, row: tuple[Any, ...]) -> Note:
    return Note(
        id=row[0], case=case, content=row[1], is_internal=row[2], channel=row[3], created_at=row[4],
        author=person(row, 5),
    )  # fmt: skip


class StoredNotes:
    """See `casectl.unit.Notes`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def insert(self, case: Case | CaseRow, content: str, *, is_internal: bool, channel: str) -> Note:
        """See `casectl.unit.Notes.insert`."""
        context = self._context
        taken = None if context.numbers is None else await context.take("notes.id")
        rows = await context.sql.rows(
            _INSERT_ONE,
            context.parameters(id=taken, case=case.id, content=content, internal=is_internal, channel=channel),
        )
        return Note(
            id=rows[0][0], case=CaseRef(id=case.id, number=case.number), content=content, is_internal=is_internal,
            channel=channel, created_at=await context.now(), author=await self._author(),
        )  # fmt: skip

    async def _author(self) -> PersonRef | None:
        """Who writes, as a note tells him."""
        actor, author_id = self._context.actor, self._context.changed_by
        if author_id == actor.user_id:
            return PersonRef(id=author_id, name=actor.display_name, login=actor.login, email=actor.email or None)
        rows = await self._context.sql.rows(_AUTHOR, (self._context.tenant_id, author_id))
        return person(rows[0], 0) if rows else None

    async def insert_many(self, notes: Sequence[tuple[int, str, bool, str, int, datetime | None]]) -> int:
        """Write (case id, content, internal, channel, author, time) set-based; the last id."""
        context = self._context
        last = await context.take("notes.id", len(notes))
        encoded = [
            {"position": position, "case_id": case, "content": content, "is_internal": internal, "channel": channel,
             "author": author, "at": at}
            for position, (case, content, internal, channel, author, at) in enumerate(notes, 1)
        ]  # fmt: skip
        await context.sql.run(
            _INSERT,
            {"tenant": context.tenant_id, "last": last, "count": len(notes),
             "notes": msgspec.json.encode(encoded).decode()},
        )  # fmt: skip
        return last

    async def of_case(
        self, case: Case, *, limit: int, since: datetime | None = None, until: datetime | None = None
    ) -> tuple[list[Note], int]:
        """See `casectl.unit.Notes.of_case`; of those written after `since` and not after `until`."""
        span = (self._context.tenant_id, case.id, since or "-infinity", until or "infinity")
        rows = await self._context.sql.rows(_SELECT + _WRITTEN + " ORDER BY n.id DESC LIMIT %s", (*span, limit + 1))
        older = 0
        if len(rows) > limit:
            counted = await self._context.sql.rows("SELECT count(*) FROM notes n " + _WRITTEN, span)
            older = counted[0][0] - limit
        of = CaseRef(id=case.id, number=case.number)
        return [_note(of, row) for row in reversed(rows[:limit])], older
