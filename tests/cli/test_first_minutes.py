"""The first minutes as a stranger has them: real processes, a fresh home with spaces in its name."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.warm_commands import PATIENCE

ROOT = Path(__file__).parents[2]
CASECTL = [sys.executable, "-W", "error", "-m", "casectl"]
KEPT = ("PATH", "LANG", "TMPDIR", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")


class Home:
    """A home and what is run in it."""

    def __init__(self, folder):
        self.folder = folder
        self.environ = {name: os.environ[name] for name in KEPT if name in os.environ}
        self.environ |= {"HOME": str(folder), "PYTHONPATH": str(ROOT), "TZ": "Europe/Berlin"}

    def start(self, *words):
        return subprocess.Popen(
            [*CASECTL, *words], env=self.environ, cwd=self.folder, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, *words):
        process = self.start(*words)
        stdout, stderr = process.communicate(timeout=PATIENCE)
        return subprocess.CompletedProcess(words, process.returncode, stdout, stderr)

    def answer(self, answers, *words):
        """Run on a terminal of its own and type `answers`; the exit code and all that was on the screen."""
        master, slave = pty.openpty()
        process = subprocess.Popen(
            [*CASECTL, *words], env=self.environ | {"TERM": "dumb"}, cwd=self.folder, stdin=slave, stdout=slave,
            stderr=slave, start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        os.write(master, "".join(f"{answer}\n" for answer in answers).encode())
        shown = b""
        while True:
            try:
                chunk = os.read(master, 65536)
            except OSError:
                break
            if not chunk:
                break
            shown += chunk
        os.close(master)
        return process.wait(timeout=PATIENCE), shown.decode()


@pytest.fixture(scope="module")
def new_home():
    """Makes homes that the server's user can enter; their servers are stopped at the end."""
    made = []

    def make():
        folder = Path(tempfile.mkdtemp(prefix="first minutes ", dir="/tmp")).resolve()
        folder.chmod(0o755)
        made.append(Home(folder))
        return made[-1]

    yield make
    for home in made:
        if (home.folder / ".local").exists():
            home.run("db", "stop")
        shutil.rmtree(home.folder)


@pytest.fixture(scope="module")
def demo(new_home):
    """A home in which the demo was just made, and that first run."""
    home = new_home()
    home.first = home.run("demo")
    return home


@pytest.fixture(scope="module")
def empty(new_home):
    """A home in which nothing was made."""
    return new_home()


def suggested(stderr):
    """The command lines that a command proposes, as words behind the program's name."""
    lines = stderr[stderr.index("Try next:") :].splitlines()[1:]
    return [shlex.split(re.split(" {2,}", line)[0])[1:] for line in (line.strip() for line in lines) if line]


@pytest.mark.parametrize("words", [("list",), ("create", "Login fails"), ("show", "INC-2026-00001"), ("user", "list")])
def test_a_desk_that_is_not_set_up_says_so(empty, words):
    done = empty.run(*words)
    assert (done.returncode, done.stdout) == (1, "")
    assert "this desk is not set up yet" in done.stderr
    assert "casectl init" in done.stderr
    assert "casectl demo" in done.stderr
    assert "Traceback" not in done.stderr


def test_for_programs_that_is_a_code(empty):
    done = empty.run("list", "--json")
    assert done.returncode == 1
    assert json.loads(done.stderr)["error"]["code"] == "not_initialised"


def test_the_demo_ends_with_the_queue(demo):
    assert demo.first.returncode == 0, demo.first.stderr
    lines = demo.first.stdout.splitlines()
    assert lines[0].split() == ["NUMBER", "STATUS", "PRIORITY", "ASSIGNEE", "TEAM", "AGE", "TITLE"]
    assert len(lines) == 16
    assert "has 1,000 cases, 13 users and 160 contacts" in demo.first.stderr


def test_what_the_demo_proposes_works(demo):
    commands = suggested(demo.first.stderr)
    assert [words[0] for words in commands] == ["show", "history", "list", "list", "search", "note", "--help"]
    for words in commands:
        done = demo.run(*words)
        assert done.returncode == 0, (words, done.stderr)
        assert len(done.stdout.splitlines()) >= 2, words


def test_a_second_demo_shows_the_first_one(demo):
    before = json.loads(demo.run("list", "is:all", "--all", "--json", "--fields", "number").stdout)
    again = demo.run("demo", "--seed", "8")
    assert again.returncode == 0
    assert "was there already; nothing was changed" in again.stderr
    assert again.stdout.splitlines()[0] == demo.first.stdout.splitlines()[0]
    after = json.loads(demo.run("list", "is:all", "--all", "--json", "--fields", "number").stdout)
    assert before == after
    assert len(after) == 1000 - 14


def test_the_demo_for_programs_is_the_queue_as_json(demo):
    done = demo.run("demo", "--json", "--quiet")
    assert done.stderr == ""
    assert len(json.loads(done.stdout)) == 15


def test_the_made_up_desk_stands_the_check(demo):
    done = demo.run("db", "check")
    assert done.returncode == 0, done.stdout + done.stderr


def test_history_tells_who_did_it_and_when(demo):
    number = json.loads(demo.run("list", "is:closed", "--limit", "1", "--json").stdout)[0]["number"]
    entries = json.loads(demo.run("history", number, "--json").stdout)
    assert len(entries) >= 3
    assert all(entry["historic"] for entry in entries)
    assert {entry["actor"] for entry in entries} - {"casectl"}
    assert [entry["at"] for entry in entries] == sorted(entry["at"] for entry in entries)


def test_commands_at_once_on_a_stopped_server_all_work(demo):
    assert demo.run("db", "stop").returncode == 0
    running = [demo.start("list", "--limit", "1") for _ in range(3)]
    answers = [process.communicate(timeout=PATIENCE) for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], answers
    assert len({stdout for stdout, _ in answers}) == 1


def test_init_needs_a_name_where_nobody_can_be_asked(empty):
    done = empty.run("init")
    assert done.returncode == 2
    assert "the tenant needs a name" in done.stderr
    assert "--tenant" in done.stderr


def test_init_by_options(new_home):
    home = new_home()
    done = home.run("init", "--tenant", "acme", "--title", "Acme Ltd", "--email", "jane@example.com", "--json")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert made["tenant"] == "acme"
    assert made["timezone"] == "Europe/Berlin"
    assert made["config_file"] == str(home.folder / ".config/casectl/config.toml")
    assert made["config_file"] in done.stderr
    assert home.run("create", "Login fails", "--type", "incident", "--priority", "high").returncode == 0
    assert "Login fails" in home.run("list").stdout
    again = home.run("init", "--tenant", "acme")
    assert again.returncode == 7
    assert "there is a tenant acme already" in again.stderr
    second = home.run("init", "--tenant", "umbrella")
    assert second.returncode == 0
    assert "casectl list --tenant umbrella" in second.stderr
    assert "Login fails" not in home.run("list", "--tenant", "umbrella").stdout
    assert "Login fails" in home.run("list").stdout


def test_init_asks_on_a_terminal(new_home):
    home = new_home()
    code, shown = home.answer(["acme", "", "", "jane@example.com", "UTC"], "init")
    assert code == 0, shown
    assert "Name of the tenant" in shown
    assert "Title [Acme]:" in shown
    assert "Time zone [Europe/Berlin]:" in shown
    found = json.loads(home.run("user", "list", "--json").stdout)
    assert [user["email"] for user in found] == ["jane@example.com"]


def test_a_home_nobody_can_write_is_told(new_home):
    home = new_home()
    home.environ["HOME"] = "/proc/self"  # where not even root can make a folder
    for words in (("demo",), ("init", "--tenant", "acme")):
        done = home.run(*words)
        assert done.returncode == 9, done.stderr
        assert "/proc/self" in done.stderr
        assert "CASECTL_DATA_DIR" in done.stderr
        assert "Traceback" not in done.stderr
