"""The trash in Postgres. Only `store.unit` imports this module, when a verb asks for it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from casectl import typed
from casectl.errors import InvalidInput, Problem
from casectl.model.trash import PurgedCase, TrashedCase, TrashPage
from casectl.store.case_rows import person
from casectl.store.cursors import seal, unseal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import LiteralString

    from casectl.model.case import PersonRef
    from casectl.store.context import Context

_MOST_DIGITS = 18
"""Longer digit strings exceed a bigint and are no id."""

_DELETER: LiteralString = """
    SELECT a.actor_id FROM audit a
    WHERE a.tenant_id = c.tenant_id AND a.case_id = c.id AND a.object = 'case' AND a.action = 'update'
      AND a.payload ? 'deleted_at'
    ORDER BY a.occurred_at DESC, a.seq DESC LIMIT 1
"""
"""Not `changed_by`: a case in the trash still changes when its parent is purged."""

_TRASHED: LiteralString = (
    "SELECT c.id, c.number, c.title, c.deleted_at, u.id, u.name, u.login, u.email FROM cases c"
    " LEFT JOIN users u ON u.tenant_id = c.tenant_id AND u.id = (" + _DELETER + ")"
    " WHERE c.tenant_id = %s AND c.deleted_at IS NOT NULL"
)

_PURGED: LiteralString = """
    SELECT p.case_id, p.number, coalesce(u.login, 'casectl'), p.purged_at FROM purged_cases p
    LEFT JOIN users u ON u.tenant_id = p.tenant_id AND u.id = p.purged_by
    WHERE p.tenant_id = %s AND
"""


class StoredTrash:
    """See `casectl.unit_trash.Trash`."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._sql = context.sql
        self._tenant = context.tenant_id

    async def page(self, *, limit: int, before: datetime | None, after: str | None) -> TrashPage:
        """See `casectl.unit_trash.Trash.page`."""
        where: LiteralString = ""
        values: list[Any] = [self._tenant]
        if before is not None:
            where += " AND c.deleted_at < %s"
            values.append(before)
        if after is not None:
            where += " AND (c.deleted_at, c.id) < (%s, %s)"
            values += await self._place(after)
        rows = await self._sql.rows(
            _TRASHED + where + " ORDER BY c.deleted_at DESC, c.id DESC LIMIT %s", [*values, limit + 1]
        )
        shown = [_trashed(row) for row in rows[:limit]]
        following = None
        if len(rows) > limit:
            place = (rows[limit - 1][3], rows[limit - 1][0])
            following = await seal(self._context, self._bound(), msgspec.json.encode(place))
        return TrashPage(items=shown, next=following)

    async def _place(self, cursor: str) -> tuple[datetime, int]:
        values = await unseal(self._context, self._bound(), cursor)
        if values is None:
            problem = Problem(pointer="/cursor", code="bad_cursor", message="the cursor is not one of this list")
            raise InvalidInput(problem.message, hint="use the cursor of the page before, or none", problems=[problem])
        return typed.decode(values, tuple[datetime, int])

    def _bound(self) -> bytes:
        return msgspec.json.encode([self._tenant, "trash"])

    async def oldest(self, *, before: datetime, limit: int) -> list[TrashedCase]:
        """See `casectl.unit_trash.Trash.oldest`."""
        rows = await self._sql.rows(
            _TRASHED + " AND c.deleted_at < %s ORDER BY c.deleted_at, c.id LIMIT %s", (self._tenant, before, limit)
        )
        return [_trashed(row) for row in rows]

    async def of(self, case_ids: Sequence[int]) -> list[TrashedCase]:
        """See `casectl.unit_trash.Trash.of`."""
        rows = await self._sql.rows(
            _TRASHED + " AND c.id = ANY(%s) ORDER BY c.deleted_at, c.id", (self._tenant, list(case_ids))
        )
        return [_trashed(row) for row in rows]

    async def deleted_by(self, case_id: int) -> PersonRef | None:
        """See `casectl.unit_trash.Trash.deleted_by`."""
        found = await self.of([case_id])
        return found[0].deleted_by if found else None

    async def purge(self, case_ids: Sequence[int]) -> int | None:
        """See `casectl.unit_trash.Trash.purge`."""
        rows = await self._sql.rows("SELECT purge_cases(%s::bigint[])", (list(case_ids),))
        return None if rows[0][0] is None else int(rows[0][0])

    async def purged(self, reference: str) -> PurgedCase | None:
        """See `casectl.unit_trash.Trash.purged`."""
        if reference.isascii() and reference.isdigit() and len(reference) <= _MOST_DIGITS:
            rows = await self._sql.rows(_PURGED + " p.case_id = %s", (self._tenant, int(reference)))
        else:
            rows = await self._sql.rows(_PURGED + " lower(p.number) = lower(%s)", (self._tenant, reference))
        return PurgedCase(id=rows[0][0], number=rows[0][1], by=rows[0][2], at=rows[0][3]) if rows else None


def _trashed(row: tuple[Any, ...]) -> TrashedCase:
    return TrashedCase(id=row[0], number=row[1], title=row[2], deleted_at=row[3], deleted_by=person(row, 4))
