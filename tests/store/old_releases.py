"""The program as it was at an earlier schema, taken from this repository's own history, and desks that it has made."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from psycopg.conninfo import make_conninfo

from casectl.store.provision import ROLES
from tests.store.own_servers import KEPT, ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from casectl.store.cluster import Address

SCHEMA = "casectl/store/schema.py"


def _git(*words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, timeout=60)


def _commit_of(schema: str) -> str:
    """The last commit whose program needs this schema; skips where the history is not there."""
    changed = _git("log", "--format=%H", "--", SCHEMA)
    for commit in changed.stdout.decode().split():
        if f'SCHEMA_VERSION = "{schema}"'.encode() in _git("show", f"{commit}^:{SCHEMA}").stdout:
            return f"{commit}^"
    whole = _git("rev-parse", "--is-shallow-repository").stdout.strip() == b"false"
    assert not whole, f"the history is whole, but no commit of it needs the schema {schema}"
    pytest.skip("the history of this repository is not here, and with it no earlier program")


def unpack(schema: str, folder: Path) -> Path:
    """The program of this schema, below `folder`."""
    archive = _git("archive", _commit_of(schema), "casectl")
    assert archive.returncode == 0, archive.stderr
    place = folder / schema
    place.mkdir()
    subprocess.run(["tar", "-x", "-C", str(place)], input=archive.stdout, check=True, timeout=60)
    return place


class Release:
    """A program of some schema at work on a database."""

    def __init__(self, program: Path, home: Path, server: Address, database: str) -> None:
        self.roles = {role: server.conninfo(f"{database}_{role}", database) for role in ROLES}
        self.environ = {name: os.environ[name] for name in KEPT if name in os.environ}
        self.environ |= {
            "HOME": str(home), "PYTHONPATH": str(program), "NO_COLOR": "1",
            "CASECTL_DATABASE_URL": make_conninfo(**self.roles["app"]), "CASECTL_USER": "jane",
            "CASECTL_DATABASE_MIGRATE_URL": make_conninfo(**self.roles["owner"]),
        }  # fmt: skip
        self.home = home

    def start(self, *words: str) -> subprocess.Popen[str]:
        """casectl as a process beside the test."""
        return subprocess.Popen(
            [sys.executable, "-m", "casectl", *words], cwd=self.home, env=self.environ, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, *words: str) -> tuple[int, str, str]:
        """Its code and what it wrote."""
        process = self.start(*words)
        out, err = process.communicate(timeout=300)
        return process.returncode, out, err

    def ok(self, *words: str) -> str:
        """What a command that must succeed wrote."""
        code, out, err = self.run(*words)
        assert code == 0, (words, out, err)
        return out.strip()

    def populate(self) -> None:
        """A tenant with cases that were worked on, closed, deleted and imported."""
        self.ok("init", "--tenant", "acme", "--admin", "jane", "--yes")
        numbers = [self.ok("create", f"Case {number}", "--tag", "old", "-o", "id") for number in range(4)]
        self.ok("note", numbers[0], "A note from before")
        self.ok("note", numbers[0], "An internal one", "--internal")
        self.ok("bulk-update", *numbers[:3], "--priority", "high", "--add-tag", "bulk", "--yes")
        self.ok("status", numbers[1], "resolved")
        self.ok("delete", numbers[2])
        self.ok("team", "add", "l2", "--member", "jane")
        log = ROOT / "tests/data/incident_sample.csv"
        self.ok("import", str(log), "--map", str(ROOT / "casectl/examples/incident_event_log.toml"))
