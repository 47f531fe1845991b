"""What may stand at the cursor of a half-typed query, for the shell and the command line of the dashboard.

Everything above model may import this module. Names of people, statuses and the like are in the database: for these
a suggestion says which `source` to ask.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from casectl.rules.priorities import NAMES
from casectl.rules.query.fields import FIELDS, FORM_PREFIX, IS_VALUES, SORT, SORT_KEYS, Field, find_field
from casectl.rules.query.parser import LONGEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_TERM = r"-?(?P<name>[^\W\d][\w.\-]*+):?(?P<operator>[<>!]=|[<>=])?(?P<values>.*)"
_FRAGMENT = re.compile(r'(?:"(?:[^"\\]|\\.)*+(?:"|\Z)|[^\s()"])*+', re.DOTALL)
_VALUE_PART = re.compile(r'(?:"(?:[^"\\]|\\.)*+(?:"|\Z)|[^,"])*+', re.DOTALL)
_OPERATORS = {"<": "less, or younger", "<=": "at most", ">": "more, or older", ">=": "at least"}
_TIMES = {
    "today": "since midnight",
    "yesterday": "the day before today",
    "tomorrow": "the day after today",
    "<7d": "younger than 7 days",
    ">7d": "older than 7 days",
    "<2h": "due within 2 hours, or overdue",
}
_PAST_TIMES, _DUE_TIMES = ("today", "yesterday", "<7d", ">7d"), ("today", "tomorrow", "<2h")
_MARKERS = {"none": "has none", "any": "has one"}


class Suggestion(msgspec.Struct, frozen=True):
    """`text` may replace the query from index `start` to the cursor; `help` says what it means.

    With a `source` (status, type, person, team, contact, tag, channel, field) `text` is what was typed so far, and
    the names of that source that begin with it are the suggestions; `quoted` tells that a quote is open.
    """

    text: str
    start: int
    help: str = ""
    source: str = ""
    quoted: bool = False


def complete(text: str, cursor: int) -> list[Suggestion]:
    """What may stand at `cursor` (0-based index) of `text`; empty when anything may. Never fails."""
    typed = text[: max(min(cursor, len(text), LONGEST), 0)]
    start, fragment = _last_part(typed, _FRAGMENT)
    found = re.fullmatch(_TERM, fragment, re.DOTALL)
    if found is None or not (":" in fragment or found["operator"]):
        negation = len(fragment) - len(fragment.removeprefix("-"))
        return [] if '"' in fragment else list(_names(fragment[negation:], start + negation))
    field = find_field(found["name"])
    return list(_values(field, found, start)) if field else []


def _last_part(text: str, pattern: re.Pattern[str]) -> tuple[int, str]:
    """Index and text of the last stretch of `pattern`; one character separates the stretches."""
    at = 0
    while (found := pattern.match(text, at)) is not None and found.end() < len(text):
        at = found.end() + 1
    return at, text[at:]


def _names(prefix: str, start: int) -> Iterator[Suggestion]:
    lowered = prefix.lower()
    if lowered.startswith(FORM_PREFIX):
        yield Suggestion(prefix[len(FORM_PREFIX) :], start + len(FORM_PREFIX), "form field", "field")
        return
    fields = [field for field in (*FIELDS, SORT) if field.name.startswith(lowered)]
    for field in fields:
        yield Suggestion(FORM_PREFIX if field.kind == "form" else f"{field.name}:", start, field.help)
    if not fields:
        for field in FIELDS:
            for alias in field.aliases:
                if alias.startswith(lowered):
                    yield Suggestion(f"{alias}:", start, f"{field.name}: {field.help}")
    for keyword, meaning in (("OR", "either side"), ("NOT", "the opposite")):
        if prefix and keyword.startswith(prefix):
            yield Suggestion(keyword, start, meaning)


def _values(field: Field, found: re.Match[str], start: int) -> Iterator[Suggestion]:
    """Values of `field` for the last part of the comma list."""
    offset, part = _last_part(found["values"], _VALUE_PART)
    at = start + found.start("values") + offset
    quoted = part.startswith('"')
    if quoted and len(part) > 1 and part.endswith('"'):
        return
    typed, operator = part[quoted:], found["operator"] or ""
    if not part and not operator and offset == 0 and field.kind in ("priority", "number"):
        yield from _starting("", at, _OPERATORS.items())
    if field.kind in ("past", "future") and offset == 0:  # `<7d` is offered whole
        yield from _starting(operator + typed, at - len(operator), _times(field, operator))
    if not quoted:
        yield from _starting(typed, at, _words(field, compared=operator not in ("", "=", "!=")))
    if field.source:
        yield Suggestion(typed, at, field.help, field.source, quoted)


def _times(field: Field, operator: str) -> Iterator[tuple[str, str]]:
    for word in _PAST_TIMES if field.kind == "past" else _DUE_TIMES:
        yield word if word[0] in "<>" else operator + word, _TIMES[word]


def _words(field: Field, *, compared: bool) -> Iterator[tuple[str, str]]:
    """The values of `field` that are known without a database."""
    if field.kind == "state":
        yield from IS_VALUES.items()
    elif field.kind == "sort":
        yield from ((sign + key, "descending" if sign else "ascending") for key in SORT_KEYS for sign in ("", "-"))
    elif field.kind == "priority":
        yield from ((name, str(number)) for number, name in enumerate(NAMES, 1))
    if field.source == "person" and not compared:
        yield "@me", "you"
    if field.absent and not compared:
        yield from _MARKERS.items()


def _starting(prefix: str, at: int, words: Iterable[tuple[str, str]]) -> Iterator[Suggestion]:
    lowered = prefix.lower()
    for word, meaning in words:
        if word.startswith(lowered):
            yield Suggestion(word, at, meaning)
