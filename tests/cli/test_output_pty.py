"""On a real terminal: width, colours, pager, progress bar and questions, through a pseudo-terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

import pytest

from casectl.cli.pager import pager_command
from casectl.rules.text import display_width
from tests.cli.conftest import HERE, PLAIN
from tests.demo_home import PATIENCE, UNHEARD

TABLE = """
from nouns import *
from casectl.cli.output import Output
items = [Ticket(number=f"INC-{n}", title="\u65e5\u672c " * 40, assignee=Person("Ann")) for n in range(%d)]
Output(%s).emit_many(items, TICKETS)
"""


def on_terminal(code, *, width=60, height=24, keys=(), again=None, **environ):
    """What `code` writes on a terminal of that size; each of `keys` is (text to wait for, text to type).

    `again` is typed once more when the keys are used up and nothing happens.
    """
    child, screen = pty.fork()
    if child == 0:
        # The parent sets the size before it lets the child begin.
        signal.sigwait([signal.SIGUSR1])
        path = f"{HERE}{os.pathsep}{HERE.parents[1]}"
        os.execve(
            sys.executable, [sys.executable, "-c", code], {**PLAIN, "TERM": "xterm", "PYTHONPATH": path, **environ}
        )
    fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
    os.kill(child, signal.SIGUSR1)
    try:
        shown = read_all(screen, list(keys), again)
    finally:
        os.close(screen)  # which ends a child that still reads
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return shown, code


def read_all(screen, keys, again):
    shown, typed, end = b"", time.monotonic(), time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if keys and keys[0][0].encode() in shown:
            os.write(screen, keys.pop(0)[1].encode())
            typed = time.monotonic()
        elif again and not keys and time.monotonic() > typed + UNHEARD:
            os.write(screen, again.encode())
            typed = time.monotonic()
        if not select.select([screen], [], [], 0.1)[0]:
            continue
        try:
            shown += os.read(screen, 65536)
        except OSError:
            return shown.decode()
    pytest.fail(f"still running after {PATIENCE} s: {shown!r}")


@pytest.fixture(autouse=True)
def blocked():
    """SIGUSR1 waits for the child's sigwait instead of ending it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    yield
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def without_style(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@pytest.mark.parametrize("width", [20, 60, 200])
def test_a_table_is_as_wide_as_the_terminal(width):
    shown, code = on_terminal(TABLE % (5, ""), width=width)
    lines = without_style(shown).splitlines()
    assert code == 0
    assert len(lines) == 6
    assert max(display_width(line) for line in lines) <= width
    assert max(display_width(line) for line in lines) >= min(width, 130) - 2
    assert "\x1b[1mNUMBER\x1b[0m" in shown
    assert lines[1].startswith("INC-0")


def test_colours_follow_the_terminal_the_environment_and_the_option():
    assert "\x1b[" in on_terminal(TABLE % (1, ""))[0]
    assert "\x1b[" not in on_terminal(TABLE % (1, ""), NO_COLOR="1")[0]
    assert "\x1b[" not in on_terminal(TABLE % (1, ""), TERM="dumb")[0]
    assert "\x1b[" not in on_terminal(TABLE % (1, "color='never'"))[0]
    assert "\x1b[" in on_terminal(TABLE % (1, "color='always'"), NO_COLOR="1")[0]


def test_hostile_text_cannot_steer_a_real_terminal():
    code = "from nouns import *\nfrom casectl.cli.output import Output\n"
    code += "Output(color='never').emit_many([Ticket(title=HOSTILE)], TICKETS)\n"
    shown, _ = on_terminal(code, width=200)
    assert "\\x1b[2J" in shown
    assert "\x1b" not in shown


PAGER = """#!/bin/sh
echo "pager gets:"
exec head -n 2
"""


@pytest.fixture
def pager(tmp_path):
    path = tmp_path / "my pager"
    path.write_text(PAGER)
    path.chmod(0o755)
    return f"'{path}'"


def test_what_is_longer_than_the_screen_goes_to_the_pager(pager):
    shown, code = on_terminal(TABLE % (100, f"pager={pager!r}"))
    assert code == 0
    assert shown.startswith("pager gets:\r\n")
    assert "INC-0" in shown
    assert "INC-50" not in shown
    assert on_terminal(TABLE % (100, ""), PAGER=pager)[0].startswith("pager gets:")


def test_no_pager_for_what_fits_for_off_and_for_one_that_is_not_there(pager):
    assert "pager gets" not in on_terminal(TABLE % (5, f"pager={pager!r}"))[0]
    assert "INC-99" in on_terminal(TABLE % (100, "pager='off'"), PAGER=pager)[0]
    assert "pager gets" in on_terminal(TABLE % (100, ""), PAGER=pager, TERM="dumb")[0]
    assert pager_command("", {"TERM": "dumb"}) == []
    assert pager_command("", {"TERM": "xterm"}) == ["less", "-FIRX"]
    assert "INC-99" in on_terminal(TABLE % (100, "pager='/nowhere/less'"))[0]
    assert "pager gets" not in on_terminal(TABLE % (100, f"'jsonl', pager={pager!r}"))[0]


def test_questions_are_asked_on_stderr_and_answered():
    code = (
        "from casectl.cli.messages import *\nimport os\nr = confirm('Delete 5 cases?'), prompt('Title', default='x')\n"
    )
    code += "s = confirm('Purge?', word='acme'), prompt('Key', secret=True)\nos.write(1, repr((r, s)).encode())\n"
    keys = [
        ("cases? [y/N] ", "y\n"),
        ("Title [x]: ", "\n"),
        ("type acme to confirm: ", "acm\n"),
        ("Key: ", "hush\n"),
    ]
    shown, _ = on_terminal(code, keys=keys)
    assert shown.endswith("((True, 'x'), (False, 'hush'))")
    assert shown.count("hush") == 1


def test_an_empty_answer_is_no():
    code = "from casectl.cli.messages import *\nimport os\nos.write(1, repr(confirm('Sure?')).encode())\n"
    assert on_terminal(code, keys=[("[y/N] ", "\n")])[0].endswith("False")


ENDED = "from casectl.cli.messages import *\ntry: %s\nexcept KeyboardInterrupt: raise SystemExit(130)\n"


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["Ctrl-C", "Ctrl-D"])
@pytest.mark.parametrize(
    "question", ["confirm('Q?')", "prompt('Q?')", "prompt('Q?', secret=True)", "choose('Q?', [('a', '')])"]
)
def test_a_question_may_be_left(question, key):
    assert on_terminal(ENDED % question, keys=[("Q?", key)], again=key)[1] == 130


def test_a_choice_is_asked_until_it_is_one():
    code = "from casectl.cli.messages import *\nimport os\n"
    code += "words = [('in progress', 'x'), ('\\x1b[2J', ''), ('done', '')]\n"
    code += "r = [choose('Q', words) for _ in range(3)], choose('Q', words, optional=True)\n"
    code += "os.write(1, repr(r).encode())\n"
    keys = [("name): ", "4\n"), ("'4' is none of them", "\n"), ("one of them is needed", "IN\n"), ("name): ", "3\n")]
    keys += [("name): ", "Done\n"), ("name): ", "\n")]
    shown, _ = on_terminal(code, keys=keys)
    assert shown.endswith("(['in progress', 'done', 'done'], '')")
    assert "   1  in progress  x\r\n   2  \\x1b[2J\r\n" in shown


def test_progress_is_a_bar_that_leaves_nothing_behind():
    code = """
import time
from casectl.cli.messages import Progress
with Progress("Importing", total=4) as progress:
    for _ in range(4):
        time.sleep(0.12)
        progress.advance()
"""
    shown, _ = on_terminal(code)
    assert "[######..................] Importing: 1 of 4 (25 %)\x1b[K\r" in shown
    assert shown.endswith("\r\x1b[K")
    assert "\n" not in shown


def test_a_narrow_terminal_cuts_the_bar():
    code = """
from casectl.cli.messages import Progress
from casectl.cli.pager import pager_command
now = [0.0]
with Progress("Importing", total=4, clock=lambda: now[0]) as progress:
    now[0] = 1.0
    progress.advance()
"""
    assert on_terminal(code, width=20)[0].startswith("\r[######...........…\x1b[K")
