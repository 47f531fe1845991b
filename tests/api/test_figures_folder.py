"""The folders of figures in /tmp: a killed server's goes with the next start of its user, and nothing else does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from casectl.api import figures_folder
from casectl.api.figures_folder import PREFIX, FiguresFolder, sweep
from tests.serve_program import ROOT, serve_program, until

SERVER = """
import sys, os
from casectl.api.figures_folder import FiguresFolder
folder = FiguresFolder()
open(folder.path + "/counter_1.db", "w").close()
print(folder.path, flush=True)
if os.fork() == 0:
    print(os.getpid(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def temp(tmp_path, monkeypatch):
    """A folder for temporary files of the test's own."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def left_over(temp, name="x"):
    """A folder as a killed server leaves it."""
    made = temp / f"{PREFIX}{name}"
    made.mkdir(mode=0o700)
    for file in ("owner", "counter_12.db", "gauge_livesum_12.db"):
        (made / file).touch()
    return made


def test_what_a_killed_server_left_is_removed(temp):
    gone, other = left_over(temp), temp / "casectl-other"
    other.mkdir()
    sweep()
    assert not gone.exists()
    assert other.exists()


def test_a_server_that_runs_keeps_its_folder(temp):
    mine = FiguresFolder()
    sweep()
    assert [one.name for one in Path(mine.path).iterdir()] == ["owner"]
    Path(mine.path, "counter_1.db").touch()
    mine.remove()
    assert list(temp.iterdir()) == []


def test_a_folder_is_kept_until_the_last_process_has_ended(temp):
    """The kernel lets go of the lock of who is killed, but not while a worker lives on."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER], env=os.environ | {"TMPDIR": str(temp), "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    folder, worker = (Path(process.stdout.readline().strip()) for _ in range(2))
    process.kill()
    process.wait(10)
    sweep()
    assert folder.exists()
    os.kill(int(worker.name), signal.SIGKILL)
    process.communicate()
    until(lambda: (sweep(), not folder.exists())[1])


def test_a_link_is_not_followed(temp):
    """Neither one in the place of a folder nor one in the place of its lock or its figures."""
    treasure = temp / "treasure"
    treasure.mkdir(mode=0o700)
    for name in ("owner", "a.db"):
        (treasure / name).write_text("dear")
    (temp / f"{PREFIX}link").symlink_to(treasure)
    inside, lock = left_over(temp, "inside"), left_over(temp, "lock")
    (inside / "b.db").symlink_to(treasure / "a.db")
    (lock / "owner").unlink()
    (lock / "owner").symlink_to(treasure / "owner")
    sweep()
    assert sorted(one.name for one in treasure.iterdir()) == ["a.db", "owner"]
    assert (treasure / "a.db").read_text() == (treasure / "owner").read_text() == "dear"
    assert (temp / f"{PREFIX}link").is_symlink()
    assert inside.exists()
    assert lock.exists()


def test_what_is_not_as_a_server_leaves_it_is_left_alone(temp):
    with_file, with_folder, open_to_all, without_lock, pipe = (left_over(temp, name) for name in "abcde")
    (with_file / "thesis.txt").write_text("mine")
    (with_folder / "x.db").mkdir()
    open_to_all.chmod(0o770)
    (without_lock / "owner").unlink()
    (pipe / "owner").unlink()
    os.mkfifo(pipe / "owner")
    (temp / f"{PREFIX}file").write_text("a file")
    before = sorted(temp.rglob("*"))
    sweep()
    assert sorted(temp.rglob("*")) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder of somebody else")
def test_another_users_folder_is_left_alone(temp):
    """Root's server would be able to remove it; so would a user's where root's lies open."""
    theirs, ours = left_over(temp, "theirs"), left_over(temp, "ours")
    for path in (theirs, *theirs.iterdir()):
        os.chown(path, 65534, 65534)
    sweep()
    assert (theirs / "counter_12.db").exists()
    assert not ours.exists()


def test_no_folder_for_temporary_files_is_no_reason_not_to_serve(temp):
    figures_folder.tempfile.tempdir = str(temp / "gone")
    sweep()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_next_start_sweeps_after_a_kill(served_database, tmp_path, workers):
    tmp_path.chmod(0o700)
    place = {"TMPDIR": str(tmp_path)}
    with serve_program(served_database, "--workers", "2", **place) as killed:
        (folder,) = tmp_path.glob(f"{PREFIX}*")
        until(lambda: len(killed.workers()) == 2)
        ended = killed.workers()
        os.kill(killed.process.pid, signal.SIGKILL)
        killed.process.wait(10)
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in ended))
        assert folder.exists()
    with serve_program(served_database, "--workers", "2", **place) as neighbour:
        assert not folder.exists()
        with serve_program(served_database, "--workers", workers, **place) as another:
            assert len(list(tmp_path.glob(f"{PREFIX}*"))) == int(workers)
            assert "casectl_http_requests" in neighbour.metrics()
            assert another.end() == 0
        assert neighbour.end() == 0
    assert list(tmp_path.glob(f"{PREFIX}*")) == []
