"""Case types with revisions and open cases in Postgres. Only `store.unit` imports this module, when a verb asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casectl.store.case_rows import ROW_COLUMNS, row_of
from casectl.store.configuration import TYPE, StoredConfiguration, case_type_of
from casectl.unit_types import Revision

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import LiteralString

    from casectl.model.configuration import CaseType
    from casectl.store.context import Context
    from casectl.unit import CaseRow

_OPEN: LiteralString = (
    " WHERE c.tenant_id = %(tenant)s AND c.case_type_id = %(id)s AND c.deleted_at IS NULL AND c.category < 5"
)


class StoredCaseTypes:
    """See `casectl.unit_types.CaseTypes`."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._sql = context.sql

    async def all(self) -> list[CaseType]:
        """See `CaseTypes.all`."""
        statement = TYPE + "AND r.revision = t.revision ORDER BY t.name"
        return [case_type_of(row) for row in await self._sql.rows(statement, (self._context.tenant_id,))]

    async def lock(self, reference: str) -> CaseType:
        """See `CaseTypes.lock`."""
        configuration = StoredConfiguration(self._context)
        found = await configuration.case_type(reference)
        await self._sql.rows(
            "SELECT 1 FROM case_types WHERE tenant_id = %(tenant)s AND id = %(id)s FOR UPDATE",
            self._context.parameters(id=found.id),
        )
        self._context.stamp = None  # read again what may have changed before the lock was had
        return await configuration.case_type(found.id)

    async def set_active(self, type_id: int, *, active: bool) -> CaseType:
        """See `CaseTypes.set_active`."""
        await self._sql.run(
            "UPDATE case_types SET is_active = %(active)s, changed_by = %(by)s, changed_at = coalesce(%(at)s, now())"
            " WHERE tenant_id = %(tenant)s AND id = %(id)s AND is_active <> %(active)s",
            self._context.parameters(id=type_id, active=active),
        )
        self._context.stamp = None
        return await StoredConfiguration(self._context).case_type(type_id)

    async def revisions(self, type_id: int) -> list[Revision]:
        """See `CaseTypes.revisions`."""
        rows = await self._sql.rows(
            "SELECT r.revision, r.form_schema, r.lifecycle, r.changed_at, coalesce(u.login, 'casectl')"
            " FROM case_type_revisions r LEFT JOIN users u ON u.tenant_id = r.tenant_id AND u.id = r.changed_by"
            " WHERE r.tenant_id = %(tenant)s AND r.case_type_id = %(id)s ORDER BY r.revision",
            self._context.parameters(id=type_id),
        )
        return [Revision(revision=row[0], form_schema=row[1], lifecycle=row[2], at=row[3], actor=row[4])
                for row in rows]  # fmt: skip

    async def open_cases(self, type_id: int) -> dict[tuple[int, int], int]:
        """See `CaseTypes.open_cases`."""
        rows = await self._sql.rows(
            "SELECT c.type_revision, c.status_id, count(*) FROM cases c" + _OPEN + " GROUP BY 1, 2 ORDER BY 1, 2",
            self._context.parameters(id=type_id),
        )
        return {(row[0], row[1]): row[2] for row in rows}

    async def holding(self, type_id: int, fields: Sequence[str]) -> dict[str, int]:
        """See `CaseTypes.holding`."""
        if not fields:
            return {}
        rows = await self._sql.rows(
            "SELECT wanted.name, count(*) FROM cases c JOIN unnest(%(fields)s::text[]) AS wanted(name)"
            " ON jsonb_exists(c.fields, wanted.name)" + _OPEN + " GROUP BY 1",
            self._context.parameters(id=type_id, fields=list(fields)),
        )
        return {row[0]: row[1] for row in rows}

    async def outdated(self, type_id: int, revision: int, *, after: int, limit: int) -> list[CaseRow]:
        """See `CaseTypes.outdated`."""
        rows = await self._sql.rows(
            "SELECT " + ROW_COLUMNS + " FROM cases c" + _OPEN
            + " AND c.type_revision <> %(revision)s AND c.id > %(after)s ORDER BY c.id LIMIT %(limit)s FOR UPDATE",
            self._context.parameters(id=type_id, revision=revision, after=after, limit=limit),
        )  # fmt: skip
        return [row_of(row) for row in rows]
