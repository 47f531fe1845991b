"""Bytes of the formats for programs: JSON, CSV (RFC 4180 quoting), TSV. Only casectl.cli imports this module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from casectl.rules.formulas import guarded_json, harmless
from casectl.rules.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable

_QUOTED = frozenset('",;\t\n\r')
_ASTRAL = 0x10000


def json_bytes(value: Any, indent: int = -1) -> bytes:
    r"""JSON of a result on one line, or indented, in which no character can steer or deceive a terminal.

    JSON escapes C0; C1, DEL, bidi overrides and what else is invisible become `\u009b` here, which is the same string
    to every parser.
    """
    encoded = msgspec.json.encode(value)
    if indent > 0:
        encoded = msgspec.json.format(encoded, indent=indent)
    if encoded.isascii() and b"\x7f" not in encoded:
        return encoded
    text = encoded.decode()
    if text == safe_text(text, newlines=True):
        return encoded
    return "".join(map(_escaped, text)).encode()


def _escaped(character: str) -> str:
    if (character.isascii() and character != "\x7f") or safe_text(character) == character:
        return character
    code = ord(character)
    if code < _ASTRAL:
        return f"\\u{code:04x}"
    code -= _ASTRAL
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


def csv_line(values: list[Any]) -> bytes:
    """One record, ended by LF as shells expect it. Before what a spreadsheet would calculate stands a `'`."""
    return csv_record([safe_text(_cell(value), newlines=True) for value in values])


def csv_record(cells: Iterable[str]) -> bytes:
    """Cells as they stand, in quotes where one holds what some reader splits lines at."""
    return (",".join(map(_quoted, cells)) + "\n").encode()


def tsv_line(values: list[Any]) -> bytes:
    r"""One record; a tab, line break or backslash inside a value becomes `\t`, `\n`, `\r`, `\\`."""
    return ("\t".join(map(_tsv_cell, values)) + "\n").encode()


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if not _QUOTED.isdisjoint(cell) or cell != cell.strip() else cell


def _tsv_cell(value: Any) -> str:
    cell = _cell(value).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    return safe_text(cell)


def _cell(value: Any) -> str:
    """Nothing for null, numbers and truth as in JSON, text without formulas, lists and maps as JSON."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return guarded_json(json_bytes(value).decode())
    return harmless(value)
