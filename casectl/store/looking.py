"""Looking at the desk as another user does, for explaining what he may. Only `store.access` imports this module.

The look is a savepoint that is always undone: with it goes the other's context, and whatever was done in it.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from casectl.model.actor import Actor
from casectl.operation import Call

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import LiteralString

    from casectl.store.context import Context
    from casectl.store.unit import StoredUnit

_ENTER: LiteralString = """
    SELECT tenant_id, tenant, user_id, login, name, coalesce(email, ''), rights, team_ids, led, zone, roles
    FROM enter_as(%s, %s, 'access explain', %s)
"""

_GRANTED: LiteralString = """
    SELECT given, array_agg(source ORDER BY source) FROM (
        SELECT r.name AS source, unnest(r.rights) AS given FROM user_roles x
        JOIN roles r ON r.tenant_id = x.tenant_id AND r.id = x.role_id
        WHERE x.tenant_id = %(tenant)s AND x.user_id = %(id)s AND r.is_active
        UNION ALL SELECT 'the client', unnest(c.rights) FROM clients c
        WHERE c.tenant_id = %(tenant)s AND c.user_id = %(id)s AND c.is_active AND coalesce(c.expires_at > now(), true)
    ) granted GROUP BY given
"""


@asynccontextmanager
async def looking_as(context: Context, user_id: int) -> AsyncIterator[StoredUnit]:
    """A unit that reads as an active user does; the caller's own context is back afterwards."""
    from casectl.store.unit import StoredUnit

    await context.sql.run("SAVEPOINT looking")
    try:
        row = (await context.sql.rows(_ENTER, (context.tenant_id, user_id, context.call.request_id)))[0]
        yield StoredUnit(context.sql, _actor(row), Call(dry_run=True), await context.now(), context.stamp)
    finally:
        await context.sql.run("ROLLBACK TO SAVEPOINT looking")


def _actor(row: tuple[Any, ...]) -> Actor:
    return Actor(
        tenant_id=row[0], tenant=row[1], user_id=row[2], login=row[3], display_name=row[4], email=row[5],
        rights=frozenset(row[6]), team_ids=frozenset(row[7]), led_team_ids=frozenset(row[8]), zone=row[9],
        roles=tuple(row[10]),
    )  # fmt: skip


async def granted(context: Context, user_id: int) -> dict[str, list[str]]:
    """What gives a user each of his rights."""
    return dict(await context.sql.rows(_GRANTED, {"tenant": context.tenant_id, "id": user_id}))
