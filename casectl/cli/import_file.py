"""Reads CSV and JSON Lines a line at a time, in memory that does not grow with the file. Only casectl.cli imports it.

No line is lost and none stops the rest: what cannot be read is handed on as a line with its fault.
"""

from __future__ import annotations

import csv
import io
from typing import IO, TYPE_CHECKING, Any

import msgspec

from casectl.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from casectl.rules.import_map import ImportMap

LONGEST = 1_000_000
"""Characters (in JSON Lines bytes) of one line."""
_LONGEST_RECORD = 4 * LONGEST
"""Characters of one record of CSV, whose quoted values may run over many lines."""


class Line(msgspec.Struct, kw_only=True):
    """A record of the file: where it begins, its cells by column, and as they stood; `fault` says why it has none."""

    number: int
    cells: dict[str, Any] = {}
    original: list[str] = []
    fault: str = ""

    @property
    def size(self) -> int:
        """About how much memory it takes, in bytes."""
        return sum(map(len, self.original))


def read_lines(file: IO[bytes], import_map: ImportMap, check: Callable[[list[str]], None]) -> Iterator[Line]:
    """The lines of the file by the map's format. `check` gets the columns of a CSV file first and may refuse them."""
    if import_map.format == "jsonl":
        yield from _json_lines(file)
        return
    with io.TextIOWrapper(file, encoding=import_map.encoding, errors="surrogateescape", newline="") as text:
        yield from _csv_lines(text, import_map.delimiter, check)


def columns_of(file: IO[bytes], import_map: ImportMap) -> list[str]:
    """The header of a file of rejected lines: the file's own columns, or one for a line of JSON."""
    if import_map.format == "jsonl":
        return ["original"]
    text = io.TextIOWrapper(file, encoding=import_map.encoding, errors="surrogateescape", newline="")
    try:
        return next(csv.reader(_Bounded(text), delimiter=import_map.delimiter), [])
    finally:
        text.detach()  # else the wrapper complains that nobody closed it


class _Bounded:
    """The lines of a text, those that are too long left empty; `begin` starts the count of a record."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._size = 0
        self.count = 0
        self.too_long = False

    def begin(self) -> None:
        self._size, self.too_long = 0, False

    def __iter__(self) -> _Bounded:
        return self

    def __next__(self) -> str:
        try:
            line = self._text.readline(LONGEST + 1)
        except UnicodeError as error:
            raise InvalidInput(f"the file is not in the encoding {self._text.encoding} from line {self.count + 1} on",
                               hint="say which in the map: encoding = ...") from error  # fmt: skip
        if not line:
            raise StopIteration
        self.count += 1
        if len(line) > LONGEST:
            self.too_long = True
            while line and not line.endswith(("\n", "\r")):
                line = self._text.readline(LONGEST)
            return "\n"
        self._size += len(line)
        if self._size > _LONGEST_RECORD:
            raise csv.Error(f"a record of more than {_LONGEST_RECORD:,} characters; a quote may not be closed")
        return line


def _csv_lines(text: io.TextIOWrapper, delimiter: str, check: Callable[[list[str]], None]) -> Iterator[Line]:
    csv.field_size_limit(LONGEST)
    lines = _Bounded(text)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    header: list[str] | None = None
    while True:
        lines.begin()
        begins = lines.count + 1
        row: list[str] = []
        fault = ""
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            fault = f"it is no CSV: {error}" + (f" (up to line {lines.count})" if lines.count > begins else "")
        if lines.too_long:
            fault = f"it is longer than {LONGEST:,} characters"
        if header is None:
            if fault:
                raise InvalidInput(f"the first line names no columns: {fault}", hint="is this the right file?")
            check(row)
            header = row
        elif fault or row:
            yield _line(begins, header, row, fault)


def _line(number: int, header: list[str], row: list[str], fault: str) -> Line:
    if not fault and len(row) != len(header):
        fault = f"it has {len(row)} values, the file has {len(header)} columns"
    cells = {} if fault else dict(zip(header, row, strict=True))
    return Line(number=number, cells=cells, original=row, fault=fault)


def _json_lines(file: IO[bytes]) -> Iterator[Line]:
    number = 0
    while line := file.readline(LONGEST + 1):
        number += 1
        if len(line) > LONGEST:
            while line and not line.endswith(b"\n"):
                line = file.readline(LONGEST)
            yield Line(number=number, fault=f"it is longer than {LONGEST:,} bytes")
        elif line.strip():
            yield _json_line(number, line)


def _json_line(number: int, line: bytes) -> Line:
    original = [line.decode("utf-8", "backslashreplace").rstrip("\r\n")]
    try:
        return Line(number=number, cells=msgspec.json.decode(line, type=dict[str, Any]), original=original)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Line(number=number, original=original, fault=f"it is no JSON object: {error}")
