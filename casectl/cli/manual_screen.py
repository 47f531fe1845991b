"""Draws a page of the manual on a terminal. Only casectl.cli imports this module.

Code keeps its backticks where there are no colours to tell it by, and is never broken: what is copied must work.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from casectl.cli.manual_blocks import Span, plain, spans_of
from casectl.cli.terminal import paint
from casectl.rules.text import display_width, safe_text

if TYPE_CHECKING:
    from casectl.cli.manual_blocks import Block
    from casectl.cli.terminal import Screen

_WIDEST = 100
_GAP = "  "
_LONG_CODE = 42
"""Code that is longer may be broken between words, or lines would be ragged."""
_STYLES = {"": "", "code": "cyan", "strong": "bold"}

Word = list[Span]
"""What stands between two blanks; parts of it may have styles of their own."""


def page_lines(blocks: list[Block], screen: Screen) -> list[str]:
    """The lines of a page for `screen`, with an empty one between blocks but those of one list."""
    width = min(screen.width or _WIDEST, _WIDEST)
    lines: list[str] = []
    before = ""
    for block in blocks:
        drawn = _drawn(block, width, color=screen.color)
        lines += drawn if not lines or block.kind == before == "item" else ["", *drawn]
        before = block.kind
    return lines


def _drawn(block: Block, width: int, *, color: bool) -> list[str]:
    if block.kind == "heading":
        return _heading(block, color=color)
    if block.kind == "code":
        return ["    " + _painted(safe_text(line), "cyan", color=color) if line else "" for line in block.lines]
    if block.kind == "table":
        return _table(block.rows, width, color=color)
    mark = ("- " if not block.level else f"{block.level}. ") if block.kind == "item" else ""
    pieces = _filled(block.text, width - len(mark), color=color)
    return [(" " * len(mark) if place else mark) + piece for place, piece in enumerate(pieces)]


def _heading(block: Block, *, color: bool) -> list[str]:
    text = safe_text(plain(block.text))
    if color:
        return [paint(text, "bold underline" if block.level == 1 else "bold")]
    return [text, "=-~"[min(block.level, 3) - 1] * display_width(text)]


def _table(rows: list[list[str]], width: int, *, color: bool) -> list[str]:
    """The rows, cells wrapped in columns that share the width."""
    count = len(rows[0])
    widths = [max(_width(row[place], color=color) for row in rows) for place in range(count)]
    least = [max(_longest(row[place], color=color) for row in rows) for place in range(count)]
    while sum(widths) + len(_GAP) * (count - 1) > width and widths != least:
        spare = [wide - narrow for wide, narrow in zip(widths, least, strict=True)]
        widths[max(range(count), key=lambda place: (spare[place] > 0, widths[place]))] -= 1
    header = _row([f"**{cell}**" if cell else "" for cell in rows[0]], widths, color=color)
    rule = [] if color else [_GAP.join("-" * wide for wide in widths)]
    return [*header, *rule, *(line for row in rows[1:] for line in _row(row, widths, color=color))]


def _row(row: list[str], widths: list[int], *, color: bool) -> list[str]:
    cells = [_filled(cell, wide, color=color) for cell, wide in zip(row, widths, strict=True)]
    return [
        _GAP.join(_padded(cell[line] if line < len(cell) else "", wide)
                  for cell, wide in zip(cells, widths, strict=True)).rstrip()
        for line in range(max(map(len, cells)))
    ]  # fmt: skip


def _padded(text: str, width: int) -> str:
    return text + " " * (width - display_width(re.sub(r"\x1b\[[0-9;]*m", "", text)))


def _width(text: str, *, color: bool) -> int:
    return display_width(" ".join("".join(span.text for span in word) for word in _words(text, color=color)))


def _longest(text: str, *, color: bool) -> int:
    words = _words(text, color=color)
    return max((sum(display_width(span.text) for span in word) for word in words), default=0)


def _filled(text: str, width: int, *, color: bool) -> list[str]:
    """`text` in lines of at most `width` columns, with its styles; a word that is longer stands alone."""
    lines: list[list[Word]] = [[]]
    used = 0
    for word in _words(text, color=color):
        wide = sum(display_width(span.text) for span in word)
        if lines[-1] and used + 1 + wide > width:
            lines.append([])
            used = 0
        used += wide + bool(lines[-1])
        lines[-1].append(word)
    return [" ".join(_drawn_word(word, color=color) for word in line) for line in lines]


def _drawn_word(word: Word, *, color: bool) -> str:
    return "".join(_painted(span.text, _STYLES[span.style], color=color) for span in word)


def _words(text: str, *, color: bool) -> list[Word]:
    """The safe words of a line; a piece of code is one word unless it is long."""
    words: list[Word] = [[]]
    for span in spans_of(text):
        shown = safe_text(span.text)
        is_code = span.style == "code"
        shown = f"`{shown}`" if is_code and not color else shown
        for place, piece in enumerate([shown] if is_code and len(shown) <= _LONG_CODE else shown.split(" ")):
            if place:
                words.append([])
            if piece:
                words[-1].append(Span(piece, span.style))
    return [word for word in words if word]


def _painted(text: str, style: str, *, color: bool) -> str:
    return paint(text, style) if color and style else text
