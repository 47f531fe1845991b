"""From a parsed query to SQL: constant fragments and parameters, never a statement built from data.

Conditions are written so that the indexes of store.tables serve them under row-level security: plain comparisons,
names resolved to ids beforehand. Tags, form fields and words go through their index tables where few cases have them,
and are asked of the case itself where many do. Only `store.ways` and `store.pages` import this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from casectl.rules.query.ast import (
    And,
    Marker,
    Not,
    Or,
    Query,
    Range,
    SortKey,
    Span,
    Test,
    Text,
    leaves,
    names_trash,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import LiteralString

    from casectl.rules.query.ast import Expression, Value

EVERY = 2**31 - 1
"""How many cases one text search may give: all. A bound would hide what the query's other terms ask for."""

ASIDE = frozenset({"tag", "field"})
"""Fields whose tests are true or false for every case."""

Part: TypeAlias = "tuple[Test | Text, Value | None]"
"""A term of a query with one of its values; words have none."""

Few: TypeAlias = "Mapping[Part, list[int] | None]"
"""The parts that few cases have; of words with the ids of these."""

Ids: TypeAlias = "dict[tuple[str, str], list[int]]"
"""(field, name as written) -> ids, from `store.query_names`."""

_ID_COLUMNS: dict[str, LiteralString] = {
    "status": "c.status_id", "type": "c.case_type_id", "assignee": "c.assignee_id", "reporter": "c.reporter_id",
    "team": "c.team_id", "contact": "c.contact_id", "parent": "c.parent_id",
}  # fmt: skip
_TIME_COLUMNS: dict[str, LiteralString] = {
    "created": "c.created_at", "updated": "c.changed_at", "due": "c.due_key", "responded": "c.first_response_at",
    "resolved": "c.resolved_at", "closed": "c.closed_at",
}  # fmt: skip
"""A case without due date has the key infinity."""

_TEXT_COLUMNS: dict[str, LiteralString] = {"channel": "c.channel", "external": "c.external_id"}
_CATEGORIES: dict[str, LiteralString] = {
    "new": "c.category = 1", "open": "c.category = 2", "pending": "c.category = 3", "on_hold": "c.category = 4",
    "resolved": "c.category = 5", "closed": "c.category = 6", "active": "c.category < 5", "all": "TRUE",
    "deleted": "c.deleted_at IS NOT NULL", "overdue": "(c.category < 5 AND c.due_key < now())",
    "unassigned": "c.assignee_id IS NULL", "restricted": "c.is_restricted",
}  # fmt: skip
_OPERATORS: dict[str, LiteralString] = {"=": "=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_MIRRORED: dict[str, LiteralString] = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_SORTS: dict[tuple[str, bool], tuple[LiteralString, LiteralString, bool]] = {
    ("priority", True): ("c.urgency", "smallint", False),
    ("priority", False): ("c.urgency", "smallint", True),
    ("due", False): ("c.due_key", "timestamptz", False),
    ("due", True): ("coalesce(c.due_at, '-infinity')", "timestamptz", True),
    ("resolved", False): ("coalesce(c.resolved_at, 'infinity')", "timestamptz", False),
    ("resolved", True): ("coalesce(c.resolved_at, '-infinity')", "timestamptz", True),
    ("closed", False): ("coalesce(c.closed_at, 'infinity')", "timestamptz", False),
    ("closed", True): ("coalesce(c.closed_at, '-infinity')", "timestamptz", True),
    ("created", False): ("c.created_at", "timestamptz", False),
    ("created", True): ("c.created_at", "timestamptz", True),
    ("updated", False): ("c.changed_at", "timestamptz", False),
    ("updated", True): ("c.changed_at", "timestamptz", True),
    ("id", False): ("c.id", "bigint", False),
    ("id", True): ("c.id", "bigint", True),
}
"""(sort key, descending) -> expression, type, descending in SQL; absent values come last either way."""

_PRESENT: dict[tuple[str, bool], tuple[LiteralString, LiteralString]] = {
    ("due", True): ("c.due_key", "c.due_key < 'infinity'"),
    ("resolved", False): ("c.resolved_at", "c.resolved_at IS NOT NULL"),
    ("resolved", True): ("c.resolved_at", "c.resolved_at IS NOT NULL"),
    ("closed", False): ("c.closed_at", "c.closed_at IS NOT NULL"),
    ("closed", True): ("c.closed_at", "c.closed_at IS NOT NULL"),
}  # fmt: skip
"""(sort key, descending) -> a column that an index orders, and of which cases it gives the same order: those with the
value, which come first."""


_ITEM: LiteralString = "jsonb_typeof(e.item) IN ('string', 'number', 'boolean')"
_OF_ITEM: tuple[LiteralString, LiteralString] = ("lower(left(e.item #>> '{}', 200))", "field_number(e.item)")
"""Text and number of an item of a form field."""


class Condition:
    """A WHERE clause in the making: text of constants, parameters in order.

    A part of the query in `few` is found by its index; any other is asked of one case after the other. Of words all
    cases are found at once where the condition `gathers`, and so are those with a parent.
    """

    def __init__(
        self, tenant_id: int, actor_id: int, ids: Ids, few: Few, *, gathers: bool = False
    ) -> None:  # fmt: skip
        self._tenant = tenant_id
        self._actor = actor_id
        self._ids = ids
        self._few = few
        self._is_leading = False
        self.gathers = gathers
        self.parameters: list[Any] = []

    def base(self, query: Query, *, own_only: bool, with_trash: bool = False) -> LiteralString:
        """What every case of a query is. `own_only` names the reporter, whom the policy would filter by anyway."""
        self.parameters.append(self._tenant)
        text: LiteralString = "c.tenant_id = %s"
        if own_only:
            self.parameters.append(self._actor)
            text += " AND c.reporter_id = %s"
        if not (with_trash or names_trash(query)):
            text += " AND c.deleted_at IS NULL"
        return text

    def all_of(self, tests: Sequence[Expression]) -> LiteralString:
        """` AND ...` for each of the tests."""
        text: LiteralString = ""
        for item in tests:
            self._is_leading = leads(item, self._few)
            text += " AND " + self._expression(item)
        return text

    def _expression(self, node: Expression) -> LiteralString:
        if isinstance(node, And):
            return "(" + _join(" AND ", [self._expression(item) for item in node.items]) + ")"
        if isinstance(node, Or):
            return "(" + _join(" OR ", [self._expression(item) for item in node.items]) + ")"
        if isinstance(node, Not):
            return self._not(node.item)
        return self._text(node) if isinstance(node, Text) else self._test(node)

    def _not(self, node: Expression) -> LiteralString:
        leading, self._is_leading = self._is_leading, False
        text = self._expression(node)
        self._is_leading = leading
        if isinstance(node, Test) and node.field in ASIDE:
            return "(NOT " + text + ")"  # never unknown, and the planner knows what to do with NOT EXISTS
        return "((" + text + ") IS NOT TRUE)"

    def _text(self, node: Text) -> LiteralString:
        if (node, None) in self._few:
            self.parameters.append(self._few[node, None])
            return self._among("SELECT unnest(%s::bigint[])")
        self.parameters += [node.words, mode_of(node)]
        if not self.gathers:
            return "has_words(c.id, (SELECT search_query(%s, %s)))"
        self.parameters.append(EVERY)
        return self._among("SELECT search_cases(%s, %s, %s)")

    def _among(self, ids: LiteralString) -> LiteralString:
        """Whether a case is one of these; as an array they are looked up whatever the planner expects of them."""
        return "c.id = ANY (ARRAY(" + ids + "))" if self._is_leading else "c.id IN (" + ids + ")"

    def _test(self, test: Test) -> LiteralString:
        one = self._how(test.field)
        parts = [one(test, value) for value in test.values]
        return parts[0] if len(parts) == 1 else "(" + _join(" OR ", parts) + ")"

    def _how(self, field: str) -> Callable[[Test, Value], LiteralString]:
        if field in _ID_COLUMNS:
            return self._id
        if field in _TIME_COLUMNS:
            return self._time
        if field in _TEXT_COLUMNS:
            return self._plain
        special: dict[str, Callable[[Test, Value], LiteralString]] = {
            "is": self._state, "priority": self._priority, "id": self._number, "number": self._case_number,
            "tag": self._tag, "field": self._form_field,
        }  # fmt: skip
        return special[field]

    def _id(self, test: Test, value: Value) -> LiteralString:
        column = _ID_COLUMNS[test.field]
        if isinstance(value, Marker):
            if value is Marker.ME:
                self.parameters.append(self._actor)
                return column + " = %s"
            if is_aside(test, value) and (self.gathers or (test, value) in self._few):
                self.parameters.append(self._tenant)
                return self._among("SELECT x.id FROM cases x WHERE x.tenant_id = %s AND x.parent_id IS NOT NULL")
            return column + _presence(value)
        ids = self._ids[test.field, str(value)]
        if not ids:
            return "FALSE"
        if len(ids) == 1:
            self.parameters.append(ids[0])
            return column + " = %s"
        self.parameters.append(ids)
        return column + " = ANY(%s::bigint[])" if test.field == "parent" else column + " = ANY(%s::int[])"

    def _time(self, test: Test, value: Value) -> LiteralString:
        column = _TIME_COLUMNS[test.field]
        if isinstance(value, Marker):
            return ("c.due_at" if test.field == "due" else column) + _presence(value)
        span = value
        assert isinstance(span, Span)  # the parser gives times as spans only
        parts: list[LiteralString] = []
        if span.start is not None:
            self.parameters.append(span.start)
            parts.append(column + " >= %s")
        if span.end is not None:
            self.parameters.append(span.end)
            parts.append(column + " < %s")
        elif test.field == "due":
            parts.append("c.due_at IS NOT NULL")
        return "(" + (_join(" AND ", parts) or column + " IS NOT NULL") + ")"

    def _plain(self, test: Test, value: Value) -> LiteralString:
        column = _TEXT_COLUMNS[test.field]
        if isinstance(value, Marker):
            return column + _presence(value)
        self.parameters.append(str(value))
        return column + " = %s"

    def _state(self, test: Test, value: Value) -> LiteralString:  # noqa: ARG002 - one signature for all fields
        if value == "mine":
            self.parameters.append(self._actor)
            return "c.assignee_id = %s"
        return _CATEGORIES[str(value)]

    def _number(self, test: Test, value: Value) -> LiteralString:
        if isinstance(value, Range):
            return self._within("c.id", value)
        self.parameters.append(value)
        return "c.id " + _OPERATORS[test.operator] + " %s"

    def _priority(self, test: Test, value: Value) -> LiteralString:
        """Asked of the urgency, the negative of the priority: it leads the indexes of the queue."""
        if isinstance(value, Range):
            low, high = (None if bound is None else -bound for bound in (value.high, value.low))
            return self._within("c.urgency", Range(low, high))
        assert isinstance(value, int)  # the parser turns names of priorities into numbers
        self.parameters.append(-value)
        return "c.urgency " + _MIRRORED[test.operator] + " %s"

    def _within(self, column: LiteralString, value: Range) -> LiteralString:
        parts: list[LiteralString] = []
        for bound, operator in ((value.low, " >= %s"), (value.high, " <= %s")):
            if bound is not None:
                self.parameters.append(bound)
                parts.append(column + operator)
        return "(" + (_join(" AND ", parts) or column + " IS NOT NULL") + ")"

    def _case_number(self, test: Test, value: Value) -> LiteralString:  # noqa: ARG002 - one signature for all fields
        self.parameters.append([str(value), str(value).upper()])
        return "c.number = ANY(%s)"

    def _tag(self, test: Test, value: Value) -> LiteralString:
        if isinstance(value, Marker):
            return "c.tags = '{}'" if value is Marker.NONE else "c.tags <> '{}'"
        names = [str(value), str(value).lower()]
        if (test, value) not in self._few:
            self.parameters.append(names)
            return "c.tags && %s::text[]"
        self.parameters += [self._tenant, names]
        return self._among("SELECT x.case_id FROM case_tags x WHERE x.tenant_id = %s AND x.tag = ANY(%s)")

    def _form_field(self, test: Test, value: Value) -> LiteralString:
        has_it = self._entry(test, value) if (test, value) in self._few else self._item(test, value)
        return "(NOT " + has_it + ")" if value is Marker.NONE else has_it

    def _entry(self, test: Test, value: Value) -> LiteralString:
        """Whether the index table has the field for a case."""
        self.parameters += [self._tenant, test.key]
        is_it = self._is_it(test, value, "x.value", "x.number")
        return self._among("SELECT x.case_id FROM case_fields x WHERE x.tenant_id = %s AND x.key = %s" + is_it)

    def _item(self, test: Test, value: Value) -> LiteralString:
        """Whether the case itself has the field: as `index_case` puts it into that table, an item or several."""
        self.parameters += [test.key, test.key]
        one_of = _ITEM + self._is_it(test, value, *_OF_ITEM)
        self.parameters.append(test.key)
        only = _ITEM + self._is_it(test, value, *_OF_ITEM)
        return (
            "CASE WHEN jsonb_typeof(c.fields -> %s) = 'array'"
            " THEN EXISTS (SELECT FROM jsonb_array_elements(c.fields -> %s) AS e(item) WHERE " + one_of + ")"
            " ELSE EXISTS (SELECT FROM (SELECT c.fields -> %s) AS e(item) WHERE " + only + ") END"
        )  # fmt: skip

    def _is_it(self, test: Test, value: Value, text: LiteralString, number: LiteralString) -> LiteralString:
        """` AND ...` of an item's text and number."""
        if isinstance(value, Marker):
            return ""
        if isinstance(value, Range):
            return " AND " + self._within(number, value)
        if isinstance(value, int | float):
            self.parameters.append(value)
            return " AND " + number + " " + _OPERATORS[test.operator] + " %s"
        self.parameters.append(str(value).lower())
        return " AND " + text + " = left(%s, 200)"


def mode_of(node: Text) -> str:
    """The mode in which `search_query` reads the words."""
    if node.phrase:
        return "phrase_prefix" if node.prefix else "phrase"
    return "prefix" if node.prefix else "plain"


def is_aside(test: Test, value: Value) -> bool:
    """Whether an index table answers this rather than a column of the case."""
    if test.field == "parent":
        return value is Marker.ANY
    return test.field == "field" or (test.field == "tag" and not isinstance(value, Marker))


def leads(node: Expression, few: Few) -> bool:
    """Whether `node` fits no other cases than those that parts in `few` lead to."""
    if isinstance(node, And):
        return any(leads(item, few) for item in node.items)
    if isinstance(node, Or):
        return all(leads(item, few) for item in node.items)
    if isinstance(node, Not):
        return False
    if isinstance(node, Text):
        return (node, None) in few
    return all(value is not Marker.NONE and (node, value) in few for value in node.values)


def _presence(marker: Marker) -> LiteralString:
    return " IS NULL" if marker is Marker.NONE else " IS NOT NULL"


def _join(separator: LiteralString, parts: Sequence[LiteralString]) -> LiteralString:
    return separator.join(parts)


def orders_of(query: Query, after: Sequence[str] | None) -> list[Order]:
    """The order of a query; before it, where there is one, that of the cases alone that an index has in this order.

    When the cases of the first fill a page behind the keys `after`, they are the page.
    """
    first = query.sort[0]
    is_absent = after is not None and after[0] in ("infinity", "-infinity")
    is_active = any(isinstance(leaf, Test) and leaf.field == "is" and "active" in leaf.values for leaf in leaves(query))
    has_value = not is_absent and (first.key == "due" or not is_active)  # active cases are neither resolved nor closed
    is_ordered = (first.key, first.descending) in _PRESENT and has_value
    return [*([Order(query.sort, of_present=True)] if is_ordered else []), Order(query.sort)]


class Order:
    """ORDER BY of a query with its keyset condition; keys are read as text, so that infinity survives the trip.

    `present` is the condition, ` AND ...`, for the cases that it orders, '' for all.
    """

    def __init__(self, sort: Sequence[SortKey], *, of_present: bool = False) -> None:
        keys = [_SORTS[key.key, key.descending] for key in sort]
        self.present: LiteralString = ""
        if of_present:
            column, condition = _PRESENT[sort[0].key, sort[0].descending]
            keys[0] = (column, *keys[0][1:])
            self.present = " AND " + condition
        if all(descending for *_, descending in keys[:-1]) and len(keys) > 1:
            # The id only breaks ties: running the way of the key before it lets one index serve both.
            keys[-1] = (*keys[-1][:2], True)
        self._keys = keys

    @property
    def clause(self) -> LiteralString:
        """`ORDER BY ...`."""
        parts: list[LiteralString] = [key + (" DESC" if down else "") for key, _, down in self._keys]
        return "ORDER BY " + ", ".join(parts)

    @property
    def columns(self) -> LiteralString:
        """The keys of a row, as text."""
        parts: list[LiteralString] = ["(" + key + ")::text" for key, *_ in self._keys]
        return ", ".join(parts)

    def after(self, values: Sequence[str], parameters: list[Any]) -> LiteralString:
        """The condition for rows behind the one with these key values."""
        if len({down for *_, down in self._keys}) == 1:
            parameters += values
            left: list[LiteralString] = [key for key, *_ in self._keys]
            right: list[LiteralString] = ["%s::" + kind for _, kind, _ in self._keys]
            sign: LiteralString = " < " if self._keys[0][2] else " > "
            return "(" + ", ".join(left) + ")" + sign + "(" + ", ".join(right) + ")"
        alternatives: list[LiteralString] = []
        for at, (key, kind, down) in enumerate(self._keys):
            same: list[LiteralString] = [name + " = %s::" + its for name, its, _ in self._keys[:at]]
            behind: LiteralString = key + (" < " if down else " > ") + "%s::" + kind
            parameters += values[: at + 1]
            alternatives.append("(" + " AND ".join([*same, behind]) + ")")
        return "(" + " OR ".join(alternatives) + ")"
