"""Commands on a server: the same words, the same output and the same exit codes as on the database itself."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests import warm_commands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.copies import Database

pytestmark = pytest.mark.no_cover
"""What is run here many times is measured where it runs once."""

ROOT = Path(__file__).parents[2]
HEAVY = {"requests", "requests_oauthlib", "oauthlib", "keyring", "psycopg", "sqlalchemy", "sqlmodel", "pydantic",
         "rich", "textual", "starlette", "asyncio"}  # fmt: skip


class Home:
    """Runs casectl with nothing but this environment."""

    def __init__(self, folder: Any, **environ: str) -> None:
        self.folder = folder
        kept = {name: os.environ[name] for name in os.environ if name == "PATH" or name.startswith("COVERAGE")}
        self.environ = {**kept, "HOME": str(folder), "NO_COLOR": "1", **environ}

    def run(self, *words: str, stdin: str = "", **environ: str) -> tuple[int, str, str]:
        """Exit code, stdout and stderr."""
        done = warm_commands.run(words, self.environ | environ, self.folder, stdin)
        return done.returncode, done.stdout, done.stderr


@pytest.fixture
def remote(served_desk: Any, tmp_path: Any) -> Home:
    """The admin of acme at the server."""
    return Home(tmp_path, CASECTL_REMOTE_URL=served_desk.url, CASECTL_TOKEN=served_desk.token("acme", "admin"))


@pytest.fixture
def local(prepared_database: Database, tmp_path: Any) -> Iterator[Home]:
    """The admin of acme at its database."""
    url = psycopg.conninfo.make_conninfo("", **prepared_database.app)
    return Home(tmp_path, CASECTL_DATABASE_URL=url, CASECTL_TENANT="acme", CASECTL_USER="admin")


def timeless(told: tuple[int, str, str]) -> tuple[int, str, str]:
    """Without ages, and what aligns them: the second command runs later."""
    return told[0], re.sub(r" *\b\d+[smh]\b", " 0s", told[1]), told[2]


def test_commands_write_the_same_with_the_same_codes(remote: Home, local: Home) -> None:
    for number in range(3):
        assert remote.run("create", f"Case {number}", "--priority", "high", "--tag", "xy")[0] == 0
    commands = [
        ("list",), ("list", "-o", "json", "--limit", "2", "--all"), ("show", "1"),
        ("list", "nobody:is"), ("list", "crm", "due:<9x", "--sort", "none", "team:("), ("list", "a b", "prio:x"),
        ("bulk-update", "--query", " status:( ", "--priority", "low"),
        ("history", "1", "-o", "json"), ("actions", "2"), ("search", "Case"), ("status", "1", "bogus"), ("create",),
        ("update", "1", "--if-match", "9", "--title", "z"), ("bulk-update", "1", "88", "-p", "low", "--dry-run"),
        ("team", "show", "a/b"), ("user", "show", "ü n"), ("close", "1", "--field", "nope=1"), ("reopen", "1"),
        ("type", "show", "incident"), ("import", "no-such-file.csv"), ("note", "1"), ("show", "77"),
    ]  # fmt: skip
    for words in commands:
        assert timeless(remote.run(*words)) == timeless(local.run(*words)), words


def test_what_needs_the_database_says_so_and_touches_nothing(remote: Home) -> None:
    commands = ("db status", "db start", "db stop", "db url", "db check", "db upgrade", "db shell", "init --tenant x",
                "demo")  # fmt: skip
    for words in commands:
        code, out, told = remote.run(*words.split())
        assert (code, out) == (2, ""), words
        assert "is on the server http://127.0.0.1" in told
    assert list(remote.folder.iterdir()) == []


def test_tenant_and_user_are_those_of_the_login(remote: Home) -> None:
    for option in ("--tenant", "--user"):
        code, _, told = remote.run("list", option, "globex")
        assert code == 2
        assert option in told or "option" in told


def test_many_cases_change_through_the_server(remote: Home) -> None:
    for number in range(5):
        assert remote.run("create", f"case {number}")[0] == 0
    code, out, _ = remote.run("bulk-update", "-", "--priority", "critical", stdin="1\n2\n3\n4\n5\n999")
    assert code == 8
    assert "Changed    5" in out
    assert remote.run("list", "-o", "id", "priority:critical")[1].count("\n") == 5


def test_a_file_is_imported_through_the_server(remote: Home) -> None:
    log = ROOT / "tests/data/incident_sample.csv"
    words = ("import", str(log), "--map", str(ROOT / "casectl/examples/incident_event_log.toml"), "--json")
    code, out, told = remote.run(*words)
    assert code in (0, 8), told
    done = json.loads(out)
    assert done["imported"] > 100
    again = json.loads(remote.run(*words)[1])
    assert (again["imported"], again["seen"]) == (0, done["rows"])


def test_a_server_that_is_away_is_exit_code_9(remote: Home) -> None:
    code, out, told = remote.run("list", CASECTL_REMOTE_URL="http://127.0.0.1:9")
    assert (code, out) == (9, "")
    assert told.startswith("casectl: no connection to http://127.0.0.1:9: connection refused\n")
    code, _, told = remote.run("list", CASECTL_TOKEN="ct_" + "x" * 43)
    assert code == 4
    assert "CASECTL_TOKEN holds it" in told


def test_a_list_from_a_server_loads_little(remote: Home) -> None:
    code = (
        "import sys\nfrom casectl.cli.main import main\nsys.argv[1:] = ['list']\n"
        "try: main()\nexcept SystemExit: pass\nprint('LOADED', *{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=remote.environ, cwd=remote.folder, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert not HEAVY & set(done.stdout.partition("LOADED")[2].split())
