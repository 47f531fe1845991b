"""Files that nobody but their owner reads: written whole or not at all, refused when others could get at them.

Only `tokens` and its like import this module.
"""

from __future__ import annotations

import os
import shlex
import stat

from casectl.errors import Failure

_LARGEST = 1_000_000


def read(path: str, *, secret: bool = False) -> bytes | None:
    """The content of `path`, None when it is not there; a link is not followed.

    Raises Failure for what is no file of this user, and for a `secret` one that others can read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise Failure(f"cannot read {path}: {error.strerror}", hint="check its owner and mode") from error
    with open(descriptor, "rb") as file:  # noqa: PTH123 - it is open already
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
            raise Failure(f"{path} is no file of yours", hint="remove it, then casectl auth login")
        if secret and status.st_mode & 0o077:
            raise Failure(f"{path} holds tokens, and others can read it", hint=f"chmod 600 {shlex.quote(path)}")
        return file.read(_LARGEST)


def write(path: str, content: bytes) -> None:
    """Put `content` at `path` with mode 0600, in a folder of mode 0700. Raises Failure."""
    draft = f"{path}.{os.urandom(6).hex()}"
    try:
        _make_folder(os.path.dirname(path))  # noqa: PTH120 - pathlib would cost every command 5 ms
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with open(os.open(draft, flags, 0o600), "wb") as file:  # noqa: PTH123 - opened with flags of our own
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.rename(draft, path)  # noqa: PTH104
    except OSError as error:
        remove(draft)
        raise Failure(f"cannot write {path}: {error.strerror}", hint="check the folder's owner and mode") from error


def remove(path: str) -> None:
    """Take the file away, if it is there. Raises Failure."""
    try:
        os.unlink(path)  # noqa: PTH108
    except FileNotFoundError:
        return
    except OSError as error:
        raise Failure(f"cannot remove {path}: {error.strerror}", hint="check the folder's owner and mode") from error


def open_lock(path: str) -> int:
    """A descriptor of the lock file at `path`, which is made where it is missing. Raises Failure."""
    try:
        _make_folder(os.path.dirname(path))  # noqa: PTH120
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Failure(f"cannot lock {path}: {error.strerror}", hint="check the folder's owner and mode") from error


def _make_folder(folder: str) -> None:
    os.makedirs(folder, mode=0o700, exist_ok=True)  # noqa: PTH103
    status = os.lstat(folder)
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise Failure(
            f"{folder} must be a folder that is yours alone", hint=f"chmod 700 {shlex.quote(folder)}, or remove it"
        )
