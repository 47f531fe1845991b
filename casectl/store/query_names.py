"""Names in a query looked up to ids: statuses, people, teams, contacts, parents. Only `store.pages` imports it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casectl.errors import InvalidInput, Problem
from casectl.rules.query.ast import Marker, Query, Test, leaves
from casectl.rules.text import near

if TYPE_CHECKING:
    from typing import LiteralString

    from casectl.store.context import Context
    from casectl.store.query_sql import Ids

_LOOKUPS: dict[str, LiteralString] = {
    "status": "SELECT replace(replace(lower(name), '_', ' '), '-', ' '), id FROM statuses WHERE tenant_id = %s",
    "type": "SELECT lower(name), id FROM case_types WHERE tenant_id = %s",
    "team": "SELECT lower(name), id FROM teams WHERE tenant_id = %s",
    "person": "SELECT unnest(ARRAY[lower(login), lower(email), lower(name)]), id FROM users WHERE tenant_id = %s",
}
_CONTACT: LiteralString = (
    "SELECT id FROM contacts WHERE tenant_id = %s AND (lower(email) = %s OR lower(name) = %s OR id = %s) LIMIT 1000"
)
_PARENT: LiteralString = "SELECT id FROM cases WHERE tenant_id = %s AND (number = ANY(%s) OR id = %s)"
_SOURCES = {"status": "status", "type": "type", "team": "team", "assignee": "person", "reporter": "person"}


async def resolve(context: Context, query: Query) -> Ids:
    """The ids of every name the query tests; InvalidInput lists all unknown ones with near matches."""
    found: Ids = {}
    tables: dict[str, dict[str, list[int]]] = {}
    problems: list[Problem] = []
    for leaf in leaves(query):
        if not isinstance(leaf, Test) or leaf.field not in {*_SOURCES, "contact", "parent"}:
            continue
        for value in leaf.values:
            if isinstance(value, Marker):
                continue
            name = str(value)
            if leaf.field in _SOURCES:
                table = await _table(context, _SOURCES[leaf.field], tables)
                found[leaf.field, name] = _known(leaf, name, table, problems, _may_hint(context, leaf.field))
            else:
                found[leaf.field, name] = await _rare(context, leaf.field, name)
    if problems:
        first = problems[0]
        raise InvalidInput(first.message, hint=first.hint, problems=problems)
    return found


async def _table(context: Context, source: str, tables: dict[str, dict[str, list[int]]]) -> dict[str, list[int]]:
    if source not in tables:
        names: dict[str, list[int]] = {}
        for name, key in await context.sql.rows(_LOOKUPS[source], (context.tenant_id,)):
            if name is not None:
                names.setdefault(name, []).append(key)
        tables[source] = names
    return tables[source]


def _may_hint(context: Context, field: str) -> bool:
    """Whether the actor may be told names that he did not give."""
    return {"person": "user:read", "team": "team:read"}.get(_SOURCES[field], "") in {*context.actor.rights, ""}


def _known(leaf: Test, name: str, table: dict[str, list[int]], problems: list[Problem], may_hint: bool) -> list[int]:
    key = name.strip().lower()
    if leaf.field == "status":
        key = key.replace("_", " ").replace("-", " ")
    ids = table.get(key, []) or _by_id(key, table)
    if not ids:
        names = sorted(table) if may_hint else []
        close = near(key, names)
        hint = f"did you mean {' or '.join(close)}?" if close else f"known: {', '.join(names[:12])}" if names else ""
        if leaf.field == "status" and key in {"open", "new", "pending", "on hold", "resolved", "closed", "active"}:
            hint = f"is:{key.replace(' ', '_')} finds the category"
        place = f" (column {leaf.position})" if leaf.position else ""  # a filter has none
        problems.append(
            Problem(message=f"there is no {leaf.field} {name}{place}", hint=hint, code="unknown_name",
                    pointer="/query" if place else f"/{leaf.field}", allowed=names[:50])
        )  # fmt: skip
    return ids


def _by_id(key: str, table: dict[str, list[int]]) -> list[int]:
    """The id that a number is, where nothing is called like it."""
    number = _id(key)
    return [number] if number is not None and any(number in ids for ids in table.values()) else []


def _id(text: str) -> int | None:
    """The id of 64 bits that a text is."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None  # noqa: PLR2004


def _own_id(text: str) -> int | None:
    """As `_id`, but for a number that is written otherwise than the id itself."""
    number = _id(text)
    return number if str(number) == text else None


async def _rare(context: Context, field: str, name: str) -> list[int]:
    if field == "contact":
        rows = await context.sql.rows(_CONTACT, (context.tenant_id, name.lower(), name.lower(), _id(name)))
    else:
        rows = await context.sql.rows(_PARENT, (context.tenant_id, [name, name.upper()], _own_id(name)))
    return [row[0] for row in rows]
