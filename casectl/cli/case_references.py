"""Many cases from few words: several numbers, ranges, commas, and `-` for standard input. Only casectl.cli imports it.

    casectl bulk-update INC-2026-00001..INC-2026-00010 REQ-3,REQ-5 -

A line of standard input is a number, a row whose first column is one (of CSV, TSV or a table without rulers), or a
JSON object with `number` or `id`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from casectl.errors import InvalidInput, Problem
from casectl.rules.numbering import expand_numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

STDIN = "-"

_HEADINGS = ("number", "id")
_LONGEST_LINE = 1_000_000


def expand_references(words: Iterable[str], stdin: Iterable[str]) -> list[str]:
    """The references that `words` mean, in order, each once; `stdin` is read where a word is `-`.

    Raises InvalidInput for a malformed or too long range (rules.numbering) and for a line that is no reference.
    """
    found: list[str] = []
    for word in words:
        found += references_of_lines(stdin) if word == STDIN else word.split(",")
    return expand_numbers(found)


def references_of_lines(lines: Iterable[str]) -> Iterator[str]:
    """The reference of each line that has one; a heading and empty lines are passed over."""
    for position, line in enumerate(lines, 1):
        text = line.strip().lstrip("\ufeff")
        if not text:
            continue
        if len(text) > _LONGEST_LINE:
            raise _refused(f"standard input, line {position}: too long", "give one case a line: -o id")
        reference = _of_json(text, position) if text.startswith("{") else _of_row(text)
        if position == 1 and reference.casefold() in _HEADINGS:
            continue
        if not re.fullmatch(r"[^\s\[\]{}]+", reference):
            raise _refused(f"standard input, line {position}: no case in {text[:40]!r}", "give one case a line: -o id")
        yield reference


def _of_row(text: str) -> str:
    return re.split(r"[,;\s]", text, maxsplit=1)[0].strip('"')


def _of_json(text: str, position: int) -> str:
    import msgspec

    try:
        value: Any = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise _refused(f"standard input, line {position}: not JSON", "-o jsonl gives one case a line") from error
    return str(value.get("number") or value.get("id") or "")


def _refused(message: str, hint: str) -> InvalidInput:
    return InvalidInput(message, hint=hint, problems=[Problem(message=message, code="reference", hint=hint)])
