"""The running server process: is it alive, is it ours, does it answer, how is it stopped; and its socket folder.

Used by the modules of store that deal with the embedded server.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import signal
import stat
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from casectl.errors import Unreachable
from casectl.store.cluster_layout import SUPERUSER, open_private
from casectl.store.postmaster_pid import is_private, read_postmaster_pid

if TYPE_CHECKING:
    from casectl.store.cluster_layout import ClusterLayout
    from casectl.store.server_user import ServerUser

STOP_SIGNALS = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
"""How a postmaster is told to stop ("Shutting Down the Server" in the Postgres manual)."""

PAUSE = 0.01
"""Seconds between two looks at a server that starts or stops."""

_SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
"""The shortest question of Postgres' protocol; the answer is one letter ("SSLRequest" in its manual)."""

_WORDS = f"user\0{SUPERUSER}\0database\0postgres\0\0".encode("ascii")
_STARTUP = (len(_WORDS) + 8).to_bytes(4, "big") + (3 << 16).to_bytes(4, "big") + _WORDS
"""The beginning of a session ("StartupMessage"); a server that takes none says why at once."""

_CANNOT_CONNECT_NOW = b"C57P03\0"
"""That reason ("PostgreSQL Error Codes"), as a field of the answer."""

_PATIENT = 5.0
"""Seconds for an answer on a busy machine."""

_PROCESSES = Path("/proc/self")
"""Where it is missing (macOS), a pid cannot be told to be our server's, and Postgres' own checks have to do."""

_PREFIX = "casectl-"
_LONGEST_BASE = 60
"""A socket's path holds at most 108 bytes (104 on macOS), our folder and Postgres' file name included."""

_PLAIN = re.compile(r"[A-Za-z0-9/_.+-]+")
"""Postgres reads the folder as an element of a list: no spaces, commas, quotes."""


def take_lock(path: Path, user: ServerUser) -> int | None:
    """Lock the file `path`; returns the descriptor that holds the lock, None when another process holds it."""
    descriptor = open_private(path, user)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def is_alive(layout: ClusterLayout) -> bool:
    """Whether a server works on the data folder.

    The server and all its children inherit the lock on `alive`, so neither a stale pid file nor a pid that another
    process got after a reboot deceives us. A server that somebody started by hand is known by its working folder.
    """
    return _is_locked(layout.alive_lock) or runs_by_pid(layout)


def _is_locked(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def runs_by_pid(layout: ClusterLayout) -> bool:
    """Whether the process that the pid file names is a postmaster of this data folder (its working folder is that)."""
    found = read_postmaster_pid(str(layout.data))
    if found is None or found.pid <= 1:
        return False
    try:
        return Path(f"/proc/{found.pid}/cwd").samefile(layout.data)
    except OSError:
        # Gone, a zombie, or another user's: none of them is our server. Without /proc, only the lock can tell.
        return False


def is_stopped(pid: int) -> bool:
    """Whether the process was stopped by a signal and waits for another to go on; False where /proc is missing."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state in ("T", "t")


def answers(host: str, port: int) -> bool:
    """Whether a server answers at `host`: one that was just killed may still take a connection.

    `host` is an address, or the folder of a socket.
    """
    return _asked(host, port, _SSL_REQUEST)[:1] in (b"N", b"S")


def welcomes(folder: str, port: int) -> bool:
    """Whether the server at the socket in `folder` takes sessions: not while it starts, recovers or stops."""
    told = _asked(folder, port, _STARTUP)
    return bool(told) and _CANNOT_CONNECT_NOW not in told


def _asked(host: str, port: int, message: bytes) -> bytes:
    """The first of the server's answer, b"" without one."""
    import socket

    is_folder = host.startswith("/")
    with socket.socket(socket.AF_UNIX if is_folder else socket.AF_INET6 if ":" in host else socket.AF_INET) as client:
        client.settimeout(_PATIENT)
        try:
            client.connect(f"{host}/.s.PGSQL.{port}" if is_folder else (host, port))
            client.sendall(message)
            return client.recv(1024)
        except OSError:
            return b""


def signal_server(layout: ClusterLayout, mode: str) -> None:
    """Tell the server to stop, without waiting for it."""
    found = read_postmaster_pid(str(layout.data))
    if found is not None and (runs_by_pid(layout) or not _PROCESSES.exists()):
        with contextlib.suppress(ProcessLookupError):
            os.kill(found.pid, STOP_SIGNALS[mode])


def wait_until_gone(layout: ClusterLayout) -> None:
    """Wait until the server and all its children have ended."""
    while is_alive(layout):
        time.sleep(PAUSE)


def remove_leftovers(layout: ClusterLayout) -> None:
    """Remove what a server that is no more left behind: its socket folder, and a pid file that names a stranger.

    To be called only while the `alive` lock is held. Postgres itself copes with a pid file whose process is gone,
    but refuses to start when another process of the same user has that pid now.
    """
    found = read_postmaster_pid(str(layout.data))
    if found is None:
        return
    remove_socket_folder(found.folder, found.owner)
    if _PROCESSES.exists():
        (layout.data / "postmaster.pid").unlink(missing_ok=True)


def make_socket_folder(user: ServerUser) -> str:
    """Make a short private folder (0700, of `user`) for the socket; raises Unreachable when no place allows it."""
    for base in _bases():
        if not _is_suitable(base, user):
            continue
        with contextlib.suppress(OSError):
            folder = tempfile.mkdtemp(prefix=_PREFIX, dir=base)
            if os.geteuid() != user.uid:
                os.chown(folder, user.uid, user.gid)
            return folder
    raise Unreachable(
        "no folder for the database server's socket: all of " + ", ".join(_bases()) + " are unusable",
        hint=f"set TMPDIR to a folder you can write, with a path shorter than {_LONGEST_BASE} characters",
    )


def remove_socket_folder(folder: str, owner: int) -> None:
    """Remove a socket folder of ours with the socket that a killed server left in it."""
    if not Path(folder).name.startswith(_PREFIX) or not is_private(folder, owner):
        return
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):  # noqa: PTH208 - names only
            if name.startswith(".s.PGSQL."):
                Path(folder, name).unlink()
        Path(folder).rmdir()


def _bases() -> list[str]:
    wished = (os.environ.get("XDG_RUNTIME_DIR"), os.environ.get("TMPDIR"), "/tmp", "/var/tmp", "/dev/shm")  # noqa: S108
    return list(dict.fromkeys(base for base in wished if base))


def _is_suitable(base: str, user: ServerUser) -> bool:
    """Whether a folder made in `base` stays ours: nobody else can rename it there."""
    if not base.startswith("/") or len(base) > _LONGEST_BASE or not _PLAIN.fullmatch(base):
        return False
    try:
        found = os.stat(base)  # noqa: PTH116 - a plain string all along
    except OSError:
        return False
    shared = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if found.st_uid not in (0, user.uid) or (shared and not found.st_mode & stat.S_ISVTX):
        return False
    return user.can_enter(Path(base)) and os.access(base, os.W_OK | os.X_OK)
