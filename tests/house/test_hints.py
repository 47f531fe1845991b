"""What refusals and the manual tell people to run is there."""

from __future__ import annotations

import re
from pathlib import Path

import casectl
from casectl import registry
from casectl.cli.manual_pages import TOPICS

PACKAGE = Path(casectl.__file__).parent
NAMES = {entry.name for entry in registry.ENTRIES} | {alias for entry in registry.ENTRIES for alias in entry.aliases}
PROSE = {"here", "where"}
"""Words behind the program's name in sentences about the program."""
COMMAND = re.compile(r"\bcasectl ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?")


def hinted():
    """The words behind `casectl` in every hint, and in every piece of the manual that is set as code."""
    for path in PACKAGE.rglob("*.py"):
        for hint in re.findall(r'hint=f?"((?:[^"\\]|\\.)*)"', path.read_text(encoding="utf-8")):
            yield from ((path.name, found.groups()) for found in COMMAND.finditer(hint))
    for path in (PACKAGE / "manual").glob("*.md"):
        for code in re.findall(r"`([^`\n]*)`|^ {4}(casectl .*)$", path.read_text(encoding="utf-8"), re.MULTILINE):
            yield from ((path.name, found.groups()) for found in COMMAND.finditer(" ".join(code)))


def is_there(noun: str, word: str | None) -> bool:
    if noun == "help":
        return word is None or word in {*TOPICS, *NAMES, *registry.NOUNS, "lists", "tells"}
    return f"{noun} {word}" in NAMES if noun in registry.NOUNS else noun in NAMES


def test_every_command_that_is_named_is_there():
    told = list(hinted())
    assert len(told) > 150
    assert [(place, words) for place, words in told if words[0] not in PROSE and not is_there(*words)] == []
