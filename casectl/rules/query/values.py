"""Turns written values into typed ones: priorities, numbers, spans of time, markers. For this package only.

Refuses with InvalidInput; the parser adds the column. Names stay as they are: the database looks them up.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, NoReturn

import msgspec

from casectl.errors import InvalidInput, Problem
from casectl.rules import times
from casectl.rules.priorities import parse_priority
from casectl.rules.query.ast import Marker, Range, Span, Value
from casectl.rules.query.explain import shown
from casectl.rules.query.fields import IS_ALIASES, IS_VALUES, Field
from casectl.rules.text import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from casectl.rules.query.tokens import RawValue

RANGE = ".."
_BEFORE_END = "<"
"""`a..<b` leaves the end out, as in Swift; without it the end is included."""
_NUMBER = r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?(?:e[+-]?[0-9]{1,3})?"
_LARGEST = 10**15
_LARGEST_ID = 2**63 - 1
_MARKERS = {"none": Marker.NONE, "any": Marker.ANY}


class QueryContext(msgspec.Struct, frozen=True):
    """What a query is read against: the aware `now`, the reader's `zone`, and their login (None: nobody)."""

    now: datetime
    zone: tzinfo
    me: str | None = None


def read_value(field: Field, operator: str, raw: RawValue, context: QueryContext) -> Value:
    """The typed value of `field operator raw`. Raises InvalidInput; the operator is known to fit the field."""
    marker = None if raw.quoted else _read_marker(field, raw.text, context)
    if marker is None:
        return _READERS[field.kind](field, operator, raw, context)
    if operator not in ("=", "!="):
        _refuse(f"{raw.text} cannot be compared with {operator}", "bad_operator", f"say {field.name}:{raw.text}")
    return marker


def _read_marker(field: Field, text: str, context: QueryContext) -> Marker | None:
    lowered = text.lower()
    if lowered == Marker.ME.value and field.source == "person":
        if context.me is None:
            _refuse("nobody is logged in, so @me is nobody", "no_actor", "name a login")
        return Marker.ME
    marker = _MARKERS.get(lowered)
    if marker is None or field.kind in ("state", "text"):
        return None
    if not field.absent:
        _refuse(f"every case has {field.name}: {lowered} finds nothing or all", "bad_value", f'quote a name: "{text}"')
    return marker


def _name(field: Field, operator: str, raw: RawValue, context: QueryContext) -> Value:  # noqa: ARG001 - one signature
    return raw.text


def _state(field: Field, operator: str, raw: RawValue, context: QueryContext) -> Value:  # noqa: ARG001
    name = raw.text.lower().replace("-", "_").replace(" ", "_")
    name = IS_ALIASES.get(name, name)
    if name not in IS_VALUES:
        hint = did_you_mean(name, IS_VALUES) or "status: matches the names of statuses"
        _refuse(f"is: does not know {shown(raw.text)}", "unknown_state", hint, IS_VALUES)
    if name == "mine" and context.me is None:
        _refuse("nobody is logged in, so nothing is mine", "no_actor", "name a login: assignee:ann")
    return name


def _priority(field: Field, operator: str, raw: RawValue, context: QueryContext) -> Value:  # noqa: ARG001
    if RANGE not in raw.text:
        return parse_priority(raw.text)
    low, high = _ends(raw.text)
    return _range(parse_priority(low) if low else None, parse_priority(high) if high else None, raw)


def _number(field: Field, operator: str, raw: RawValue, context: QueryContext) -> Value:  # noqa: ARG001
    if RANGE not in raw.text:
        return _read_id(raw.text)
    low, high = _ends(raw.text)
    return _range(_read_id(low) if low else None, _read_id(high) if high else None, raw)


def _form(field: Field, operator: str, raw: RawValue, context: QueryContext) -> Value:  # noqa: ARG001
    """Text as it is, but numbers in comparisons and in unquoted ranges."""
    if operator not in ("=", "!="):
        number = _read_number(raw.text)
        if number is None:
            _refuse(f"{shown(raw.text)} is no number", "bad_number", f"{operator} compares form fields as numbers")
        return number
    low, dots, high = raw.text.partition(RANGE)
    if raw.quoted or not dots or not (low or high):
        return raw.text
    ends = [_read_number(end) if end else None for end in (low, high)]
    if any(number is None and end for number, end in zip(ends, (low, high), strict=True)):
        return raw.text
    return _range(ends[0], ends[1], raw)


def _read_id(text: str) -> int:
    if not re.fullmatch("[0-9]{1,19}", text) or int(text) > _LARGEST_ID:
        _refuse(f"{shown(text)} is no id", "bad_number", "an id is a whole number; number: takes case numbers")
    return int(text)


def _read_number(text: str) -> float | None:
    if not re.fullmatch(_NUMBER, text.lower()):
        return None
    number = float(text) if re.search("[.eE]", text) else int(text)
    return number if abs(number) < _LARGEST else None


def _ends(text: str) -> tuple[str, str]:
    low, _, high = text.partition(RANGE)
    if not low and not high:
        _refuse("a range needs at least one end", "empty_value", "say 1..3, 1.. or ..3")
    return low.strip(), high.strip()


def _range(low: float | None, high: float | None, raw: RawValue) -> Range:
    if low is not None and high is not None and low > high:
        _refuse(f"the range {shown(raw.text)} runs backwards", "bad_range", "the smaller end comes first")
    return Range(low, high)


def _time(field: Field, operator: str, raw: RawValue, context: QueryContext) -> Span:
    if RANGE in raw.text:
        return _time_range(field, raw, context)
    is_length = times.is_duration(raw.text)
    if is_length and operator in ("=", "!="):
        examples = "<7d (younger) or {0}:>7d (older)" if field.kind == "past" else "<2h (within) or {0}:>2h (later)"
        _refuse(f"{shown(raw.text)} needs < or >", "bad_operator", f"say {field.name}:" + examples.format(field.name))
    start, end = _moment(field, raw.text, context)
    if is_length and field.kind == "past":  # the larger an age, the earlier the time
        operator = operator.translate(_TURNED)
    return _SPANS[operator](start, end)


_TURNED = str.maketrans("<>", "><")
_SPANS: dict[str, Callable[[datetime, datetime], Span]] = {
    "=": Span,
    "!=": Span,
    "<": lambda start, _: Span(None, start),
    "<=": lambda _, end: Span(None, end),
    ">": lambda _, end: Span(end, None),
    ">=": lambda start, _: Span(start, None),
}


def _moment(field: Field, text: str, context: QueryContext) -> tuple[datetime, datetime]:
    """The span of one written time; a duration is the instant that long ago, or ahead on a future field."""
    if not times.is_duration(text):
        try:
            return times.parse_span(text, context.now, context.zone)
        except InvalidInput:
            hint = f"say {field.example}, {times.SPAN_FORMS}"
            _refuse(f"{shown(text)} is neither a time nor a duration", "bad_time", hint)
    length = times.parse_duration(text)
    instant = context.now.astimezone(UTC) + (-length if field.kind == "past" else length)
    return instant, instant


def _time_range(field: Field, raw: RawValue, context: QueryContext) -> Span:
    low, high = _ends(raw.text)
    exclusive = high.startswith(_BEFORE_END)
    high = high.removeprefix(_BEFORE_END)
    if low and high and field.kind == "past" and times.is_duration(low) and times.is_duration(high):
        low, high = high, low  # ages run backwards: 2d..7d is from 7 days ago to 2 days ago
    start = _moment(field, low, context)[0] if low else None
    end = _moment(field, high, context)[0 if exclusive else 1] if high else None
    if start is not None and end is not None and (start > end if exclusive else start >= end):
        _refuse(f"the range {shown(raw.text)} runs backwards or is empty", "bad_range", "the earlier end comes first")
    if start is None and end is None:
        _refuse("a range needs at least one end", "empty_value", "say 2026-01-01..2026-02-01")
    return Span(start, end)


_READERS: dict[str, Callable[[Field, str, RawValue, QueryContext], Value]] = {
    "name": _name,
    "state": _state,
    "priority": _priority,
    "number": _number,
    "form": _form,
    "past": _time,
    "future": _time,
    "text": _name,
}


def _refuse(message: str, code: str, hint: str, allowed: Iterable[str] = ()) -> NoReturn:
    raise InvalidInput(
        message, hint=hint, problems=[Problem(message=message, code=code, hint=hint, allowed=[*allowed])]
    )
