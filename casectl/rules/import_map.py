"""What a map of an import file says: MAP.toml, checked, with all its problems told at once.

Everything above model may import this module. The caller reads the TOML; here it is a document of plain values. A cell
is named by its column (`category`) or by a template over columns (`{category} / {subcategory}`); a list of them means
the first that is there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from casectl.errors import InvalidInput, Problem
from casectl.model.imports import CreateOptions
from casectl.rules.text import did_you_mean, json_pointer, plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FORMATS = ("csv", "jsonl")
MODES = ("case", "change")
TARGETS = (
    "number", "type", "title", "description", "status", "priority", "team", "assignee", "reporter", "contact",
    "contact_email", "due",
)  # fmt: skip
"""What a line can say about a case beside tags and form fields."""

_TEXTS = ("source", "format", "delimiter", "encoding", "mode", "type", "channel")
_TABLES = ("key", "dates", "opened", "changed", "columns", "constants", "values", "keep", "create")
_TEMPLATE = r"\{([^{}]+)\}"


class Cell(msgspec.Struct, frozen=True):
    """Where a value stands: literal text and column names in turn, beginning with text; one column alone is plain."""

    parts: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it reads."""
        return self.parts[1::2]

    @property
    def plain(self) -> str:
        """The column whose text it is as it stands, '' of a template."""
        return self.parts[1] if len(self.parts) == 3 and not self.parts[0] and not self.parts[2] else ""  # noqa: PLR2004


Choice = tuple[Cell, ...]
"""The first of these that is there."""


class ImportMap(msgspec.Struct, frozen=True, kw_only=True):
    """How the lines of a file become changes of cases; see the commented example `incident_event_log.toml`.

    Without a `format` the file itself tells it. `key_case` '' names a case by what its line holds. `whole`: the lines
    are those of an export.
    """

    source: str
    format: str = ""
    delimiter: str = ","
    encoding: str = "utf-8-sig"
    mode: str = "case"
    whole: bool = False
    type: str = ""
    channel: str = "import"
    absent: frozenset[str] = frozenset({""})
    key_case: str
    key_row: tuple[str, ...] = ()
    date_format: str = "iso"
    zone: str = "UTC"
    opened_at: Choice = ()
    opened_by: Choice = ()
    changed_at: Choice = ()
    changed_by: Choice = ()
    columns: dict[str, Choice] = {}
    fields: dict[str, Choice] = {}
    tags: Choice = ()
    constants: dict[str, str] = {}
    constant_fields: dict[str, Any] = {}
    constant_tags: tuple[str, ...] = ()
    values: dict[str, dict[str, str]] = {}
    keep: dict[str, frozenset[str]] = {}
    create: CreateOptions = CreateOptions()

    def columns_read(self) -> dict[str, str]:
        """Every column of the file the map reads, with the place in the map that names it."""
        read = ({self.key_case: "/key/case"} if self.key_case else {}) | dict.fromkeys(self.key_row, "/key/row")
        places = {
            "/opened/at": self.opened_at, "/opened/by": self.opened_by,
            "/changed/at": self.changed_at, "/changed/by": self.changed_by, "/columns/tags": self.tags,
        }  # fmt: skip
        places |= {json_pointer("columns", name): choice for name, choice in self.columns.items()}
        places |= {json_pointer("columns", "fields", name): choice for name, choice in self.fields.items()}
        for place, choice in places.items():
            for cell in choice:
                for column in cell.columns:
                    read.setdefault(column, place)
        return read


def read_map(document: Mapping[str, Any], source: str) -> ImportMap:
    """The map of a document; `source` names the import where the document does not. InvalidInput tells all problems."""
    reader = _Reader(document)
    found = reader.read(source)
    if reader.problems:
        first = reader.problems[0]
        raise InvalidInput(
            f"the map has {plural(len(reader.problems), 'problem')}: {first.message}",
            hint=first.hint or "the example map shows every setting", problems=reader.problems,
        )  # fmt: skip
    return found


def check_columns(import_map: ImportMap, header: Iterable[str]) -> None:
    """Refuse a file without the columns the map reads, or with one column twice. Raises InvalidInput with all."""
    names = list(header)
    twice = sorted({name for name in names if names.count(name) > 1})
    problems = [Problem(message=f"the file has two columns {name!r}", code="column_twice") for name in twice]
    problems += [
        Problem(
            message=f"the file has no column {column!r}", pointer=place, code="unknown_column",
            hint=did_you_mean(column, names), allowed=names,
        )
        for column, place in import_map.columns_read().items() if column not in names
    ]  # fmt: skip
    if problems:
        hint = problems[0].hint or f"its columns: {', '.join(names[:50])}"
        raise InvalidInput(problems[0].message, hint=hint, problems=problems)


def cell_of(text: str) -> Cell:
    """`category` or `{category} / {subcategory}`."""
    return Cell(tuple(re.split(_TEMPLATE, text)) if re.search(_TEMPLATE, text) else ("", text, ""))


class _Reader:
    """Reads a document place by place and keeps every problem instead of stopping at the first."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.problems: list[Problem] = []

    def read(self, source: str) -> ImportMap:
        self._only(self.document, (*_TEXTS, "absent", *_TABLES))
        texts = {name: text for name in _TEXTS if (text := self._text(self.document, name))}
        key, dates, opened, changed = (self._table(name) for name in ("key", "dates", "opened", "changed"))
        self._only(key, ("case", "row"), "key")
        self._only(dates, ("format", "zone"), "dates")
        self._only(opened, ("at", "by"), "opened")
        self._only(changed, ("at", "by"), "changed")
        if "case" not in key:
            self._problem("the column that names the case is missing", "key", "case", hint='say [key] case = "number"')
        wanted: dict[str, Any] = {"source": source} | texts
        wanted |= {"key_case": self._text(key, "case", "key"), "key_row": tuple(self._texts(key, "row", "key"))}
        wanted |= {"date_format": self._text(dates, "format", "dates") or "iso"}
        wanted |= {"zone": self._text(dates, "zone", "dates") or "UTC"}
        wanted |= {"absent": frozenset({"", *self._texts(self.document, "absent")})}
        for table, name in ((opened, "opened"), (changed, "changed")):
            wanted |= {f"{name}_{part}": self._choice(table, part, name) for part in ("at", "by")}
        found = ImportMap(**wanted, **self._columns(), **self._translations(), create=self._create())
        self._check(found)
        return found

    def _columns(self) -> dict[str, Any]:
        columns, constants = self._table("columns"), self._table("constants")
        both = sorted((columns.keys() & constants.keys()) - {"fields", "tags"})
        for name in both:
            self._problem(f"{name} is given as a column and as a constant", "constants", name)
        for table, where in ((columns, "columns"), (constants, "constants")):
            self._only(table, (*TARGETS, "tags", "fields"), where)
        fields, fixed = self._table("columns", "fields"), self._table("constants", "fields")
        return {
            "columns": {name: self._choice(columns, name, "columns") for name in TARGETS if name in columns},
            "fields": {name: self._choice(fields, name, "columns", "fields") for name in fields},
            "tags": self._choice(columns, "tags", "columns"),
            "constants": {name: self._text(constants, name, "constants") for name in TARGETS if name in constants},
            "constant_fields": dict(fixed),
            "constant_tags": tuple(self._texts(constants, "tags", "constants")),
        }

    def _translations(self) -> dict[str, Any]:
        values, keep = self._table("values"), self._table("keep")
        fields = [f"field.{name}" for name in self._table("columns", "fields")]
        for table, where in ((values, "values"), (keep, "keep")):
            self._only(table, (*TARGETS, *fields), where)
        return {
            "values": {name: self._words(name) for name in values},
            "keep": {name: frozenset(self._texts(keep, name, "keep")) for name in keep},
        }

    def _words(self, name: str) -> dict[str, str]:
        table = self._table("values", name)
        return {word: self._text(table, word, "values", name) for word in table}

    def _create(self) -> CreateOptions:
        table = self._table("create")
        self._only(table, ("users", "teams", "contacts", "role"), "create")
        switches = {name: self._switch(table, name) for name in ("users", "teams", "contacts")}
        return CreateOptions(**switches, role=self._text(table, "role", "create") or "Case Worker")

    def _check(self, found: ImportMap) -> None:
        if found.format:
            self._one_of(found.format, FORMATS, "format")
        self._one_of(found.mode, MODES, "mode")
        if len(found.delimiter) != 1 or found.delimiter in '"\r\n':
            self._problem("the delimiter is one character, neither quote nor line break", "delimiter")
        if not found.type and "type" not in found.columns and "type" not in found.constants:
            self._problem("the case type is missing", "type", hint='say type = "incident"')
        if found.mode == "change" and not found.changed_at:
            self._problem("a log of changes needs the time of each", "changed", "at", hint="name its column")
        self._check_outside(found)

    def _check_outside(self, found: ImportMap) -> None:
        """Encoding, zone and date format, by the tables of the platform."""
        import codecs
        from zoneinfo import ZoneInfo

        try:
            codecs.lookup(found.encoding)
        except LookupError:
            self._problem(f"unknown encoding {found.encoding!r}", "encoding", hint="utf-8, latin-1, cp1252, ...")
        try:
            ZoneInfo(found.zone)
        except (LookupError, ValueError, OSError):
            self._problem(f"unknown zone {found.zone!r}", "dates", "zone", hint="an IANA name such as Europe/Berlin")
        if found.date_format != "iso" and not all(f"%{part}" in found.date_format for part in "md"):
            hint = 'format = "%d-%m-%Y %H:%M", or "iso"'
            self._problem(f"{found.date_format!r} is no date format", "dates", "format", hint=hint)

    def _problem(self, message: str, *place: str, hint: str = "", allowed: Iterable[str] = ()) -> None:
        self.problems.append(
            Problem(message=message, pointer=json_pointer(*place), code="import_map", hint=hint, allowed=list(allowed))
        )

    def _one_of(self, word: str, legal: tuple[str, ...], place: str) -> None:
        if word not in legal:
            self._problem(f"{place} is {' or '.join(legal)}, not {word!r}", place, allowed=legal)

    def _only(self, table: Mapping[str, Any], known: tuple[str, ...], *place: str) -> None:
        for name in table:
            if name not in known:
                where = f" in [{'.'.join(place)}]" if place else ""
                hint = did_you_mean(name, known) or f"known are {', '.join(known)}"
                self._problem(f"unknown key {name!r}{where}", *place, name, hint=hint, allowed=known)

    def _table(self, *place: str) -> Mapping[str, Any]:
        table: Any = self.document
        for name in place:
            table = table.get(name, {})
            if not isinstance(table, dict):
                self._problem(f"{'.'.join(place)} is a table", *place)
                return {}
        return dict(table)

    def _text(self, table: Mapping[str, Any], name: str, *place: str) -> str:
        value = table.get(name, "")
        if isinstance(value, str):
            return value
        self._problem(f"{name} is text", *place, name)
        return ""

    def _texts(self, table: Mapping[str, Any], name: str, *place: str) -> list[str]:
        value = table.get(name, [])
        values = [value] if isinstance(value, str) else value
        if isinstance(values, list) and all(isinstance(text, str) for text in values):
            return values
        self._problem(f"{name} is text or a list of texts", *place, name)
        return []

    def _choice(self, table: Mapping[str, Any], name: str, *place: str) -> Choice:
        return tuple(cell_of(text) for text in self._texts(table, name, *place))

    def _switch(self, table: Mapping[str, Any], name: str) -> bool:
        value = table.get(name, False)
        if not isinstance(value, bool):
            self._problem(f"{name} is true or false", "create", name)
        return value is True
