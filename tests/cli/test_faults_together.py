"""What holds when many commands meet: at one case, at a stopped server, at a frozen one."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.fault_home import PATIENCE, FaultHome, fault_home, until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

pytestmark = pytest.mark.no_cover
"""What is run here many times is measured where it runs once."""


@pytest.fixture(scope="module")
def home() -> Iterator[FaultHome]:
    with fault_home(60) as made:
        yield made


@pytest.fixture
def case(home: FaultHome) -> str:
    """The number of a new case."""
    return home.ok("create", "Wanted by many", "-o", "id")


@pytest.fixture(scope="module")
def workers(home: FaultHome) -> list[str]:
    """Logins of Case Workers."""
    users = home.json("user", "list")
    return [user["login"] for user in users if "case worker" in str(user).lower()][:5]


def all_at_once(home: FaultHome, *commands: tuple[str, ...]) -> list[tuple[int, str, str]]:
    """Code and output of commands that begin together."""
    running = [home.start(*words) for words in commands]
    told = [process.communicate(timeout=PATIENCE) for process in running]
    return [(process.returncode, *texts) for process, texts in zip(running, told, strict=True)]


def changes_of(home: FaultHome, case: str) -> list[Any]:
    """The changes of a case in the audit, the oldest first."""
    return list(home.json("history", case))


def test_of_many_who_take_a_case_one_has_it(home: FaultHome, case: str, workers: list[str]) -> None:
    ended = all_at_once(home, *[("take", case, "--as", login, "--json") for login in workers])
    codes = [code for code, _, _ in ended]
    assert sorted(codes) == [0, *[7] * (len(workers) - 1)]
    winner = workers[codes.index(0)]
    assert home.json("show", case)["assignee"]["login"] == winner
    assert all(winner in json.loads(err)["error"]["message"] for code, _, err in ended if code == 7), ended
    assert [entry["action"] for entry in changes_of(home, case)] == ["insert", "update"]


def test_changes_of_different_fields_are_both_kept(home: FaultHome, case: str) -> None:
    wishes = [("--title", "New title"), ("--priority", "high"), ("--add-tag", "one"), ("--add-tag", "two")]
    ended = all_at_once(home, *[("update", case, *wish) for wish in wishes])
    assert [code for code, _, _ in ended] == [0] * 4, ended
    shown = home.json("show", case)
    assert (shown["title"], shown["priority_name"], sorted(shown["tags"])) == ("New title", "high", ["one", "two"])
    assert (shown["version"], len(changes_of(home, case))) == (5, 5)


def test_of_changes_of_one_field_the_last_stands_and_all_are_told(home: FaultHome, case: str) -> None:
    titles = [f"Title {number}" for number in range(4)]
    ended = all_at_once(home, *[("update", case, "--title", title) for title in titles])
    assert [code for code, _, _ in ended] == [0] * 4, ended
    steps = [change["payload"]["title"] for change in audit_of(home, case)]
    assert [before for before, _ in steps] == ["Wanted by many", *[after for _, after in steps[:-1]]]
    assert sorted(after for _, after in steps) == titles
    assert home.json("show", case)["title"] == steps[-1][1]


def audit_of(home: FaultHome, case: str) -> list[dict[str, Any]]:
    """Updates of the case as the audit has them."""
    with home.root() as connection:
        rows = connection.execute(
            "SELECT a.payload FROM audit a JOIN cases c USING (tenant_id) WHERE c.number = %s AND a.case_id = c.id"
            " AND a.object = 'case' AND a.action = 'update' ORDER BY a.seq", (case,),
        ).fetchall()  # fmt: skip
    return [{"payload": row[0]} for row in rows]


def test_of_those_who_saw_the_same_version_one_may_change_it(home: FaultHome, case: str) -> None:
    ended = all_at_once(home, *[("update", case, "--if-match", "1", "--title", f"T{n}", "--json") for n in range(4)])
    codes = [code for code, _, _ in ended]
    assert sorted(codes) == [0, 7, 7, 7], ended
    assert home.json("show", case)["title"] == f"T{codes.index(0)}"
    refused = [json.loads(err)["error"]["code"] for code, _, err in ended if code]
    assert refused == ["version_conflict"] * 3


def test_many_commands_share_one_start_though_some_are_killed(home: FaultHome) -> None:
    home.ok("db", "stop")
    log = home.cluster.layout.log
    before = log.read_text().count("starting PostgreSQL")
    running = [home.start("create", f"Started {number}", "-o", "id") for number in range(20)]
    doomed = running[3], running[11]
    until(home.cluster.layout.start_lock.exists, "the lock of the start")
    for process in doomed:
        process.kill()
    told = [process.communicate(timeout=PATIENCE) for process in running]
    rest = [process.returncode for process in running if process not in doomed]
    assert rest == [0] * 18, told
    numbers = [out.strip() for process, (out, _) in zip(running, told, strict=True) if process.returncode == 0]
    assert len(set(numbers)) == len(numbers)
    there = home.one("SELECT count(*) FROM cases WHERE title LIKE 'Started %%'")
    assert len(numbers) <= there <= 20
    assert log.read_text().count("starting PostgreSQL") == before + 1
    home.ok("db", "stop")
    home.ok("list", "--limit", "1")
    home.sound()


def test_a_frozen_server_keeps_nobody_waiting_for_long(home: FaultHome, case: str) -> None:
    with home.held(f"SELECT FROM cases WHERE number = '{case}' FOR UPDATE"):
        inside = home.start("update", case, "--title", "Frozen", CASECTL_DATABASE_STATEMENT_TIMEOUT="1h")
        home.waiting_backend()
        frozen = home.server_processes()
        home.send(frozen, signal.SIGSTOP)
        try:
            outside = home.start("list", CASECTL_DATABASE_CONNECT_TIMEOUT="2s")
            told = [ended(process) for process in (outside, inside)]  # within PATIENCE, as nothing else would end them
        finally:
            home.send(frozen, signal.SIGCONT)
    assert [code for code, _ in told] == [9, 9], told
    assert told[0][1][0] == (
        f"casectl: the database server, process {frozen[0]}, was stopped by a signal and answers nobody"
    )
    assert told[1][1][0] == "casectl: the database does not answer"
    assert home.json("show", case)["version"] == 1
    home.ok("update", case, "--title", "Thawed")
    home.sound()


def ended(process: subprocess.Popen[str]) -> tuple[int, list[str]]:
    """Code and complaint; nothing else was written."""
    out, err = process.communicate(timeout=PATIENCE)
    assert out == ""
    return process.returncode, err.splitlines()
