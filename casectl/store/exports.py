"""Whole cases with notes and history, in the order of their ids, from Postgres. Only `store.exchange` imports it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET

from casectl import typed
from casectl.model.export import NOBODY, ExportedCase, ExportedEvent, ExportedNote
from casectl.rules.priorities import priority_name
from casectl.store.case_rows import CASE_COLUMNS, WIDTH, names_of
from casectl.store.cursors import seal, unseal
from casectl.store.history import changes_of, names_in
from casectl.store.pages import at_most, bad_cursor, planned_for
from casectl.store.ways import ways_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import LiteralString

    from casectl.rules.query import Query
    from casectl.store.case_rows import Names
    from casectl.store.context import Context
    from casectl.unit_exchange import Extent

FULLEST = 8_000_000
"""Bytes of text in a page of more than one case."""

_WHOLE: LiteralString = (
    "SELECT " + CASE_COLUMNS + ", c.description, c.type_revision, c.created_by, c.changed_by"
)  # fmt: skip
_OF_IDS: LiteralString = " FROM cases c WHERE c.tenant_id = %s AND c.id = ANY(%s::bigint[]) ORDER BY c.id"

_SIZE: LiteralString = "octet_length(c.description) + pg_column_size(c.fields)"
_SIZE_OF_NOTES: LiteralString = """
    + (SELECT coalesce(sum(octet_length(n.content)), 0)
       FROM notes n WHERE n.tenant_id = c.tenant_id AND n.case_id = c.id)
"""
_SIZE_OF_HISTORY: LiteralString = """
    + (SELECT coalesce(sum(pg_column_size(a.payload)), 0)
       FROM audit a WHERE a.tenant_id = c.tenant_id AND a.case_id = c.id)
"""

_NOTES: LiteralString = """
    SELECT n.case_id, n.created_at, n.author_id, n.channel, n.is_internal, n.content, n.id
    FROM notes n WHERE n.tenant_id = %s AND n.case_id = ANY(%s::bigint[]) AND (%s OR NOT n.is_internal)
    ORDER BY n.case_id, n.id
"""

_HISTORY: LiteralString = """
    SELECT a.case_id, a.occurred_at, a.actor_id, a.operation, a.request_id, a.object, a.action, a.historic,
           a.payload - 'case_id', a.object_id
    FROM unnest(%s::bigint[], %s::bigint[]) AS w(case_id, newest)
    JOIN audit a ON a.tenant_id = %s AND a.case_id = w.case_id AND a.seq <= w.newest
    WHERE %s OR NOT a.is_internal ORDER BY a.case_id, a.seq
"""
"""In the order in which it was written, up to what the case itself was read with."""

_NEWEST: LiteralString = """,
    (SELECT max(a.seq) FROM audit a WHERE a.tenant_id = c.tenant_id AND a.case_id = c.id)"""

_CONTACTS: LiteralString = """
    SELECT id, name || coalesce(' <' || email || '>', '') FROM contacts WHERE tenant_id = %s AND id = ANY(%s::int[])
"""

_LOGINS: LiteralString = "SELECT id, login FROM users WHERE tenant_id = %s AND id = ANY(%s::int[])"


async def page(
    context: Context, query: Query, extent: Extent, *, limit: int, after: str | None
) -> tuple[list[ExportedCase], str | None]:
    """See `casectl.unit_exchange.Exchange.page`."""
    ids, has_more = await _ids(context, query, extent, limit, after)
    newest: LiteralString = _NEWEST if extent.history else ""
    rows = await context.sql.rows(_WHOLE + newest + _OF_IDS, (context.tenant_id, ids))
    events = await _events(context, rows, extent) if extent.history else []
    notes = await context.sql.rows(_NOTES, (context.tenant_id, ids, extent.internal)) if extent.notes else []
    if extent.history:  # what was written meanwhile is in neither
        told = {row[9] for row in events if row[5] == "note"}
        notes = [row for row in notes if row[6] in told]
    names = await names_of(context, rows)
    actors = {actor for row in rows for actor in row[WIDTH + 2 : WIDTH + 4]}
    logins = await _logins(context, actors | {row[2] for row in (*notes, *events)})
    own_notes = _by_case(notes, lambda row: _note(row, logins))
    words = await _words(context, [row[8] or {} for row in events])
    own_events = _by_case(events, lambda row: _event(row, logins, words))
    cases = [
        _case(row, names, logins, own_notes.get(row[0], []) if extent.notes else None,
              own_events.get(row[0], []) if extent.history else None)
        for row in rows
    ]  # fmt: skip
    return cases, await seal(context, _bound(context), msgspec.json.encode(ids[-1])) if has_more else None


async def _ids(
    context: Context, query: Query, extent: Extent, limit: int, after: str | None
) -> tuple[list[int], bool]:  # fmt: skip
    """The cases of the page, as many as make up no more than FULLEST, and whether there are more behind them."""
    ways = await ways_of(context, query, with_trash=extent.trash)
    condition = ways.condition()
    source = ways.every(condition)
    condition.parameters.append(await _read(context, after))
    notes: LiteralString = _SIZE_OF_NOTES if extent.notes else ""
    history: LiteralString = _SIZE_OF_HISTORY if extent.history else ""
    statement: LiteralString = (
        "SELECT c.id, " + _SIZE + notes + history + source
        + " AND c.id > %s ORDER BY c.id" + at_most(limit, condition.parameters)
    )  # fmt: skip
    async with planned_for(context, query):
        rows = await context.sql.rows(statement, condition.parameters)
    ids: list[int] = []
    total = 0
    for case_id, size in rows[:limit]:
        total += size
        if ids and total > FULLEST:
            break
        ids.append(case_id)
    return ids, len(rows) > len(ids)


def _bound(context: Context) -> bytes:
    return msgspec.json.encode([context.tenant_id, "export"])


async def _read(context: Context, cursor: str | None) -> int:
    if cursor is None:
        return 0
    value = await unseal(context, _bound(context), cursor)
    if value is None:
        raise bad_cursor()
    return typed.decode(value, int)


async def _events(context: Context, rows: Sequence[Any], extent: Extent) -> list[Any]:
    newest = [[row[0] for row in rows], [row[-1] for row in rows]]
    return await context.sql.rows(_HISTORY, (*newest, context.tenant_id, extent.internal))


async def _words(context: Context, payloads: Sequence[Mapping[str, Any]]) -> dict[str, dict[int, str]]:
    """What a history tells for ids: contacts by name and address, so that they can be made again."""
    words = await names_in(context, payloads)
    if "contact_id" in words:
        ids = list(words["contact_id"])
        words["contact_id"] = dict(await context.sql.rows(_CONTACTS, (context.tenant_id, ids)))
    return words


async def _logins(context: Context, ids: Iterable[int | None]) -> dict[int | None, str]:
    wanted = sorted({number for number in ids if number is not None})
    found: dict[int | None, str] = dict.fromkeys(wanted, NOBODY)
    return found | dict(await context.sql.rows(_LOGINS, (context.tenant_id, wanted)))


def _by_case(rows: Sequence[Any], make: Any) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(make(row))
    return found


def _note(row: Any, logins: dict[int | None, str]) -> ExportedNote:
    return ExportedNote(
        created_at=row[1], author=logins.get(row[2]), channel=row[3], is_internal=row[4], content=row[5]
    )


def _event(row: Any, logins: dict[int | None, str], told: dict[str, dict[int, str]]) -> ExportedEvent:
    return ExportedEvent(
        at=row[1], actor=logins[row[2]], operation=row[3], request_id=row[4], object=row[5], action=row[6],
        historic=row[7], changes=changes_of(row[8] or {}, told),
    )  # fmt: skip


def _case(
    row: Any, names: Names, logins: dict[int | None, str],
    notes: list[ExportedNote] | None, events: list[ExportedEvent] | None,
) -> ExportedCase:  # fmt: skip
    status, assignee, reporter = names.status[row[17]], names.user.get(row[19]), names.user.get(row[20])
    team, contact, parent = names.team.get(row[21]), names.contact.get(row[22]), names.parent.get(row[23])
    return ExportedCase(
        number=row[1], type=names.type[row[18]].name, type_revision=row[WIDTH + 1], title=row[2],
        description=row[WIDTH], status=status.name, category=status.category, priority=row[3],
        priority_name=priority_name(row[3]), assignee=assignee.login if assignee else None,
        team=team.name if team else None, reporter=reporter.login if reporter else None,
        contact=contact.name if contact else None, contact_email=contact.email if contact else None, tags=row[4],
        due_at=row[6], channel=row[7], external_id=row[8], parent=parent.number if parent else None,
        is_restricted=row[9], created_at=row[10], created_by=logins[row[WIDTH + 2]], updated_at=row[11],
        updated_by=logins[row[WIDTH + 3]], first_response_at=row[12], resolved_at=row[13], closed_at=row[14],
        deleted_at=row[15], version=row[16],
        fields=row[5], notes=UNSET if notes is None else notes, history=UNSET if events is None else events,
    )  # fmt: skip
