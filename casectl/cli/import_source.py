"""A file to import, looked into before a desk is opened: its format, its columns, what they mean.

Only casectl.cli imports this module.
"""

from __future__ import annotations

import csv
from contextlib import contextmanager
from itertools import chain
from typing import IO, TYPE_CHECKING

import msgspec

from casectl.cli.import_file import csv_lines, delimiter_of, json_lines, kind_of
from casectl.errors import InvalidInput, NotFound, Refusal, UsageError
from casectl.operations.create import USUAL_TYPE
from casectl.rules.import_default import default_map, flat, is_export, unread
from casectl.rules.import_map import ImportMap, check_columns
from casectl.rules.import_values import record_of, unread_record, whole_record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from casectl.cli.import_file import Line
    from casectl.model.imports import ChangeRecord, CreateOptions

STDIN = "-"
EXPORT = "casectl export"
"""The source of the lines of exports, whatever their files are called: the same case is known again."""


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The file, or standard input for `-`. Raises NotFound or InvalidInput."""
    if str(path) == STDIN:
        import sys

        if sys.stdin is None:
            raise UsageError("standard input is closed", hint="name a file instead of -")
        yield sys.stdin.buffer
        return
    try:
        file = path.open("rb")
    except OSError as error:
        raise unreadable(path, error) from error
    with file:
        yield file


def unreadable(path: Path, error: OSError) -> Refusal:
    """The refusal of a file that cannot be read."""
    if isinstance(error, FileNotFoundError):
        return NotFound(f"there is no file {path}")
    return InvalidInput(f"{path} cannot be read: {error.strerror}")


class Source:
    """The lines of an open file as change records, by a map, by the names of its columns, or as an export's own.

    `name` is what people call it; `columns` are those of a CSV file; `ignored` those that nothing is read from. Raises
    InvalidInput for a file that the map does not fit, or whose columns say nothing.
    """

    def __init__(self, file: IO[bytes], path: Path, given: ImportMap | None, create: CreateOptions) -> None:
        self._create = create
        self._given = given
        self.name = name = "standard input" if str(path) == STDIN else str(path)
        encoding = given.encoding if given else "utf-8-sig"
        try:
            self.kind = kind_of(file, name, given.format if given else "", encoding)
            if self.kind == "csv":
                lines = csv_lines(file, encoding, given.delimiter if given else delimiter_of(file))
            else:
                lines = json_lines(file)
            first = next(lines, None)
        except OSError as error:
            raise unreadable(path, error) from error
        except (csv.Error, UnicodeError) as error:
            raise InvalidInput(f"the first line of {name} names no columns: {error}") from error
        self._columns = list(first.original if self.kind == "csv" else flat(first.cells)) if first else []
        self.columns = self._columns if self.kind == "csv" else ["original"]
        self.lines = lines if self.kind == "csv" or first is None else chain([first], lines)
        self.map = self._map("stdin" if str(path) == STDIN else path.stem)
        self.ignored = [] if given or self.map.whole else unread(self.map, self._columns)

    def _map(self, name: str) -> ImportMap:
        if self._given is not None:
            if self.kind == "csv":
                check_columns(self._given, self._columns)
            return self._given
        if is_export(self._columns):
            return ImportMap(source=EXPORT, key_case="number", whole=True, create=self._create)
        if not self._columns and self.kind == "jsonl":
            return ImportMap(source=name, key_case="", create=self._create)
        found = default_map(tuple(self._columns), USUAL_TYPE, self._create)
        check_columns(found, self._columns)
        return msgspec.structs.replace(found, source=name)

    def record(self, line: Line) -> ChangeRecord:
        """The record of a line."""
        if line.fault:
            return unread_record(line.number, repr(line.original), line.fault)
        if self.map.whole:
            return whole_record(line.number, line.cells, is_csv=self.kind == "csv")
        if self._given is not None or self.kind == "csv":
            return record_of(self.map, line.number, line.cells)
        cells = flat(line.cells)
        try:
            found = default_map(tuple(cells), USUAL_TYPE, self._create)
        except InvalidInput:
            return unread_record(line.number, repr(line.original), "it has no title")
        return record_of(found, line.number, cells)
