"""The scripts in completions/ are made from the commands; CASECTL_UPDATE_PINS=1 writes them anew."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import get_args

import pytest
from regenerate import HERE, hold

from casectl import registry
from casectl.cli.completion.answer import ASKED
from casectl.cli.completion.scripts import FILES, script
from casectl.cli.completion.words import commands, subcommands
from casectl.operations.suggest import Source

SCRIPTS = HERE.parents[1] / "completions"
SHELLS = ("bash", "zsh", "fish")


@pytest.mark.parametrize("shell", FILES)
def test_a_script_regenerates_to_the_same_bytes(shell):
    hold(SCRIPTS / FILES[shell], script(shell))


def test_no_script_is_left_over():
    assert {path.name for path in SCRIPTS.iterdir()} == set(FILES.values())


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shell_can_read_it(shell):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    done = subprocess.run([shell, "-n", str(SCRIPTS / FILES[shell])], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("shell", FILES)
def test_every_command_and_option_is_in_it(shell):
    text = script(shell)
    for command in commands():
        assert f"'{command.name}'" in text
        for option in command.options:
            assert f"{','.join(option.names)}|{option.kind}|" in text


def test_the_tables_for_powershell_can_be_read():
    # No PowerShell is at hand: what is between quotes must end, and every brace outside of them must close.
    text = re.sub(r"(?m)^\s*#.*$", "", script("powershell"))
    bare = re.sub(r"'(?:[^']|'')*'|\"(?:[^\"`]|`.)*\"", "", text)
    assert not {"'", '"'} & set(bare)
    for opened, closed in ("{}", "()", "[]"):
        assert bare.count(opened) == bare.count(closed)


def test_the_answer_knows_every_kind_of_word():
    own = {"query", "profile", "fields", *ASKED}
    for command in commands():
        kinds = [*command.arguments, *(option.kind for option in (*command.options, *command.common))]
        asked = {kind.rstrip(",") for kind in kinds if not kind.startswith("words:")} - {"", "text", "file"}
        assert asked <= {*get_args(Source), *own}, command.name


def test_words_behind_a_word():
    assert ("add", "Add a user") in subcommands("user ")
    found = dict(subcommands(""))
    assert found["user"] == registry.NOUNS["user"]
    assert found["ls"] == found["list"]
    assert "suggest" not in found
