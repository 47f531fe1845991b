r"""What a spreadsheet would calculate in a file of cells. Everything above model may import this module.

A cell that begins with a sign such as `=` is a formula (OWASP, "CSV Injection"). Where a cell begins is not for its
writer to say: a spreadsheet that is told to split lines at semicolons, as those of many countries are, splits a file of
commas there too, quotes or not, and a line break inside quotes then ends the line. So a sign behind anything that some
reader splits at begins a formula as well.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_SIGNS = "=+-@＝＋－＠"  # noqa: RUF001 - spreadsheets take the full-width signs for the plain ones
_BEGINS = (*_SIGNS, "\t", "\r", "\n")
_INSIDE = rf'([;|\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029][\s"]*)([{re.escape(_SIGNS)}])'
"""A sign with the separator before it; blanks and quotes between keep no reader from calculating."""


def is_calculated(text: str) -> bool:
    """Whether a spreadsheet would calculate a cell with this text; blanks before it do not keep it from that."""
    return text.startswith(_BEGINS) or text.lstrip().startswith(_BEGINS)


def is_split_into_formulas(text: str) -> bool:
    """Whether a part of the text would be calculated by a reader that splits it."""
    return re.search(_INSIDE, text) is not None


def guarded(text: str, guard: Callable[[str], str]) -> str:
    """The text with what `guard` makes of each sign that would begin a formula where a reader splits it."""
    return re.sub(_INSIDE, lambda found: found[1] + guard(found[2]), text)


def guarded_json(text: str) -> str:
    r"""JSON with each such sign as `\u003d`, the same to every parser: there they stand in strings alone."""
    return guarded(text, lambda sign: f"\\u{ord(sign):04x}")


def harmless(text: str) -> str:
    """The text with a `'` before each sign that would begin a formula; what it was cannot be told for certain."""
    text = guarded(text, lambda sign: "'" + sign)
    return "'" + text if is_calculated(text) else text
