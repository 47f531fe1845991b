"""A full disk below the database, and below the files that a command writes: what is told, and what holds after it."""

from __future__ import annotations

import csv
import os
import resource
import stat
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from tests.cli.fault_home import PATIENCE, FaultHome

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.no_cover
"""What is run here many times is measured where it runs once."""

FULL = "No space left on device"


@pytest.fixture(scope="module")
def small_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A disk of its own for the data folder."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    place = tmp_path_factory.mktemp("disk")
    for folder in (place, *place.parents[:3]):
        folder.chmod(folder.stat().st_mode | 0o011)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=220m,mode=755", "none", place], check=True, timeout=PATIENCE)
    yield place
    subprocess.run(["umount", place], check=True, timeout=PATIENCE)


@pytest.fixture(scope="module")
def home(small_disk: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultHome]:
    """A demo desk on the small disk."""
    made = FaultHome(tmp_path_factory.mktemp("home"))
    made.data_dir = small_disk / "desk"
    made.environ["CASECTL_DATA_DIR"] = str(made.data_dir)
    made.ok("demo", "--cases", "300", "--quiet")
    yield made
    made.run("db", "stop", "--mode", "immediate")


def fill(disk: Path) -> Path:
    """Take all the room there is."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            try:
                while file.write(b"\0" * size) == size:
                    pass
            except OSError:
                continue
    return filler


def test_a_full_disk_below_the_database_loses_nothing(home: FaultHome, small_disk: Path) -> None:
    kept = [home.ok("create", f"Before {number}", "-o", "id") for number in range(3)]
    filler = fill(small_disk)
    try:
        for number in range(200):
            done = home.run("create", f"Meanwhile {number}", "--file", "-", "-o", "id", stdin=noise(number))
            if done.returncode:
                break
            kept.append(done.stdout.strip())
        lines = done.stderr.splitlines()
        assert done.returncode in (1, 9), done.stderr
        (kept_in,) = [line for line in lines if "casectl: warning: your text is kept in " in line]
        assert "Traceback" not in done.stderr
        told = lines[lines.index(kept_in) + 1]
        assert done.returncode == 9 or told == "casectl: the database's disk is full, nothing was changed", lines
        again = home.run("list", "--limit", "1")
        assert "no space left on its disk" in again.stderr.lower() or again.returncode == 0, again.stderr
    finally:
        filler.unlink()
    assert home.run("list", "--limit", "1").returncode == 0
    with home.root() as connection:
        there = {row[0] for row in connection.execute("SELECT number FROM cases WHERE channel = 'cli'")}
    assert set(kept) <= there
    assert home.one("SELECT count(*) FROM cases WHERE title ~ '^(Before|Meanwhile)'") == len(kept)
    home.ok("create", "Afterwards")
    home.sound()


def noise(number: int) -> str:
    """Text that cannot be compressed."""
    return os.urandom(45_000).hex() + str(number)


@pytest.fixture
def lines(home: FaultHome) -> Path:
    """A file to import of which 400 lines are refused."""
    rows = [f"d-{number},{'x' * 500}" for number in range(400)] + ["good-1,Fine", "good-2,Fine"]
    path = home.folder / "in.csv"
    path.write_text("\n".join(["id,title", *rows, ""]))
    (home.folder / "map.toml").write_text(
        'type = "incident"\nchannel = "disk"\n[key]\ncase = "id"\n[columns]\ntitle = "title"\n'
    )
    return path


def limited(home: FaultHome, size: int, *words: str) -> subprocess.CompletedProcess[str]:
    """Run casectl as if each file it writes lay on a disk with so little room.

    Python's caches and what measures coverage are left out: they write files of their own.
    """
    environ = {name: value for name, value in home.environ.items() if not name.startswith("COVERAGE")}
    return subprocess.run(
        [sys.executable, "-m", "casectl", *words], cwd=home.folder, text=True, capture_output=True,
        env=environ | {"PYTHONDONTWRITEBYTECODE": "1"}, stdin=subprocess.DEVNULL, timeout=PATIENCE,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
    )  # fmt: skip


def test_no_room_for_the_refused_lines_is_told_and_the_rest_is_imported(home: FaultHome, lines: Path) -> None:
    words = ("import", str(lines), "--map", "map.toml", "--rejects", "refused.csv", "--quiet")
    done = limited(home, 20_000, *words)
    assert done.returncode == 1, done.stderr
    assert done.stderr.splitlines() == [
        "402 lines read: 2 cases and 0 changes were imported, 0 unchanged, 400 refused, 0 seen before",
        "casectl: cannot write refused.csv: File too large",
        "--rejects FILE names another",
    ]
    again = home.run(*words, "--resume")
    assert again.returncode == 8, again.stderr
    with (home.folder / "refused.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 400
    assert home.one("SELECT count(*) FROM cases WHERE channel = 'disk'") == 2
    home.sound()


def test_a_device_for_the_refused_lines_keeps_its_mode(home: FaultHome, lines: Path) -> None:
    pipe = home.folder / "pipe"
    os.mkfifo(pipe)
    pipe.chmod(0o622)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    done = home.run("import", str(lines), "--map", "map.toml", "--rejects", str(pipe))
    reader.join(PATIENCE)
    assert done.returncode == 8, done.stderr
    assert read[0].count(b"\n") == 401
    assert stat.S_IMODE(pipe.stat().st_mode) == 0o622


@pytest.mark.parametrize("form", ["table", "csv"])
def test_no_room_for_the_result_is_told(home: FaultHome, form: str) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        done = subprocess.run(
            [sys.executable, "-m", "casectl", "list", "-o", form], env=home.environ, cwd=home.folder, text=True,
            stdout=full, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=PATIENCE,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == f"casectl: cannot write to standard output: {FULL}\n"


def test_a_write_whose_answer_has_no_room_was_made(home: FaultHome) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        done = subprocess.run(
            [sys.executable, "-m", "casectl", "create", "Made, not shown", "-o", "id"], env=home.environ,
            cwd=home.folder, text=True, stdout=full, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=PATIENCE,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == f"casectl: the change was made, but not told: cannot write to standard output: {FULL}\n"
    assert home.one("SELECT count(*) FROM cases WHERE title = 'Made, not shown'") == 1


def test_no_room_for_the_configuration_leaves_it_as_it_was(home: FaultHome) -> None:
    path = home.folder / ".config/casectl/config.toml"
    home.ok("config", "set", "tenant", "demo")
    before = path.read_text()
    done = limited(home, 10, "config", "set", "tenant", "another")
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "File too large" in done.stderr
    assert str(path) in done.stderr
    assert path.read_text() == before
    assert [entry.name for entry in path.parent.iterdir()] == ["config.toml"]
