"""A line of an import file as a change record, by the map. Everything above model may import this module.

Nothing is looked up here: names stay names, and whether the desk knows them is the verb's to say. What cannot be read
at all refuses the line, which is handed on all the same, because it blocks the later lines of its case.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET

from casectl import typed
from casectl.errors import InvalidInput, Problem
from casectl.model.export import ExportedCase
from casectl.model.imports import ChangeRecord, ContactName
from casectl.rules.export_cells import case_values
from casectl.rules.times import FIRST_YEAR, LAST_YEAR, local_instant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from casectl.rules.import_map import Cell, Choice, ImportMap

MAX_EXTERNAL_ID = 200
_MAX_KEY = 500
"""Bytes of a line key as it stands; longer ones are named by their digest, an index holds no more than 2,700."""

_ENCODED_NUL = rb"(?<!\\)(?:\\\\)*\\u0000"

_PEOPLE = frozenset({"team", "assignee", "reporter", "contact", "contact_email"})
_CLEARABLE = ("team", "assignee", "reporter", "description")
_STATED = ("title", "status", "priority")
"""What a case always has: a cell that is absent says nothing about it."""


def unread_record(line: int, raw: str, reason: str) -> ChangeRecord:
    """A line of which not even the case is known."""
    digest = sha256(raw.encode("utf-8", "surrogateescape")).digest()
    return ChangeRecord(line=line, line_key=_key("line", str(line)), digest=digest, refused=reason)


def record_of(import_map: ImportMap, line: int, cells: Mapping[str, Any]) -> ChangeRecord:
    """The record of the line that begins at `line`; `cells` are its values by column."""
    raw = msgspec.json.encode(list(cells.items())) if _is_sound(cells) else repr(cells).encode("ascii", "replace")
    digest = sha256(raw).digest()
    if not _is_sound(cells):
        return ChangeRecord(
            line=line, line_key=_key("line", str(line)), digest=digest,
            refused="it holds a NUL byte or bytes that are no text in the file's encoding",
        )  # fmt: skip
    lookup = _Line(import_map, cells)
    external_id = lookup.text(cells.get(import_map.key_case)) if import_map.key_case else f"row-{digest.hex()[:32]}"
    if not external_id or len(external_id) > MAX_EXTERNAL_ID:
        fault = f"is longer than {MAX_EXTERNAL_ID} characters" if external_id else "is empty"
        reason = f"the column {import_map.key_case!r}, which names the case, {fault}"
        return ChangeRecord(line=line, line_key=_key("line", str(line)), digest=digest, refused=reason)
    known: dict[str, Any] = {
        "line": line, "digest": digest, "external_id": external_id,
        "line_key": _line_key(import_map, external_id, cells, digest),
    }  # fmt: skip
    try:
        return ChangeRecord(**known, **lookup.values())
    except InvalidInput as refusal:
        return ChangeRecord(**known, refused=refusal.message)


def whole_record(line: int, cells: Mapping[str, Any], *, is_csv: bool) -> ChangeRecord:
    """The record of a line of an export."""
    try:
        case = typed.convert(case_values(cells) if is_csv else cells, ExportedCase)
        content = msgspec.json.encode(case, order="sorted")
    except (ValueError, RecursionError) as error:  # msgspec's and those of bytes that are no text are ValueErrors
        return unread_record(line, repr(cells), f"it is no line of an export: {error}")
    if re.search(_ENCODED_NUL, content):
        return unread_record(line, repr(cells), "it holds a NUL byte")
    key = _key("case", case.number.upper())
    return ChangeRecord(
        line=line, line_key=key, digest=sha256(content).digest(), external_id=case.number.upper(), whole=case
    )


def block_key(external_id: str) -> str:
    """Names the mark that a case's lines are blocked; no line key begins like it."""
    return "blocked " + _key(external_id)


def _line_key(import_map: ImportMap, external_id: str, cells: Mapping[str, Any], digest: bytes) -> str:
    if import_map.mode == "case" and not import_map.key_row:
        return _key(external_id)
    parts = [str(cells.get(column, "")) for column in import_map.key_row]
    return _key(external_id, *(parts or [digest.hex()]))


def _key(*parts: str) -> str:
    key = msgspec.json.encode(parts)
    return key.decode() if len(key) <= _MAX_KEY else f"sha256 {sha256(key).hexdigest()}"


def _is_sound(cells: Mapping[str, Any]) -> bool:
    """Whether all texts can be stored; bytes the encoding could not read came as lone surrogates."""
    return not any(
        isinstance(text, str) and ("\x00" in text or (not text.isascii() and re.search("[\ud800-\udfff]", text)))
        for text in cells.values()
    )


class _Line:
    """One line while it is read."""

    def __init__(self, import_map: ImportMap, cells: Mapping[str, Any]) -> None:
        self.map = import_map
        self.cells = cells

    def text(self, value: Any) -> str | None:
        """A cell's text, None where it is absent."""
        if value is None:
            return None
        text = value.strip() if isinstance(value, str) else _plain(value)
        return None if text in self.map.absent else text

    def cell(self, cell: Cell) -> str | None:
        """The value a cell of the map stands for; a template is absent when all its columns are."""
        if cell.plain:
            return self.text(self.cells.get(cell.plain))
        texts = [self.cells.get(column) for column in cell.columns]
        if all(self.text(text) is None for text in texts):
            return None
        shown = iter("" if text is None else _plain(text).strip() for text in texts)
        return "".join(next(shown) if index % 2 else part for index, part in enumerate(cell.parts))

    def first(self, choice: Choice) -> str | None:
        """The first of the cells that is there."""
        for cell in choice:
            found = self.cell(cell)
            if found is not None:
                return found
        return None

    def values(self) -> dict[str, Any]:
        """What the line says; raises InvalidInput for a time that is none."""
        found: dict[str, Any] = {
            "at": self.time(self.map.changed_at),
            "by": _person(self.first(self.map.changed_by)),
            "opened_at": self.time(self.map.opened_at),
            "opened_by": _person(self.first(self.map.opened_by)),
            "fields": self.map.constant_fields | self.fields(),
        }
        told = {name: self.told(name) for name in (*self.map.columns, *self.map.constants)}
        found["usual_type"] = self.map.constants.get("type") or self.map.type
        found["number"] = told.get("number") or None
        found["type"] = (told.get("type") or None) if "type" in self.map.columns else None
        found |= {name: told[name] for name in _STATED if told.get(name) is not None and name in told}
        found |= {name: told[name] for name in _CLEARABLE if name in told}
        if "description" in found and found["description"] is None:
            found["description"] = ""
        if "due" in told:
            found["due_at"] = None if told["due"] is None else self.instant(told["due"])
        return found | self.contact(told) | self.tags()

    def told(self, name: str) -> Any:
        """The value of one target, in the desk's words; UNSET where the line has a hole."""
        if name in self.map.constants:
            return self.map.constants[name]
        text = self.first(self.map.columns[name])
        if text is None:
            return None
        if name in self.map.keep and text in self.map.keep[name]:
            return UNSET
        text = self.map.values[name].get(text, text) if name in self.map.values else text
        return _person(text) if name in _PEOPLE else text

    def fields(self) -> dict[str, Any]:
        """Form fields: numbers and the like of JSON stay what they are, absent ones are cleared."""
        found: dict[str, Any] = {}
        for name, choice in self.map.fields.items():
            text = self.first(choice)
            words = self.map.values.get(f"field.{name}", {})
            if text is not None and text in self.map.keep.get(f"field.{name}", ()):
                continue
            raw = self.cells.get(choice[0].plain) if choice and choice[0].plain else None
            is_typed = text is not None and raw is not None and not isinstance(raw, str) and text not in words
            found[name] = raw if is_typed else words.get(text, text) if text is not None else None
        return found

    def contact(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """The contact by mail address and name, either of which may be missing."""
        email, name = (told.get(part, UNSET) for part in ("contact_email", "contact"))
        if email is UNSET and name is UNSET:
            return {}
        email, name = email or None, name or None
        if not email and not name:
            return {"contact": None}
        return {"contact": ContactName(email=email, name=name or str(email).split("@", maxsplit=1)[0])}

    def tags(self) -> dict[str, Any]:
        """Tags in the order of the map; UNSET where it names none."""
        if not self.map.tags and not self.map.constant_tags:
            return {}
        listed = [text for cell in self.map.tags for text in self.listed(cell)]
        texts = (*self.map.constant_tags, *(part for text in listed for part in text.split(",")))
        return {"tags": sorted({"-".join(text.lower().split()) for text in texts if text.strip()})}

    def listed(self, cell: Cell) -> list[str]:
        """The texts of a cell, which in JSON may hold several."""
        value = self.cells.get(cell.plain) if cell.plain else None
        texts = [self.text(part) for part in value] if isinstance(value, list) else [self.cell(cell)]
        return [text for text in texts if text is not None]

    def time(self, choice: Choice) -> datetime | None:
        """The first time that is there."""
        text = self.first(choice)
        return None if text is None else self.instant(text)

    def instant(self, text: str) -> datetime:
        """A time by the map's format and zone. Raises InvalidInput."""
        return read_time(text, self.map.date_format, self.map.zone)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _person(text: str | None) -> str | None:
    """A name with single spaces: nobody can tell two of them apart on a screen."""
    return None if text is None else " ".join(text.split())


@lru_cache(maxsize=4096)
def read_time(text: str, date_format: str, zone: str) -> datetime:
    """The UTC instant of `text` by a strptime format or `iso`; local times are of `zone`.

    Raises InvalidInput for what does not fit and for years outside 1900 to 2200.
    """
    try:
        iso = date_format == "iso"
        local = datetime.fromisoformat(text) if iso else datetime.strptime(text, date_format)  # noqa: DTZ007
        instant = local.astimezone(UTC) if local.tzinfo else local_instant(local, ZoneInfo(zone))
    except (ValueError, OverflowError):
        raise _bad_time(text, date_format) from None
    if not FIRST_YEAR <= instant.year <= LAST_YEAR:
        raise _bad_time(text, date_format)
    return instant


def _bad_time(text: str, date_format: str) -> InvalidInput:
    message = f"{text[:60]!r} is no time of the form {date_format}"
    return InvalidInput(message, problems=[Problem(message=message, pointer="/dates/format", code="bad_time")])
