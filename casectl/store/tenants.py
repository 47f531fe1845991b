"""All tenants of a desk, as the owner of its schema sees them. Only `desk.tenants` imports this module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import LiteralString

    from psycopg import Connection

_TENANTS: LiteralString = """
    SELECT t.tenant_id, t.name, t.title, t.timezone, t.is_active, t.is_demo, t.created_at,
           (SELECT count(*) FROM users u WHERE u.tenant_id = t.tenant_id AND u.is_active AND u.kind = 'user'),
           (SELECT count(*) FROM cases c WHERE c.tenant_id = t.tenant_id AND c.deleted_at IS NULL AND c.category < 5)
    FROM tenants t ORDER BY t.name
"""


def tenants(owner: Connection[Any]) -> list[tuple[Any, ...]]:
    """Id, name, title, zone, whether it is active, whether it is a demo, since when, users, open cases: by name."""
    return owner.execute(_TENANTS).fetchall()


def set_active(owner: Connection[Any], name: str, operation: str, *, active: bool) -> bool:
    """Let people into a tenant or not, audited as done by casectl itself; False where there is no such tenant."""
    with owner.transaction():
        row = owner.execute("SELECT tenant_id FROM tenants WHERE name = %s FOR UPDATE", (name,)).fetchone()
        if row is None:
            return False
        owner.execute(
            "SELECT set_config('casectl.tenant', %s, true), set_config('casectl.actor', '0', true),"
            " set_config('casectl.operation', %s, true)",
            (str(row[0]), operation),
        )
        owner.execute(
            "UPDATE tenants SET is_active = %s, changed_by = 0, changed_at = now()"
            " WHERE tenant_id = %s AND is_active <> %s",
            (active, row[0], active),
        )
    return True
