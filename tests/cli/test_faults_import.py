"""An import of cases with their past that breaks off anywhere, and is started again: as if nothing had happened."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.fault_home import PATIENCE, FaultHome, fault_home, until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    import psycopg

pytestmark = pytest.mark.no_cover
"""What is run here many times is measured where it runs once."""

CASES = 1100
"""Two batches."""
BOSS = {"CASECTL_USER": "boss"}
VICTIMS = ["command", "postmaster"]


class Desk:
    """A tenant that the file is imported into."""

    def __init__(self, home: FaultHome, name: str) -> None:
        self.home, self.name = home, name
        self.environ = BOSS | {"CASECTL_TENANT": name}
        home.ok("tenant", "add", name, "--admin", "boss")

    def start(self, **environ: str) -> subprocess.Popen[str]:
        return self.home.start("import", "all.jsonl", "--create-people", "--quiet", **self.environ, **environ)

    def finish(self) -> dict[str, Any]:
        """Run the whole import again; its summary."""
        summary: dict[str, Any] = self.home.json("import", "all.jsonl", "--create-people", **self.environ)
        return summary

    def holder(self, statement: str, *parameters: Any) -> psycopg.Connection[Any]:
        """Somebody who holds what the statement locks."""
        connection = self.home.root()
        connection.execute(statement.encode(), (*parameters, self.name))
        return connection

    def count(self, what: str) -> int:
        tenant = "tenant_id = (SELECT tenant_id FROM tenants WHERE name = %s)"
        return int(self.home.one(f"SELECT count(*) FROM {what} AND {tenant}", self.name))

    def exported(self) -> list[str]:
        """All that the desk has, but for the requests and the moments that were the import's own."""
        words = ("export", "is:all", "--notes", "--history", "--trash", "--quiet")
        text = re.sub(r'"request_id":"\w*"', "", self.home.ok(*words, **self.environ))
        return re.sub(r'"at":"[^"]*","actor":"boss","operation":"import changes"', "", text).splitlines()


@pytest.fixture(scope="module")
def home() -> Iterator[FaultHome]:
    """A demo desk and its export, in which the first case's parent is the last, a batch behind it."""
    with fault_home(CASES) as made:
        numbers = made.ok("list", "is:all", "sort:id", "--limit", "3000", "-o", "id").split()
        made.ok("update", numbers[0], "--parent", numbers[-1])
        made.ok("export", "is:all", "--notes", "--history", "--trash", "--file", "all.jsonl")
        yield made


@pytest.fixture(scope="module")
def wanted(home: FaultHome) -> list[str]:
    """What an import makes that nothing comes in the way of."""
    desk = Desk(home, "calm")
    done = desk.finish()
    assert (done["created"], done["seen"], done["incomplete"]) == (CASES, 0, 0)
    return desk.exported()


def ends(home: FaultHome) -> tuple[str, str]:
    """The numbers of the first and the last case of the file."""
    lines = (home.folder / "all.jsonl").read_text().splitlines()
    return json.loads(lines[0])["number"], json.loads(lines[-1])["number"]


def kill(home: FaultHome, victim: str, command: subprocess.Popen[str], holder: psycopg.Connection[Any]) -> str:
    """End the command or its server without a warning, and what it waits for; what the command says to it."""
    os.kill(command.pid if victim == "command" else home.postmaster(), signal.SIGKILL)
    _, err = command.communicate(timeout=PATIENCE)
    holder.close()
    if victim != "command":
        assert command.returncode == 9, err
        home.ok("list", "--limit", "1", CASECTL_TENANT="demo")
    until(lambda: not sessions(home), "the end of the killed command's session")
    return err


def sessions(home: FaultHome) -> int:
    return int(home.one("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'casectl'"))


def stuck(desk: Desk, **environ: str) -> tuple[subprocess.Popen[str], psycopg.Connection[Any]]:
    """An import inside its second batch, and who holds it up: he is about to write one of its lines."""
    key = json.dumps(["case", ends(desk.home)[1]], separators=(",", ":"))
    holder = desk.holder(
        "INSERT INTO import_rows (tenant_id, source, line_key, digest, result)"
        " SELECT tenant_id, 'casectl export', %s, '', '' FROM tenants WHERE name = %s", key,
    )  # fmt: skip
    command = desk.start(**environ)
    desk.home.waiting_backend()
    return command, holder


@pytest.mark.parametrize("victim", VICTIMS)
def test_an_import_with_history_killed_inside_a_batch(home: FaultHome, wanted: list[str], victim: str) -> None:
    desk = Desk(home, f"inside-{victim}")
    command, holder = stuck(desk)
    told = kill(home, victim, command, holder)
    assert desk.count("cases WHERE true") == desk.count("import_rows WHERE true") == 1000
    assert victim == "command" or told.startswith("1,000 lines read: 1,000 cases and 0 changes were imported")
    done = desk.finish()
    assert (done["created"], done["seen"], done["incomplete"]) == (CASES - 1000, 1000, 0)
    assert desk.exported() == wanted
    home.sound()


@pytest.mark.parametrize("victim", VICTIMS)
def test_an_import_killed_before_it_links_a_parent_links_it_later(
    home: FaultHome, wanted: list[str], victim: str
) -> None:
    """All cases are there, and one without its parent: the desk remembers that the line waits for it."""
    desk, (first, last) = Desk(home, f"linking-{victim}"), ends(home)
    command, holder = stuck(desk)
    child = desk.holder(
        "SELECT FROM cases c JOIN tenants t USING (tenant_id) WHERE c.number = %s AND t.name = %s FOR UPDATE OF c",
        first,
    )
    holder.close()
    until(lambda: desk.count("cases WHERE true") == CASES, "the second batch")
    home.waiting_backend()
    told = kill(home, victim, command, child)
    assert victim == "command" or told.startswith("1,100 lines read: 1,100 cases and 0 changes were imported")
    assert home.json("show", first, **desk.environ)["parent"] is None
    done = desk.finish()
    assert (done["created"], done["seen"], done["incomplete"]) == (0, CASES, 0)
    assert home.json("show", first, **desk.environ)["parent"]["number"] == last
    assert desk.exported() == wanted
    home.sound()
    assert desk.finish()["seen"] == CASES


def test_an_import_killed_at_any_moment(home: FaultHome, wanted: list[str]) -> None:
    """Again and again, a little later each time."""
    desk = Desk(home, "restless")
    for attempt in range(4):
        command = desk.start()
        threading.Event().wait(0.4 + attempt * 0.6)
        command.kill()
        command.communicate(timeout=PATIENCE)
        until(lambda: not sessions(home), "the end of the killed command's session")
        assert desk.count("cases WHERE true") == desk.count("import_rows WHERE true")
    desk.finish()
    assert desk.exported() == wanted
    home.sound()


def test_an_import_stopped_at_once_says_where_it_goes_on(home: FaultHome, wanted: list[str]) -> None:
    desk = Desk(home, "stopped")
    command, holder = stuck(desk)
    assert command.stderr is not None
    command.send_signal(signal.SIGINT)
    assert "stopping after this batch" in command.stderr.readline()
    command.send_signal(signal.SIGINT)
    _, err = command.communicate(timeout=PATIENCE)
    holder.close()
    assert command.returncode == 130
    assert "1,000 lines read: 1,000 cases" in err
    assert desk.finish()["seen"] == 1000
    assert desk.exported() == wanted


def test_a_batch_that_is_given_up_is_told_with_its_lines(home: FaultHome, wanted: list[str]) -> None:
    desk = Desk(home, "given-up")
    command, holder = stuck(desk, CASECTL_DATABASE_LOCK_TIMEOUT="1s")
    out, err = command.communicate(timeout=PATIENCE)
    holder.close()
    assert (command.returncode, out) == (7, "")
    assert err.splitlines()[-2].startswith("casectl: all.jsonl:1001-1100: the case is being changed by somebody else")
    assert err.splitlines()[-1] == "nothing of these lines was imported; the same command goes on with them"
    assert desk.finish()["seen"] == 1000
    assert desk.exported() == wanted
