"""Brings the embedded server up: initdb, configuration, start, and the patient wait for it.

Used by store.cluster only, and loaded only when no server answers. Two locks order everything: `lock` is held by the
one command that initialises or starts, `alive` by the server itself and its children for as long as one of them lives.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from casectl.errors import Unreachable
from casectl.store import server_log
from casectl.store.cluster_layout import SUPERUSER, unusable
from casectl.store.postmaster_pid import PostmasterPid, read_postmaster_pid
from casectl.store.server_process import (
    PAUSE,
    answers,
    is_alive,
    is_stopped,
    make_socket_folder,
    remove_leftovers,
    remove_socket_folder,
    runs_by_pid,
    signal_server,
    take_lock,
    wait_until_gone,
    welcomes,
)
from casectl.store.server_settings import LOGINS, SAFEGUARDS, identities_file, settings_file
from casectl.store.server_user import ServerUser, user_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from casectl.store.binaries import Binaries
    from casectl.store.cluster_layout import ClusterLayout

_QUIET = 2.0
"""Seconds before the first message: a usual start is over by then."""

_BETWEEN = 1.0
"""Seconds between two messages."""

_UNHEARD = 1.0
"""Seconds a server may say that it is ready without answering, before it is restarted (its socket is gone)."""

_LAUNCH = ("/bin/sh", "-c", '"$@" &', "sh")
"""The shell ends at once, so the server is nobody's child: no zombie in a long-lived program, no wait for it."""


class Patience:
    """Tells a waiting person what is waited for: nothing for 2 s, then at most one message a second, none twice."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._next = time.monotonic() + _QUIET
        self._told = ""

    def wait(self, message: Callable[[], str]) -> None:
        """Sleep a moment; `message` is called when it is time to say something."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _BETWEEN
            self._tell(message())
        time.sleep(PAUSE)

    def _tell(self, sentence: str) -> None:
        if sentence != self._told:
            self._told = sentence
            self._report(sentence)


class Job(msgspec.Struct, frozen=True):
    """What a start needs: where, as whom, with which programs and settings, and the one who waits."""

    layout: ClusterLayout
    user: ServerUser
    binaries: Callable[[], Binaries]
    settings: Mapping[str, str]
    patience: Patience


def ensure_running(job: Job) -> PostmasterPid:
    """Initialise and start the server as needed and wait until it answers, however long that takes.

    Raises Unreachable with the cause when initdb or the server fails.
    """
    with start_lock(job.layout, job.user, job.patience) as lock:
        if not job.layout.is_initialised():
            _initialise(job, lock)
        return _started(job)


@contextlib.contextmanager
def start_lock(layout: ClusterLayout, user: ServerUser, patience: Patience) -> Iterator[int]:
    """Hold the lock under which the server is initialised, started and stopped; gives its descriptor."""
    while (descriptor := take_lock(layout.start_lock, user)) is None:
        patience.wait(lambda: _waiting_for_another(layout))
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _waiting_for_another(layout: ClusterLayout) -> str:
    return _progress(layout) if layout.is_initialised() else "waiting for another command that prepares the database …"


def _progress(layout: ClusterLayout, since: int = 0) -> str:
    progress = server_log.recovery_progress(server_log.log_tail(layout.log, since))
    if progress:
        return f"the database server is recovering after a crash: {progress}"
    return "waiting for the database server to start …"


def _initialise(job: Job, lock: int) -> None:
    """Run initdb in a folder beside and rename it into place, so that a kill leaves nothing half made."""
    _remove_unfinished(job.layout.data.parent)
    try:
        unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=job.layout.data.parent))
        if os.geteuid() != job.user.uid:
            os.chown(unfinished, job.user.uid, job.user.gid)
        try:
            _initdb(job, unfinished, lock)
            unfinished.rename(job.layout.data)
            _sync_folder(job.layout.data.parent)
        finally:
            _remove_unfinished(job.layout.data.parent)
    except OSError as error:
        raise unusable(job.layout.root, error) from error


def _initdb(job: Job, folder: Path, lock: int) -> None:
    argv = [job.binaries().path("initdb"), "-D", str(folder), f"--username={SUPERUSER}", "--no-instructions"]
    argv += ["--auth-local=peer", "--auth-host=reject", "--data-checksums", "--encoding=UTF8"]
    argv += ["--locale=C", f"--lc-ctype={_character_type()}", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    # It inherits the lock: should we be killed, nobody else begins before it has ended.
    process = subprocess.Popen(  # noqa: S603 - a program of the wheel and words of ours
        argv,
        **_detached(job.user, folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=(lock,),
    )
    with process:
        try:
            output = _output(process, job.patience)
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        raise server_log.refusal_from(
            output, "cannot prepare the database", job.layout.root, "point CASECTL_DATA_DIR to another folder"
        )


def _output(process: subprocess.Popen[bytes], patience: Patience) -> str:
    while True:
        try:
            return process.communicate(timeout=0.2)[0].decode("utf-8", "replace")
        except subprocess.TimeoutExpired:
            patience.wait(lambda: "preparing the database …")


def _character_type() -> str:
    """Give the C library's own UTF-8 locale where it has one: nothing but Postgres' lesser paths still asks it."""
    import locale

    before = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    except locale.Error:
        return "C"
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
    return "C.UTF-8"


def _remove_unfinished(folder: Path) -> None:
    import shutil

    for unfinished in folder.glob("unfinished-*"):
        shutil.rmtree(unfinished, ignore_errors=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Launch(msgspec.Struct, frozen=True):
    """A start we made: the byte at which its part of the log begins, and the folder made for its socket."""

    since: int
    folder: str


def _started(job: Job) -> PostmasterPid:
    """Start the server unless one lives, and wait for it; one that dies by itself is an error."""
    launch: Launch | None = None
    silence = Silence(job.layout)
    while True:
        found = read_postmaster_pid(str(job.layout.data))
        if found is not None and runs_by_pid(job.layout) and is_stopped(found.pid):
            raise _frozen(found.pid)
        if found is not None and _serves(found):
            return found
        if found is not None and found.has_private_folder() and answers(found.folder, found.port):
            silence.heard()
        elif not is_alive(job.layout):
            if launch is not None:
                raise _failed(job, launch)
            launch = _launch(job)
        elif found is not None:
            silence.heard_nothing_of(found)
        job.patience.wait(partial(_progress, job.layout, launch.since if launch else 0))


class Silence:
    """Ends a server that says it is ready but cannot be reached: a logout or a cleaner took its socket's folder."""

    def __init__(self, layout: ClusterLayout) -> None:
        self._layout = layout
        self._since: float | None = None

    def heard(self) -> None:
        """Begin anew: it answers, though it takes no sessions while it recovers."""
        self._since = None

    def heard_nothing_of(self, found: PostmasterPid) -> None:
        """Count the time; a killed server, whose children are about to end, is left to do so."""
        if not found.is_ready or not runs_by_pid(self._layout):
            self._since = None
            return
        self._since = self._since or time.monotonic()
        if time.monotonic() - self._since > _UNHEARD:
            self._since = None
            signal_server(self._layout, "fast")
            wait_until_gone(self._layout)


def _frozen(pid: int) -> Unreachable:
    return Unreachable(
        f"the database server, process {pid}, was stopped by a signal and answers nobody",
        hint=f"kill -CONT {pid} lets it go on",
    )


def _serves(found: PostmasterPid) -> bool:
    return found.is_ready and found.has_private_folder() and welcomes(found.folder, found.port)


def _failed(job: Job, launch: Launch) -> Exception:
    """Clean up after a server that did not come up, and say why it did not."""
    remove_socket_folder(launch.folder, job.user.uid)
    told = server_log.log_tail(job.layout.log, launch.since)
    return server_log.refusal_from(told, "the database server does not start", job.layout.root, f"see {job.layout.log}")


def _launch(job: Job) -> Launch | None:
    """Start the server in the background; None when one lives after all."""
    alive = take_lock(job.layout.alive_lock, job.user)
    if alive is None:
        return None
    try:
        remove_leftovers(job.layout)
        _configure(job)
        log = server_log.open_log(job.layout.log, job.user)
        try:
            return Launch(os.fstat(log).st_size, _spawn(job, log, alive))
        finally:
            os.close(log)
    finally:
        # The server keeps its own copy of this descriptor, and with it the lock.
        os.close(alive)


def _spawn(job: Job, log: int, alive: int) -> str:
    program = job.binaries().path("postgres")
    folder = make_socket_folder(job.user)
    argv = [*_LAUNCH, program, "-D", str(job.layout.data)]
    for setting in (*SAFEGUARDS, f"unix_socket_directories={folder}"):
        argv += ["-c", setting]
    try:
        subprocess.run(  # noqa: S603 - a program of the wheel and words of ours
            argv, **_detached(job.user, job.layout.data), stdout=log, stderr=log, pass_fds=(alive,), check=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        remove_socket_folder(folder, job.user.uid)
        raise server_log.refusal_from(str(error), "cannot start the database server", job.layout.root, "") from error
    return folder


def _configure(job: Job) -> None:
    """Write the configuration anew; root may log in as well, who could become the server's user anyway."""
    root = user_of(0)
    users = dict.fromkeys([job.user.name, *([root.name] if root else [])])
    files = {
        "postgresql.conf": settings_file(job.settings),
        "pg_hba.conf": LOGINS,
        "pg_ident.conf": identities_file(tuple(users)),
    }
    try:
        for name, text in files.items():
            _write(job.layout.data / name, text, job.user)
    except OSError as error:
        raise unusable(job.layout.root, error) from error


def _write(path: Path, text: str, user: ServerUser) -> None:
    """Replace a file of the data folder in one step."""
    descriptor, name = tempfile.mkstemp(prefix=path.name + ".", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            if os.geteuid() != user.uid:
                os.fchown(file.fileno(), user.uid, user.gid)
            file.write(text)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _detached(user: ServerUser, folder: Path) -> dict[str, Any]:
    """Arguments for `subprocess`: a session of its own, no terminal, of our environment only the loader's path."""
    loader = {name: value for name, value in os.environ.items() if name == "LD_LIBRARY_PATH"}
    return {
        "cwd": folder,
        "env": {"PATH": "/usr/bin:/bin", "LC_ALL": "C", **loader},
        "stdin": subprocess.DEVNULL,
        "start_new_session": True,
        "umask": 0o077,
        **user.process_options,
    }
