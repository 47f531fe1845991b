"""casectl as processes that need not load its modules: forks of one process that has loaded them and done nothing else.

A command of its own costs a quarter of a second before it does anything, most of it for imports and for what measures
coverage. Where a test runs hundreds of them and is about what they do, not about how they begin, `run` gives the same
finished process in a fraction of that. Where a test sets a variable that Python itself reads (PYTHON…, LANG, LC_…),
`run` starts a process.
"""

from __future__ import annotations

import atexit
import fcntl
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[1]
PATIENCE = 240
"""Seconds for a command: some make a whole desk, beside others that do."""
COMMAND = (sys.executable, "-W", "error", "-m", "casectl")
EARLY = ("PYTHON", "LANG", "LC_", "COVERAGE", "LD_")
"""How variables begin that a process reads before it is ours."""
OURS = ("PYTHONPATH", "PYTHON_KEYRING_BACKEND")
"""Those of them that count in a fork as well."""

MEASURED = "COVERAGE_PROCESS_START"
"""The variable that lets processes measure coverage; tests.conftest takes it away from tests marked `no_cover`."""

_OWN_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""

_lock = threading.Lock()
_warm: dict[bool, str] = {}
"""The address of the warm process that is measured, and of the one that is not."""


def run(words: Any, environ: dict[str, str], cwd: Any, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """The finished process of `casectl WORDS` with nothing but that environment; what it wrote as text."""
    done = run_bytes(words, environ, cwd, stdin.encode())
    out, err = (written.decode().replace("\r\n", "\n").replace("\r", "\n") for written in (done.stdout, done.stderr))
    return subprocess.CompletedProcess(done.args, done.returncode, out, err)


def run_bytes(words: Any, environ: dict[str, str], cwd: Any, stdin: bytes) -> subprocess.CompletedProcess[bytes]:
    """The same with what was read and written as it is."""
    words, environ = [str(word) for word in words], _measured_as_this(environ)
    if not _can_fork(environ):
        return subprocess.run(
            [*COMMAND, *words], env=environ, cwd=cwd, input=stdin, capture_output=True, timeout=PATIENCE
        )
    with (
        tempfile.TemporaryFile("w+b") as given, tempfile.TemporaryFile("w+b") as written,
        tempfile.TemporaryFile("w+b") as told,
    ):  # fmt: skip
        given.write(stdin)
        given.seek(0)
        with _begin(words, environ, cwd, [stream.fileno() for stream in (given, written, told)]) as line:
            code = int(line.makefile().readline())
        out, err = (_all(stream) for stream in (written, told))
    return subprocess.CompletedProcess(words, code, out, err)


@contextmanager
def on_terminal(words: Any, environ: dict[str, str], cwd: Any) -> Iterator[tuple[int, Callable[[], int]]]:
    """casectl on a terminal of its own: what the screen is read from and keys are written to, and how it ends.

    The second waits for the end and gives the exit code. Whoever leaves hangs up.
    """
    words, environ = [str(word) for word in words], _measured_as_this(environ)
    screen, terminal = os.openpty()
    try:
        if _can_fork(environ):
            with _begin(words, environ, cwd, [terminal] * 3) as line:
                os.close(terminal)
                yield screen, lambda: int(line.makefile().readline())
        else:
            with subprocess.Popen(
                [sys.executable, "-c", _OWN_TERMINAL, *COMMAND, *words], env=environ, cwd=cwd,
                stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True,
            ) as process:  # fmt: skip
                os.close(terminal)
                yield screen, lambda: process.wait(PATIENCE)
    finally:
        os.close(screen)


def _measured_as_this(environ: dict[str, str]) -> dict[str, str]:
    if MEASURED in os.environ:
        return environ
    return {name: value for name, value in environ.items() if not name.startswith("COVERAGE")}


def _can_fork(environ: dict[str, str]) -> bool:
    """Nothing is asked that a process must know when it begins."""
    return not any(
        name.startswith(EARLY) and name not in OURS and os.environ.get(name) != value for name, value in environ.items()
    )


def _begin(words: list[str], environ: dict[str, str], cwd: Any, files: list[int]) -> socket.socket:
    """The line on which the exit code comes; `files` are its standard input, output and error output."""
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(PATIENCE)
    line.connect(_place())
    request = {"words": words, "environ": environ, "cwd": str(cwd)}
    socket.send_fds(line, [json.dumps(request).encode() + b"\n"], files)
    return line


def _all(stream: Any) -> bytes:
    stream.seek(0)
    return bytes(stream.read())


def _place() -> str:
    """The address of this process's warm one, which is started by the first command."""
    measured = MEASURED in os.environ
    with _lock:
        if measured not in _warm:
            folder = tempfile.mkdtemp(prefix="casectl-warm-", dir="/tmp")
            environ = {name: value for name, value in os.environ.items() if not name.startswith("CASECTL")}
            process = subprocess.Popen(
                [sys.executable, "-W", "error", __file__, folder], env=environ | {"PYTHONPATH": str(ROOT)},
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder,
            )  # fmt: skip
            assert process.stdout is not None
            process.stdout.readline()
            atexit.register(_end, process, folder)
            _warm[measured] = f"{folder}/line"
        return _warm[measured]


def _end(process: subprocess.Popen[bytes], folder: str) -> None:
    process.communicate(timeout=PATIENCE)  # closes its standard input
    Path(f"{folder}/line").unlink()
    Path(folder).rmdir()


def _serve(folder: str) -> None:
    """Fork for every request until standard input is closed."""
    import select

    _load()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how the keepers end
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{folder}/line")
        listening.listen(16)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while listening in select.select([listening, sys.stdin], [], [])[0]:
            line, _ = listening.accept()
            if not os.fork():
                listening.close()
                _keep(line)
            line.close()


def _load() -> None:
    """What commands load, but nothing that looks around."""
    import importlib

    from casectl import registry

    registry.load_all()
    for name in ("casectl.cli.main", "casectl.cli.execution", "casectl.cli.output", "casectl.cli.tables",
                 "casectl.desk.open", "casectl.desk.local", "casectl.desk.remote.desk", "casectl.store.unit",
                 "psycopg", "typer", "urllib3"):  # fmt: skip
        importlib.import_module(name)
    if "coverage" in sys.modules:  # what was run so far is told once, not by every fork
        import coverage

        measuring = coverage.Coverage.current()
        if measuring is not None:
            measuring.save()


def _keep(line: socket.socket) -> NoReturn:
    """Run one command in a fork of this fork, and tell how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    head, files, _, _ = socket.recv_fds(line, 65536, 3)
    while not head.endswith(b"\n"):
        head += line.recv(65536)
    child = os.fork()
    if not child:
        line.close()
        _become(json.loads(head), files)
    for file in files:  # a terminal ends when nobody has it any more
        os.close(file)
    _, status = os.waitpid(child, 0)
    line.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _become(request: dict[str, Any], files: list[int]) -> NoReturn:
    """Be a new process as far as a program can see."""
    os.setsid()
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    if os.isatty(0):
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    os.environ.clear()
    os.environ.update(request["environ"])
    time.tzset()
    os.chdir(request["cwd"])
    sys.path[:] = ["", *os.environ.get("PYTHONPATH", "").split(os.pathsep), *sys.path[1:]]
    sys.argv = ["casectl", *request["words"]]
    sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - as Python opens them
    sys.stdout = sys.__stdout__ = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = sys.__stderr__ = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
    from casectl.cli.main import run

    run()


if __name__ == "__main__":
    _serve(sys.argv[1])
