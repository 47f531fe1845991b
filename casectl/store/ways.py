"""The ways to the cases of a query, and which to go: a page is little work however many cases a term fits.

Tags, form fields, words and having a parent are found by indexes of their own. What few cases have is looked up there
and sorted. For what many have, cases are walked in the list's order and each is asked, until the page is full; a walk
that is long without that ends, and all that fit are gathered. Only `store.pages` and `store.exports` import this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from casectl.rules import rights
from casectl.rules.query.ast import And, Marker, Not, Or, Range, Text, leaves
from casectl.store.query_names import resolve
from casectl.store.query_sql import Condition, is_aside, leads, mode_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import LiteralString

    from casectl.rules.query import Query
    from casectl.rules.query.ast import Expression, Test
    from casectl.store.context import Context
    from casectl.store.query_sql import Few, Ids, Order, Part

BOUNDS: tuple[tuple[int, LiteralString], ...] = ((8_000, "20000"), (50_000, "50000"))
"""How many entries of an index are few, and how many cases a walk looks at: both take about as long. Where a walk has
been given up the next bounds hold, and behind the last of them all that fit are gathered. The second is a constant
of the statement, which a kept plan must know."""

_ROOM: LiteralString = "set_config('work_mem', '32MB', true)"
"""Whole cases of a walk in an order without an index, or the ids of all that are gathered, go in there."""


class Ways:
    """What is known of a query before its cases are looked for; see `ways_of`."""

    def __init__(  # noqa: PLR0913 - all that decides about the way
        self, context: Context, query: Query, ids: Ids, few: Few, walked: LiteralString, *, with_trash: bool
    ) -> None:
        self._context = context
        self._query = query
        self._ids = ids
        self._few = few
        self._with_trash = with_trash
        self.many = [part for part in parts(query) if part not in few]
        self.walked = walked
        self.is_led = query.where is not None and leads(query.where, few)
        """Whether it can only fit cases that one of its terms leads to, which are few."""

    @property
    def is_walked(self) -> bool:
        """Whether cases are asked one by one, so that the statement must end somewhere."""
        return bool(self.many) and not self.is_led

    @property
    def note(self) -> str:
        """The walk in a sentence, '' where there is none."""
        if not self.is_walked:
            return ""
        names = ", ".join(dict.fromkeys(_name_of(leaf) for leaf, _ in self.many))
        return (
            f"walk: many cases may fit {names}, so they are asked in the order of the list until the page is full;"
            f" after {int(BOUNDS[-1][1]):,} cases without that all matches are gathered instead"
        )

    def condition(self, *, gathers: bool = False) -> Condition:
        """An empty condition for this query's actor; see `Condition`."""
        context = self._context
        return Condition(context.tenant_id, context.actor.user_id, self._ids, self._few, gathers=gathers)

    def _base(self, condition: Condition) -> LiteralString:
        own_only = rights.scope(self._context.actor.rights) == "own"
        return condition.base(self._query, own_only=own_only, with_trash=self._with_trash)

    def every(self, condition: Condition) -> LiteralString:
        """`FROM cases c WHERE ...` of all that fit; more may be asked of `c` behind it.

        What few cases fit, or all have to be gathered for, is found before it is sorted: the planner would rather
        walk in the order and meet none for a long time.
        """
        where = self._base(condition) + condition.all_of(self._tests())
        if self.is_led or condition.gathers:
            return " FROM (SELECT c.* FROM cases c WHERE " + where + " OFFSET 0) c WHERE TRUE"
        return " FROM cases c WHERE " + where

    def walk(self, condition: Condition, order: Order, after: list[str] | None) -> LiteralString:
        """`FROM ... c WHERE ...` of those that fit among the first `walked` cases behind the keys `after`.

        What an index or the row itself tells decides who is walked past.
        """
        past = self._past(condition, order, after)
        later = [item for item in self._tests() if self._asks_for_many(item)]
        return (
            " FROM (SELECT c.* FROM cases c WHERE " + past + " " + order.clause + " LIMIT " + self.walked
            + ") c WHERE TRUE" + condition.all_of(later)
        )  # fmt: skip

    async def is_given_up(self, order: Order, after: list[str] | None) -> bool:
        """Whether there are so many cases to walk past that a walk which did not fill its page may have missed some."""
        condition = self.condition()
        past = self._past(condition, order, after)
        counted: LiteralString = (
            "SELECT count(*) FROM (SELECT FROM cases c WHERE " + past + " LIMIT " + self.walked + ") c"
        )  # fmt: skip
        return bool((await self._context.sql.rows(counted, condition.parameters))[0][0] == int(self.walked))

    def _past(self, condition: Condition, order: Order, after: list[str] | None) -> LiteralString:
        first = [item for item in self._tests() if not self._asks_for_many(item)]
        where = self._base(condition) + condition.all_of(first) + order.present
        return where if after is None else where + " AND " + order.after(after, condition.parameters)

    def _asks_for_many(self, node: Expression) -> bool:
        return not {part[0] for part in self.many}.isdisjoint(_leaves_of(node))

    def _tests(self) -> tuple[Expression, ...]:
        """What must all hold."""
        where = self._query.where
        return () if where is None else where.items if isinstance(where, And) else (where,)


async def ways_of(
    context: Context, query: Query, bounds: tuple[int, LiteralString] | None = None, *, with_trash: bool = False
) -> Ways:
    """The ways for this actor within `bounds` (None: the first); InvalidInput for names there are not."""
    few, walked = bounds or BOUNDS[0]
    ids = await resolve(context, query)
    return Ways(context, query, ids, await _few(context, list(parts(query)), few), walked, with_trash=with_trash)


async def way_of_each(context: Context, query: Query) -> Ways:
    """The way for a handful of cases, each of which is asked; InvalidInput for names there are not."""
    return Ways(context, query, await resolve(context, query), {}, BOUNDS[0][1], with_trash=False)


async def _few(context: Context, asked: list[Part], most: int) -> Few:
    """Those that have no more than `most` entries in their index."""
    if not asked:
        return {}
    each = [_probe(*part) for part in asked]
    probes: list[LiteralString] = [_ROOM, *(probe for probe, _ in each)]
    values = [value for _, words in each for value in (*words, most)]
    _, *row = (await context.sql.rows("SELECT " + ", ".join(probes), values))[0]
    return {
        part: found if isinstance(found, list) else None
        for part, found in zip(asked, row, strict=True) if found not in (None, False)
    }  # fmt: skip


def parts(query: Query) -> Iterator[Part]:
    """Every term of the query that an index table answers, with one of its values; words have none."""
    yield from dict.fromkeys(part for leaf in leaves(query) for part in _parts_of(leaf))


def _parts_of(leaf: Test | Text) -> Iterator[Part]:
    if isinstance(leaf, Text):
        yield leaf, None
    else:
        yield from ((leaf, value) for value in leaf.values if is_aside(leaf, value))


def _probe(leaf: Test | Text, value: Any) -> tuple[LiteralString, tuple[Any, ...]]:
    """What finds out whether few cases have a part, but for its last parameter: how many are few."""
    if isinstance(leaf, Text):
        return "search_few(%s, %s, %s)", (leaf.words, mode_of(leaf))
    return "are_few(%s, %s, %s::text[], %s::float8, %s::float8, %s)", _entries(leaf, value)


def _entries(leaf: Test, value: Any) -> tuple[str, str, list[str], float | None, float | None]:
    """Kind, key, words, lowest and highest number of the entries that a part has."""
    if leaf.field != "field":
        return leaf.field, "", [str(value), str(value).lower()], None, None
    if isinstance(value, Marker):
        return "field", leaf.key, [], None, None
    if isinstance(value, str):
        return "value", leaf.key, [value.lower()[:200]], None, None
    if isinstance(value, Range):
        return "number", leaf.key, [], value.low, value.high
    return "number", leaf.key, [], None if "<" in leaf.operator else value, None if ">" in leaf.operator else value


def _name_of(leaf: Test | Text) -> str:
    if isinstance(leaf, Text):
        return "the words"
    return f"field.{leaf.key}" if leaf.field == "field" else leaf.field


def _leaves_of(node: Expression) -> set[Test | Text]:
    if isinstance(node, And | Or):
        return {leaf for item in node.items for leaf in _leaves_of(item)}
    return _leaves_of(node.item) if isinstance(node, Not) else {node}
