"""The manual is whole: its pages are listed, its links lead somewhere, and it can be read at every width."""

from __future__ import annotations

import re

import pytest
from regenerate import MANUAL, VERBS

from casectl import registry
from casectl.cli.common_options import COMMON_OPTIONS
from casectl.cli.manual_blocks import blocks_of
from casectl.cli.manual_pages import TOPICS, source
from casectl.cli.manual_screen import page_lines
from casectl.cli.terminal import Screen
from casectl.config import SETTINGS, config_example
from casectl.rules.rights import FIELD_RIGHTS, RIGHTS

ROOT = MANUAL.parents[1]
READ = [*MANUAL.glob("*.md"), *ROOT.glob("casectl/**/*.py"), ROOT / "README.md"]
LINK = re.compile(r"\bcasectl help ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?")
SENTENCES = {"lists", "tells"}
"""Words behind `casectl help` in sentences about it."""
OF_OTHERS = {"CASECTL_URL": "the examples' own, rest.md says so"}
"""Variables that the manual names and casectl does not read."""
READ_ELSEWHERE = {"CASECTL_TOKEN", "CASECTL_CONFIG"}


def test_every_page_is_listed_with_what_it_is_about():
    assert set(TOPICS) == {page.stem for page in MANUAL.glob("*.md")}
    assert all(found.about and len(found.about) <= 64 and not found.about.endswith(".") for found in TOPICS.values())


@pytest.mark.parametrize("path", READ, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_to_a_page_or_a_command(path):
    text = path.read_text(encoding="utf-8")
    for first, second in [found.groups() for found in LINK.finditer(text)]:
        is_command = f"{first} {second}" in VERBS or registry.find(first) or first in registry.NOUNS
        assert first in TOPICS or is_command or first in SENTENCES, f"casectl help {first}"


def test_every_page_is_linked_from_another():
    linked = {name for page in MANUAL.glob("*.md") for name, _ in LINK.findall(page.read_text()) if name != page.stem}
    assert set(TOPICS) - linked == set()


@pytest.mark.parametrize("name", TOPICS)
def test_a_page_is_written_in_what_is_drawn(name):
    first, *rest = blocks_of(source(name))
    assert (first.kind, first.level) == ("heading", 1)
    assert [block for block in rest if block.kind == "heading" and block.level == 1] == []
    for block in rest:
        if block.kind == "table":
            assert {len(row) for row in block.rows} == {len(block.rows[0])}, block.rows[0]
        if block.kind in ("paragraph", "item"):
            assert block.text.count("`") % 2 == 0, block.text
            assert not re.match(r"[*+>]|\d+\)", block.text), block.text


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("color", [True, False])
@pytest.mark.parametrize("name", TOPICS)
def test_a_page_fits_its_screen(name, width, color):
    lines = page_lines(blocks_of(source(name)), Screen(color=color, width=width, height=24))
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]
    too_wide = [line for line in plain if len(line) > min(width, 100) and not line.startswith("    ") and width >= 80]
    assert too_wide == []
    assert not [line for line in plain if "\x1b" in line or line != line.rstrip()]


def test_settings_and_variables_that_are_named_are_there():
    text = "\n".join(page.read_text() for page in MANUAL.glob("*.md"))
    variables = {setting.env for setting in SETTINGS} | READ_ELSEWHERE | set(OF_OTHERS)
    assert set(re.findall(r"\bCASECTL_[A-Z_]+\b", text)) <= variables
    names = {setting.name for setting in SETTINGS}
    sections = {name.partition(".")[0] for name in names if "." in name}
    told = re.findall(rf"`((?:{'|'.join(sections)})\.[a-z_]+)`", text + config_example())
    assert {name for name in told if name not in names} <= {"server.name"}


def test_options_that_are_named_are_there():
    from casectl.cli.from_operation import command_of

    known = {word for option in COMMON_OPTIONS for word in option.names} | {"--help", "--version"}
    for entry in registry.ENTRIES:
        if not entry.hidden:
            known |= {word for one in command_of(entry).params for word in (*one.opts, *one.secondary_opts)}
    text = "\n".join(page.read_text() for page in MANUAL.glob("*.md"))
    told = {word for code in re.findall(r"`([^`\n]+)`|^ {4}(casectl .*)$", text, re.MULTILINE)
            for word in re.findall(r"(?<![\w-])--[a-z][a-z-]+", " ".join(code))}  # fmt: skip
    assert told - known == set()


def test_rights_that_are_named_are_there_and_what_a_change_needs_is_told():
    text = "\n".join(page.read_text() for page in MANUAL.glob("*.md"))
    kinds = "|".join({right.partition(":")[0] for right in RIGHTS})
    assert set(re.findall(rf"`((?:{kinds}):[a-z_]+)`", text)) - {"status:active", "team:l2"} <= set(RIGHTS)
    change = source("roles").partition("## What a change needs")[2].partition("## Verbs")[0]
    assert set(FIELD_RIGHTS.values()) <= set(re.findall(r"`([a-z:_]+)`", change))
