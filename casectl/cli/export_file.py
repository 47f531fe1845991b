"""New files in the place of older ones: whole or not there at all, never through a link. Only casectl.cli imports it.

A file is written beside its place and moved there, as `install` does: what lay in the place is replaced, not written
into, so a file that somebody else put there, or a second name of a file of ours, keeps what it holds. A link in the
place is refused rather than followed, as `curl -o` would, or replaced: whoever made it means another file.
"""

from __future__ import annotations

import os
import stat
from typing import IO, TYPE_CHECKING, Self

from casectl.errors import Failure, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def open_draft(path: Path, mode: int = 0o600) -> tuple[Path, int]:
    """A new file beside the place `path` and its descriptor. Raises OSError."""
    draft = path.with_name(f".{path.name[:200]}.{os.urandom(6).hex()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return draft, os.open(draft, flags, mode)


class NewFile:
    """A file that is moved to its place when all of it is on the disk; for its owner only, unless `mode` says more.

    Raises UsageError for a place that is taken, unless `overwrite`, and Failure for one that cannot be written; `hint`
    says what to do then.
    """

    def __init__(self, path: Path, *, overwrite: bool, hint: str, mode: int = 0o600) -> None:
        self.path = path
        self._overwrite, self._hint, self._mode = overwrite, hint, mode
        self._draft: Path
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
            raise UsageError(f"{self.path} is no ordinary file", hint=self._hint)
        if not self._overwrite:
            raise UsageError(f"there is a file {self.path} already", hint="--overwrite replaces it")

    def __enter__(self) -> Self:
        try:
            self._draft, descriptor = open_draft(self.path, self._mode)
        except OSError as error:
            raise self._failure(error) from error
        self._file = open(descriptor, "wb")  # noqa: PTH123 - flags of our own
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
        return Failure(f"cannot write {self.path}: {error.strerror}", hint=self._hint)
