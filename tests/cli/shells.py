"""An interactive bash, zsh or fish on a terminal, in a home with a desk: type, press TAB, look at the line."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import shutil
import signal
import struct
import sys
import termios
import time

import pytest

from casectl.cli.completion.scripts import FILES
from tests.demo_home import PATIENCE, PATIENT, ROOT

READY = "READY"

BEGIN = {
    "bash": "PS1='> '; bind 'set enable-bracketed-paste off'; source '{script}'; "
    'bind -x \'"\\C-xd": printf "%s\\n" "$READLINE_LINE" > "{line}"\'; printf \'REA\'\'DY\\n\'\n',
    "zsh": "PS1='> '; unset zle_bracketed_paste; autoload -U compinit; compinit -D -u; source '{script}'; "
    "told() {{ print -r -- $BUFFER > '{line}' }}; zle -N told; bindkey '^Xd' told; print 'REA''DY'\n",
    "fish": "source '{script}'; bind \\cxd 'commandline > \"{line}\"'; function fish_prompt; echo '> '; end; "
    "printf 'REA''DY\\n'\n",
}
"""What each is told first; ^Xd writes the line as it stands into a file."""

ARGV = {
    "bash": ["bash", "--noprofile", "--norc", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}


def require(shell):
    """Skip where the shell is not installed."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")


class Shell:
    """One interactive shell. `program` is a folder with the casectl that it finds."""

    def __init__(self, shell, environ, folder, program, columns=100):
        argv = ARGV[shell]
        self._line = folder / f"{shell} line"
        path = f"{program}{os.pathsep}{environ['PATH']}"
        child, self._screen = pty.fork()
        if child == 0:
            os.chdir(folder)
            os.execvpe(argv[0], argv, {**environ, "PATH": path, "TERM": "xterm", "LANG": "C.UTF-8"})
        self._child = child
        fcntl.ioctl(self._screen, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        quiet, end = 2.0 if shell == "fish" else 0.4, time.monotonic() + PATIENCE
        while not self.shown_until("", quiet) and time.monotonic() < end:
            pass  # each begins with a prompt
        self._send(BEGIN[shell].format(script=ROOT / "completions" / FILES[shell], line=self._line))
        self.shown_until(READY)

    def _send(self, text):
        os.write(self._screen, text.encode())

    def shown_until(self, wanted, quiet=0.4, patience=PATIENCE):
        """What is shown until `wanted` was, and then nothing more for `quiet` seconds."""
        shown, end = "", time.monotonic() + patience
        while time.monotonic() < end:
            if select.select([self._screen], [], [], quiet)[0]:
                piece = os.read(self._screen, 65536).decode(errors="replace")
                shown += piece
                self._answer(piece)
            elif wanted in shown:
                return shown
        return pytest.fail(f"{wanted!r} was not shown in {patience} s: {shown!r}")

    def _answer(self, piece):
        """Be a terminal: tell what kind, and where the cursor is."""
        if "\x1b[c" in piece or "\x1b[0c" in piece:
            self._send("\x1b[?62;22c")
        if "\x1b[6n" in piece:
            self._send("\x1b[1;1R")

    def line(self):
        """The command line as it stands; the shell tells it when it has done all that was pressed before."""
        self._line.unlink(missing_ok=True)
        self._send("\x18d")
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            self.shown_until("", quiet=0.1)
            if self._line.exists() and self._line.read_text().endswith("\n"):
                return self._line.read_text().rstrip("\n")
        return pytest.fail("the shell does not tell its line")

    def pressed(self, text, times=1, wanted=""):
        """Type `text` on an empty line and press TAB; the line and what was shown, what is `wanted` among it."""
        self._send("\x15")
        self._send(text)
        shown = self.shown_until("", quiet=0.05)
        for turn in range(1, times + 1):
            self._send("\t")
            awaited = wanted if turn == times and wanted not in shown else ""
            shown += self.shown_until(awaited, quiet=0.1 if times == 1 else 1.5)
        return self.line(), shown

    def run(self, text):
        """Run a line; what was shown."""
        self._send("\x15")
        self._send(f"{text}; printf '%s%s\\n' DO NE\n")
        return self.shown_until("DONE")

    def close(self):
        """End it."""
        os.kill(self._child, signal.SIGKILL)
        os.waitpid(self._child, 0)
        os.close(self._screen)


def program_in(folder):
    """A folder with a `casectl` that runs the code under test with this interpreter."""
    place = folder / "the program"
    place.mkdir()
    program = place / "casectl"
    program.write_text(f"#!/bin/sh\nexec '{sys.executable}' -c '{PATIENT}' \"$@\"\n")
    program.chmod(0o755)
    return place
