"""The trash and its emptying on a terminal and in a pipe: what is asked and shown, what a wrong answer does."""

from __future__ import annotations

import json

from demo_home import demo_home  # noqa: F401 - a fixture

# ruff: noqa: F811 - the fixture's name


def trashed(home, title="to be purged"):
    """The number of a new case in the trash."""
    number = home.run("create", title, "-o", "id").stdout.strip()
    assert home.run("delete", number, "-o", "id").stdout.strip() == number
    return number


def test_a_terminal_asks_for_the_number(demo_home):
    number = trashed(demo_home)
    code, screen = demo_home.on_terminal("purge", number, answers=[("confirms it: ", "yes\n")])
    assert code == 1
    assert "not confirmed, nothing was changed" in screen
    assert f"casectl purge {number} --confirm {number}" in screen
    code, screen = demo_home.on_terminal("purge", number, answers=[("confirms it: ", f"{number}\n")])
    assert code == 0
    assert f"erase {number} for good? its number confirms it: " in screen
    assert demo_home.run("show", number).returncode == 3


def test_a_pipe_is_told_what_to_say(demo_home):
    first, second = trashed(demo_home), trashed(demo_home)
    done = demo_home.run("purge", "-", stdin=f"{first}\n{second}\n")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"casectl: erase {first}, {second} for good? their count confirms it\nTry: casectl purge CASE... --confirm 2\n"
    )
    done = demo_home.run("purge", "-", "--confirm", "2", "-o", "id", stdin=f"{first}\n{second}\n")
    assert done.stdout.split() == [first, second]
    history = json.loads(demo_home.run("history", first, "--json").stdout)
    assert all(entry["redacted"] and not entry["changes"] for entry in history)


def test_a_dry_run_shows_what_would_go_and_hostile_titles_do_no_harm(demo_home):
    number = trashed(demo_home, "\x1b]52;c;aGk=\x07[/] \u202eevil")
    for words in (["purge", number, "--dry-run"], ["trash", "list"]):
        code, screen = demo_home.on_terminal(*words, COLUMNS="80")
        assert code == 0
        assert number in screen
        assert "[/]" in screen
        assert "\x1b]52" not in screen
        assert "\u202e" not in screen
    assert demo_home.run("restore", number).returncode == 0


def test_the_ages_of_the_trash(demo_home):
    """Demo desks have old rubbish; what was deleted just now is not of it."""
    number = trashed(demo_home)
    listed = demo_home.run("trash", "list", "--older-than", "1d", "--all", "-o", "id").stdout.split()
    assert listed
    assert number not in listed
    done = demo_home.run("purge", "--older-than", "1d", "--confirm", "1d", "--json")
    assert sorted(json.loads(done.stdout)["numbers"]) == sorted(listed)
    assert demo_home.run("purge", "--older-than", "1d", "--confirm", "1d").returncode == 0
    assert demo_home.run("db", "check").returncode == 0
    assert demo_home.run("restore", number).returncode == 0
