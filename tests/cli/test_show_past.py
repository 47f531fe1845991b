"""`casectl show --at` and `casectl diff` as people read them."""

from __future__ import annotations

import json
import re
import time

import pytest
from demo_home import demo_home  # noqa: F401 - a fixture

from casectl.cli.differences import difference

# ruff: noqa: F811 - the fixture's name

STEERING = "\x1b]52;c;eA==\x07 [/] [@click=app.quit]x[/] \u202eevil"


def made(home, *words):
    """The JSON of a case that a command makes or changes."""
    done = home.run(*words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def case(demo_home):
    return made(demo_home, "create", "Printer", "--description", "one\ntwo\nthree", "--field", "system=crm")


def test_a_case_as_it_was(demo_home, case):
    made(demo_home, "update", case["number"], "--title", "Printer on fire", "--priority", "critical")
    now, then = (
        demo_home.run("show", case["number"], *words, "--json") for words in ((), ("--at", case["updated_at"]))
    )
    assert (json.loads(now.stdout)["title"], json.loads(then.stdout)["title"]) == ("Printer on fire", "Printer")
    added = json.loads(then.stdout).keys() - json.loads(now.stdout).keys()
    assert added == {"as_of", "redacted", "discrepancies"}
    told = demo_home.run("show", case["number"], "--at", case["updated_at"])
    assert re.match(r"As of +20\d\d-", told.stdout)
    assert "Not as recorded" not in told.stdout
    assert "As of" not in demo_home.run("show", case["number"]).stdout


def test_a_case_before_it_was_and_times_to_come(demo_home, case):
    for words in (("show", case["number"], "--at", "yesterday"), ("diff", case["number"], "1d")):
        done = demo_home.run(*words)
        assert done.returncode == 3
        first, hint = done.stderr.splitlines()
        first, hint = done.stderr.splitlines()
        assert re.fullmatch(rf"casectl: {case['number']} was not there yet: it was created at 20\d\d-\S+", first)
        assert hint == f"casectl history {case['number']} tells what happened since"
    done = demo_home.run("show", case["number"], "--at", "tomorrow")
    assert (done.returncode, "lies ahead" in done.stderr) == (2, True)
    done = demo_home.run("show", case["number"], "--at", "whenever")
    assert (done.returncode, "2h (ago)" in done.stderr) == (2, True)


def test_what_differs(demo_home, case):
    made(
        demo_home,
        "update",
        case["number"],
        "--description",
        "one\n2\nthree",
        "--priority",
        "high",
        "--field",
        "system=erp",
    )
    made(demo_home, "note", case["number"], "We are looking")
    told = demo_home.run("diff", case["number"], case["updated_at"]).stdout
    assert re.search(r"^Changed +description, priority, fields\.system, first_response_at$", told, re.MULTILINE)
    assert "  two" not in told
    assert re.search(r"^description · 20.*· update\n +one\n  - two\n  \+ 2\n +three$", told, re.MULTILINE)
    assert re.search(r"^priority · .*\n  2 → 3$", told, re.MULTILINE)
    assert re.search(r"^fields\.system · .*\n  crm → erp$", told, re.MULTILINE)
    assert "\nNotes\n" in told
    raw = json.loads(demo_home.run("diff", case["number"], case["updated_at"], "--json").stdout)
    assert raw["changes"][0]["after"] == "one\n2\nthree"
    time.sleep(0.01)
    assert re.search(r"^Changed +nothing$", demo_home.run("diff", case["number"], "now").stdout, re.MULTILINE)


def test_hostile_text_steers_nothing(demo_home, case):
    made(demo_home, "update", case["number"], "--title", STEERING, "--description", f"{STEERING}\n{STEERING}")
    made(demo_home, "note", case["number"], STEERING)
    for words in (("show", case["number"], "--at", "now"), ("diff", case["number"], case["updated_at"])):
        for kind in ("table", "json", "csv", "tsv"):
            done = demo_home.run(*words, "-o", kind)
            assert done.returncode == 0
            assert "evil" in done.stdout
            assert not [character for character in "\x1b\x07\u202e" if character in done.stdout]


def test_texts_are_told_line_by_line():
    before = "\n".join(f"line {number}" for number in range(20))
    after = before.replace("line 10", "LINE 10").replace("line 19", "line 19\nmore")
    assert difference({"field": "title", "before": before, "after": after}).splitlines() == [
        "  line 7", "  line 8", "  line 9", "- line 10", "+ LINE 10", "  line 11", "  line 12", "  line 13",
        "  line 17", "  line 18", "  line 19", "+ more",
    ]  # fmt: skip
    assert difference({"field": "title", "before": None, "after": "a\nb"}) == "+ a\n+ b"
    assert difference({"field": "title", "before": "a\nb", "after": ""}) == "- a\n- b"
    assert difference({"field": "title", "before": True, "after": None}) == "yes → none"
    assert difference({"field": "title", "before": ["a", "b"], "after": []}) == "a, b → none"
    times = {"before": None, "after": "2026-11-23T10:14:05Z"}
    assert re.fullmatch(r"none → 2026-11-2\d \d\d:\d\d", difference({"field": "due_at", **times}))
    assert difference({"field": "fields.met_at", **times}) == "none → 2026-11-23T10:14:05Z"


def test_long_texts_are_told_in_a_moment():
    began = time.monotonic()
    one, other = ("\n".join(words[number % 3] for number in range(50_000)) for words in ("aab", "aba"))
    lines = difference({"field": "title", "before": one, "after": other}).splitlines()
    assert time.monotonic() - began < 30  # difflib alone would take hours
    assert sum(line[0] == "-" for line in lines) > 40_000
