"""Stops an embedded server that nobody has used for a while (`database.stop_after`). Only `desk.open` imports this.

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
_WATCHER = "idle-watcher.lock"
_SHORTEST_NAP = 0.2


def watch(cluster: Cluster, seconds: float) -> None:
    """Note that the server is used now, and have it stopped after `seconds` without use."""
    (cluster.root / _LAST_USE).touch(mode=0o600)
    lock = _lock(cluster.root)
    if lock is None:
        return
    os.close(lock)
    import subprocess

    subprocess.Popen(  # noqa: S603 - this interpreter and a module of ours
        [sys.executable, "-m", __name__, str(cluster.root), str(seconds)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        cwd="/",
    )  # fmt: skip


def _lock(root: Path) -> int | None:
    """The watcher's lock, None when another process holds it."""
    descriptor = os.open(root / _WATCHER, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def wait_and_stop(root: Path, seconds: float) -> bool:
    """Wait until the server has been unused for `seconds`, then stop it; False when another watcher does.

    `smart` waits for sessions that are still open, so that nobody's work is cut off.
    """
    from casectl.store.cluster import Cluster

    if _lock(root) is None:
        return False
    while (left := _age_left(root, seconds)) > 0:
        time.sleep(max(left, _SHORTEST_NAP))
    Cluster(root).stop("smart")
    return True


def _age_left(root: Path, seconds: float) -> float:
    return (root / _LAST_USE).stat().st_mtime + seconds - time.time()


if __name__ == "__main__":
    wait_and_stop(Path(sys.argv[1]), float(sys.argv[2]))
