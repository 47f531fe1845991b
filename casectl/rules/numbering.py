"""Case numbers: patterns like `INC-{year}-{seq:05}`, their sequences, and ranges of numbers.

Everything above model may import this module. The store counts; this module says which counter (`sequence_name`) and
what stands around the count (`render_template`), so that SQL joins prefix, padded count and suffix. A count with
more digits than its width is never cut. Times are passed in the tenant's zone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from casectl.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

MAX_LENGTH = 40
"""Of a rendered number, its count taken as ten digits."""
MAX_RANGE = 10_000
"""Numbers one command may name by ranges."""

MOST_KEPT = 99_999_999
"""The highest count of a number that a file brings along: new cases are counted on from there."""

_KEPT = "[A-Za-z0-9][A-Za-z0-9._-]*"
_COUNT_DIGITS = 10
_MAX_WIDTH = 18
_MAX_ITEM = 2 * MAX_LENGTH + 2
_PLACES = r"\{([^{}]*)\}"
_SEQUENCE = r"seq(?::0?([1-9][0-9]?))?"
_LITERAL = r"[A-Za-z0-9._-]*"
_DIGITS = r"([0-9]+)"
_DATES = {"year": 4, "yy": 2, "month": 2, "day": 2}
_KNOWN = "{year} {yy} {month} {day} {type} {seq} {seq:05}"


def check_pattern(pattern: str, pointer: str = "/number_pattern") -> None:
    """Refuse a pattern whose numbers could repeat, be mistaken for an id, or not stand in a URL or a file name.

    Raises InvalidInput at `pointer` with everything that is wrong.
    """
    messages = [*_bad_places(pattern), *_bad_literals(pattern), *_bad_calendar(pattern)]
    if messages:
        problems = [Problem(message=message, pointer=pointer, code="number_pattern") for message in messages]
        raise InvalidInput(
            f"the number pattern {pattern!r} cannot be used: {'; '.join(messages)}",
            hint="a pattern looks like INC-{year}-{seq:05}",
            problems=problems,
        )


def _bad_places(pattern: str) -> list[str]:
    places = re.findall(_PLACES, pattern)
    counts = [place for place in places if re.fullmatch(_SEQUENCE, place)]
    unknown = [place for place in places if place not in counts and place not in _DATES and place != "type"]
    found = [f"unknown placeholder {{{place}}}, known are {_KNOWN}" for place in unknown]
    if len(counts) != 1:
        found.append("{seq} must stand in it exactly once")
    elif _width(counts[0]) > _MAX_WIDTH:
        found.append(f"the count may have at most {_MAX_WIDTH} digits")
    if "{type}" in pattern and re.search(r"\{type\}\{|\}\{type\}", pattern):
        found.append("{type} needs a separator beside another placeholder")
    return found


def _bad_literals(pattern: str) -> list[str]:
    literals = re.sub(_PLACES, "", pattern)
    found = []
    if not re.fullmatch(_LITERAL, literals):
        found.append("only the characters A-Z a-z 0-9 . _ - may stand between placeholders")
    if not literals.strip("0123456789"):
        found.append("it needs a character that is no digit, to tell a number from an id")
    if pattern.startswith(("-", ".")) or pattern.endswith(".") or ".." in pattern:
        found.append("it must not begin with - or ., end with . or contain .. (that is a range)")
    length = len(literals) + sum(_place_length(place) for place in re.findall(_PLACES, pattern))
    if length > MAX_LENGTH:
        found.append(f"its numbers could be {length} characters long, at most {MAX_LENGTH} are allowed")
    return found


def _bad_calendar(pattern: str) -> list[str]:
    """A counter that restarts each month must name the year as well, else its numbers come again."""
    has_year = "{year}" in pattern or "{yy}" in pattern
    found = []
    if "{month}" in pattern and not has_year:
        found.append("{month} without {year} would repeat numbers next year")
    if "{day}" in pattern and not (has_year and "{month}" in pattern):
        found.append("{day} without {year} and {month} would repeat numbers")
    return found


def _place_length(place: str) -> int:
    return _DATES.get(place) or (max(_width(place), _COUNT_DIGITS) if place.startswith("seq") else 1)


def _width(place: str) -> int:
    """Digits a count is padded to: 5 of `seq:05`, 1 of `seq`."""
    found = re.fullmatch(_SEQUENCE, place)
    return int(found[1]) if found and found[1] else 1


def sequence_name(pattern: str, type_name: str, at: datetime) -> str:
    """The counter that numbers of `pattern` come from at `at`: `inc-2026-{seq}`.

    It restarts with the smallest part of the date in the pattern. Types with the same pattern share it, and a changed
    width goes on counting, so that no number is given twice; case is ignored as it is when a number is looked up.
    """
    prefix, _, suffix = render_template(pattern, at, type_name)
    return f"{prefix}{{seq}}{suffix}".lower()


def render(pattern: str, seq: int, at: datetime, type_name: str) -> str:
    """The number of the count `seq`: `INC-2026-00042`."""
    prefix, width, suffix = render_template(pattern, at, type_name)
    return f"{prefix}{seq:0{width}}{suffix}"


def render_template(pattern: str, at: datetime, type_name: str) -> tuple[str, int, str]:
    """What stands before the count, the digits it is padded to (never cut), what stands after it.

    `pattern` has passed `check_pattern`; characters of `type_name` that a number may not have become `-`, and it is
    cut where the number would get too long.
    """
    room = (
        MAX_LENGTH - len(re.sub(_PLACES, "", pattern)) - sum(_place_length(p) for p in re.findall(_PLACES, pattern)) + 1
    )
    values = {
        "year": f"{at.year:04}",
        "yy": f"{at.year % 100:02}",
        "month": f"{at.month:02}",
        "day": f"{at.day:02}",
        "type": re.sub(r"[^A-Za-z0-9_-]", "-", type_name)[:room],
    }
    parts = re.split(_PLACES, pattern)
    count = next(index for index in range(1, len(parts), 2) if parts[index].startswith("seq"))
    filled = [values.get(part, "") if index % 2 else part for index, part in enumerate(parts)]
    return "".join(filled[:count]), _width(parts[count]), "".join(filled[count:])


def counted(pattern: str, number: str) -> tuple[str, int] | None:
    """The sequence and the count of a number that `pattern` may give or have given, None of any other."""
    places = {place: rf"[0-9]{{{digits}}}" for place, digits in _DATES.items()} | {"type": "[A-Za-z0-9_-]+"}
    parts = re.split(_PLACES, pattern)
    shape = "".join(
        places.get(part, "(?P<count>[0-9]+)") if index % 2 else re.escape(part) for index, part in enumerate(parts)
    )
    found = re.fullmatch(shape, number, re.IGNORECASE | re.ASCII)
    if found is None:
        return None
    start, end = found.span("count")
    return f"{number[:start]}{{seq}}{number[end:]}".lower(), int(number[start:end])


def kept(text: str, patterns: Iterable[str], pointer: str = "/number") -> tuple[str, dict[str, int]]:
    """A number that a file brings along, and how far the sequences of `patterns` must go on behind it.

    Raises InvalidInput for what would be taken for an id or a range, and for a count so high that few would be left.
    """
    number = text.strip()
    if number.isdigit() or len(number) > MAX_LENGTH or not re.fullmatch(_KEPT, number) or ".." in number:
        message = f"{number[:60]!r} cannot be a number: letters, digits, . _ -, and not digits alone"
        raise InvalidInput(message, problems=[Problem(message=message, pointer=pointer, code="number")])
    counts = dict(found for pattern in patterns if (found := counted(pattern, number)) is not None)
    if any(count > MOST_KEPT for count in counts.values()):
        message = f"the number {number} would leave few for new cases: its count is above {MOST_KEPT:,}"
        raise InvalidInput(message, problems=[Problem(message=message, pointer=pointer, code="number")])
    return number, counts


def expand_numbers(items: Iterable[str], pointer: str = "/cases") -> list[str]:
    """Each number or id once, in order, ranges like `INC-2026-00001..INC-2026-00010` or `7..12` written out.

    Empty items are left out. The two ends of a range differ in one run of digits only. Raises InvalidInput for each
    range that is none or from which on the ranges name more than MAX_RANGE numbers; single numbers are not limited.
    """
    numbers: dict[str, None] = {}
    problems = []
    room = MAX_RANGE
    for index, item in enumerate(items):
        found = _expand(item.strip(), room)
        if isinstance(found, str):
            problems.append(Problem(message=found, pointer=f"{pointer}/{index}", code="range"))
            continue
        room -= len(found) if ".." in item else 0
        numbers.update(dict.fromkeys(found))
    if problems:
        raise InvalidInput(
            problems[0].message, hint="ranges look like INC-2026-00001..INC-2026-00010", problems=problems
        )
    return list(numbers)


def _expand(item: str, most: int) -> list[str] | str:
    """The numbers of one item, or the sentence that says why it is no range."""
    first, dots, last = item.partition("..")
    if not dots:
        return [item] if item else []
    shown = item if len(item) <= _MAX_ITEM else item[:_MAX_ITEM] + "…"
    ends = re.split(_DIGITS, first), re.split(_DIGITS, last)
    differing = [index for index, pair in enumerate(zip(*ends, strict=False)) if pair[0] != pair[1]]
    place = differing[0] if differing else len(ends[0]) - 2
    if len(item) > _MAX_ITEM or len(ends[0]) != len(ends[1]) or len(differing) > 1 or place < 1 or place % 2 == 0:
        return f"{shown!r} is no range: its two ends may differ in one count only"
    return _count(ends[0], place, ends[1][place], most)


def _count(parts: list[str], place: int, last: str, most: int) -> list[str] | str:
    """Numbers from `parts` on, their digits at `place` counted up to `last`."""
    before, first, after = "".join(parts[:place]), parts[place], "".join(parts[place + 1 :])
    start, end, width = int(first), int(last), len(first)
    if f"{end:0{width}}" != last:
        return f"{first} and {last} are padded differently: write both ends as the numbers are written"
    if end < start:
        return f"the range ends ({before}{last}{after}) before it begins ({before}{first}{after})"
    if end - start >= most:
        return (
            f"{before}{first}{after}..{before}{last}{after} is too long: ranges may name {MAX_RANGE:,} numbers in all"
        )
    return [f"{before}{number:0{width}}{after}" for number in range(start, end + 1)]
