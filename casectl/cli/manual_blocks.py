"""Reads a page of the manual: the part of Markdown that its pages are written in. Only casectl.cli imports it.

Headings, paragraphs, lists of one level, tables, and code, indented or fenced; in a line `code` and **strong**. What is
drawn on a terminal, searched, or written as a man page is made of these blocks.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = Literal["heading", "paragraph", "item", "code", "table"]

_SPANS = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*")
_FENCE = "```"
_ITEM = re.compile(r"(?:-|(\d+)\.) ")


class Block(msgspec.Struct, frozen=True):
    """One piece of a page: its lines as `kind` has them (a paragraph is one line).

    `level` is that of a heading, or the number of an item that has one.

    The lines of a table are its rows, cells between tabs, the header first.
    """

    kind: Kind
    lines: tuple[str, ...]
    level: int = 0

    @property
    def text(self) -> str:
        """All of it in one line."""
        return " ".join(self.lines)

    @property
    def rows(self) -> list[list[str]]:
        """The cells of a table."""
        return [line.split("\t") for line in self.lines]


class Span(msgspec.Struct, frozen=True):
    """A part of a line in one style: '', code or strong."""

    text: str
    style: Literal["", "code", "strong"] = ""


def spans_of(line: str) -> Iterator[Span]:
    """The parts of a line in their styles."""
    end = 0
    for found in _SPANS.finditer(line):
        if found.start() > end:
            yield Span(line[end : found.start()])
        yield Span(found[1], "code") if found[1] else Span(found[2], "strong")
        end = found.end()
    if end < len(line):
        yield Span(line[end:])


def plain(line: str) -> str:
    """A line without its marks."""
    return "".join(span.text for span in spans_of(line))


def without_comments(page: str) -> str:
    """A page without the marks of its generated parts (`<!-- verbs: begin -->`)."""
    return re.sub(r"(?m)^<!--.*-->\n", "", page)


def blocks_of(page: str) -> list[Block]:
    """The blocks of a page in order."""
    lines = without_comments(page).split("\n")
    blocks, place = [], 0
    while place < len(lines):
        end, block = _block(lines, place)
        blocks += [block] if block else []
        place = end
    return blocks


def _block(lines: list[str], place: int) -> tuple[int, Block | None]:
    """The block that begins at `place`, and the place behind it."""
    line = lines[place]
    if not line.strip():
        return place + 1, None
    if line.startswith(_FENCE):
        end = next(number for number in range(place + 1, len(lines)) if lines[number].startswith(_FENCE))
        return end + 1, Block("code", tuple(lines[place + 1 : end]))
    if line.startswith("    "):
        return _code(lines, place)
    end = place + 1
    while end < len(lines) and not line.startswith("#") and _goes_on(line, lines[end]):
        end += 1
    return end, _told(lines[place:end])


def _told(lines: list[str]) -> Block:
    """A heading, a table, an item or a paragraph of the lines it takes."""
    first = lines[0]
    if first.startswith("#"):
        marks, _, text = first.partition(" ")
        return Block("heading", (text,), len(marks))
    if first.startswith("|"):
        return Block("table", tuple(_cells(row) for row in lines if not re.fullmatch(r"[|\s:-]+", row)))
    item = _ITEM.match(first)
    text = " ".join(line.strip() for line in [first[item.end() if item else 0 :], *lines[1:]])
    return Block("item", (text,), int(item[1] or 0)) if item else Block("paragraph", (text,))


def _goes_on(first: str, line: str) -> bool:
    """Whether `line` belongs to what `first` begins."""
    if first.startswith("|"):
        return line.startswith("|")
    is_other = line.startswith(("#", "|", _FENCE)) or _ITEM.match(line)
    return bool(line.strip()) and not is_other and line[:4].strip() != ""


def _code(lines: list[str], place: int) -> tuple[int, Block]:
    """Indented code; an empty line is part of it where more code follows."""
    end = place
    while end < len(lines) and (lines[end].startswith("    ") or not lines[end].strip()):
        end += 1
    code = [line[4:] for line in lines[place:end]]
    while not code[-1]:
        code.pop()
    return end, Block("code", tuple(code))


def _cells(row: str) -> str:
    cells = re.split(r"(?<!\\)\|", row.strip().strip("|"))
    return "\t".join(cell.strip().replace("\\|", "|") for cell in cells)
