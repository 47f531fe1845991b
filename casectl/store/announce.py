"""Wakes the servers that followers wait at. Only `desk.local` imports this module.

Never the only signal: followers look for themselves every second or two. NOTIFY takes a lock of the whole server at
commit, and in every transaction would cost 43 % of the creates (DECISIONS 13), so a process sends one a second.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from casectl.store.context import Context

CHANNEL = "casectl_events"

SECONDS_BETWEEN = 1.0

_next: dict[int, float] = {}
"""When this process may announce again, by tenant, on the monotonic clock."""


async def announce(context: Context) -> None:
    """Tell, with the commit of the running transaction, that the tenant has news; at most once a second."""
    now = time.monotonic()
    if now >= _next.get(context.tenant_id, 0.0):
        _next[context.tenant_id] = now + SECONDS_BETWEEN
        await context.sql.rows("SELECT pg_notify(%s, %s)", (CHANNEL, str(context.tenant_id)))
