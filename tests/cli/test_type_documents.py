"""Form and lifecycle of a case type as documents: from files and pipes, and back as `type show` tells them."""

from __future__ import annotations

import json

import pytest
from demo_home import demo_home  # noqa: F401 - a fixture

# ruff: noqa: F811 - the fixture's name

TASK = """\
initial = "new"
close_to = "done"
reopen_to = "new"
statuses = [{name = "new", category = "new"}, {name = "done", category = "closed"}]

[[transitions]]
source = "new"
target = "done"

[[transitions]]
source = "done"
target = "new"
"""
MAKE = ("type", "add", "task", "--title", "Task", "--number-pattern", "T-{seq}")


def shown(home, name):
    """The type as `type show` tells programs."""
    return json.loads(home.run("type", "show", name, "-o", "json").stdout)


def refused(home, *words, stdin="", code=2):
    """The error that a refused call tells programs."""
    done = home.run(*words, "--json", stdin=stdin)
    assert (done.returncode, done.stdout) == (code, "")
    return json.loads(done.stderr)["error"]


def test_one_edge_less(demo_home):
    before = shown(demo_home, "incident")
    lifecycle = json.loads(json.dumps(before["lifecycle"]))
    (edge,) = [one for one in lifecycle["transitions"] if (one["source"], one["target"]) == ("new", "awaiting vendor")]
    lifecycle["transitions"].remove(edge)
    (demo_home.folder / "lifecycle.json").write_text(json.dumps(lifecycle))
    old = demo_home.run("create", "Under the old revision", "-o", "id").stdout.strip()
    done = demo_home.run("type", "change", "incident", "--lifecycle", "lifecycle.json")
    assert done.returncode == 0, done.stderr
    after = shown(demo_home, "incident")
    assert after == before | {"lifecycle": lifecycle, "revision": before["revision"] + 1}
    new = demo_home.run("create", "Under the new revision", "-o", "id").stdout.strip()
    assert demo_home.run("status", new, "awaiting vendor").returncode == 6
    assert demo_home.run("status", old, "awaiting vendor").returncode == 0


@pytest.mark.parametrize("name", ["incident", "request", "complaint"])
def test_what_is_shown_can_be_set_and_changes_nothing(demo_home, name):
    before = shown(demo_home, name)
    for part in ("lifecycle", "form_schema"):
        document = demo_home.run("type", "show", name, "--select", part).stdout
        assert json.loads(document) == before[part]
        done = demo_home.run("type", "change", name, f"--{part.replace('_', '-')}", "-", stdin=document)
        assert done.returncode == 0, done.stderr
    assert shown(demo_home, name) == before


def test_a_new_type_from_toml(demo_home):
    (demo_home.folder / "task.toml").write_text(TASK)
    done = demo_home.run(*MAKE, "--lifecycle", "task.toml")
    assert done.returncode == 0, done.stderr
    assert [edge["target"] for edge in shown(demo_home, "task")["lifecycle"]["transitions"]] == ["done", "new"]
    assert demo_home.run("create", "Water the plants", "--type", "task", "-o", "id").stdout == "T-1\n"
    again = demo_home.run("type", "change", "task", "--title", "Chore", "--lifecycle", "-", stdin=TASK)
    assert again.returncode == 0, again.stderr
    assert (shown(demo_home, "task")["title"], shown(demo_home, "task")["revision"]) == ("Chore", 2)


def test_a_new_type_lacks_all_that_was_not_given(demo_home):
    error = refused(demo_home, "type", "add", "fresh")
    assert [problem["pointer"] for problem in error["problems"]] == ["/title", "/number_pattern", "/lifecycle"]
    assert {problem["code"] for problem in error["problems"]} == {"required"}


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("x.json", '{"initial": "new",\n "statuses": [,]}', "x.json:2:15: not JSON: expecting value"),
        ("x.toml", 'initial = "new"\nstatuses = [', "x.toml:2:13: not TOML: invalid value"),
        ("x.toml", 'initial = "new"\nclose to = 1\n', "x.toml:2:7: not TOML: "),
        ("x.json", "", "x.json:1:1: not JSON: "),
        ("x.json", "[" * 100_000, "nested too deeply"),
    ],
)
def test_a_document_that_cannot_be_read_is_told_with_its_line(demo_home, name, text, told):
    (demo_home.folder / name).write_text(text)
    error = refused(demo_home, "type", "change", "request", "--lifecycle", name)
    assert told in error["message"]
    assert [(one["pointer"], one["code"]) for one in error["problems"]] == [("/lifecycle", "syntax")]


def test_a_broken_pipe_of_json_is_told_with_its_line(demo_home):
    error = refused(demo_home, "type", "change", "request", "--form-schema", "-", stdin='{"type":\n}')
    assert error["message"].startswith("standard input:2:1: not JSON: ")


@pytest.mark.parametrize(
    ("old", "new", "pointer"),
    [
        ('source = "new"', 'sources = "new"', "/lifecycle/transitions/0"),
        ('target = "done"', "target = 5", "/lifecycle/transitions/0/target"),
        ('target = "done"', 'target = "don"', "/lifecycle/transitions/0/target"),
        ('category = "closed"', 'category = "shut"', "/lifecycle/statuses/1/category"),
        ("initial =", "starts =", "/lifecycle"),
        ('target = "done"', 'target = "done"\nrequired_field = ["x"]', "/lifecycle/transitions/0/required_field"),
    ],
)
def test_a_wrong_lifecycle_is_told_with_its_place(demo_home, old, new, pointer):
    error = refused(demo_home, *MAKE[:2], "other", *MAKE[3:], "--lifecycle", "-", stdin=TASK.replace(old, new, 1))
    assert pointer in [problem["pointer"] for problem in error["problems"]], error


def test_two_documents_are_judged_in_one_go(demo_home):
    (demo_home.folder / "form.json").write_text("{")
    (demo_home.folder / "cycle.toml").write_text("=")
    error = refused(demo_home, "type", "change", "request", "--form-schema", "form.json", "--lifecycle", "cycle.toml")
    assert [problem["pointer"] for problem in error["problems"]] == ["/form_schema", "/lifecycle"]


def test_a_file_that_is_not_there_is_named(demo_home):
    error = refused(demo_home, "type", "change", "request", "--lifecycle", "no-such.json", code=1)
    assert error["message"] == "cannot read no-such.json: No such file or directory"


def test_a_document_must_be_an_object(demo_home):
    error = refused(demo_home, "type", "change", "request", "--form-schema", "-", stdin="[1]\n[2]")
    assert error["problems"][0]["pointer"].startswith("/form_schema")
    (demo_home.folder / "list.json").write_text("[1]")
    error = refused(demo_home, "type", "change", "request", "--lifecycle", "list.json")
    assert error["message"] == "list.json:1:1 /lifecycle: lifecycle must be an object, not a list"


def test_make_or_change_in_one_word_is_still_there_for_scripts(demo_home):
    done = demo_home.run("type", "set", "complaint", "--title", "Grievance", "--select", "title")
    assert (done.returncode, done.stdout) == (0, "Grievance\n")


WRONG = """\
initial = "new"
close_to = "done"
reopen_to = "new"
statuses = [
  {name = "new", category = "new"}, {name = "done", category = "shut"},
]

[[transitions]]
source = "new"   # of all
target = "dnoe"
[[transitions]]
source = "done"
target = "new"
"""
AS_JSON = """\
{"initial": "new", "close_to": "done", "reopen_to": "new",
 "statuses": [{"name": "new", "category": "new"}, {"name": "done", "category": "shut"}],
 "transitions": [
  {"source": "new", "target": "dnoe"},
  {"source": "done", "target": "new"}]}
"""


@pytest.mark.parametrize(
    ("name", "text", "places"), [("w.toml", WRONG, ["5:53", "10:1"]), ("w.json", AS_JSON, ["2:68", "4:21"])]
)
def test_all_that_is_wrong_is_told_with_its_line_in_the_file(demo_home, name, text, places):
    (demo_home.folder / name).write_text(text)
    error = refused(demo_home, "type", "change", "request", "--lifecycle", name)
    assert [(one["pointer"], one["place"]) for one in error["problems"]] == [
        ("/lifecycle/statuses/1/category", f"{name}:{places[0]}"),
        ("/lifecycle/transitions/0/target", f"{name}:{places[1]}"),
    ]
    done = demo_home.run("type", "change", "request", "--lifecycle", name)
    assert done.stderr.splitlines() == [
        "casectl: 2 things are wrong",
        f"  {name}:{places[0]} /lifecycle/statuses/1/category: unknown category 'shut' of status 'done'",
        f"  {name}:{places[1]} /lifecycle/transitions/0/target: unknown status 'dnoe' (did you mean 'done'?)",
    ]


def test_a_hostile_document_is_told_without_steering_the_terminal(demo_home):
    evil = '{"initial": "\\u001b]52;c;eA==\\u0007[/]\\u202e", "statuses": [], "x\\u001b[2J": 1}'
    done = demo_home.run("type", "change", "request", "--lifecycle", "-", stdin=evil)
    assert done.returncode == 2
    assert "\x1b" not in done.stderr
    assert "\u202e" not in done.stderr
    assert "standard input:1:" in done.stderr


def test_on_a_terminal_the_plan_is_told_and_asked(demo_home):
    lifecycle = shown(demo_home, "complaint")["lifecycle"]
    lifecycle["statuses"] = [one for one in lifecycle["statuses"] if one["name"] != "awaiting evidence"]
    lifecycle["transitions"] = [one for one in lifecycle["transitions"] if "awaiting evidence" not in one.values()]
    (demo_home.folder / "less.json").write_text(json.dumps(lifecycle))
    words = ("type", "change", "complaint", "--lifecycle", "less.json")
    before = shown(demo_home, "complaint")
    code, screen = demo_home.on_terminal(*words, answers=[("[y/N]", "n\n")])
    assert code == 1
    assert "Open cases, once they are brought to this revision" in screen
    assert "in a status that is gone" in screen
    assert "not confirmed, nothing was changed" in screen
    assert shown(demo_home, "complaint") == before
    code, screen = demo_home.on_terminal(*words, answers=[("[y/N]", "y\n")])
    assert code == 0
    assert shown(demo_home, "complaint")["revision"] == before["revision"] + 1
    code, screen = demo_home.on_terminal("type", "migrate", "complaint", "--no-pager", answers=[("[y/N]", "y\n")])
    assert code in (0, 8)
    assert "Bring " in screen
    again = json.loads(demo_home.run("type", "migrate", "complaint", "--dry-run", "--json").stdout)
    assert again["changed"] == 0
