"""Pages of cases: keyset, never OFFSET, with opaque signed cursors.

Only `store.cases` and `store.exports` import this module.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from casectl.errors import InvalidInput, Problem
from casectl.model.case import CasePage
from casectl.rules import rights
from casectl.rules.query.ast import Test, leaves
from casectl.store.case_plans import owned_up
from casectl.store.case_rows import CASE_COLUMNS, WIDTH, case_of, names_of
from casectl.store.cursors import seal, unseal
from casectl.store.query_names import resolve
from casectl.store.query_sql import Condition, Order

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from typing import LiteralString

    from casectl.rules.query import Query
    from casectl.store.context import Context

_PLAN_MODE: LiteralString = "SELECT set_config('plan_cache_mode', %s, true)"

_LIMITS: tuple[tuple[int, LiteralString], ...] = (
    (11, " LIMIT 11"), (51, " LIMIT 51"), (101, " LIMIT 101"), (501, " LIMIT 501"),
)  # fmt: skip


async def page(context: Context, query: Query, *, limit: int, after: str | None, with_description: bool) -> CasePage:
    """See `casectl.unit.Cases.page`."""
    statement, parameters, order = await _statement(context, query, after, limit, with_description=with_description)
    async with planned_for(context, query):
        rows = await context.sql.rows(statement, parameters)
    width = WIDTH + with_description
    following = None
    if len(rows) > limit:
        values = msgspec.json.encode(rows[limit - 1][width : width + order])
        following = await seal(context, _bound(context, query), values)
    shown = rows[:limit]
    names = await names_of(context, shown)
    return CasePage(items=[case_of(row[:width], names) for row in shown], next=following)


async def matching(context: Context, query: Query, *, limit: int) -> list[str]:
    """See `casectl.unit.Cases.matching`."""
    condition, where = await condition_of(context, query)
    statement: LiteralString = (
        "SELECT c.number FROM cases c WHERE " + where + " " + Order(query.sort).clause + " LIMIT %s"
    )
    async with planned_for(context, query):
        rows = await context.sql.rows(statement, [*condition.parameters, limit])
    return [row[0] for row in rows]


async def among(context: Context, query: Query, case_ids: Sequence[int]) -> set[int]:
    """See `casectl.unit.Cases.among`."""
    condition, where = await condition_of(context, query)
    statement: LiteralString = "SELECT c.id FROM cases c WHERE " + where + " AND c.id = ANY(%s)"
    async with planned_for(context, query):
        rows = await context.sql.rows(statement, [*condition.parameters, list(case_ids)])
    return {row[0] for row in rows}


async def plan(context: Context, query: Query, *, limit: int) -> list[str]:
    """See `casectl.unit.Cases.plan`."""
    statement, parameters, _ = await _statement(context, query, None, limit, with_description=False)
    rows = await context.sql.rows("EXPLAIN " + statement, parameters)
    lines = [row[0] for row in rows]
    return [*lines, *owned_up(lines, query)]


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


async def condition_of(
    context: Context, query: Query, *, with_trash: bool = False
) -> tuple[Condition, LiteralString]:  # fmt: skip
    """The condition of a query for this actor, and its text; InvalidInput for names there are not."""
    condition = Condition(context.tenant_id, context.actor.user_id, await resolve(context, query))
    own_only = rights.scope(context.actor.rights) == "own"
    return condition, condition.of(query, own_only=own_only, with_trash=with_trash)


async def _statement(
    context: Context, query: Query, after: str | None, limit: int, *, with_description: bool
) -> tuple[LiteralString, list[Any], int]:
    """The statement, its parameters, and how many columns at its end hold the order."""
    condition, where = await condition_of(context, query)
    order = Order(query.sort)
    if after is not None:
        where += " AND " + order.after(await _read_cursor(context, query, after), condition.parameters)
    description: LiteralString = ", c.description" if with_description else ""
    statement: LiteralString = (
        "SELECT " + CASE_COLUMNS + description + ", " + order.columns
        + " FROM cases c WHERE " + where + " " + order.clause + at_most(limit, condition.parameters)
    )  # fmt: skip
    return statement, condition.parameters, len(query.sort)


def _bound(context: Context, query: Query) -> bytes:
    return msgspec.json.encode([context.tenant_id, [[key.key, key.descending] for key in query.sort]])


async def _read_cursor(context: Context, query: Query, cursor: str) -> list[str]:
    values = await unseal(context, _bound(context, query), cursor)
    if values is None:
        raise bad_cursor()
    return msgspec.json.decode(values, type=list[str])


def bad_cursor() -> InvalidInput:
    """The refusal of a cursor that was not made here, or not for this."""
    problem = Problem(pointer="/cursor", code="bad_cursor", message="the cursor is not one of this list")
    return InvalidInput(
        problem.message, hint="use the cursor with the query and order it came from, or start without one",
        problems=[problem],
    )  # fmt: skip
