"""The canonical text of a parsed query: it parses to the same tree. Everything above model may import this module.

Times stand in it as UTC instants and people as they were written, so it means the same at any later time: a cursor
or a log keeps it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from casectl.rules.priorities import priority_name
from casectl.rules.query.ast import DEFAULT_SORT, And, Marker, Not, Or, Range, SortKey, Span, Test, Text
from casectl.rules.query.explain import Problems
from casectl.rules.query.tokens import tokenise
from casectl.rules.query.values import RANGE

if TYPE_CHECKING:
    from datetime import datetime

    from casectl.rules.query.ast import Expression, Query, Value

_BARE_VALUE = r'(?![<>=!])[^\s()",]+'


def unparse(query: Query) -> str:
    """The query as text: `parse` of it gives an equal tree, columns aside."""
    parts = [] if query.where is None else [_expression(query.where)]
    if query.sort != DEFAULT_SORT:
        sort = query.sort[:-1] if query.sort[-1] == SortKey("id") and len(query.sort) > 1 else query.sort
        parts.append("sort:" + ",".join("-" * key.descending + key.key for key in sort))
    return " ".join(parts)


def _expression(node: Expression) -> str:
    match node:
        case Or():
            return " OR ".join(_expression(item) for item in node.items)
        case And():
            return " ".join(_inner(item) if isinstance(item, Or) else _expression(item) for item in node.items)
        case Not():
            return "-" + (_inner(node.item) if isinstance(node.item, (And, Or)) else _expression(node.item))
        case Text():
            return _text(node)
    return _test(node)


def _inner(node: Expression) -> str:
    return f"({_expression(node)})"


def _text(node: Text) -> str:
    star = "*" * node.prefix
    if node.phrase:
        return _quoted(node.words) + star
    written = node.words + star
    return written if _is_word(written) else f"text:={written}"


def _is_word(written: str) -> bool:
    """Whether the tokeniser reads `written` as a word, not as a keyword or a term: it alone knows."""
    tokens = [] if written.startswith("-") else tokenise(written, Problems(written))
    return [token.kind for token in tokens] == ["word"]


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _test(node: Test) -> str:
    name = f"{node.field}.{node.key}" if node.key else node.field
    if len(node.values) == 1 and isinstance(node.values[0], Span):
        return f"{name}:{_only_span(node.values[0])}"
    operator = "" if node.operator == "=" else node.operator
    return f"{name}:{operator}" + ",".join(_value(node, value) for value in node.values)


def _value(node: Test, value: Value) -> str:
    match value:
        case Marker():
            return value.value
        case Span():
            return f"{_instant(value.start)}..{'<' if value.end else ''}{_instant(value.end)}"
        case Range():
            return f"{_number(node, value.low)}..{_number(node, value.high)}"
        case str():
            return _name(node, value)
    return _number(node, value)


def _only_span(span: Span) -> str:
    if span.start is None:
        return "<" + _instant(span.end)
    if span.end is None:
        return ">=" + _instant(span.start)
    return f"{_instant(span.start)}..<{_instant(span.end)}"


def _instant(instant: datetime | None) -> str:
    return instant.isoformat().replace("+00:00", "Z") if instant else ""


def _number(node: Test, number: float | None) -> str:
    if number is None:
        return ""
    return priority_name(int(number)) if node.field == "priority" else repr(number)


def _name(node: Test, name: str) -> str:
    is_marker = name.lower() in ("none", "any", Marker.ME.value)
    is_range = node.field == "field" and RANGE in name
    return name if re.fullmatch(_BARE_VALUE, name) and not is_marker and not is_range else _quoted(name)
