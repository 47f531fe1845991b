"""A desk of its own on an embedded server, commands in it as processes, and what can be done to both."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from casectl.store.cluster import Cluster
from tests.demo_home import DemoHome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE = 240.0


def until(holds: Callable[[], Any], what: str) -> Any:
    """What `holds` gives as soon as it is true."""
    end = time.monotonic() + PATIENCE
    while not (found := holds()):
        assert time.monotonic() < end, f"{what} did not come to be"
        time.sleep(0.01)
    return found


class FaultHome(DemoHome):
    """A home whose commands and server a test may kill."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.data_dir = folder / ".local/share/casectl"

    @property
    def cluster(self) -> Cluster:
        """The embedded server of this home."""
        return Cluster.for_path(self.data_dir / "postgres")

    def start(self, *words: str, **environ: str) -> subprocess.Popen[str]:
        """casectl as a process that the test goes on beside."""
        return subprocess.Popen(
            [sys.executable, "-m", "casectl", *words], env=self.environ | environ, cwd=self.folder, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def ok(self, *words: str, **options: str) -> str:
        """Run what must succeed; its output."""
        done = self.run(*words, **options)
        assert done.returncode == 0, done.stdout + done.stderr
        return str(done.stdout).rstrip("\n")

    def json(self, *words: str, **options: str) -> Any:
        """What a command that must succeed answers."""
        return json.loads(self.ok(*words, "--json", **options))

    def root(self) -> psycopg.Connection[Any]:
        """A connection as the superuser."""
        address = self.cluster.address()
        assert address is not None
        connection: psycopg.Connection[Any] = psycopg.connect(**address.superuser("casectl"))
        connection.execute("SELECT set_config('search_path', 'desk', false)")
        connection.commit()
        return connection

    def one(self, statement: str, *parameters: Any) -> Any:
        """The single value of a statement."""
        with self.root() as connection:
            row = connection.execute(statement.encode(), parameters).fetchone()
        return row[0] if row else None

    @contextlib.contextmanager
    def held(self, statement: str) -> Iterator[psycopg.Connection[Any]]:
        """Rows locked by somebody else until the block ends."""
        with self.root() as connection:
            connection.execute(statement.encode())
            yield connection
            with contextlib.suppress(psycopg.Error):
                connection.rollback()

    def waiting_backend(self) -> int:
        """The server process of a command, once it waits for somebody's lock."""
        address = self.cluster.address()
        assert address is not None
        with psycopg.connect(**address.superuser("casectl"), autocommit=True) as watcher:

            def found() -> int:
                row = watcher.execute(
                    "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'casectl'"
                ).fetchone()
                return row[0] if row else 0

            return int(until(found, "a command that waits for a lock"))

    def postmaster(self) -> int:
        """The server's first process."""
        return int((self.cluster.layout.data / "postmaster.pid").read_text().split()[0])

    def server_processes(self) -> list[int]:
        """All processes of the server."""
        return [self.postmaster(), *_children(self.postmaster())]

    @staticmethod
    def send(pids: list[int], one: signal.Signals) -> None:
        """Signal these processes; the server of a session that has ended may be gone by now."""
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, one)

    def sound(self) -> None:
        """All of it is in agreement."""
        assert self.json("db", "check") == []


def _children(pid: int) -> list[int]:
    """The processes that `pid` has started."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError, IndexError):
                if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                    found.append(int(entry.name))
    return found


@contextlib.contextmanager
def fault_home(cases: int) -> Iterator[FaultHome]:
    """A fresh home with a demo desk of so many cases."""
    folder = Path(tempfile.mkdtemp(prefix="casectl faults ", dir="/tmp")).resolve()
    folder.chmod(0o755)
    home = FaultHome(folder)
    try:
        home.ok("demo", "--cases", str(cases), "--quiet")
        yield home
    finally:
        with contextlib.suppress(OSError, ValueError):
            home.send(home.server_processes(), signal.SIGCONT)
        home.run("db", "stop", "--mode", "immediate")
        shutil.rmtree(folder)
