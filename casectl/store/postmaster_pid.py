"""Reads `postmaster.pid`, the file in which a Postgres server says where it is.

Used by the modules of store that deal with the embedded server. On the path of every command: nothing heavy here.
"""

from __future__ import annotations

import os
import stat

import msgspec

_LINES = 8
_STATUS_LINE = 7


class PostmasterPid(msgspec.Struct, frozen=True):
    """What the file says; `started` is in seconds since the epoch, `owner` the user id the file belongs to.

    `status` is `starting`, `ready`, `standby` or `stopping`, and empty while the server has not written it yet.
    """

    pid: int
    started: int
    port: int
    folder: str
    status: str
    owner: int

    @property
    def is_ready(self) -> bool:
        """Whether the server said that it takes connections (which a killed server cannot take back)."""
        return self.status == "ready"

    def has_private_folder(self) -> bool:
        """Whether the socket's folder is there and only the server's user can enter it.

        After a reboot a stranger can make a folder of the recorded name in the temp folder, with a server of his own.
        """
        return is_private(self.folder, self.owner)


def is_private(folder: str, owner: int) -> bool:
    """Whether `folder` is a folder, no link, that only the user with the id `owner` can enter."""
    try:
        found = os.lstat(folder)
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == owner and not found.st_mode & 0o077


def read_postmaster_pid(data: str) -> PostmasterPid | None:
    """Read the file in the data folder `data`; None when it is absent, unreadable or only half written.

    Source: "postmaster.pid" in Postgres' src/include/utils/pidfile.h (line 4 port, 5 socket folder, 8 status).
    """
    try:
        descriptor = os.open(data + "/postmaster.pid", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        text = os.fsdecode(os.read(descriptor, 8192))
        owner = os.fstat(descriptor).st_uid
    finally:
        os.close(descriptor)
    return _parsed(text, owner)


def _parsed(text: str, owner: int) -> PostmasterPid | None:
    lines = text.split("\n")
    lines += [""] * (_LINES - len(lines))
    try:
        pid, started, port = int(lines[0]), int(lines[2]), int(lines[3])
    except ValueError:
        return None
    return PostmasterPid(pid, started, port, lines[4], lines[_STATUS_LINE].strip(), owner)
