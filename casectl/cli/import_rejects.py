"""The file of lines that an import refused: line number, reason, and the line as it stood. Only casectl.cli imports it.

Only its owner can read it (0600); it is made when the first line is refused, and takes the place of an older one then:
lines are there as soon as their batch is imported. What a spreadsheet would calculate has an apostrophe before it.
"""

from __future__ import annotations

import contextlib
import csv
import errno
import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Self, TextIO

from casectl.cli.export_file import open_draft
from casectl.errors import Failure
from casectl.rules.formulas import harmless

if TYPE_CHECKING:
    from collections.abc import Sequence

_NUMBER = r"[+-]?[0-9]+([.,][0-9]+)?"


class Rejects:
    """Writes refused lines to `path`; with `columns` as the header. An older file of this name is replaced."""

    def __init__(self, path: str, columns: Sequence[str]) -> None:
        self.path = path
        self.count = 0
        self._columns = columns
        self._file: TextIO | None = None

    def write(self, line: int, reason: str, original: Sequence[str]) -> None:
        """Add a line. Raises Failure when the file cannot be written."""
        try:
            if self._file is None:
                self._file = _open(self.path)
                self._put("line", "reason", *self._columns)
            self._put(str(line), reason, *original)
        except OSError as error:
            raise self._unwritable(error) from error
        self.count += 1

    def flush(self) -> None:
        """Hand over to the file what was added. Raises Failure when it cannot be written."""
        try:
            if self._file is not None:
                self._file.flush()
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> Failure:
        """The failure; what is still in the buffer is given up, for Python would try, and fail, to write it again."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None
        return Failure(f"cannot write {self.path}: {error.strerror}", hint="--rejects FILE names another")

    def _put(self, *cells: str) -> None:
        csv.writer(self._file, lineterminator="\n").writerow(map(_harmless, cells))  # type: ignore[arg-type]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.flush()
        if self._file is not None:
            with contextlib.suppress(OSError):  # after an error, which is what is told
                self._file.close()


def _open(path: str) -> TextIO:
    descriptor = _device(path)
    if descriptor is None:
        draft, descriptor = open_draft(Path(path))
        try:
            draft.replace(path)
        except OSError:
            os.close(descriptor)
            draft.unlink()
            raise
    return os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="")


def _device(path: str) -> int | None:
    """What the path names is written into where it is no file: a pipe, /dev/null. None of a file or of nothing."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OSError(error.errno, "it is a link") from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    return None


def _harmless(cell: str) -> str:
    return cell if re.fullmatch(_NUMBER, cell) else harmless(cell)
