"""The folder that the workers of one server write their figures into, and what servers that were killed left behind.

Only api.serve imports this module. Whether a server still runs is told by a lock that the system lets go of when its
last process has ended, however that was: a number of a process may be another's by now, or mean one of another
container.
"""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "casectl-metrics-"
_LOCK, _DRAFT = "owner", "owner.new"
_FIGURES = ".db"


class FiguresFolder:
    """A new private folder, this process's own and its forks'."""

    def __init__(self) -> None:
        self.path = tempfile.mkdtemp(prefix=PREFIX)
        draft = Path(self.path, _DRAFT)
        self._lock = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        draft.rename(Path(self.path, _LOCK))  # locked before anybody looks for it

    def remove(self) -> None:
        """Take it away; the process that made it does so when all others have ended."""
        with _opened(self.path) as folder:
            if folder is not None:
                _emptied(folder)
        with suppress(OSError):
            Path(self.path).rmdir()
        os.close(self._lock)


def sweep() -> None:
    """Remove the folders of this user whose servers are gone; what is in any way another's is left alone."""
    with suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
        for entry in entries:
            if entry.name.startswith(PREFIX):
                with suppress(OSError):
                    _sweep(entry.path)


def _sweep(path: str) -> None:
    with _opened(path) as folder:
        if folder is None:
            return
        lock = os.open(_LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # BlockingIOError: the server runs
            if _emptied(folder):
                Path(path).rmdir()
        finally:
            os.close(lock)


@contextmanager
def _opened(path: str) -> Iterator[int | None]:
    """The folder, if it is one of this user's own that nobody else could write into; never through a link."""
    try:
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        yield None
        return
    try:
        found = os.fstat(folder)
        yield folder if found.st_uid == os.geteuid() and not stat.S_IMODE(found.st_mode) & 0o077 else None
    finally:
        os.close(folder)


def _emptied(folder: int) -> bool:
    """Remove the figures and the lock. A folder with anything else in it is left as it is."""
    names = os.listdir(folder)
    if not all(_is_ours(name, folder) for name in names):
        return False
    for name in sorted(names, key=lambda name: name == _LOCK):
        os.unlink(name, dir_fd=folder)
    return True


def _is_ours(name: str, folder: int) -> bool:
    is_named = name in {_LOCK, _DRAFT} or name.endswith(_FIGURES)
    return is_named and stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
