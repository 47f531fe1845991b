"""Whole cases carried out of Postgres and into it. Only `store.unit` imports this module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from casectl.store import exports

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import LiteralString

    from casectl.model.export import ExportedCase
    from casectl.rules.query import Query
    from casectl.store.context import Context
    from casectl.unit_exchange import Arrival, Extent

_AT_ONCE = 1_000_000
"""What `take_numbers` gives at most."""

_CASES: LiteralString = """
    INSERT INTO cases (tenant_id, id, number, title, description, case_type_id, type_revision, status_id, category,
        priority, assignee_id, team_id, reporter_id, contact_id, parent_id, tags, fields, due_at, channel, external_id,
        is_restricted, created_by, created_at, first_response_at, resolved_at, closed_at, deleted_at, changed_by,
        changed_at)
    SELECT %(tenant)s, n.id, n.number, n.title, n.description, n.case_type_id, n.type_revision, n.status_id,
        n.category, n.priority, n.assignee_id, n.team_id, n.reporter_id, n.contact_id, n.parent_id, n.tags, n.fields,
        n.due_at, n.channel, n.external_id, n.is_restricted, n.created_by, n.created_at, n.first_response_at,
        n.resolved_at, n.closed_at, n.deleted_at, n.created_by, n.created_at
    FROM jsonb_to_recordset(%(cases)s::jsonb) AS n(
        id bigint, number text, title text, description text, case_type_id int, type_revision int, status_id int,
        category smallint, priority smallint, assignee_id int, team_id int, reporter_id int, contact_id int,
        parent_id bigint, tags text[], fields jsonb, due_at timestamptz, channel text, external_id text,
        is_restricted boolean, created_by int, created_at timestamptz, first_response_at timestamptz,
        resolved_at timestamptz, closed_at timestamptz, deleted_at timestamptz)
"""

_LAST_CHANGES: LiteralString = """
    UPDATE cases c SET changed_by = u.changed_by, changed_at = u.changed_at
    FROM jsonb_to_recordset(%(cases)s::jsonb) AS u(
        id bigint, created_by int, created_at timestamptz, changed_by int, changed_at timestamptz)
    WHERE c.tenant_id = %(tenant)s AND c.id = u.id AND (u.created_by, u.created_at) <> (u.changed_by, u.changed_at)
"""
"""In a statement of its own: the audit has the case from when it was opened on, and by whom."""

_NOTES: LiteralString = """
    INSERT INTO notes (tenant_id, id, case_id, content, is_internal, channel, author_id, created_at, changed_by,
                       changed_at)
    SELECT %(tenant)s, n.id, n.case_id, n.content, n.is_internal, n.channel, n.author, n.at, coalesce(n.author, 0), n.at
    FROM json_to_recordset(%(notes)s::json)
         AS n(id bigint, case_id bigint, content text, is_internal boolean, channel text, author int, at timestamptz)
"""

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
        context = self._context
        notes = sum(len(arrival.notes) for arrival in arrivals)
        counts = {"cases.id": len(arrivals)} | ({"notes.id": notes} if notes else {})
        last = await context.take_each(counts)
        first = last["cases.id"] - len(arrivals) + 1
        following = last.get("notes.id", 0) - notes + 1
        cases: list[dict[str, Any]] = []
        written: list[dict[str, Any]] = []
        for case_id, arrival in enumerate(arrivals, first):
            values = msgspec.to_builtins(arrival)
            for note in values.pop("notes"):
                written.append(note | {"id": following + len(written), "case_id": case_id})
            if arrival.parent_id is not None and arrival.parent_id < 0:
                values["parent_id"] = first - arrival.parent_id - 1
            cases.append(values | {"id": case_id})
        parameters = {"tenant": context.tenant_id, "cases": msgspec.json.encode(cases).decode()}
        await context.sql.run(_CASES, parameters)
        await context.sql.run(_LAST_CHANGES, parameters)
        if written:
            notes_of = {"tenant": context.tenant_id, "notes": msgspec.json.encode(written).decode()}
            await context.sql.run(_NOTES, notes_of)
        return list(range(first, first + len(arrivals)))

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
