"""Reads CSV and JSON Lines a line at a time, in memory that does not grow with the file. Only casectl.cli imports it.

No line is lost and none stops the rest: what cannot be read is handed on as a line with its fault.
"""

from __future__ import annotations

import csv
import io
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

import msgspec

from casectl import typed
from casectl.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 4_000_000
"""Characters (in JSON Lines bytes) of one line: a case of an export has all its notes and history in one."""
_LONGEST_SKIPPED = 15 * LONGEST
"""Characters of a line that is passed over because it is too long; one that goes on is no line."""
_ENDINGS = {"csv": "csv", "tsv": "csv", "json": "jsonl", "jsonl": "jsonl", "ndjson": "jsonl"}
_LONGEST_RECORD = LONGEST
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


def kind_of(file: IO[bytes], name: str, wanted: str, encoding: str) -> str:
    """`csv` or `jsonl`: as `wanted`, else by the ending of the file's name, else by how it begins.

    `file` can be looked into (a BufferedReader). Raises InvalidInput for one that is no text.
    """
    head: bytes = file.peek(LONGEST)[:LONGEST] if isinstance(file, io.BufferedReader) else b""
    if b"\0" in head.partition(b"\n")[0] and "16" not in encoding and "32" not in encoding:
        raise InvalidInput(f"{name} is no text: it holds NUL bytes", hint="CSV and JSON Lines can be imported")
    if wanted:
        return wanted
    ending = name.rpartition(".")[2].lower()
    if ending in _ENDINGS:
        return _ENDINGS[ending]
    return "jsonl" if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")) else "csv"


def delimiter_of(file: IO[bytes]) -> str:
    """What a CSV file's first line has most of: commas, semicolons or tabs."""
    head = file.peek(LONGEST) if isinstance(file, io.BufferedReader) else b""
    first = head.partition(b"\n")[0]
    return max(",;\t", key=lambda mark: first.count(mark.encode()))


def csv_lines(file: IO[bytes], encoding: str, delimiter: str) -> Iterator[Line]:
    """The header, as a line without cells, then the records of a CSV file. InvalidInput for a header that is none."""
    text = io.TextIOWrapper(file, encoding=encoding, errors="surrogateescape", newline="")
    try:
        yield from _csv_lines(text, delimiter)
    finally:
        with suppress(ValueError):  # it was closed before this was read to its end
            text.detach()  # whoever opened the file closes it


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
                self._size += len(line)
                if self._size > _LONGEST_SKIPPED:
                    raise _endless(self.count)
            return "\n"
        self._size += len(line)
        if self._size > _LONGEST_RECORD:
            raise csv.Error(f"a record of more than {_LONGEST_RECORD:,} characters; a quote may not be closed")
        return line


def _endless(line: int) -> InvalidInput:
    return InvalidInput(
        f"line {line} does not end within {_LONGEST_SKIPPED:,} characters", hint="is this the right file?"
    )


def _csv_lines(text: io.TextIOWrapper, delimiter: str) -> Iterator[Line]:
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
            header = row
            yield Line(number=begins, original=row)
        elif fault or row:
            yield _line(begins, header, row, fault)


def _line(number: int, header: list[str], row: list[str], fault: str) -> Line:
    if not fault and len(row) != len(header):
        fault = f"it has {len(row)} values, the file has {len(header)} columns"
    cells = {} if fault else dict(zip(header, row, strict=True))
    return Line(number=number, cells=cells, original=row, fault=fault)


def json_lines(file: IO[bytes]) -> Iterator[Line]:
    """The objects of JSON Lines, or of a JSON array that has one on each line. InvalidInput for any other array."""
    number = 0
    is_array = False
    while line := file.readline(LONGEST + 1):
        number += 1
        if len(line) > LONGEST:
            _skip(file, line, number)
            yield Line(number=number, fault=f"it is longer than {LONGEST:,} bytes")
            continue
        text = line.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else line.strip()
        if number == 1 and text.startswith(b"["):
            is_array = True
            if text not in (b"[", b"[]"):
                raise _other_array()
        elif text and not (is_array and text == b"]"):
            found = _json_line(number, text.removesuffix(b",") if is_array else text)
            if is_array and found.fault and number == 2:  # noqa: PLR2004 - where the first object stands
                raise _other_array()
            yield found


def _other_array() -> InvalidInput:
    return InvalidInput("the JSON array has not one object on each line", hint="jq -c '.[]' makes JSON Lines of it")


def _skip(file: IO[bytes], line: bytes, number: int) -> None:
    """Read on to the end of a line that is too long."""
    skipped = 0
    while line and not line.endswith(b"\n"):
        line = file.readline(LONGEST)
        skipped += len(line)
        if skipped > _LONGEST_SKIPPED:
            raise _endless(number)


def _json_line(number: int, line: bytes) -> Line:
    original = [line.decode("utf-8", "backslashreplace").rstrip("\r\n")]
    try:
        return Line(number=number, cells=typed.decode(line, dict[str, Any]), original=original)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Line(number=number, original=original, fault=f"it is no JSON object: {error}")
