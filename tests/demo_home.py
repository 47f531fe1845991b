"""A home with a small demo desk, and casectl run in it: as commands whose modules are loaded, or on real terminals."""

from __future__ import annotations

import atexit
import codecs
import functools
import os
import select
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests import warm_commands

ROOT = Path(__file__).parents[1]
KEPT = ("PATH", "LANG", "TMPDIR", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")
CASES = 1100
PATIENCE = 120
"""Seconds of silence after which a command is taken to hang."""
PATIENT = """
from casectl.cli import main
main._LONGEST_KEY_PRESS = 60.0
main.run()
"""
"""casectl that takes its time over a key press: what is offered is one thing, that nobody waits for it another."""
UNHEARD = 10
"""Seconds after which a key that ends a question is pressed again, as people do who see nothing happen: Python sleeps
through a signal that comes in the instant before it begins to read."""


class DemoHome:
    """A home and what is run in it."""

    def __init__(self, folder):
        self.folder = folder
        self.environ = {name: os.environ[name] for name in KEPT if name in os.environ}
        self.environ |= {"HOME": str(folder), "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}

    def run(self, *words, stdin="", **environ):
        """Run casectl; the finished process with its code and what it wrote."""
        return warm_commands.run(words, self.environ | environ, self.folder, stdin)

    def python(self, code, *words, stdin="", **environ):
        """Run Python code in this home."""
        return subprocess.run(
            [sys.executable, "-W", "error", "-c", code, *words], env=self.environ | environ, cwd=self.folder,
            input=stdin, capture_output=True, text=True, timeout=PATIENCE,
        )  # fmt: skip

    def on_terminal(self, *words, answers=(), **environ):
        """Run on a terminal and type `answers`, pairs of what to wait for and what to type; code and screen."""
        environ = self.environ | {"TERM": "dumb"} | environ
        with warm_commands.on_terminal(words, environ, self.folder) as (screen, ended):
            shown = _typed(screen, list(answers))
            return ended(), shown.replace("\r\n", "\n")


def _typed(screen, waiting):
    """All that is shown while what is waited for is answered."""
    shown, ending, silence = "", b"", 0
    decode = codecs.getincrementaldecoder("utf-8")().decode  # a read may end within a character
    while True:
        if not select.select([screen], [], [], UNHEARD)[0]:
            silence += UNHEARD
            if silence >= PATIENCE:
                pytest.fail(f"{silence} s of silence after {shown!r}")
            os.write(screen, ending)
            continue
        try:
            chunk = os.read(screen, 65536)
        except OSError:
            return shown
        shown, silence = shown + decode(chunk), 0
        if waiting and waiting[0][0] in shown:
            typed = waiting.pop(0)[1].encode()
            os.write(screen, typed)
            ending = typed if typed in (b"\x03", b"\x04") else b""


def new_home():
    """An empty home, which the server's user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="casectl demo ", dir="/tmp")).resolve()
    folder.chmod(0o755)
    return DemoHome(folder)


@functools.cache
def _as_made():
    """The home of a stopped demo desk, to be copied: making one takes five times as long as copying it."""
    home = new_home()
    atexit.register(shutil.rmtree, home.folder)
    for words in (("demo", "--cases", str(CASES)), ("db", "stop")):
        done = home.run(*words)
        assert done.returncode == 0, done.stderr
    return home.folder


@pytest.fixture(scope="module")
def demo_home():
    """One demo desk for all tests of a file; those that write make cases of their own."""
    home = new_home()
    subprocess.run(["cp", "-a", f"{_as_made()}/.", home.folder], check=True)
    started = home.run("db", "start")
    assert started.returncode == 0, started.stderr
    yield home
    stopped = home.run("db", "stop")
    shutil.rmtree(home.folder)
    assert stopped.returncode == 0, stopped.stderr
