"""Whole cases carried out of Postgres and into it. Only `store.unit` imports this module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casectl.store import arriving, exports

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import LiteralString

    from casectl.model.export import ExportedCase
    from casectl.rules.query import Query
    from casectl.store.context import Context
    from casectl.unit_exchange import Arrival, Extent

_AT_ONCE = 1_000_000
"""What `take_numbers` gives at most."""

_CASES_OF: LiteralString = """
    SELECT line_key, case_id FROM import_rows
    WHERE tenant_id = %s AND source = %s AND line_key = ANY(%s) AND case_id IS NOT NULL
"""

_LINK: LiteralString = """
    UPDATE cases c SET parent_id = u.parent_id, version = c.version + 1, changed_by = %(by)s,
        changed_at = coalesce(%(at)s, now())
    FROM unnest(%(cases)s::bigint[], %(parents)s::bigint[]) AS u(id, parent_id)
    JOIN cases o ON o.tenant_id = %(tenant)s AND o.id = u.id
    WHERE c.tenant_id = %(tenant)s AND c.id = u.id
    RETURNING c.id, o.changed_by, o.changed_at
"""
_STAMP: LiteralString = """
    UPDATE cases c SET changed_by = u.changed_by, changed_at = u.changed_at
    FROM unnest(%(cases)s::bigint[], %(by)s::int[], %(at)s::timestamptz[]) AS u(id, changed_by, changed_at)
    WHERE c.tenant_id = %(tenant)s AND c.id = u.id
"""
"""Behind `_LINK`: the audit has who linked and when, the case goes on telling its last change on its own desk."""


class StoredExchange:
    """See `casectl.unit_exchange.Exchange`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def page(
        self, query: Query, extent: Extent, *, limit: int, after: str | None
    ) -> tuple[list[ExportedCase], str | None]:
        """See `casectl.unit_exchange.Exchange.page`."""
        return await exports.page(self._context, query, extent, limit=limit, after=after)

    async def reserve(self, counts: Mapping[str, int]) -> None:
        """See `casectl.unit_exchange.Exchange.reserve`."""
        if not counts:
            return
        last = await self._context.take_each({f"number:{name}": 1 for name in counts})
        while missing := {
            name: min(count - last[f"number:{name}"], _AT_ONCE)
            for name, count in counts.items() if count > last[f"number:{name}"]
        }:  # fmt: skip
            last |= await self._context.take_each({f"number:{name}": count for name, count in missing.items()})

    async def taken_numbers(self, numbers: Sequence[str]) -> set[str]:
        """See `casectl.unit_exchange.Exchange.taken_numbers`."""
        rows = await self._context.sql.rows("SELECT taken_numbers(%s::text[])", (list(numbers),)) if numbers else []
        return {row[0] for row in rows}

    async def taken_external_ids(self, external: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        """See `casectl.unit_exchange.Exchange.taken_external_ids`."""
        channels, ids = [], []
        for channel, external_id in external:
            channels.append(channel)
            ids.append(external_id)
        statement: LiteralString = "SELECT channel, external_id FROM taken_external_ids(%s::text[], %s::text[])"
        rows = await self._context.sql.rows(statement, (channels, ids)) if ids else []
        return {(row[0], row[1]) for row in rows}

    async def take_in(self, arrivals: Sequence[Arrival]) -> list[int]:
        """See `casectl.unit_exchange.Exchange.take_in`."""
        return await arriving.take_in(self._context, arrivals)

    async def cases_of(self, source: str, line_keys: Sequence[str]) -> dict[str, int]:
        """See `casectl.unit_exchange.Exchange.cases_of`."""
        return dict(await self._context.sql.rows(_CASES_OF, (self._context.tenant_id, source, list(line_keys))))

    async def link(self, parents: Mapping[int, int]) -> None:
        """See `casectl.unit_exchange.Exchange.link`."""
        context = self._context
        values = context.parameters(cases=list(parents), parents=list(parents.values()))
        before = await context.sql.rows(_LINK, values)
        cases, by, at = ([row[column] for row in before] for column in range(3))
        await context.sql.run(_STAMP, {"tenant": context.tenant_id, "cases": cases, "by": by, "at": at})
