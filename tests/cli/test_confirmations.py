"""What is asked before something changes: which case an id is, who is touched; an answer that is no ends with 1."""

from __future__ import annotations

import json

import pytest
from demo_home import demo_home

__all__ = ["demo_home"]

REFUSED = "not confirmed, nothing was changed"


def cases(home, query):
    """Id, number and title of the cases a query finds."""
    listed = home.run("list", query, "--all", "--json", "--fields", "id,number,title").stdout
    return [(str(one["id"]), one["number"], one["title"]) for one in json.loads(listed)]


@pytest.fixture(scope="module")
def other(demo_home):
    """Cases whose numbers do not end in their ids, and one whose number does."""
    found = cases(demo_home, "is:active sort:id")
    apart = [one for one in found if int(one[1][-5:]) != int(one[0])]
    assert len(apart) > 5
    return apart


def writes(case):
    """The verbs that write to cases, with the id of one."""
    return [
        ("note", case, "hello"), ("status", case, "active"), ("assign", case, "@me"), ("take", case),
        ("update", case, "--priority", "low"), ("escalate", case, "it burns"), ("close", case), ("reopen", case),
        ("delete", case), ("bulk-update", case, "--priority", "low"), ("create", "A part", "--parent", case),
    ]  # fmt: skip


@pytest.mark.parametrize("place", range(11))
def test_an_id_is_told_and_asked_about_before_it_is_written_to(demo_home, other, place):
    case, number, title = other[0]
    before = demo_home.run("show", number, "--json").stdout
    words = writes(case)[place]
    code, screen = demo_home.on_terminal(*words, answers=[("[y/N] ", "n\n")], COLUMNS="200")
    assert code == 1, screen
    assert f"{case} is the id of {number}: {title}\nIs this the case you mean? [y/N] " in screen
    assert REFUSED in screen
    assert f"say the number, like {number}" in screen
    assert demo_home.run("show", number, "--json").stdout == before


def test_restore_asks_as_well(demo_home):
    case, number, _ = next(one for one in cases(demo_home, "is:deleted") if int(one[1][-5:]) != int(one[0]))
    code, screen = demo_home.on_terminal("restore", case, answers=[("[y/N] ", "n\n")])
    assert code == 1
    assert f"{case} is the id of {number}: " in screen


def test_yes_writes(demo_home, other):
    case, number, title = other[1]
    code, screen = demo_home.on_terminal("note", case, "meant", answers=[("[y/N] ", "y\n")])
    assert code == 0, screen
    assert f"Case   {number}\n" in screen
    assert f"Title  {title}\n" in screen
    assert json.loads(demo_home.run("show", number, "--json").stdout)["notes"][-1]["content"] == "meant"


@pytest.mark.parametrize("option", ["--yes", "--no-input", "--dry-run"])
def test_nothing_is_asked_with(demo_home, other, option):
    code, screen = demo_home.on_terminal("note", other[2][0], "hello", option)
    assert code == 0, screen
    assert "is the id of" not in screen


def test_scripts_keep_ids(demo_home, other):
    done = demo_home.run("note", other[2][0], "hello")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_number_and_an_id_like_it_are_not_asked_about(demo_home, other):
    first = cases(demo_home, "id:1 is:all")[0]
    assert int(first[1][-5:]) == 1
    for reference in (other[3][1], first[0], f"000{first[0]}"):
        code, screen = demo_home.on_terminal("update", reference, "--add-tag", "seen")
        assert "[y/N]" not in screen
        assert code == (3 if reference.startswith("000") else 0), screen


def test_an_id_of_no_case_is_refused_by_the_verb(demo_home):
    code, screen = demo_home.on_terminal("note", "999999", "hello")
    assert code == 3
    assert "there is no case 999999" in screen


def test_the_editor_opens_after_the_question(demo_home, other):
    code, screen = demo_home.on_terminal("note", other[0][0], "-e", answers=[("[y/N] ", "n\n")], EDITOR="false")
    assert code == 1
    assert REFUSED in screen


def test_of_many_cases_one_question_is_asked(demo_home, other):
    ids = [one[0] for one in other[:6]]
    answers = [("[y/N] ", "n\n")]
    code, screen = demo_home.on_terminal("bulk-update", *ids, "-p", "low", answers=answers, COLUMNS="200")
    assert code == 1
    assert screen.count("[y/N]") == 1
    assert f"{ids[0]} is the id of {other[0][1]}: {other[0][2]}\n" in screen
    assert "and 1 more are ids of other numbers" in screen


def test_a_hostile_title_is_told_harmlessly(demo_home):
    made = json.loads(demo_home.run("create", "\x1b]52;c;aGk=\x07 [/] \u202eevil", "--json").stdout)
    assert int(made["number"][-5:]) != made["id"]
    code, screen = demo_home.on_terminal("take", str(made["id"]), answers=[("[y/N] ", "n\n")])
    assert code == 1
    assert "\x1b]52" not in screen
    assert "\u202e" not in screen


def test_deactivating_a_user_tells_his_cases_and_how_to_hand_them_over(demo_home):
    words = ("user", "deactivate", "marek")
    code, screen = demo_home.on_terminal(*words, answers=[("[y/N] ", "\n")], COLUMNS="200")
    assert code == 1, screen
    assert "open cases stay his; --reassign-to hands them over. He still leads 1 team; --lead-to USER" in screen
    assert REFUSED in screen
    more = ("--reassign-to", "ines", "--lead-to", "none")
    code, screen = demo_home.on_terminal(*words, *more, answers=[("[y/N] ", "n\n")], COLUMNS="200")
    assert code == 1, screen
    assert "open cases go to Ines Hartmann. Let Marek Nowak in no more? " in screen
    assert "leads 1 team" not in screen
    assert json.loads(demo_home.run("user", "show", "marek", "--json").stdout)["is_active"]


def test_deactivating_a_team_tells_its_cases(demo_home):
    code, screen = demo_home.on_terminal("team", "deactivate", "Network", answers=[("[y/N] ", "n\n")], COLUMNS="200")
    assert code == 1, screen
    assert "open cases stay its own; --reassign-to hands them over. Give Network no more cases? [y/N] " in screen
    assert screen.count("INC-") <= 5


def test_deactivating_a_role_tells_who_has_it(demo_home):
    code, screen = demo_home.on_terminal("role", "deactivate", "Reporter", answers=[("[y/N] ", "n\n")], COLUMNS="200")
    assert code == 1, screen
    assert "Take the rights of Reporter from the " in screen
    assert REFUSED in screen


def test_what_touches_nobody_is_not_asked(demo_home):
    for noun, name in (("user", "idle"), ("team", "Idle"), ("role", "Idle")):
        more = ("--right", "case:read") if noun == "role" else ()
        made = demo_home.run(noun, "add", name, *more)
        assert made.returncode == 0, made.stderr
        code, screen = demo_home.on_terminal(noun, "deactivate", name)
        assert code == 0, screen
        assert "[y/N]" not in screen


def test_every_no_ends_with_the_same_code(demo_home, other, tmp_path):
    trash = cases(demo_home, "is:deleted")[0][1]
    config = tmp_path / "config.toml"
    config.write_text('pager = "off"\n')
    broken = tmp_path / "broken"
    broken.write_text('#!/bin/sh\necho "=" > "$1"\n')
    broken.chmod(0o755)
    asked = [
        (("bulk-update", *(one[1] for one in other[:3]), "-p", "low"), "[y/N] "),
        (("bulk-update", "--query", "is:active", "-p", "low"), "[y/N] "),
        (("bulk-update", "--query", "is:active", "-p", "low", "--idempotency-key", "one"), "[y/N] "),
        (("note", other[0][0], "hello"), "[y/N] "),
        (("team", "deactivate", "Network"), "[y/N] "),
        (("tenant", "deactivate", "demo"), "to confirm: "),
        (("purge", trash), "confirms it: "),
        (("config", "edit", "--config", str(config)), "[y/N] "),
    ]
    for words, question in asked:
        for answer in ("n\n", "\n"):
            told = demo_home.on_terminal(*words, answers=[(question, answer)], EDITOR=str(broken))
            assert told[0] == 1, (words, told[1])
            assert REFUSED in told[1]
    assert config.read_text() == 'pager = "off"\n'
