"""Lays results out for people: tables, and the details of one result. Only casectl.cli imports this module.

Every text from outside passes `safe_text` here. Where the screen has a width nothing is wider; elsewhere nothing is
cut.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from casectl.cli.formats import plain
from casectl.cli.terminal import Screen, paint
from casectl.cli.views import STYLES, Column
from casectl.result_fields import Path, pick
from casectl.rules.text import cut, display_width, safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from casectl.cli.views import Part, View

GAP = "  "

Placed = tuple[Column, Path]
"""A column and the keys its path means."""


class Cell(msgspec.Struct, frozen=True):
    """Safe text, how wide it is, and its style."""

    text: str
    width: int
    style: str = ""


def placed(columns: Iterable[Column]) -> list[Placed]:
    """The columns of a view with their paths taken apart."""
    return [(column, tuple(column.path.split("."))) for column in columns]


def columns_for(paths: list[Path], known: Iterable[Column]) -> list[Placed]:
    """Columns for chosen fields: as the view declares them where it does, else under the field's own name."""
    declared = {column.path: column for column in known}
    names = [(".".join(path), path) for path in paths]
    return [(declared.get(name) or Column(header=name.upper(), path=name), path) for name, path in names]


def table_lines(columns: list[Placed], items: list[Any], screen: Screen) -> list[str]:
    """A table of JSON `items`: a header in bold, then a line for each."""
    header = [_header(column) for column, _ in columns]
    rows = [[_cell(column, path, item) for column, path in columns] for item in items]
    natural = [max(cell.width for cell in cells) for cells in zip(header, *rows, strict=True)]
    widths = fit([column for column, _ in columns], natural, screen.width)
    rights = [column.right for column, _ in columns]
    drawn = [_wrapped_cells(columns, cells, widths) for cells in (header, *rows)]
    return [_line(cells, widths, rights, color=screen.color) for lines in drawn for cells in lines]


def _wrapped_cells(columns: list[Placed], cells: list[Cell], widths: list[int]) -> list[list[Cell]]:
    """The lines of a row: one, or more where its last column wraps."""
    place, width = len(cells) - 1, widths[-1] if widths else 0
    if not width or not columns[place][0].wraps or cells[place].width <= width:
        return [cells]
    pieces = [Cell(piece, display_width(piece), cells[place].style) for piece in wrap(cells[place].text, width)]
    blank = [Cell("", 0)] * place
    return [[*cells[:place], pieces[0]], *([*blank, piece] for piece in pieces[1:])]


def _header(column: Column) -> Cell:
    text = safe_text(column.header)
    return Cell(text, display_width(text), "bold")


def _cell(column: Column, path: Path, item: Any) -> Cell:
    text = safe_text(column.format(pick(item, path)))
    return Cell(text, display_width(text), _style(column, item))


def _style(column: Column, item: Any) -> str:
    word = pick(item, tuple(column.style.split("."))) if column.style else None
    return STYLES.get(word, "") if isinstance(word, str) else ""


def _line(cells: list[Cell], widths: list[int], rights: list[bool], *, color: bool) -> str:
    parts = [
        _padded(cell, width, right=right, color=color)
        for cell, width, right in zip(cells, widths, rights, strict=True)
        if width
    ]
    return GAP.join(parts).rstrip(" ")


def _padded(cell: Cell, width: int, *, right: bool, color: bool) -> str:
    text = cell.text if cell.width <= width else cut(cell.text, width)
    space = " " * (width - (cell.width if cell.width <= width else display_width(text)))
    if color:
        text = paint(text, cell.style)
    return space + text if right else text + space


def fit(columns: list[Column], natural: list[int], limit: int | None) -> list[int]:
    """The width of each column so that all fit into `limit`, 0 for one that is left out.

    Columns shrink first, the one with the most to spare before others; then those of the highest rank go.
    """
    widths = list(natural)
    if limit is None:
        return widths
    while True:
        excess = _shrink(columns, widths, limit)
        out = [place for place, width in enumerate(widths) if width and columns[place].rank]
        if excess <= 0 or not out:
            return widths if excess <= 0 else _crop(widths, limit)
        gone = max(out, key=lambda place: (columns[place].rank, place))
        widths = [0 if place == gone or not widths[place] else wide for place, wide in enumerate(natural)]


def _shrink(columns: list[Column], widths: list[int], limit: int) -> int:
    """Takes from the columns what they can spare; returns by how much they are still too wide."""
    shown = [place for place, width in enumerate(widths) if width]
    excess = sum(widths) + len(GAP) * (len(shown) - 1) - limit
    while excess > 0:
        widest = max(shown, key=lambda place: widths[place] - columns[place].least, default=-1)
        if widest < 0 or widths[widest] <= columns[widest].least:
            break
        widths[widest] -= 1
        excess -= 1
    return excess


def _crop(widths: list[int], limit: int) -> list[int]:
    """For a screen too narrow for the columns that must stay: from the left, as far as it goes."""
    cropped, left = [], limit
    for width in widths:
        cropped.append(max(min(width, left), 0))
        left -= cropped[-1] + len(GAP) if cropped[-1] else 0
    return cropped


def detail_lines(view: View, item: Any, screen: Screen) -> list[str]:
    """One result: its labelled values, then its texts, then its parts; what is empty is left out."""
    lines = label_lines(placed(view.labels or view.columns), item, screen)
    for path in view.texts:
        text = _wrapped(pick(item, tuple(path.split("."))), screen)
        lines += ["", *text] if text else []
    for part in view.parts:
        lines += _part_lines(part, item, screen)
    return lines


def label_lines(columns: list[Placed], item: Any, screen: Screen) -> list[str]:
    """A line for each value that is there, after its label; a map has a line for each of its keys.

    A value that is too wide for the screen goes on below itself.
    """
    rows = [row for column, path in columns for row in _labelled(column, path, item)]
    broadest = max((label.width for label, _ in rows), default=0)
    limit = screen.width
    wide = broadest if limit is None else max(min(broadest, limit // 3), 1)
    room = None if limit is None else max(limit - wide - len(GAP), 1)
    return [line for label, cell in rows for line in _label_line(label, cell, wide, room, color=screen.color)]


def _label_line(label: Cell, cell: Cell, wide: int, room: int | None, *, color: bool) -> list[str]:
    pieces = [cell.text] if room is None or cell.width <= room else wrap(cell.text, room)
    shown = [paint(piece, cell.style) for piece in pieces] if color else pieces
    first = _padded(label, wide, right=False, color=color) + GAP + shown[0]
    return [first, *(" " * (wide + len(GAP)) + piece for piece in shown[1:])]


def _labelled(column: Column, path: Path, item: Any) -> list[tuple[Cell, Cell]]:
    value = pick(item, path)
    pairs = [(msgspec.structs.replace(column, header=_as_label(column.header)), path)]
    if isinstance(value, dict) and column.format is plain:
        pairs = [(Column(header=key, path=column.path), (*path, key)) for key in value]
    cells = [(_header(each), _cell(each, place, item)) for each, place in pairs]
    return [(label, cell) for label, cell in cells if cell.text]


def _as_label(header: str) -> str:
    """`TIME ZONE` heads a column, `Time zone` stands before a value."""
    return header.capitalize() if header.isupper() else header


def _wrapped(value: Any, screen: Screen, indent: str = "") -> list[str]:
    if not isinstance(value, str) or not value:
        return []
    lines = safe_text(value, newlines=True).rstrip("\n").split("\n")
    if screen.width is None:
        return [indent + line for line in lines]
    room = max(screen.width - len(indent), 1)
    return [indent + piece for line in lines for piece in wrap(line, room)]


def wrap(line: str, width: int) -> list[str]:
    """`line` in pieces of at most `width` columns, broken at spaces, inside a word only where it is too long."""
    pieces, piece, used = [], "", 0
    for word in line.split(" "):
        wide = display_width(word)
        if piece and used + 1 + wide > width:
            pieces.append(piece)
            piece, used = "", 0
        elif piece:
            piece, used = piece + " ", used + 1
        while wide > width:
            head = _head(word, width)
            pieces.append(head)
            word = word[len(head) :]  # noqa: PLW2901 - the rest of the same word
            wide = display_width(word)
        piece, used = piece + word, used + wide
    return [*pieces, piece]


def _head(word: str, width: int) -> str:
    """As much of `word` as fits, one character at least."""
    kept = cut(word, width + 1)[:-1]
    while len(kept) > 1 and display_width(kept) > width:
        kept = kept[:-1]
    return kept or word[0]


def _part_lines(part: Part, item: Any, screen: Screen) -> list[str]:
    items = pick(item, tuple(part.path.split(".")))
    if not isinstance(items, list) or not items:
        return []
    heading = paint(part.heading, "bold") if screen.color else part.heading
    columns = placed(part.columns)
    if not part.text and part.told is None:
        return ["", heading, *table_lines(columns, items, screen)]
    return ["", heading, *(line for each in items for line in _block(part, columns, each, screen))]


def _block(part: Part, columns: list[Placed], item: Any, screen: Screen) -> list[str]:
    cells = [_cell(column, path, item) for column, path in columns]
    line = " · ".join(cell.text for cell in cells if cell.text)
    line = line if screen.width is None else cut(line, screen.width)
    told = part.told(item) if part.told else pick(item, tuple(part.text.split(".")))
    text = _wrapped(told, screen, "  ")
    return ["", paint(line, "dim") if screen.color else line, *text]
