"""Pages of cases: keyset, never OFFSET, with opaque signed cursors.

Only `store.cases` and `store.exports` import this module.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from casectl import typed
from casectl.errors import InvalidInput, Problem
from casectl.model.case import CasePage
from casectl.rules.query.ast import Test, leaves
from casectl.store import ways
from casectl.store.case_plans import owned_up
from casectl.store.case_rows import CASE_COLUMNS, WIDTH, case_of, names_of
from casectl.store.cursors import seal, unseal
from casectl.store.query_sql import Order, orders_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from typing import LiteralString

    from casectl.rules.query import Query
    from casectl.store.context import Context
    from casectl.store.ways import Ways

_PLAN_MODE: LiteralString = "SELECT set_config('plan_cache_mode', %s, true)"

_LIMITS: tuple[tuple[int, LiteralString], ...] = (
    (11, " LIMIT 11"), (51, " LIMIT 51"), (101, " LIMIT 101"), (501, " LIMIT 501"),
)  # fmt: skip


async def page(context: Context, query: Query, *, limit: int, after: str | None, with_description: bool) -> CasePage:
    """See `casectl.unit.Cases.page`."""
    behind = None if after is None else await _read_cursor(context, query, after)
    rows: list[Any] = []
    async with planned_for(context, query):
        for order in orders_of(query, behind):
            rows = await _found(context, query, Asked(order, behind, limit, with_description=with_description))
            if len(rows) > limit:
                break
    width = WIDTH + with_description
    following = None
    if len(rows) > limit:
        values = msgspec.json.encode(rows[limit - 1][width : width + len(query.sort)])
        following = await seal(context, _bound(context, query), values)
    shown = rows[:limit]
    names = await names_of(context, shown)
    return CasePage(items=[case_of(row[:width], names) for row in shown], next=following)


async def _found(context: Context, query: Query, asked: Asked) -> list[Any]:
    """One row more than a page has, or all there are."""
    for bounds in ways.BOUNDS:
        way = await ways.ways_of(context, query, bounds)
        rows = await context.sql.rows(*asked.statement(way))
        if not way.is_walked or len(rows) > asked.limit or not await way.is_given_up(asked.order, asked.after):
            return rows
    return await context.sql.rows(*asked.statement(way, gathers=True))


async def matching(context: Context, query: Query, *, limit: int) -> list[str]:
    """See `casectl.unit.Cases.matching`."""
    way = await ways.ways_of(context, query)
    condition = way.condition(gathers=way.is_walked)
    statement: LiteralString = (
        "SELECT c.number" + way.every(condition) + " " + Order(query.sort).clause + " LIMIT %s"
    )  # fmt: skip
    async with planned_for(context, query):
        rows = await context.sql.rows(statement, [*condition.parameters, limit])
    return [row[0] for row in rows]


async def among(context: Context, query: Query, case_ids: Sequence[int]) -> set[int]:
    """See `casectl.unit.Cases.among`."""
    way = await ways.way_of_each(context, query)
    condition = way.condition()
    statement: LiteralString = "SELECT c.id" + way.every(condition) + " AND c.id = ANY(%s)"
    async with planned_for(context, query):
        rows = await context.sql.rows(statement, [*condition.parameters, list(case_ids)])
    return {row[0] for row in rows}


async def plan(context: Context, query: Query, *, limit: int) -> list[str]:
    """See `casectl.unit.Cases.plan`.

    Without the planner's figures: they are estimates from the rows of everybody, of all tenants, and would tell how
    many cases there are with a tag or a value to who may see none of them.
    """
    way = await ways.ways_of(context, query)
    order = orders_of(query, None)[0]
    statement, parameters = Asked(order, None, limit, with_description=False).statement(way)
    rows = await context.sql.rows("EXPLAIN (COSTS OFF) " + statement, parameters)
    lines = [row[0] for row in rows]
    absent = f"sort: cases without {query.sort[0].key} come last; when a page reaches them, all matches are sorted"
    return [*lines, *owned_up(lines, query, [*([way.note] if way.note else []), *([absent] if order.present else [])])]


@asynccontextmanager
async def planned_for(context: Context, query: Query) -> AsyncIterator[None]:
    """Plan a statement by the very values of a query that has any; plans of the queue and of words alone are kept.

    What a search for words finds is no more known to the planner when it sees them.
    """
    values_decide = any(isinstance(leaf, Test) and leaf.field != "is" for leaf in leaves(query))
    if values_decide:
        await context.sql.rows(_PLAN_MODE, ("force_custom_plan",))
    yield
    if values_decide:
        await context.sql.rows(_PLAN_MODE, ("force_generic_plan",))


def at_most(limit: int, parameters: list[Any]) -> LiteralString:
    """Fetch one row more than wanted, or a few: a kept plan must know how few rows are wanted."""
    for most, clause in _LIMITS:
        if limit < most:
            return clause
    parameters.append(limit + 1)
    return " LIMIT %s"


class Asked:
    """What is asked for: one row more than `limit` in an order, behind the keys `after`."""

    def __init__(self, order: Order, after: list[str] | None, limit: int, *, with_description: bool) -> None:
        self.order = order
        self.after = after
        self.limit = limit
        self._description: LiteralString = ", c.description" if with_description else ""

    def statement(self, way: Ways, *, gathers: bool = False) -> tuple[LiteralString, list[Any]]:
        """The statement and its parameters: what of the case is told, and the keys of the order."""
        condition = way.condition(gathers=gathers)
        columns = CASE_COLUMNS + self._description + ", " + self.order.columns
        if way.is_walked and not gathers:
            source = way.walk(condition, self.order, self.after)
        else:
            source = way.every(condition) + self.order.present
            if self.after is not None:
                source += " AND " + self.order.after(self.after, condition.parameters)
        ending = " " + self.order.clause + at_most(self.limit, condition.parameters)
        return "SELECT " + columns + source + ending, condition.parameters


def _bound(context: Context, query: Query) -> bytes:
    return msgspec.json.encode([context.tenant_id, [[key.key, key.descending] for key in query.sort]])


async def _read_cursor(context: Context, query: Query, cursor: str) -> list[str]:
    values = await unseal(context, _bound(context, query), cursor)
    if values is None:
        raise bad_cursor()
    return typed.decode(values, list[str])


def bad_cursor() -> InvalidInput:
    """The refusal of a cursor that was not made here, or not for this."""
    problem = Problem(pointer="/cursor", code="bad_cursor", message="the cursor is not one of this list")
    return InvalidInput(
        problem.message, hint="use the cursor with the query and order it came from, or start without one",
        problems=[problem],
    )  # fmt: skip
