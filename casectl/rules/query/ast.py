"""A parsed query: a tree of typed tests, without any SQL. Everything above model may import this module.

The tree is canonical: And within And and Or within Or are flattened, a double negation is none, `!=` is Not of `=`.
All that is pure is resolved (priorities to 1-4, times to UTC); names the database must look up stay names.
"""

from __future__ import annotations

import enum
from datetime import datetime  # noqa: TC003 - msgspec resolves the annotations at run time
from typing import TYPE_CHECKING, TypeAlias

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

STATE_FIELDS = frozenset({"status", "resolved", "closed", "number", "id"})
"""Fields whose test says itself which states are meant: it lifts the default `is:active` of list."""
STATE_VALUES = frozenset(
    {"new", "open", "pending", "on_hold", "resolved", "closed", "active", "deleted", "all"},
)
"""The values of `is:` that do the same; `is:mine` or `is:overdue` leave the default in force."""


class Marker(enum.Enum):
    """A value that is no name: the acting user, absent, present."""

    ME = "@me"
    NONE = "none"
    ANY = "any"


class Span(msgspec.Struct, frozen=True):
    """Half-open time: start <= t < end, aware UTC; a None side is open."""

    start: datetime | None
    end: datetime | None


class Range(msgspec.Struct, frozen=True):
    """Numbers or priorities, both ends included; a None side is open."""

    low: float | None
    high: float | None


Value: TypeAlias = "str | int | float | Span | Range | Marker"


class Test(msgspec.Struct, frozen=True):
    """One field against values, any of which may match.

    `operator` is `=`, or one of `< <= > >=` with a single number or priority. Times have `=` and Spans only.
    `key` is the form field of `field.<key>`. `position` is the 1-based column of the term, `value_positions` of each
    value, for errors about names that do not exist.
    """

    __test__ = False  # pytest: no test class

    field: str
    operator: str
    values: tuple[Value, ...]
    key: str = ""
    position: int = 1
    value_positions: tuple[int, ...] = ()


class Text(msgspec.Struct, frozen=True):
    """Full-text search: a word, or a `phrase` whose words stand in this order; `prefix` lets the last word go on."""

    words: str
    phrase: bool = False
    prefix: bool = False
    position: int = 1


class Not(msgspec.Struct, frozen=True):
    """True where `item` is not true: an absent value is not equal to anything, so it matches."""

    item: Expression


class And(msgspec.Struct, frozen=True):
    """All of at least two items."""

    items: tuple[Expression, ...]


class Or(msgspec.Struct, frozen=True):
    """Any of at least two items."""

    items: tuple[Expression, ...]


Expression: TypeAlias = "Test | Text | Not | And | Or"


class SortKey(msgspec.Struct, frozen=True):
    """A key of the order; cases without a value come last, whichever way it runs."""

    key: str
    descending: bool = False


class Query(msgspec.Struct, frozen=True):
    """What to find (None: everything) and in which order; `sort` always ends with the id, so that it is total."""

    where: Expression | None
    sort: tuple[SortKey, ...]


DEFAULT_SORT = (SortKey("priority", descending=True), SortKey("due"), SortKey("id"))
"""Most urgent first."""


def both(items: list[Expression]) -> Expression:
    """All of `items`, flattened."""
    flat = [part for item in items for part in (item.items if isinstance(item, And) else (item,))]
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def either(items: list[Expression]) -> Expression:
    """Any of `items`, flattened."""
    flat = [part for item in items for part in (item.items if isinstance(item, Or) else (item,))]
    return flat[0] if len(flat) == 1 else Or(tuple(flat))


def negated(item: Expression) -> Expression:
    """Not `item`."""
    return item.item if isinstance(item, Not) else Not(item)


def leaves(query: Query) -> Iterator[Test | Text]:
    """Every test and text search of the query, from left to right."""
    rest: list[Expression] = [query.where] if query.where is not None else []
    while rest:
        node = rest.pop()
        if isinstance(node, (And, Or)):
            rest.extend(reversed(node.items))
        elif isinstance(node, Not):
            rest.append(node.item)
        else:
            yield node


def names_state(query: Query) -> bool:
    """Whether the query says itself which states it wants (see STATE_FIELDS, STATE_VALUES)."""
    return any(
        leaf.field in STATE_FIELDS or (leaf.field == "is" and not STATE_VALUES.isdisjoint(leaf.values))
        for leaf in leaves(query)
        if isinstance(leaf, Test)
    )


def names_trash(query: Query) -> bool:
    """Whether the query speaks of deleted cases; all others never show them."""
    return any(isinstance(leaf, Test) and leaf.field == "is" and "deleted" in leaf.values for leaf in leaves(query))


def active_by_default(query: Query) -> Query:
    """The query with `is:active` added unless it names states: the rule of list (DECISIONS: Words and names)."""
    if names_state(query):
        return query
    active = Test("is", "=", ("active",))
    return Query(active if query.where is None else both([query.where, active]), query.sort)
