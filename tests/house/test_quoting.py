"""Examples are copied into a shell: what a shell would take for itself stands in quotes."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

import casectl
from casectl import registry
from casectl.cli.group_help import EXAMPLES

VERBS = [command for verb in registry.load_all().values() for command, _ in verb.cli.examples]
MANUAL = [
    line.strip()
    for page in sorted((Path(casectl.__file__).parent / "manual").glob("*.md"))
    for line in page.read_text(encoding="utf-8").splitlines()
    if line.startswith("    casectl ")
]


@pytest.mark.parametrize("command", [*VERBS, *MANUAL, *(command for command, _ in EXAMPLES)])
def test_a_shell_passes_every_word_on(command):
    words = list(shlex.shlex(command.partition("      #")[0], posix=True, punctuation_chars="<>;&()*?"))
    assert not [word for word in words if set(word) <= set("<>;&()*?")], command
