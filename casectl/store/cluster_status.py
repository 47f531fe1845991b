"""What `casectl db status` tells about the embedded server.

Used by store.cluster; desk/ shows the result.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Literal

import msgspec

from casectl.errors import Unreachable
from casectl.store.binaries import wheel_binaries
from casectl.store.cluster_layout import MAJOR, SUPERUSER
from casectl.store.postmaster_pid import PostmasterPid, read_postmaster_pid
from casectl.store.server_process import is_alive, welcomes
from casectl.store.server_user import user_of

if TYPE_CHECKING:
    from pathlib import Path

    from casectl.store.cluster_layout import ClusterLayout

State = Literal["absent", "stopped", "starting", "running"]


class ClusterStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What `db status` shows; times in seconds, sizes in bytes, None where there is none.

    `starting` is every moment in which a server lives without answering: a start, a crash recovery, a shutdown.
    """

    state: State
    version: str
    data: str
    log: str
    superuser: str = SUPERUSER
    server_user: str | None = None
    pid: int | None = None
    socket_folder: str | None = None
    port: int | None = None
    size_bytes: int = 0
    uptime_seconds: float | None = None


def status_of(layout: ClusterLayout) -> ClusterStatus:
    """Look at the server of `layout` without touching it."""
    state, found = _state(layout)
    owner = layout.data_owner()
    user = None if owner is None else user_of(owner)
    return ClusterStatus(
        state=state,
        version=_version(),
        data=str(layout.data),
        log=str(layout.log),
        server_user=user.name if user else None,
        pid=found.pid if found else None,
        socket_folder=found.folder if found else None,
        port=found.port if found else None,
        size_bytes=_size(layout.data),
        uptime_seconds=max(0.0, time.time() - found.started) if found else None,
    )


def _state(layout: ClusterLayout) -> tuple[State, PostmasterPid | None]:
    if not layout.is_initialised():
        return "absent", None
    if not is_alive(layout):
        return "stopped", None
    found = read_postmaster_pid(str(layout.data))
    if found is None:
        return "starting", None
    serves = found.is_ready and found.has_private_folder() and welcomes(found.folder, found.port)
    return ("running" if serves else "starting"), found


def _version() -> str:
    try:
        return wheel_binaries().version()
    except Unreachable:
        return MAJOR


def _size(folder: Path) -> int:
    """Add up the files; some vanish while we look."""
    total = 0
    for place, _folders, files in os.walk(folder):
        for name in files:
            try:
                total += os.lstat(os.path.join(place, name)).st_size  # noqa: PTH118 - a thousand files, one by one
            except OSError:
                continue
    return total
