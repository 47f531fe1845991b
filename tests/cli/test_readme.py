"""The README's commands, run as a new user would: a clone, a fresh HOME, a new environment."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.serve_program import PATIENCE, until

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
RUN = {"capture_output": True, "text": True, "timeout": 600}


@pytest.fixture(scope="module")
def clone():
    """A clone of the last commit beside a fresh HOME; the server of that HOME is stopped at the end."""
    place = Path(tempfile.mkdtemp(prefix="casectl readme ", dir="/tmp"))
    place.chmod(0o755)
    folder, home = place / "clone", place / "home"
    home.mkdir(mode=0o755)
    subprocess.run(["git", "clone", "--quiet", "--no-local", str(ROOT), str(folder)], check=True, **RUN)
    yield folder, home
    if (folder / ".venv/bin/casectl").exists():
        sh(".venv/bin/casectl db stop", folder, home)
    shutil.rmtree(place)


def sh(command: str, folder: Path, home: Path, stdin: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a line of the README in the clone, with nothing of this environment but the path and pip's settings.

    What pip installs is used once or not at all, so that it is compiled when it is used.
    """
    return subprocess.run(
        ["sh", "-c", command], cwd=folder, env=environment(home) | environ, input=stdin, **RUN
    )  # fmt: skip


def environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "LANG"} or name.startswith("PIP_")}
    return kept | {"HOME": str(home), "PIP_NO_COMPILE": "1"}


@pytest.fixture(scope="module")
def demo(clone):
    """What the first of the two commands printed."""
    done = sh(BLOCKS[0].strip(), *clone)
    assert done.returncode == 0, done.stderr
    return done


def test_the_first_command_shows_a_queue_and_what_to_try_next(demo) -> None:
    assert len(re.findall(r"^(?:INC|REQ|CMP)-\d{4}-\d{5}  ", demo.stdout, re.MULTILINE)) == 15
    assert "casectl list assignee:@me" in demo.stdout + demo.stderr


def test_the_second_command_runs_the_tests(clone, demo) -> None:
    command = BLOCKS[1].strip()
    assert command.endswith("-m pytest -q -n auto")
    done = sh(command.removesuffix("-n auto") + "tests/rules/test_priorities.py", *clone)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^\d+ passed", done.stdout, re.MULTILINE)


def test_the_shortest_ways_work_on_the_demo_desk(clone, demo) -> None:
    lines = [line.split(" # ")[0].strip() for line in BLOCKS[2].splitlines()]
    works = [line for line in lines if line and not line.startswith(("casectl init", "casectl import"))]
    assert len(works) >= 9
    number = sh(".venv/bin/casectl list is:new assignee:none type:incident -o id --limit 1", *clone).stdout.strip()
    for line in works:
        command = line.replace("INC-2026-00001", number)
        done = sh(command.replace("casectl ", ".venv/bin/casectl "), *clone)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


PASSWORD = "nine tulips on a bridge"
SOMEBODY = """
import html, re, sys
from urllib import parse, request
page = request.build_opener(request.ProxyHandler({}), request.HTTPCookieProcessor())
def send(**typed):
    shown = page.open(sys.argv[1]).read().decode().partition("</form>")[0]
    hidden = re.findall(r'hidden" name="([^"]*)" value="([^"]*)"', shown)
    hidden = {name: html.unescape(value) for name, value in hidden}
    page.open(sys.argv[1], parse.urlencode(hidden | typed).encode()).read()
send(login="%s", password="%s")
send(action="allow")
"""
"""A browser with somebody before it who logs in and lets the program in."""


@pytest.fixture(scope="module")
def team(clone, demo):
    """The address of the server that the README's lines begin, and the environment of somebody at a desktop."""
    folder, home = clone
    user = sh(".venv/bin/casectl whoami --select user.login", *clone).stdout.strip()
    browser = home / "browser.py"
    browser.write_text(SOMEBODY % (user, PASSWORD))
    desktop = {
        "BROWSER": f"'{sys.executable}' '{browser}' %s", "FILE_KEYRING": str(home / "keyring.json"),
        "PYTHON_KEYRING_BACKEND": "file_keyring.FileKeyring", "PYTHONPATH": str(ROOT / "tests/desk"),
    }  # fmt: skip
    password, serve, *_ = commands(BLOCKS[3])
    done = sh(password.replace("casectl", ".venv/bin/casectl"), *clone, stdin=f"{PASSWORD}\n")
    assert done.returncode == 0, done.stderr
    log = home / "log"
    with log.open("wb") as stream:
        elsewhere = " --listen 127.0.0.1:0 --metrics-listen off"  # the port may be somebody else's here
        command = shlex.split(serve.replace("casectl", ".venv/bin/casectl", 1) + elsewhere)
        server = subprocess.Popen(command, cwd=folder, env=environment(home), stderr=stream)
    try:
        until(lambda: server.poll() is not None or "Serving the desk at" in log.read_text())
        yield re.search(r"http://127.0.0.1:\d+", log.read_text())[0], desktop
    finally:
        server.terminate()
        server.wait(PATIENCE)


def commands(block: str) -> list[str]:
    """The commands of a block without what explains them."""
    return [line for whole in block.replace("\\\n", " ").splitlines() if (line := whole.split(" # ")[0].strip())]


def test_a_team_works_on_a_server(clone, team) -> None:
    url, desktop = team
    lines = commands(BLOCKS[3])[2:]
    assert [line.split()[1] for line in lines] == ["profile", "auth", "list", "events"]
    for line in lines:
        command = line.replace("casectl ", ".venv/bin/casectl ").replace("http://127.0.0.1:8420", url)
        done = sh(command, *clone, **desktop)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


def test_scripts_and_programs_come_with_a_key(clone, team) -> None:
    url, desktop = team
    lines = [re.sub(r"(^|\()casectl ", r"\1.venv/bin/casectl ", line) for line in commands(BLOCKS[4])]
    lines = [line.replace("http://127.0.0.1:8420", url).replace("curl ", "curl --fail -sS ") for line in lines]
    assert len(lines) == 5
    program = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    done = sh("\n".join(["set -e", *lines, ".venv/bin/python -"]), *clone, stdin=program[0], **desktop)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"INC-\d{4}-\d{5} \[.*'Disk full'.*'Backup failed'\]$", done.stdout.strip())
    assert sh(".venv/bin/casectl profile use none", *clone).returncode == 0


def test_init_makes_a_second_tenant_beside_the_demo(clone, demo) -> None:
    done = sh(".venv/bin/casectl init --tenant acme --title Acme --admin jane --timezone UTC --no-input", *clone)
    assert done.returncode == 0, done.stderr
    assert sh(".venv/bin/casectl --tenant acme list", *clone).stderr.strip() == "No cases match."
