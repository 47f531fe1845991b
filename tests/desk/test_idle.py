"""`database.stop_after`: the server goes when nobody has worked for a while, and not before; in real processes."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from demo_home import DemoHome

from casectl.cli.common_options import COMMON_OPTIONS
from casectl.config import load
from casectl.config.settings import SETTINGS
from casectl.desk import idle
from casectl.desk.open import cluster_of
from casectl.store.cluster import Cluster


@pytest.fixture(scope="module")
def home():
    """A small desk whose server is stopped at the end."""
    folder = Path(tempfile.mkdtemp(prefix="casectl idle ", dir="/tmp")).resolve()
    folder.chmod(0o755)
    made = DemoHome(folder)
    done = made.run("demo", "--cases", "20")
    assert done.returncode == 0, done.stderr
    yield made
    made.run("db", "stop")
    shutil.rmtree(folder)


@pytest.fixture
def root(home):
    """The folder of the desk's cluster; no watcher is left there."""
    place = cluster_of(load({}, home.environ)).root
    yield place
    (place / "last-use").unlink(missing_ok=True)
    assert soon(lambda: not is_watched(place))


def is_watched(place):
    """Whether a watcher holds its lock."""
    with (place / "idle-watcher.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def soon(holds, seconds=60.0):
    """Whether something becomes true in time."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def is_up(place):
    return Cluster(place).address() is not None


def since_last_use(place):
    """Seconds since the last command noted its use."""
    return time.time() - (place / "last-use").stat().st_mtime


def watchers(place):
    """The pids of the watchers of this desk."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"casectl.desk.idle" in words and os.fsencode(place) in words:
            found.append(int(folder.name))
    return found


def test_nobody_watches_by_default(home, root):
    home.run("list", "--quiet")
    home.run("list", "--quiet", "--stop-after", "off")
    assert is_up(root)
    assert not is_watched(root)
    assert not (root / "last-use").exists()


def test_the_server_goes_after_the_last_command(home, root):
    assert home.run("list", "--quiet", "--stop-after", "2s").returncode == 0
    assert is_up(root) or since_last_use(root) > 2
    assert soon(lambda: not is_up(root))
    assert since_last_use(root) > 2
    assert soon(lambda: not is_watched(root))
    assert home.run("list", "--quiet").returncode == 0
    assert is_up(root)


def test_a_command_in_between_begins_the_time_anew(home, root):
    home.run("--stop-after", "5s", "list", "--quiet")
    time.sleep(1.5)
    home.run("list", "--quiet", CASECTL_DATABASE_STOP_AFTER="5s")
    assert soon(lambda: not is_up(root))
    assert since_last_use(root) > 5


def test_one_watcher_waits_and_stopping_sends_it_away(home, root):
    for words in (("list", "--quiet"), ("db", "start"), ("user", "list")):
        assert home.run(*words, "--stop-after", "8h").returncode == 0
    assert len(watchers(root)) == 1
    assert is_up(root)
    assert home.run("db", "stop").returncode == 0
    assert not (root / "last-use").exists()
    assert soon(lambda: watchers(root) == [])


def test_a_shorter_wish_is_heard(home, root, monkeypatch):
    home.run("list", "--quiet")
    cluster = Cluster(root)
    idle._note(root / "last-use", 8 * 3600)
    monkeypatch.setattr(idle, "_LONGEST_NAP", 0.1)
    monkeypatch.setattr(idle.time, "sleep", lambda _: idle._note(root / "last-use", 0))
    assert idle.wait_and_stop(root) is True
    assert cluster.address() is None


def test_a_watcher_whose_desk_is_gone_ends(tmp_path):
    assert idle.wait_and_stop(tmp_path / "gone") is False


def test_who_is_sent_away_stops_nothing(home, root):
    home.run("list", "--quiet")
    idle._note(root / "last-use", 0)
    idle.forget(Cluster(root))
    assert idle.wait_and_stop(root) is False
    assert is_up(root)


def test_a_wrong_time_is_refused(home, root):
    done = home.run("list", "--stop-after", "soon")
    assert done.returncode == 2
    assert "--stop-after" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_flag_of_a_setting_is_an_option_of_every_command(home):
    options = {name for option in COMMON_OPTIONS for name in option.names}
    flags = {setting.flag for setting in SETTINGS if setting.flag and setting.section != "server"}
    assert flags <= options
    page = home.run("serve", "--help").stdout
    assert [one.flag for one in SETTINGS if one.section == "server" and one.flag not in page] == []
    for words in (("list",), ("db", "status"), ("config", "show"), ("init",)):
        page = home.run(*words, "--help").stdout
        assert [flag for flag in flags if flag not in page] == []


def test_a_server_user_by_flag(home):
    shown = home.run("config", "show", "-o", "json", "--db-user", "nobody-of-that-name").stdout
    assert "flag --db-user" in shown
    done = home.run("list", "--db-user", "nobody-of-that-name", CASECTL_DATA_DIR=str(home.folder / "other"))
    assert done.returncode != 0
    assert "Traceback" not in done.stderr


def test_two_threads_note_their_use_at_once(tmp_path):
    def note(_):
        for _ in range(200):
            idle._note(tmp_path / "last-use", 30)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(note, range(4)))
    assert [path.name for path in tmp_path.iterdir()] == ["last-use"]
