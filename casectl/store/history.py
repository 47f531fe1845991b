"""The audit as people read it, from Postgres. Only `store.unit`, `store.events` and `store.past` import it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from casectl.model.case import Change, HistoryEntry
from casectl.model.export import HIDDEN, NOBODY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import LiteralString

    from casectl.store.context import Context

_ENTRIES: LiteralString = """
    SELECT a.occurred_at, coalesce(u.login, 'casectl'), a.operation, a.request_id, a.object, a.object_id, a.action,
           a.historic, a.payload
    FROM audit a LEFT JOIN users u ON u.tenant_id = a.tenant_id AND u.id = a.actor_id
    WHERE a.tenant_id = %s AND a.case_id = %s
"""

_NAMES: dict[str, tuple[str, LiteralString]] = {
    "status_id": ("status", "SELECT id, name FROM statuses WHERE tenant_id = %s AND id = ANY(%s)"),
    "case_type_id": ("type", "SELECT id, name FROM case_types WHERE tenant_id = %s AND id = ANY(%s)"),
    "assignee_id": ("assignee", "SELECT id, login FROM users WHERE tenant_id = %s AND id = ANY(%s)"),
    "reporter_id": ("reporter", "SELECT id, login FROM users WHERE tenant_id = %s AND id = ANY(%s)"),
    "author_id": ("author", "SELECT id, login FROM users WHERE tenant_id = %s AND id = ANY(%s)"),
    "created_by": ("created_by", "SELECT id, login FROM users WHERE tenant_id = %s AND id = ANY(%s)"),
    "team_id": ("team", "SELECT id, name FROM teams WHERE tenant_id = %s AND id = ANY(%s)"),
    "contact_id": ("contact", "SELECT id, coalesce(email, name) FROM contacts WHERE tenant_id = %s AND id = ANY(%s)"),
    "parent_id": ("parent", "SELECT id, number FROM cases WHERE tenant_id = %s AND id = ANY(%s)"),
}
"""How the audit's columns with ids are told: the name of the field and where the ids' names stand."""


class StoredHistory:
    """See `casectl.unit.History`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def of_case(self, case_id: int, *, limit: int, newest_first: bool = False) -> list[HistoryEntry]:
        """See `casectl.unit.History.of_case`."""
        order: LiteralString = (
            " ORDER BY a.occurred_at DESC, a.seq DESC LIMIT %s"
            if newest_first
            else " ORDER BY a.occurred_at, a.seq LIMIT %s"
        )
        rows = await self._context.sql.rows(_ENTRIES + order, (self._context.tenant_id, case_id, limit))
        names = await names_in(self._context, [row[8] or {} for row in rows])
        return [
            HistoryEntry(
                at=row[0], actor=row[1], operation=row[2], request_id=row[3], object=row[4].removesuffix("s"),
                object_id=row[5], action=row[6], historic=row[7], changes=changes_of(row[8] or {}, names),
                redacted=row[8] is None,
            )
            for row in rows
        ]  # fmt: skip


async def names_in(context: Context, payloads: Sequence[Mapping[str, Any]]) -> dict[str, dict[int, str]]:
    """The names of all ids in payloads of the audit, by column, as far as the reader may see them."""
    names: dict[str, dict[int, str]] = {}
    for column, (_, statement) in _NAMES.items():
        ids = {value for payload in payloads for value in payload.get(column, ()) if value is not None}
        if ids:
            names[column] = dict(await context.sql.rows(statement, (context.tenant_id, sorted(ids))))
    return names


def _told(column: str, known: dict[int, str], value: int | None) -> str | None:
    """The name of an id in the audit."""
    if value == 0 and column == "created_by":
        return NOBODY
    return None if value is None else known.get(value, HIDDEN)


def changes_of(payload: Mapping[str, Any], names: Mapping[str, dict[int, str]]) -> list[Change]:
    """A payload as changes by field, ids told by `names` of `names_in`."""
    changes = []
    for column, (before, after) in sorted(payload.items()):
        if column in _NAMES:
            before, after = (_told(column, names.get(column, {}), value) for value in (before, after))  # noqa: PLW2901
        changes.append(Change(field=field_of(column), before=before, after=after))
    return changes


def field_of(column: str) -> str:
    """What a column of the audit is called in a case."""
    return _NAMES[column][0] if column in _NAMES else column
