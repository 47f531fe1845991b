"""Notes of cases in Postgres. Only `store.unit` imports this module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from casectl.errors import NotFound
from casectl.model.case import CaseRef, Note
from casectl.store.case_rows import person

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from casectl.store.context import Context

_SELECT = """
    SELECT n.id, c.id, c.number, n.content, n.is_internal, n.channel, n.created_at, u.id, u.name, u.login, u.email
    FROM notes n
    JOIN cases c ON c.tenant_id = n.tenant_id AND c.id = n.case_id
    LEFT JOIN users u ON u.tenant_id = n.tenant_id AND u.id = n.author_id
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


def _note(row: tuple[Any, ...]) -> Note:
    return Note(
        id=row[0], case=CaseRef(id=row[1], number=row[2]), content=row[3], is_internal=row[4], channel=row[5],
        created_at=row[6], author=person(row, 7),
    )  # fmt: skip


class StoredNotes:
    """See `casectl.unit.Notes`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def insert(
        self, case_id: int, content: str, *, is_internal: bool, channel: str, at: datetime | None = None
    ) -> int:
        """See `casectl.unit.Notes.insert`."""
        author = self._context.changed_by
        when = at or self._context.changed_at
        return await self.insert_many([(case_id, content, is_internal, channel, author, when)])

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

    async def get(self, note_id: int) -> Note:
        """See `casectl.unit.Notes.get`."""
        rows = await self._context.sql.rows(
            _SELECT + "WHERE n.tenant_id = %s AND n.id = %s", (self._context.tenant_id, note_id)
        )
        if not rows:
            raise NotFound(f"there is no note {note_id}")
        return _note(rows[0])

    async def of_case(
        self, case_id: int, *, limit: int, since: datetime | None = None, until: datetime | None = None
    ) -> tuple[list[Note], int]:
        """See `casectl.unit.Notes.of_case`; of those written after `since` and not after `until`."""
        span = (self._context.tenant_id, case_id, since or "-infinity", until or "infinity")
        rows = await self._context.sql.rows(_SELECT + _WRITTEN + " ORDER BY n.id DESC LIMIT %s", (*span, limit + 1))
        older = 0
        if len(rows) > limit:
            counted = await self._context.sql.rows("SELECT count(*) FROM notes n " + _WRITTEN, span)
            older = counted[0][0] - limit
        return [_note(row) for row in reversed(rows[:limit])], older
