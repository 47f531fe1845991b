"""The embedded server's log: opened for the server, read for the progress of a recovery and the cause of a failure.

Used by store.server_start.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from casectl.errors import Refusal, Unreachable
from casectl.store.cluster_layout import open_private

if TYPE_CHECKING:
    from pathlib import Path

    from casectl.store.server_user import ServerUser

_LARGEST = 10 * 1024 * 1024
_TAIL = 16 * 1024
_PROGRESS = re.compile(r"LOG:  ((?:redo in progress|syncing data directory|resetting unlogged)[^\n]*)")
_CAUSE = re.compile(
    r"(?:(?:FATAL|PANIC|error): +(?!the database system is )|LOG: +(?=invalid value |unrecognized config))([^\n]+)"
)
_CAUSES = (
    (
        re.compile(r"No space left on device|Disk quota exceeded"),
        "no space left on its disk",
        "make room and try again",
    ),
    (
        re.compile(r"Cannot allocate memory|could not map anonymous shared memory"),
        "not enough memory",
        "end other programs, or name a server elsewhere with CASECTL_DATABASE_URL",
    ),
    (
        re.compile(r"could not create semaphores|could not create shared memory segment"),
        "the system's shared memory or semaphores are used up",
        "see what holds them with 'ipcs', or raise kernel.sem and kernel.shmmni",
    ),
)


def open_log(log: Path, user: ServerUser) -> int:
    """Open the log for appending and return its descriptor; one larger than 10 MB becomes `server.log.1` first."""
    try:
        if log.stat().st_size > _LARGEST:
            log.replace(log.with_name(log.name + ".1"))
    except FileNotFoundError:
        pass
    return open_private(log, user, os.O_APPEND)


def log_tail(log: Path, since: int = 0) -> str:
    """Read the last 16 kB of the log, nothing before the byte `since`."""
    try:
        with log.open("rb") as file:
            file.seek(max(since, os.fstat(file.fileno()).st_size - _TAIL))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def recovery_progress(text: str) -> str:
    """Give the server's newest word about its recovery in this part of the log, or ''."""
    found = _PROGRESS.findall(text)
    return str(found[-1]) if found else ""


def refusal_from(text: str, what: str, where: Path, hint: str) -> Refusal:
    """Say that `what` failed at the folder `where`, by the cause that the output `text` of a Postgres program tells."""
    for pattern, cause, advice in _CAUSES:
        if pattern.search(text):
            return Unreachable(f"{what} in {where}: {cause}", hint=advice)
    causes = _CAUSE.findall(text) or text.strip().splitlines() or ["it gave no reason"]
    return Unreachable(f"{what} in {where}: {causes[0]}", hint=hint)
