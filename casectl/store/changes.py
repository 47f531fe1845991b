"""Changes single rows of users, teams, roles and contacts. Only `store` imports this module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import LiteralString

    from casectl.store.context import Context

_COLUMNS: dict[LiteralString, tuple[LiteralString, ...]] = {
    "users": ("login", "name", "email", "os_user", "is_active"),
    "teams": ("name", "lead_id", "is_active"),
    "roles": ("name", "rights", "is_active"),
    "contacts": ("name", "email", "phone", "is_active"),
}
"""What may be changed of each table."""


async def change_row(context: Context, table: LiteralString, row_id: int, changes: Mapping[str, Any]) -> None:
    """Set the columns that `changes` names, in one statement. Raises KeyError for a column that stays as it is."""
    chosen = [name for name in _COLUMNS[table] if name in changes]
    if len(chosen) < len(changes):
        raise KeyError(*changes.keys() - set(chosen))
    if not chosen:
        return
    assignments = "".join([name + " = %(" + name + ")s, " for name in chosen])
    statement: LiteralString = (
        "UPDATE " + table + " SET " + assignments + "changed_by = %(by)s, changed_at = coalesce(%(at)s, now())"
        " WHERE tenant_id = %(tenant)s AND id = %(id)s"
    )
    keys = {"tenant": context.tenant_id, "id": row_id, "by": context.changed_by, "at": context.changed_at}
    await context.sql.run(statement, {**changes, **keys})
    context.stamp = None
