r"""How an exported case stands in CSV, and how its cells are read again. Everything above model may import it.

Text that a spreadsheet would calculate begins with `'`, as does text that begins with one; text with characters that
could steer a terminal or deceive a reader begins with `'\` and has them as escapes, and so has one with a sign that
would begin a formula in a spreadsheet that splits cells elsewhere. Nothing else is changed: a cell is read as exactly
the text that was written.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET

from casectl.model.export import ExportedCase
from casectl.rules.formulas import guarded, guarded_json, is_calculated, is_split_into_formulas
from casectl.rules.text import as_escape, escaped, unescaped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MARK = "'"
_ESCAPES = "'\\"
_VALUE = r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?|true|false|null|[\[{].*"
"""What a cell of a form field holds that is no text: JSON."""

FIELD = "fields."
"""Columns of form fields begin so; the column `fields` has those that no form names any more, as JSON."""

OWN = tuple(name for name in ExportedCase.__struct_fields__ if name not in ("fields", "notes", "history"))
"""The columns before those of form fields."""

_LISTS = ("notes", "history")
_NUMBERS = frozenset({"type_revision", "priority", "is_restricted", "version"})

EXPORTED = frozenset({"number", "type", "type_revision", "status", "created_at", "updated_at", "version"})
"""What a line has that an export wrote; a file of anybody else lacks one or the other."""


def columns(form_fields: Sequence[str], *, notes: bool, history: bool) -> list[str]:
    """The header of an export."""
    more = [name for name, wanted in (("notes", notes), ("history", history)) if wanted]
    return [*OWN, *(FIELD + name for name in form_fields), "fields", *more]


def cells(case: ExportedCase, form_fields: Sequence[str]) -> list[str]:
    """The record of a case, by `columns`."""
    values: dict[str, Any] = msgspec.to_builtins(case)
    fields: dict[str, Any] = values["fields"]
    values["tags"] = ",".join(case.tags) or None
    values["description"] = case.description or None
    rest = {name: value for name, value in fields.items() if name not in form_fields}
    found = [_plain(values[name]) for name in OWN]
    found += [_field(fields.get(name)) for name in form_fields]
    found.append(_json(rest) if rest else "")
    found += [_json(value) for value in (case.notes, case.history) if value is not UNSET]
    return found


def case_values(record: Mapping[str, str]) -> dict[str, Any]:
    """The values of a record as they stand in JSON. Raises ValueError for a cell that no export wrote."""
    values: dict[str, Any] = {name: _read(name, cell) for name, cell in record.items() if name in (*OWN, *_LISTS)}
    fields = {name.removeprefix(FIELD): value_of(cell) for name, cell in record.items() if name.startswith(FIELD)}
    rest = json.loads(record["fields"]) if record.get("fields") else {}
    values["fields"] = {name: value for name, value in fields.items() if value is not None} | rest
    values["description"] = values.get("description") or ""
    return values


def _read(name: str, cell: str) -> Any:
    if name in _LISTS:
        return json.loads(cell) if cell else []
    text = from_cell(cell)
    if name == "tags":
        return text.split(",") if text else []
    return json.loads(text) if name in _NUMBERS and text else text


def to_cell(text: str) -> str:
    """A text as it stands in a cell."""
    is_split = is_split_into_formulas(text)
    safe = text if text.isascii() and text.isprintable() and not is_split else escaped(text)
    if is_split or (safe is not text and safe.replace("\\\\", "\\") != text):
        return _ESCAPES + guarded(safe, as_escape)
    return MARK + text if not text or text.startswith(MARK) or is_calculated(text) else text


def from_cell(cell: str) -> str | None:
    """The text of a cell, None of an empty one. Raises ValueError for an escape that is none."""
    if cell.startswith(_ESCAPES):
        return unescaped(cell[len(_ESCAPES) :])
    return cell.removeprefix(MARK) if cell else None


def value_of(cell: str) -> Any:
    """The value of a form field's cell. Raises ValueError for what was never written so."""
    if re.fullmatch(_VALUE, cell, re.DOTALL):
        return msgspec.json.decode(cell)
    return from_cell(cell)


def _plain(value: Any) -> str:
    if value is None:
        return ""
    return to_cell(value) if isinstance(value, str) else _json(value)


def _field(value: Any) -> str:
    if not isinstance(value, str):
        return "" if value is None else _json(value)
    cell = to_cell(value)
    return MARK + cell if re.fullmatch(_VALUE, cell, re.DOTALL) else cell


def _json(value: Any) -> str:
    r"""JSON in ASCII where it must be: what could steer a terminal is `\u009b`, the same text to every reader."""
    text = guarded_json(msgspec.json.encode(value).decode())
    if text == escaped(text).replace("\\\\", "\\"):
        return text
    return guarded_json(json.dumps(msgspec.json.decode(text), separators=(",", ":")))
