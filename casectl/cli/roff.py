r"""Writes man pages: text made safe for roff, and the macros of man(7). Only casectl.cli imports this module.

groff and mandoc both render what is written here without a warning. Special in roff are the backslash anywhere, a dot
or an apostrophe at the beginning of a line, and signs that typography would change: `-` becomes a hyphen, `'` and the
backtick curly quotes, `^` and `~` accents. Code is copied by people into a shell, so there all of them stay what they
are (groff_char(7)).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from casectl.cli.manual_blocks import Block, plain, spans_of

if TYPE_CHECKING:
    from collections.abc import Iterable

_SIGNS = {"\\": r"\e", "-": r"\-", "'": r"\(aq", "`": r"\(ga", "^": r"\(ha", "~": r"\(ti"}
_PLAIN = {"…": "...", "→": "->", "·": "*"}
"""Signs that not every terminal's character set has."""

_WIDEST, _GAP = 72, 3
"""Columns of a page less its margin, and those that tbl(1) puts between two."""

_PAIR = 2
"""Cells of a row that is a name with its explanation."""


def escaped(text: str, *, code: bool = False) -> str:
    """`text` as roff shows it; in `code` no sign is turned into a typographer's."""
    text = "".join(_PLAIN.get(sign, sign) for sign in text)
    pattern = r"[\\\-'`^~]" if code else r"[\\`^~]"
    text = re.sub(pattern, lambda found: _SIGNS[found[0]], text)
    return "".join(sign if sign.isascii() else f"\\[u{ord(sign):04X}]" for sign in text)


def line(text: str) -> str:
    """A line of the manual with its styles; what begins like a request does not become one."""
    shown = "".join(
        f"\\fB{escaped(span.text, code=span.style == 'code')}\\fR" if span.style else escaped(span.text)
        for span in spans_of(text)
    )
    return _guarded(" ".join(shown.split()))


def code_line(text: str) -> str:
    """A line of code as it is."""
    return _guarded(escaped(text, code=True))


def _guarded(text: str) -> str:
    return r"\&" + text if text[:1] in (".", "'") else text


def request(name: str, *words: str) -> str:
    r"""`.SH "SEE ALSO"`: a macro with its arguments, each quoted."""
    return " ".join([f".{name}", *('"' + word.replace('"', r"\(dq") + '"' for word in words)])


def title(name: str, section: int, version: str) -> str:
    """The head of a page. It has no date: the same program writes the same bytes."""
    return request("TH", escaped(name.upper(), code=True), str(section), "", f"casectl {version}", "casectl manual")


def heading(text: str) -> str:
    """A section's heading."""
    return request("SH", escaped(plain(text).upper(), code=True))


def entry(label: str, text: str) -> list[str]:
    """A name and, indented below it, its explanation."""
    return [".TP", f"\\fB{escaped(label, code=True)}\\fR", line(text) if text else r"\&"]


def example(lines: Iterable[str]) -> list[str]:
    """Lines of code, none broken."""
    return [".PP", ".RS 4", ".nf", *map(code_line, lines), ".fi", ".RE"]


def body(blocks: Iterable[Block]) -> list[str]:
    """The blocks of a page of the manual."""
    lines: list[str] = []
    for block in blocks:
        lines += _block(block)
    return lines


def _block(block: Block) -> list[str]:
    if block.kind == "heading":
        return [heading(block.text) if block.level < 3 else request("SS", escaped(plain(block.text), code=True))]  # noqa: PLR2004 - below sections
    if block.kind == "code":
        return example(block.lines)
    if block.kind == "item":
        return [f".IP {block.level}. 3" if block.level else r".IP \(bu 2", line(block.text)]
    if block.kind == "table":
        return _table(block.rows)
    return [".PP", line(block.text)]


def _table(rows: list[list[str]]) -> list[str]:
    """A table for tbl(1) where it fits into 80 columns; else each row is a name with its explanation."""
    header, *rest = rows
    widths = [max(len(plain(row[place])) for row in rows) for place in range(len(header))]
    if sum(widths) + _GAP * len(header) <= _WIDEST:
        cells = ["\t".join(r"\&" + line(cell) for cell in row) for row in rest]  # `_` and `T{` mean something to tbl
        head = "\t".join(rf"\fB{escaped(cell)}\fR" for cell in header)
        return [".PP", ".TS", " ".join("l" for _ in header) + ".", head, *cells, ".TE"]
    return [one for row in rest for one in (".TP", line(row[0]) or r"\&", _told(header, row) or r"\&")]


def _told(header: list[str], row: list[str]) -> str:
    """What stands behind a row's first cell; of several cells each after its column's name."""
    if len(row) == _PAIR:
        return line(row[1])
    return line("; ".join(f"{name}: {cell}" for name, cell in zip(header[1:], row[1:], strict=True) if cell))


def needs_tbl(lines: Iterable[str]) -> bool:
    """Whether a page has a table that tbl(1) must lay out first."""
    return ".TS" in lines
