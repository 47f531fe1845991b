"""What the repositories of one unit share: transaction, tenant, actor and time. Only `store` imports it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from casectl.model.actor import Actor
    from casectl.operation import Call
    from casectl.store.numbers import Numbers
    from casectl.store.sql import Sql


class Context:
    """The transaction of one verb. `changed_at` None means the transaction's own time, `now()` in SQL.

    `now` is that time where entering has told it already; `stamp` that of the tenant's configuration, None where it
    was not told, or where this very transaction changes it. `numbers` is where a server takes ids and numbers from.
    `makes_contacts`: some are not there for others yet.
    """

    def __init__(
        self, sql: Sql, actor: Actor, call: Call, now: datetime | None = None, stamp: int | None = None
    ) -> None:
        self.sql = sql
        self.actor = actor
        self.call = call
        self.tenant_id = actor.tenant_id
        self.changed_by: int = actor.user_id if call.historic_actor is None else call.historic_actor
        self.changed_at: datetime | None = call.historic_at
        self._now = now
        self.stamp = stamp
        self.numbers: Numbers | None = None
        self.makes_contacts = False

    def parameters(self, **values: Any) -> dict[str, Any]:
        """Those of a statement that writes: `tenant`, `by` and `at` beside its own."""
        return {"tenant": self.tenant_id, "by": self.changed_by, "at": self.changed_at, **values}

    async def _taken_aside(self, counts: Mapping[str, int]) -> dict[str, int] | None:
        """New values from where a server takes them; None where this transaction has to."""
        if self.numbers is None:
            return None
        taken = await self.numbers.take_each(self.tenant_id, counts)
        if taken is None:
            self.numbers = None  # from here on it holds counters itself, and must not wait for them elsewhere
        return taken

    async def take(self, name: str, how_many: int = 1) -> int:
        """The last of `how_many` new values of a counter; none is ever given twice."""
        taken = await self._taken_aside({name: how_many})
        if taken is not None:
            return taken[name]
        rows = await self.sql.rows("SELECT take_numbers(%s, %s)", (name, how_many))
        return int(rows[0][0])

    async def take_each(self, counts: Mapping[str, int]) -> dict[str, int]:
        """As `take` for several counters, in the order of their names: no two transactions wait in a ring."""
        taken = await self._taken_aside(counts)
        if taken is not None:
            return taken
        names = sorted(counts)
        rows = await self.sql.rows(
            "SELECT take_numbers(c.name, c.count) FROM unnest(%s::text[], %s::int[]) AS c(name, count)",
            (names, [counts[name] for name in names]),
        )
        return {name: int(row[0]) for name, row in zip(names, rows, strict=True)}

    async def now(self) -> datetime:
        """The transaction's time on the database's clock, or the call's historic time."""
        if self.changed_at is not None:
            return self.changed_at
        if self._now is None:
            self._now = (await self.sql.rows("SELECT now()"))[0][0]
        return self._now
