"""Places for clusters under test, and ways to act as another operating-system user."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from casectl.store.binaries import wheel_binaries
from casectl.store.cluster import Cluster
from casectl.store.server_user import ServerUser

if TYPE_CHECKING:
    from collections.abc import Iterator

IS_ROOT = os.geteuid() == 0
ORDINARY = "daemon"
"""A user every Unix has; it owns nothing and serves nothing."""

SETTINGS = {"fsync": "off", "shared_buffers": "16MB"}

START = """
import sys
from pathlib import Path
from casectl.errors import Refusal
from casectl.store.cluster import Cluster
try:
    address = Cluster(Path(sys.argv[1]), settings={"fsync": "off"}).ensure_running(print)
    print(address.folder)
except Refusal as refusal:
    print(type(refusal).__name__, refusal.message, "|", refusal.hint)
    raise SystemExit(refusal.exit_code)
"""


@contextlib.contextmanager
def open_place(owner: str | None = None) -> Iterator[Path]:
    """A folder that every user can enter (pytest's own are closed), of `owner`; servers below it are stopped."""
    place = Path(tempfile.mkdtemp(prefix="casectl test ", dir="/tmp")).resolve()
    place.chmod(0o755)
    if owner is not None:
        entry = pwd.getpwnam(owner)
        os.chown(place, entry.pw_uid, entry.pw_gid)
    try:
        yield place
    finally:
        for data in place.glob("**/18/data"):
            Cluster(data.parents[1]).stop("immediate")
        shutil.rmtree(place)


@contextlib.contextmanager
def private_sockets() -> Iterator[Path]:
    """A short temp folder of our own for the sockets: other servers' folders are neither seen nor touched.

    At the end it must be empty: whoever stops, dies or fails to start leaves no folder behind.
    """
    base = Path(tempfile.mkdtemp(prefix="sockets-", dir="/tmp"))
    base.chmod(0o1777)
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("XDG_RUNTIME_DIR", raising=False)
        environment.setenv("TMPDIR", str(base))
        yield base
    left = [entry.name for entry in base.iterdir()]
    shutil.rmtree(base)
    assert left == []


def login_as(name: str) -> dict[str, Any]:
    """Arguments for subprocess that drop root's rights for those of `name`."""
    entry = pwd.getpwnam(name)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": [], "cwd": "/"}


@cache
def others_run_programs() -> bool:
    """Whether we can act as another user here: as root, with the wheel where others can run its programs."""
    if not IS_ROOT:
        return False
    entry = pwd.getpwnam(ORDINARY)
    return ServerUser(ORDINARY, entry.pw_uid, entry.pw_gid).can_execute(wheel_binaries().folder / "psql")


def start_as(uid: int, gid: int, root: Path) -> subprocess.CompletedProcess[str]:
    """Start a cluster as another user. The interpreter may lie in root's home, so everything is loaded before."""
    become = (
        "import encodings.ascii, importlib.util, locale, os, shutil, socket, sys, tempfile\n"
        "import casectl.store.server_process, casectl.store.server_start\n"
        "os.setgroups([]); os.setgid(int(sys.argv[3])); os.setuid(int(sys.argv[2])); os.chdir('/')\n"
    )
    return python(become + START, str(root), str(uid), str(gid))


def python(script: str, *argv: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a script with this interpreter."""
    command = [sys.executable, "-W", "error", "-c", script, *argv]
    # Some scripts become another user, who cannot write where coverage is measured.
    options.setdefault("env", {key: word for key, word in os.environ.items() if not key.startswith("COVERAGE")})
    return subprocess.run(command, capture_output=True, text=True, timeout=300, **options)


def modes(path: Path) -> dict[str, tuple[int, int]]:
    """Mode and owner of a path and of all its parents."""
    return {str(step): (step.stat().st_mode, step.stat().st_uid) for step in (path, *path.parents)}
