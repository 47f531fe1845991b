"""A bulk change whose selection is empty, as a script's unset variable makes it, changes nothing and says so."""

from __future__ import annotations

import json

import pytest
from demo_home import demo_home  # noqa: F401 - a fixture

# ruff: noqa: F811 - the fixture's name


def versions(home):
    return json.loads(home.run("list", "is:all", "--all", "--json", "--select", "[].[number, version]").stdout)


@pytest.mark.parametrize(
    "words",
    [
        ["-q", ""], ["-q", "  "], ["-q", "sort:created"], ["-q", "", "--idempotency-key", "empty-1"], [""], [","],
        ["1", "-q", ""], [],
    ],
)  # fmt: skip
def test_it_is_an_error(demo_home, words):
    before = versions(demo_home)
    done = demo_home.run("bulk-update", *words, "--add-tag", "oops")
    assert (done.returncode, done.stdout) == (2, "")
    assert "empty" in done.stderr or "no case was given" in done.stderr
    assert versions(demo_home) == before


def test_an_empty_list_on_standard_input_is_none(demo_home):
    done = demo_home.run("bulk-update", "-", "--add-tag", "oops", "--json")
    assert (done.returncode, json.loads(done.stdout)["changed"]) == (0, 0)


def test_a_piped_text_is_written_though_no_draft_can_be_kept(demo_home):
    done = demo_home.run("note", "1", "-", "--json", stdin="from a read-only container", XDG_STATE_HOME="/dev/null")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["content"] == "from a read-only container"
