"""The README's commands, run as a new user would: a clone, a fresh HOME, a new environment."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

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


def sh(command: str, folder: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of the README in the clone, with nothing of this environment but the path and pip's settings."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "LANG"} or name.startswith("PIP_")}
    return subprocess.run(["sh", "-c", command], cwd=folder, env=kept | {"HOME": str(home)}, **RUN)


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
        command = line.replace("INC-2026-00001", number).replace("team:l2", "team:Network")
        done = sh(command.replace("casectl ", ".venv/bin/casectl "), *clone)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


def test_init_makes_a_second_tenant_beside_the_demo(clone, demo) -> None:
    done = sh(".venv/bin/casectl init --tenant acme --title Acme --admin jane --timezone UTC --no-input", *clone)
    assert done.returncode == 0, done.stderr
    assert sh(".venv/bin/casectl --tenant acme list", *clone).stderr.strip() == "No cases match."
