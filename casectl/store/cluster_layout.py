"""Where the embedded server keeps its files, who may own them, and how they are opened.

Used by the modules of store that deal with the embedded server. Modes and owners of folders that were there before
are never changed.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from casectl.errors import Refusal, Unreachable

if TYPE_CHECKING:
    from casectl.store.server_user import ServerUser

MAJOR = "18"
"""The major version of the wheel's Postgres: a data folder of another one must be upgraded."""

SUPERUSER = "postgres"
"""The role that owns the cluster: for bootstrap and repair only, row-level security does not bind it."""

_LONGEST_PATH = 900
"""Postgres' MAXPGPATH is 1024, for a file somewhere below the data folder."""

_MINE = "point CASECTL_DATA_DIR to a folder you can write"


class ClusterLayout:
    """The paths below `root`: `18/data`, `lock`, `alive`, `server.log`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.data = root / MAJOR / "data"
        self.start_lock = root / "lock"
        self.alive_lock = root / "alive"
        self.log = root / "server.log"

    def data_owner(self) -> int | None:
        """Give the user id the data folder belongs to; None when it is absent or out of sight."""
        try:
            return self.data.stat().st_uid
        except OSError:
            return None

    def is_initialised(self) -> bool:
        """Whether there is a data folder (initdb's work is renamed into place, so it is never half made).

        One that we may not even look for counts as there: `prepare` then says so.
        """
        try:
            return self.data.exists()
        except PermissionError:
            return True

    def prepare(self, user: ServerUser) -> None:
        """Make the folders for `user` and check the ones that are there; raises Unreachable with what is wrong."""
        _check_name(self.root)
        try:
            make_private_folder(self.root, user)
            _check_folder(self.root, user)
            make_private_folder(self.root / MAJOR, user)
            _check_data(self.root / MAJOR, user)
            if self.is_initialised():
                _check_data(self.data, user)
                self._check_version()
            else:
                self._check_other_versions()
        except OSError as error:
            raise unusable(self.root, error) from error

    def _check_version(self) -> None:
        try:
            found = (self.data / "PG_VERSION").read_text("ascii").strip()
        except FileNotFoundError:
            raise Unreachable(
                f"{self.data} is no Postgres data folder: PG_VERSION is missing",
                hint="move it away, or restore it from a backup",
            ) from None
        if found != MAJOR:
            raise _old_version(self.data, found)

    def _check_other_versions(self) -> None:
        for entry in self.root.iterdir():
            if entry.name.isdecimal() and entry.name != MAJOR and (entry / "data" / "PG_VERSION").exists():
                raise _old_version(entry / "data", entry.name)


def unusable(path: Path, error: OSError) -> Refusal:
    """Say that the data folder at `path` cannot be written, and why."""
    return Unreachable(f"cannot use the data folder {error.filename or path}: {error.strerror}", hint=_MINE)


def make_private_folder(folder: Path, user: ServerUser) -> None:
    """Make `folder` (0700, of `user`) with its missing parents (0755 where root makes them, so `user` gets there)."""
    if folder.is_dir():
        return
    dropped = os.geteuid() != user.uid
    for missing in reversed([parent for parent in folder.parents if not parent.exists()]):
        make_folder(missing, 0o755 if dropped else 0o700)
    make_folder(folder, 0o700, user if dropped else None)


def make_folder(folder: Path, mode: int, owner: ServerUser | None = None) -> None:
    """Make one folder with exactly this mode and owner, whatever the umask; one that is there stays as it is.

    It is renamed into place, so that another command never sees it with its first mode or owner.
    """
    import tempfile

    made = folder.with_name(Path(tempfile.mkdtemp(prefix=".casectl-", dir=folder.parent)).name)
    try:
        made.chmod(mode)
        if owner is not None:
            os.chown(made, owner.uid, owner.gid)
        made.rename(folder)
    except OSError:
        made.rmdir()
        if not folder.is_dir():
            raise


def open_private(path: Path, user: ServerUser, flags: int = 0) -> int:
    """Open a file of the server's folder, making it (0600, of `user`); returns the descriptor.

    The folder may belong to the server user while root opens the file: no link is followed.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | flags, 0o600)
        try:
            _settle(descriptor, path, user)
        except BaseException:
            os.close(descriptor)
            raise
    except OSError as error:
        raise unusable(path, error) from error
    return descriptor


def _settle(descriptor: int, path: Path, user: ServerUser) -> None:
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        raise Unreachable(f"{path} is no plain file", hint="remove it; it is made anew")
    if found.st_uid != user.uid:
        os.fchown(descriptor, user.uid, user.gid)
    if stat.S_IMODE(found.st_mode) != stat.S_IRUSR | stat.S_IWUSR:
        os.fchmod(descriptor, 0o600)


def _check_name(root: Path) -> None:
    text = str(root)
    if any(ord(character) < ord(" ") for character in text):
        raise Unreachable(f"the data folder's path {text!r} holds a control character", hint=_MINE)
    if len(os.fsencode(text)) > _LONGEST_PATH:
        raise Unreachable(f"the data folder's path is longer than {_LONGEST_PATH} bytes: {text}", hint=_MINE)


def _check_folder(root: Path, user: ServerUser) -> None:
    """Others who can write here could put files of their own in place of the server's."""
    found = root.stat()
    if found.st_uid not in (user.uid, os.geteuid()):
        raise _foreign(root, found.st_uid, user)
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise Unreachable(f"other users can write in the data folder {root}", hint=f"chmod go-w '{root}'")
    if not user.can_enter(root):
        raise Unreachable(
            f"the user '{user.name}', who runs the database server, cannot enter {root}",
            hint="point CASECTL_DATA_DIR to a folder that user can enter",
        )


def _check_data(data: Path, user: ServerUser) -> None:
    found = data.stat()
    if found.st_uid != user.uid:
        raise _foreign(data, found.st_uid, user)
    if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Unreachable(f"other users can enter the data folder {data}", hint=f"chmod 700 '{data}'")


def _foreign(folder: Path, owner: int, user: ServerUser) -> Refusal:
    return Unreachable(
        f"the data folder {folder} belongs to user id {owner}, not to '{user.name}' (id {user.uid})",
        hint="work as its owner, or point CASECTL_DATA_DIR to a folder of your own",
    )


def _old_version(data: Path, version: str) -> Refusal:
    return Unreachable(
        f"the data folder {data} was made by Postgres {version}, this program runs Postgres {MAJOR}",
        hint="casectl db upgrade",
    )
