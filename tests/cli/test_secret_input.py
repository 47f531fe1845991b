"""Passwords are asked for or read, and never stand on a command line."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import threading
from typing import Any

import pytest

from casectl import registry
from casectl.cli.from_operation import verb_command
from casectl.operations.user_password import SetPassword

FIELDS = """
import sys
from casectl.cli.secret_input import read_secrets
from casectl.errors import Refusal
from casectl.field_types import describe
from casectl.operations.user_password import SetPassword
fields = [field for field in describe(SetPassword) if field.is_secret]
try:
    print(sorted(read_secrets(fields, can_ask=sys.argv[-1] == "asked").items()))
except Refusal as refusal:
    print(type(refusal).__name__, refusal.message)
"""

OWN_TERMINAL = """
import fcntl, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # getpass asks at the terminal of its session
"""


def given(python: Any, text: str) -> str:
    return str(python(FIELDS, input=text).stdout.strip())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "UsageError the new password is missing"),
        ("new one", "[('password', 'new one')]"),
        ("old one\nnew one\n", "[('old_password', 'old one'), ('password', 'new one')]"),
        (" blanks stay \n", "[('password', ' blanks stay ')]"),
        ("a\nb\nc\n", "UsageError standard input holds 3 lines, at most 2 are read"),
    ],
)
def test_lines_of_standard_input_are_the_secrets(python, text, expected):
    assert given(python, text) == expected


def answered(lines: list[str]) -> tuple[str, str]:
    """What the program prints, and what the terminal shows, when somebody types these lines at its questions."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", OWN_TERMINAL + FIELDS, "asked"],
        stdin=slave,
        stdout=subprocess.PIPE,
        stderr=slave,
        text=True,
        start_new_session=True,
    ) as running:
        os.close(slave)
        shown = ""
        for line in lines:
            while not shown.endswith(": "):
                shown += os.read(master, 1000).decode()
            shown += "|"
            os.write(master, f"{line}\n".encode())
        reader = threading.Thread(target=_drain, args=(master,))
        reader.start()
        printed, _ = running.communicate(timeout=60)
        os.close(master)
        reader.join()
    return printed.strip(), shown


def _drain(master: int) -> None:
    try:
        while os.read(master, 1000):
            pass
    except OSError:
        return


def test_a_person_is_asked_twice_and_sees_nothing_typed():
    printed, shown = answered(["tulip bridges", "tulip bridges"])
    assert printed == "[('password', 'tulip bridges')]"
    assert "new password" in shown
    assert "tulip" not in shown


def test_two_different_answers_change_nothing():
    printed, _ = answered(["tulip bridges", "tulip bridge"])
    assert printed == "UsageError the new password was typed differently the second time"


def test_no_secret_has_an_option_or_an_argument():
    for name, verb in registry.load_all().items():
        command = verb_command(verb, name.rpartition(" ")[2])
        assert not {parameter.name for parameter in command.params} & set(verb.secrets), name
    assert {"password", "old_password"} == set(SetPassword.secrets)
