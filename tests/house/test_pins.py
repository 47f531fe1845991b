"""Help, names of fields and generated pages of the manual are kept as files: a change of them is seen and meant."""

from __future__ import annotations

import re

import pytest
from regenerate import HERE, MANUAL, SHOWN, VERBS, field_list, help_names, help_page, hold, roles_page, verbs_page

from casectl.cli.main import main
from casectl.cli.manual_blocks import without_comments
from casectl.rules.rights import ANY, RIGHTS

PINS = HERE / "pins"
CONTRACTS = "\n".join(path.read_text() for path in sorted(HERE.parent.glob("contract/*.py")))
SHOWN_VERBS = [entry.name for entry in SHOWN if entry.kind == "verb"]


@pytest.fixture(autouse=True)
def columns(monkeypatch, tmp_path):
    """80 columns, and no configuration."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("HOME", str(tmp_path))


def file_of(name):
    """`user list` → `user_list.txt`; the root is `casectl.txt`."""
    return f"{name.replace(' ', '_') or 'casectl'}.txt"


@pytest.mark.parametrize("name", help_names(), ids=file_of)
def test_help(name):
    page = help_page(name)
    hold(PINS / "help" / file_of(name), page)
    told = page.partition("\nExamples:\n")[0]
    assert [line for line in told.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("name", SHOWN_VERBS)
def test_fields(name):
    hold(PINS / "fields" / file_of(name), field_list(name))


def test_no_pin_is_left_over():
    kept = {str(path.relative_to(PINS)) for path in PINS.rglob("*") if path.is_file()}
    assert kept == {f"help/{file_of(name)}" for name in help_names()} | {
        f"fields/{file_of(name)}" for name in SHOWN_VERBS
    }


@pytest.mark.parametrize("words", ["", "user", "list", "db check", "type set"])
def test_what_is_pinned_is_what_is_printed(words, capfd):
    assert main([*words.split(), "--help"]) == 0
    assert capfd.readouterr().out == help_page(words)


def test_the_field_list_is_what_is_printed(capfd):
    for name in ("show", "history", "user list"):
        assert main([*name.split(), "--fields", "help"]) == 0
        assert capfd.readouterr().out == field_list(name)


def test_the_page_about_verbs():
    hold(MANUAL / "verbs.md", verbs_page())


def test_the_page_about_roles():
    hold(MANUAL / "roles.md", roles_page())


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_has_a_right_a_route_a_contract_test_and_an_entry_in_the_manual(name):
    verb = VERBS[name]
    assert verb.right in {*RIGHTS, ANY}
    assert all(
        method in {"GET", "POST", "PUT", "PATCH", "DELETE"} and path[:4] == "/v1/" for method, path in verb.routes
    )
    assert verb.routes
    assert re.search(rf"\b{verb.__name__}\(", CONTRACTS)
    assert f"\n### {name}\n" in (MANUAL / "verbs.md").read_text()


@pytest.mark.parametrize("topic", ["verbs", "roles"])
def test_help_shows_the_page(topic, capfd):
    assert main(["help", topic]) == 0
    assert capfd.readouterr().out.strip() == without_comments((MANUAL / f"{topic}.md").read_text()).strip()
