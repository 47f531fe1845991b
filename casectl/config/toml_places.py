"""Finds where a key stands in the text of a TOML file. Only casectl.config imports it.

tomllib and tomlkit tell no places of what they have read, so the text is scanned by lines: enough for the files that
people write, and where it is not, a line above is named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator


class TomlPlace(msgspec.Struct, frozen=True):
    """Where a key stands: its line, its column and that of its value, all from 1. `line` 0: it was not seen."""

    line: int = 0
    column: int = 0
    value_column: int = 0


def place_of(text: str, keys: tuple[str, ...]) -> TomlPlace:
    """The place of the key that the path `keys` names, else of the nearest table around it."""
    best, depth = TomlPlace(), 0
    for place, parts in _keys(text):
        if len(parts) > depth and keys[: len(parts)] == parts:
            best, depth = place, len(parts)
    return best


def _keys(text: str) -> Iterator[tuple[TomlPlace, tuple[str, ...]]]:
    table: tuple[str, ...] = ()
    closing = ""
    for number, line in enumerate(text.split("\n"), 1):
        bare = line.strip()
        column = len(line) - len(line.lstrip()) + 1
        if closing:
            closing = "" if closing in line else closing
        elif bare.startswith("["):
            table = _split_key(bare.partition("#")[0].strip().strip("[]"))[0]
            yield TomlPlace(number, column, column), table
        elif "=" in bare and not bare.startswith("#"):
            parts, length = _split_key(bare)
            value = bare[length + 1 :]
            closing = _unclosed(value.strip())
            at = column + length + 1 + len(value) - len(value.lstrip())
            yield TomlPlace(number, column, at), table + parts


def _unclosed(value: str) -> str:
    """The quotes that end the text of several lines that `value` begins, '' when it begins none."""
    quotes = value[:3]
    return quotes if quotes in ('"""', "'''") and quotes not in value[3:] else ""


def _split_key(text: str) -> tuple[tuple[str, ...], int]:
    """The parts of a dotted key that begins `text`, and where it ends: `profiles."my desk".url = 1` has three."""
    parts, part, quote, length = [], "", "", len(text)
    for place, character in enumerate(text):
        if quote:
            part, quote = (part, "") if character == quote else (part + character, quote)
        elif character in "'\"":
            quote = character
        elif character == ".":
            parts.append(part.strip())
            part = ""
        elif character == "=":
            length = place
            break
        else:
            part += character
    return (*parts, part.strip()), length
