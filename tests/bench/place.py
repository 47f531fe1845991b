"""The desk that is measured: a demo desk of its own in a temporary folder, filled up with cases; and its processes."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from casectl.config import load
from casectl.desk.demo import make_demo
from casectl.desk.open import APP_ROLE, DATABASE, cluster_of, open_desk
from tests.bench.population import populate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from casectl.desk.local import LocalDesk

ROOT = Path(__file__).resolve().parents[2]


class Place:
    """A running desk below `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._config = load({"data_dir": str(folder / "desk")}, {"HOME": str(folder)})
        make_demo(self._config, lambda _: None)
        self._cluster = cluster_of(self._config)
        address = self._cluster.address()
        assert address is not None
        self._address = address
        self._launcher = subprocess.Popen(
            [sys.executable, "-S", "-E", str(ROOT / "tests" / "bench" / "launcher.py")], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def fill(self, cases: int) -> None:
        """Add cases until there are that many."""
        with self.superuser() as connection:
            row = connection.execute("SELECT count(*) FROM desk.cases").fetchone()
            missing = cases - (row[0] if row else 0)
            connection.rollback()
            if missing > 0:
                populate(connection, 1, missing)

    def superuser(self) -> psycopg.Connection[Any]:
        """A connection that no policy binds."""
        return psycopg.connect(**self.superuser_parameters)

    @property
    def superuser_parameters(self) -> dict[str, Any]:
        """Where a superuser connects."""
        return {**self._address.superuser(DATABASE), "options": "-c search_path=desk"}

    def app(self) -> psycopg.Connection[Any]:
        """A connection as every command has one."""
        return psycopg.connect(**self._address.conninfo(APP_ROLE, DATABASE))

    def desk(self) -> LocalDesk:
        """The desk as its admin."""
        return open_desk(self._config)

    def psql(self) -> list[str]:
        """The command line of the least SQL process there is."""
        return [*self._cluster.psql_argv(self._address, APP_ROLE, DATABASE), "-XAtc", "select 1"]

    def python_psycopg(self) -> list[str]:
        """The command line of the least Python process with SQL."""
        where = self._address.conninfo(APP_ROLE, DATABASE)
        return [sys.executable, "-c", f"import psycopg; psycopg.connect(**{where!r}).execute('select 1').fetchall()"]

    @property
    def environ(self) -> dict[str, str]:
        """The environment of a process: bytecode is compiled, once and beside the sources' folders."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "CASECTL_"))}
        return kept | {
            "HOME": str(self.folder), "CASECTL_DATA_DIR": str(self.folder / "desk"),
            "PYTHONPYCACHEPREFIX": str(self.folder / "bytecode"),
        }  # fmt: skip

    def launch(self, asked: list[Any]) -> tuple[float, int, float]:
        """Have the launcher run a process."""
        pipe_in, pipe_out = self._launcher.stdin, self._launcher.stdout
        assert pipe_in is not None
        assert pipe_out is not None
        pipe_in.write(json.dumps(asked) + "\n")
        pipe_in.flush()
        taken, code, peak = json.loads(pipe_out.readline())
        return taken, code, peak

    def stop(self) -> None:
        """Stop the server and the launcher."""
        self._launcher.communicate()
        self._cluster.stop("immediate")


class Process:
    """A command run again and again; `peak` is the most memory that a run took, in MB."""

    def __init__(self, place: Place, argv: list[str], environ: dict[str, str] | None = None) -> None:
        self._place = place
        self._argv = argv
        self._environ = place.environ | (environ or {})
        self.peak = 0.0

    def __call__(self, *more: str, text: str = "") -> float:
        """Run it with `more` words and `text` on standard input; milliseconds of wall time."""
        given, told = self._place.folder / "given", self._place.folder / "told"
        given.write_text(text, "utf-8")
        asked = [[*self._argv, *more], str(ROOT), self._environ, str(given), str(told)]
        taken, code, peak = self._place.launch(asked)
        if code:
            raise SystemExit(f"{' '.join(self._argv[1:])}: {told.read_text('utf-8', 'replace')}")
        self.peak = max(self.peak, peak)
        return taken


def casectl(place: Place, *words: str) -> Process:
    """A command of ours as a process."""
    return Process(place, [sys.executable, "-m", "casectl", *words])


@contextlib.contextmanager
def open_place() -> Iterator[Place]:
    """A desk in a temporary folder, stopped and removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="casectl-bench-", dir="/tmp")).resolve()
    folder.chmod(0o755)
    try:
        place = Place(folder)
        try:
            yield place
        finally:
            place.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
