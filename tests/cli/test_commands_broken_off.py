"""What holds when a command, its server or its disk breaks in the middle: nothing twice, nothing lost, nothing untrue.

Each test leaves the desk as it was found, and `casectl db check` must find it in order.
"""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.fault_home import PATIENCE, FaultHome, fault_home, until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.no_cover
"""What is run here many times is measured where it runs once."""

CASES = 2100
"""Three batches."""

LAST = "SELECT id FROM cases WHERE id = (SELECT max(id) FROM cases WHERE deleted_at IS NULL) FOR UPDATE"


@pytest.fixture(scope="module")
def home() -> Iterator[FaultHome]:
    with fault_home(CASES) as made:
        yield made


class Tagging:
    """A bulk that gives all cases a tag of its own, in the order of their ids, and what became of them."""

    def __init__(self, home: FaultHome, tag: str) -> None:
        self.home, self.tag = home, tag
        with home.root() as connection:
            rows = connection.execute("SELECT id FROM cases WHERE deleted_at IS NULL ORDER BY id").fetchall()
        self.ids = [str(row[0]) for row in rows]
        self.file = home.folder / f"{tag}.ids"
        self.file.write_text("\n".join(self.ids))

    def start(self, *words: str) -> subprocess.Popen[str]:
        argv = [sys.executable, "-m", "casectl", "bulk-update", "-", "--add-tag", self.tag, "--quiet", *words]
        with self.file.open() as ids:
            return subprocess.Popen(
                argv, env=self.home.environ, cwd=self.home.folder, stdin=ids, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )  # fmt: skip

    def tagged(self) -> int:
        return int(self.home.one("SELECT count(*) FROM case_tags WHERE tag = %s", self.tag))

    def recorded(self) -> int:
        """How often the audit tells that a case got the tag."""
        return int(
            self.home.one(
                "SELECT count(*) FROM audit WHERE object = 'case' AND action = 'update'"
                " AND payload -> 'tags' -> 1 ? %s AND NOT payload -> 'tags' -> 0 ? %s",
                self.tag, self.tag,
            )
        )  # fmt: skip

    def complete(self) -> None:
        """Run again: the rest is done, nothing is done twice, and everything is in agreement."""
        before = self.tagged()
        assert self.recorded() == before
        out, err = (done := self.start("--json")).communicate(timeout=PATIENCE)
        assert done.returncode == 0, err
        assert json.loads(out)["changed"] == len(self.ids) - before
        assert self.tagged() == self.recorded() == len(self.ids)
        self.home.sound()


def test_a_bulk_killed_inside_a_batch_leaves_whole_batches(home: FaultHome) -> None:
    work = Tagging(home, "killed-inside")
    with home.held(LAST):
        command = work.start()
        home.waiting_backend()
        command.kill()
        command.communicate()
    assert work.tagged() == 2000
    work.complete()


def test_a_bulk_killed_at_any_moment_leaves_whole_batches(home: FaultHome) -> None:
    work = Tagging(home, "killed-anywhere")
    command = work.start()
    until(work.tagged, "a first batch")
    command.kill()
    command.communicate()
    until(lambda: not sessions(home), "the end of the killed command's session")
    assert work.tagged() % 1000 == 0 or work.tagged() == len(work.ids)
    work.complete()


def sessions(home: FaultHome) -> int:
    return int(home.one("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'casectl'"))


@pytest.mark.parametrize("victim", ["backend", "postmaster"])
def test_a_bulk_whose_server_is_killed_says_what_was_done(home: FaultHome, victim: str) -> None:
    work = Tagging(home, f"server-{victim}")
    with home.held(LAST):
        command = work.start()
        backend = home.waiting_backend()
        os.kill(backend if victim == "backend" else home.postmaster(), signal.SIGKILL)
        out, err = command.communicate(timeout=PATIENCE)
    assert (command.returncode, out) == (9, "")
    assert err.splitlines() == [
        f"casectl: warning: stopped after 2,000 of {len(work.ids):,} cases: 2,000 changed, 0 unchanged, 0 refused",
        "casectl: the database does not answer",
        "casectl db status tells its state, casectl db start starts it",
    ]
    home.ok("db", "status")
    home.ok("list", "--limit", "1")
    assert work.tagged() == 2000
    work.complete()


def interrupted(command: subprocess.Popen[str]) -> str:
    out, err = command.communicate(timeout=PATIENCE)
    assert (command.returncode, out) == (130, "")
    assert "Traceback" not in err
    return err


def pressed_ctrl_c(home: FaultHome, work: Tagging) -> tuple[subprocess.Popen[str], str]:
    """A bulk that waits for somebody's lock when Ctrl-C is pressed, and what it says to that."""
    command = work.start()
    home.waiting_backend()
    command.send_signal(signal.SIGINT)
    assert command.stderr is not None
    return command, command.stderr.readline()


def test_ctrl_c_lets_the_batch_come_to_its_end(home: FaultHome) -> None:
    work = Tagging(home, "stopped")
    middle = work.ids[1500]
    with home.held(f"SELECT FROM cases WHERE id = {middle} FOR UPDATE"):
        command, told = pressed_ctrl_c(home, work)
        assert "stopping after this batch" in told
    assert "stopped after 2,000 of" in interrupted(command)
    assert work.tagged() == 2000
    work.complete()


def test_ctrl_c_twice_undoes_the_batch_and_says_so(home: FaultHome) -> None:
    work = Tagging(home, "stopped-at-once")
    with home.held(f"SELECT FROM cases WHERE id = {work.ids[1500]} FOR UPDATE"):
        command, told = pressed_ctrl_c(home, work)
        assert "Ctrl-C again" in told
        command.send_signal(signal.SIGINT)
        assert "stopped after 1,000 of" in interrupted(command)
    assert work.tagged() == 1000
    work.complete()


def test_ctrl_c_at_the_question_changes_nothing(home: FaultHome) -> None:
    before = home.one("SELECT max(seq) FROM audit")
    code, screen = home.on_terminal("bulk-update", "1", "2", "3", "--add-tag", "never", answers=[("[y/N] ", "\x03")])
    assert code == 130
    assert "Traceback" not in screen
    assert home.one("SELECT max(seq) FROM audit") == before


def test_ctrl_c_on_a_terminal_stops_a_bulk_between_batches(home: FaultHome) -> None:
    work = Tagging(home, "stopped-on-terminal")
    with home.held(f"SELECT FROM cases WHERE id = {work.ids[500]} FOR UPDATE") as holder:
        child, screen = pty.fork()
        if child == 0:
            os.chdir(home.folder)
            words = ["bulk-update", "--query", "is:all sort:id", "--add-tag", work.tag, "--yes"]
            argv = [sys.executable, "-m", "casectl", *words]
            os.execve(sys.executable, argv, home.environ | {"TERM": "dumb"})
        home.waiting_backend()
        os.write(screen, b"\x03")
        shown = read_until(screen, "Ctrl-C again")
        holder.rollback()
        shown += read_until(screen, "")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 130
    os.close(screen)
    done = work.tagged()
    assert f"stopped after {done:,} of" in shown, shown
    assert done == 1000
    work.complete()


def read_until(screen: int, words: str) -> str:
    """What the terminal shows up to these words, or to the end."""
    shown = b""
    while not words or words.encode() not in shown:
        assert select.select([screen], [], [], PATIENCE)[0], shown
        try:
            chunk = os.read(screen, 65536)
        except OSError:
            break
        if not chunk:
            break
        shown += chunk
    return shown.decode()


MAP = 'type = "incident"\nchannel = "old"\n[key]\ncase = "id"\n[columns]\ntitle = "title"\n'
ROWS = 2050


LINE_KEY = '["%s-%s"]'


class Importing:
    """An import of new cases in three batches, and what became of its lines."""

    def __init__(self, home: FaultHome, name: str) -> None:
        self.home, self.name = home, name
        (home.folder / f"{name}.toml").write_text(f'source = "{name}"\n' + MAP.replace("old", name))
        lines = [f"{name}-{number},Case {number}" for number in range(1, ROWS + 1)]
        (home.folder / f"{name}.csv").write_text("\n".join(["id,title", *lines, ""]))

    def start(self, *words: str) -> subprocess.Popen[str]:
        return self.home.start("import", f"{self.name}.csv", "--map", f"{self.name}.toml", "--quiet", *words)

    def lines(self) -> int:
        return int(self.home.one("SELECT count(*) FROM import_rows WHERE source = %s", self.name))

    def cases(self) -> int:
        return int(self.home.one("SELECT count(*) FROM cases WHERE channel = %s", self.name))

    def stuck(self) -> tuple[subprocess.Popen[str], Any]:
        """An import inside its second batch, and who holds it up: he is about to write one of its lines."""
        holder = self.home.root()
        holder.execute(
            "INSERT INTO import_rows (tenant_id, source, line_key, digest, result) SELECT tenant_id, %s, %s, '', ''"
            " FROM tenants LIMIT 1", (self.name, LINE_KEY % (self.name, 1500)),
        )  # fmt: skip
        return self.start(), holder

    def complete(self) -> None:
        done = self.lines()
        assert done == self.cases() == 1000
        summary = self.home.json("import", f"{self.name}.csv", "--map", f"{self.name}.toml", "--resume")
        assert (summary["seen"], summary["created"], summary["complete"]) == (done, ROWS - done, True)
        assert self.lines() == self.cases() == ROWS
        self.home.sound()


@pytest.mark.parametrize("victim", ["command", "backend", "postmaster"])
def test_an_import_that_is_killed_is_resumed(home: FaultHome, victim: str) -> None:
    work = Importing(home, f"import-{victim}")
    command, holder = work.stuck()
    backend = home.waiting_backend()
    os.kill({"command": command.pid, "backend": backend, "postmaster": home.postmaster()}[victim], signal.SIGKILL)
    out, err = command.communicate(timeout=PATIENCE)
    holder.close()
    if victim == "command":
        until(lambda: not sessions(home), "the end of the killed command's session")
    else:
        assert (command.returncode, out) == (9, "")
        home.ok("list", "--limit", "1")
        assert err.splitlines() == [
            "1,000 lines read: 1,000 cases and 0 changes were imported, 0 unchanged, 0 refused, 0 seen before",
            "casectl: the database does not answer",
            "casectl db status tells its state, casectl db start starts it",
        ]
    work.complete()
