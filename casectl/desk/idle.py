"""Stops an embedded server that nobody has used for a while (`database.stop_after`). Only `desk` imports this.

Every command of a desk with that setting leaves the time of its use behind and makes sure that one watcher waits for
that time to grow old. The watcher is this module run as a program, detached from the command that started it.
"""

from __future__ import annotations

import fcntl
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from casectl.store.cluster import Cluster

_LAST_USE = "last-use"
"""Its time is that of the last command, its text the seconds that command wants the server to be kept."""

_WATCHER = "idle-watcher.lock"
_SHORTEST_NAP, _LONGEST_NAP = 0.2, 5.0
"""Seconds. A command that wants the server stopped sooner than its predecessors did is heard after the longest."""


def watch(cluster: Cluster, seconds: float) -> None:
    """Note that the server is used now, and have it stopped after `seconds` without use."""
    _note(cluster.root / _LAST_USE, seconds)
    lock = _lock(cluster.root)
    if lock is None:
        return
    import subprocess

    try:
        watcher = subprocess.Popen(  # noqa: S603 - this interpreter and a module of ours
            [sys.executable, "-m", __name__, str(cluster.root)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            cwd="/", pass_fds=(lock,),
        )  # fmt: skip
        watcher.returncode = 0  # it outlives us, which is no reason to warn of it
    finally:
        os.close(lock)  # the watcher has inherited the lock


def forget(cluster: Cluster) -> None:
    """Let the watcher go: the server was stopped, and whoever starts it again says for how long."""
    (cluster.root / _LAST_USE).unlink(missing_ok=True)


def _note(path: Path, seconds: float) -> None:
    """Replace the file in one step: the watcher must never read half of it, nor two threads write the same draft."""
    draft = path.with_name(f"{path.name}.{os.urandom(6).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(str(seconds))
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def _lock(root: Path) -> int | None:
    """The watcher's lock, None when another process holds it."""
    descriptor = os.open(root / _WATCHER, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def wait_and_stop(root: Path) -> bool:
    """Wait until the server has been unused as long as its last user said, then stop it; False when it was let go.

    `smart` waits for sessions that are still open, so that nobody's work is cut off.
    """
    from casectl.store.cluster import Cluster

    try:
        while (left := _left(root / _LAST_USE)) > 0:
            time.sleep(min(max(left, _SHORTEST_NAP), _LONGEST_NAP))
    except FileNotFoundError:
        return False
    Cluster(root).stop("smart")
    return True


def _left(last_use: Path) -> float:
    return last_use.stat().st_mtime + float(last_use.read_text("ascii")) - time.time()


if __name__ == "__main__":
    wait_and_stop(Path(sys.argv[1]))
