"""Which operating-system user runs the embedded server, and which folders that user can reach.

Used by the modules of store that deal with the embedded server. Postgres refuses to run as root, so root gives the
server to an unprivileged user: the one asked for, else `postgres`, else the system user `casectl`; never `nobody`,
whom other programs share.
"""

from __future__ import annotations

import os
import pwd
import stat
from typing import TYPE_CHECKING, Any

import msgspec

from casectl.errors import Unreachable, UsageError

if TYPE_CHECKING:
    from pathlib import Path

_NOBODY = (65534, 65535)
_SYSTEM_USER = "casectl"
_CREATE = ("useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", _SYSTEM_USER)


class ServerUser(msgspec.Struct, frozen=True):
    """An operating-system user, as the password database names it."""

    name: str
    uid: int
    gid: int

    @property
    def process_options(self) -> dict[str, Any]:
        """Arguments for `subprocess` that make a child run as this user (none when that is who we are)."""
        if os.geteuid() == self.uid:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can_enter(self, folder: Path) -> bool:
        """Whether the mode of `folder` and of all its parents lets this user through."""
        return all(self._may(step, stat.S_IXOTH) for step in (folder, *folder.parents))

    def can_execute(self, file: Path) -> bool:
        """Whether this user can reach, read and execute `file`."""
        return self.can_enter(file.parent) and self._may(file, stat.S_IROTH | stat.S_IXOTH)

    def _may(self, path: Path, wanted: int) -> bool:
        try:
            found = path.stat()
        except OSError:
            return False
        shift = 6 if found.st_uid == self.uid else 3 if found.st_gid == self.gid else 0
        return (found.st_mode >> shift) & wanted == wanted


def _entry(name: str) -> ServerUser | None:
    try:
        found = pwd.getpwnam(name)
    except KeyError:
        return None
    return ServerUser(found.pw_name, found.pw_uid, found.pw_gid)


def user_of(uid: int) -> ServerUser | None:
    """Find the user with the id `uid`; None when the password database has no such entry."""
    try:
        found = pwd.getpwuid(uid)
    except KeyError:
        return None
    return ServerUser(found.pw_name, found.pw_uid, found.pw_gid)


def known_server_user(db_user: str | None) -> ServerUser | None:
    """Find the user that would run the server, without creating one.

    For anyone but root that is the caller, and `db_user` does not count. Raises UsageError for a `db_user` that
    does not exist or must not run a server, Unreachable when the caller's id has no entry in the password database.
    """
    if os.geteuid() != 0:
        return _caller()
    if db_user is not None:
        return _wished(db_user)
    return _entry("postgres") or _entry(_SYSTEM_USER)


def server_user(db_user: str | None, owner: int | None) -> ServerUser:
    """Find the user that runs the server, creating the system user `casectl` when root has no other.

    `owner` is the user id an existing data folder belongs to. Raises UsageError and Unreachable like
    `known_server_user`, and Unreachable when no user can be found or made.
    """
    if os.geteuid() == 0 and owner is not None and db_user is None:
        return _owner(owner)
    return known_server_user(db_user) or _created()


def _caller() -> ServerUser:
    found = user_of(os.geteuid())
    if found is None:
        raise Unreachable(
            f"user id {os.geteuid()} has no entry in /etc/passwd, which the database server needs",
            hint="run as a user that has one, or name a server elsewhere with CASECTL_DATABASE_URL",
        )
    return found


def _wished(name: str) -> ServerUser:
    found = _entry(name)
    if found is None:
        raise UsageError(f"no operating-system user '{name}' to run the database server", hint="name another --db-user")
    if found.uid == 0 or found.uid in _NOBODY or found.name == "nobody":
        raise UsageError(
            f"the database server must not run as '{found.name}'", hint="name an unprivileged user of its own"
        )
    return found


def _owner(uid: int) -> ServerUser:
    found = user_of(uid)
    if found is None or uid == 0:
        who = "root" if uid == 0 else f"user id {uid}, which has no entry in /etc/passwd"
        raise Unreachable(
            f"the database's data folder belongs to {who}; the server cannot run as that user",
            hint="give the folder to the user that shall run the server (chown -R)",
        )
    return found


def _created() -> ServerUser:
    import subprocess

    try:
        # The words are constants.
        subprocess.run(_CREATE, check=True, capture_output=True, stdin=subprocess.DEVNULL)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        found = None
    else:
        found = _entry(_SYSTEM_USER)
    # Two commands at once: the other one may have created the user.
    found = found or _entry(_SYSTEM_USER)
    if found is None:
        raise Unreachable(
            "the database server cannot run as root, and no user to run it could be created",
            hint="create one: " + " ".join(_CREATE),
        )
    return found
