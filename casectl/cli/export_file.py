"""The file an export goes to: whole or not there at all, for its owner only. Only casectl.cli imports it."""

from __future__ import annotations

import os
import stat
from typing import IO, TYPE_CHECKING, Self

from casectl.errors import Failure, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class NewFile:
    """A file that is written beside its place (mode 0600) and moved there when all of it is on the disk.

    Raises UsageError for a place that is taken, unless `overwrite`, and Failure for one that cannot be written.
    """

    def __init__(self, path: Path, *, overwrite: bool) -> None:
        self.path = path
        self._overwrite = overwrite
        self._draft = path.with_name(f".{path.name[:200]}.{os.urandom(6).hex()}")
        self._file: IO[bytes]
        self._refuse_taken()

    def _refuse_taken(self) -> None:
        try:
            mode = self.path.lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            return
        except (OSError, ValueError) as error:
            raise Failure(f"cannot write {self.path}: {getattr(error, 'strerror', error)}") from error
        if not stat.S_ISREG(mode):
            raise UsageError(f"{self.path} is no ordinary file", hint="leave --file out to write to standard output")
        if not self._overwrite:
            raise UsageError(f"there is a file {self.path} already", hint="--overwrite replaces it")

    def __enter__(self) -> Self:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            self._file = open(os.open(self._draft, flags, 0o600), "wb")  # noqa: PTH123 - flags of our own
        except OSError as error:
            raise self._failure(error) from error
        return self

    def write(self, chunks: Iterable[bytes]) -> None:
        """Write all of it."""
        for chunk in chunks:
            try:
                self._file.write(chunk)
            except OSError as error:
                raise self._failure(error) from error

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._file.flush()
                os.fsync(self._file.fileno())
                self._place()
        except OSError as error:
            raise self._failure(error) from error
        finally:
            self._end()

    def _place(self) -> None:
        if self._overwrite:
            self._draft.replace(self.path)
            return
        try:
            os.link(self._draft, self.path)  # unlike a renaming it never replaces what has come there meanwhile
        except FileExistsError:
            self._refuse_taken()
            raise

    def _end(self) -> None:
        try:
            self._file.close()
        except OSError:
            pass  # what could not be written has been told
        finally:
            self._draft.unlink(missing_ok=True)

    def _failure(self, error: OSError) -> Failure:
        return Failure(f"cannot write {self.path}: {error.strerror}", hint="--file names another place")
