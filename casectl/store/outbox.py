"""Prunes the outbox of a desk that no daemon empties (DECISIONS 35), and kept answers that are a day old.

Only `desk.local` imports this module.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from casectl.store.context import Context

KEPT_DAYS = 30
"""How long an effect outside may still be made up for by a daemon that is started later."""

MOST_ROWS = 10_000
"""Removed by one write, which thereby takes some 30 ms longer; the next one removes more."""

SECONDS_BETWEEN = 3600.0
"""A process that stays, such as a dashboard, looks again after that long."""

_next_look: dict[int, float] = {}
"""When this process looks again, by tenant, on the monotonic clock."""

_OLD = """
    SELECT pg_try_advisory_xact_lock(%s, tenant_id) FROM (
        SELECT tenant_id FROM outbox WHERE tenant_id = %s AND created_at < now() - make_interval(days => %s)
        ORDER BY created_at LIMIT 1) AS old
"""
"""Whether there are old rows, and nobody else is removing them; one look into an index."""

_PRUNE = """
    DELETE FROM outbox WHERE tenant_id = %s AND seq = ANY (ARRAY(
        SELECT seq FROM outbox WHERE tenant_id = %s AND created_at < now() - make_interval(days => %s)
        ORDER BY created_at LIMIT %s))
"""

_LOCK = 0x6F75_7462
"""First half of the advisory lock's key, the tenant is the second: 'outb' in ASCII."""


async def prune(context: Context) -> int:
    """Remove the tenant's old rows within the running transaction, if this process has not looked lately; how many.

    Answers kept for idempotency keys go as well, though they are not counted.

    A Reporter, from whom policies hide the outbox, removes none.
    """
    tenant_id, now = context.tenant_id, time.monotonic()
    if now < _next_look.get(tenant_id, 0.0):
        return 0
    _next_look[tenant_id] = now + SECONDS_BETWEEN
    await context.sql.rows("SELECT prune_answers(%s)", (MOST_ROWS,))
    found = await context.sql.rows(_OLD, (_LOCK, tenant_id, KEPT_DAYS))
    if not found or not found[0][0]:
        return 0
    removed = await context.sql.run(_PRUNE, (tenant_id, tenant_id, KEPT_DAYS, MOST_ROWS))
    if removed == MOST_ROWS:
        del _next_look[tenant_id]
    return removed
