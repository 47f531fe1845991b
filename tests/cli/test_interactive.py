"""On a terminal: what is missing is asked for, texts are written in an editor, and casectl alone shows the desk."""

from __future__ import annotations

import json
import re
import stat
import sys

import pytest
from demo_home import DemoHome, demo_home

__all__ = ["demo_home"]

STATE = ".local/state/casectl/drafts"


def newest(home):
    """The newest case of all."""
    return json.loads(home.run("list", "is:all sort:-created", "-n", "1", "--json").stdout)[0]


@pytest.fixture
def case(demo_home):
    """The number of a new case."""
    return demo_home.run("create", "A case to work on", "-o", "id").stdout.strip()


def editor(folder, code):
    """An editor that is a program; `text` is what it is given, and what it writes."""
    path = folder / "ed"
    begin = "import pathlib, sys\npath = pathlib.Path(sys.argv[1])\ntext = path.read_text()"
    path.write_text(f"#!{sys.executable}\n{begin}\n{code}\npath.write_text(text)\n")
    path.chmod(0o755)
    return str(path)


def test_create_asks_for_title_type_and_what_the_form_requires(demo_home):
    answers = [
        ("matter): ", "Access, please\n"), ("number or name): ", "nope\n"), ("none of them", "REQ\n"),
        ("Justification: ", "\n"), ("justification is required", "a new colleague\n"),
    ]  # fmt: skip
    code, shown = demo_home.on_terminal("create", answers=answers)
    assert code == 0, shown
    made = newest(demo_home)
    assert (made["title"], made["type"]["name"]) == ("Access, please", "request")
    assert made["fields"] == {"justification": "a new colleague"}


def test_create_with_all_it_needs_asks_nothing(demo_home):
    code, shown = demo_home.on_terminal("create", "Nothing to ask")
    assert code == 0
    assert "?" not in shown.partition("Number")[0]


def test_a_legal_value_is_chosen_and_a_wrong_one_asked_again(demo_home, case):
    told = demo_home.on_terminal("status", case, answers=[("name): ", "new\n"), ("none of them", "1\n")])
    assert told[0] == 0, told[1]
    assert "   1  active" in told[1]
    assert json.loads(demo_home.run("show", case, "--json").stdout)["status"]["name"] == "active"


def test_a_case_that_is_not_there_is_told_not_asked_about(demo_home):
    code, shown = demo_home.on_terminal("status", "INC-2026-99999")
    assert code == 3
    assert "number or name" not in shown


def test_a_reason_is_asked_in_one_line(demo_home, case):
    code, _ = demo_home.on_terminal("escalate", case, answers=[("note): ", "it burns\n")])
    assert code == 0
    assert "it burns" in demo_home.run("show", case).stdout


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["Ctrl-C", "Ctrl-D"])
@pytest.mark.parametrize(
    ("words", "until"), [(("create",), "matter): "), (("status", "1"), "name): "), (("escalate", "1"), "note): "),
                         (("bulk-update", "1", "2", "3", "-p", "low"), "[y/N] ")]
)  # fmt: skip
def test_leaving_a_question_changes_nothing(demo_home, words, until, key):
    before = demo_home.run("list", "is:all sort:-updated", "-n", "20", "--json").stdout
    assert demo_home.on_terminal(*words, answers=[(until, key)])[0] == 130
    assert demo_home.run("list", "is:all sort:-updated", "-n", "20", "--json").stdout == before


@pytest.mark.parametrize("words", [("create",), ("status", "1"), ("escalate", "1"), ("note", "1")])
def test_without_input_nothing_is_asked(demo_home, words):
    code, shown = demo_home.on_terminal(*words, "--no-input", EDITOR="false")
    assert code == 2
    assert "required" in shown


def test_create_in_an_editor(demo_home, tmp_path):
    code = f"""pathlib.Path({str(tmp_path / "seen")!r}).write_text(text)
for line in ("title: From the editor", "priority: high", "field.system: crm"):
    text = text.replace(line.split(" ")[0] + "\\n", line + "\\n", 1)
text = text.replace("---\\n\\n", "---\\n# The body\\nof it\\n", 1)"""
    done = demo_home.run("create", "-e", "--tag", "vip", "--field", "location=Graz", EDITOR=editor(tmp_path, code))
    assert done.returncode == 0, done.stderr
    made = json.loads(demo_home.run("show", newest(demo_home)["number"], "--json").stdout)
    assert (made["title"], made["priority_name"], made["tags"]) == ("From the editor", "high", ["vip"])
    assert made["fields"] == {"system": "crm", "location": "Graz"}
    assert made["description"] == "# The body\nof it"
    seen = (tmp_path / "seen").read_text()
    assert "tags: vip\n" in seen
    assert "field.location: Graz\n" in seen
    assert not list((demo_home.folder / STATE).iterdir())


def test_a_note_in_an_editor_by_itself(demo_home, case, tmp_path):
    code = 'text = text.replace("internal: no", "internal: yes").replace("---\\n\\n", "---\\nWritten\\n", 1)'
    ended, shown = demo_home.on_terminal("note", case, EDITOR=editor(tmp_path, code))
    assert ended == 0, shown
    note = json.loads(demo_home.run("show", case, "--json").stdout)["notes"][-1]
    assert (note["content"], note["is_internal"]) == ("Written", True)


def test_a_text_without_a_head_begins_with_its_title(demo_home, tmp_path):
    text = "Printer 4 is jammed\\n\\nSince noon.\\n---\\nAgain."
    done = demo_home.run("create", "-e", "-p", "high", "--json", EDITOR=editor(tmp_path, f"text = '{text}'"))
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert (made["title"], made["priority_name"]) == ("Printer 4 is jammed", "high")
    assert made["description"] == "Since noon.\n---\nAgain."
    done = demo_home.run("create", "Said", "-e", "--json", EDITOR=editor(tmp_path, f"text = '{text}'"))
    assert json.loads(done.stdout)["title"] == "Said"
    assert json.loads(done.stdout)["description"].startswith("Printer 4 is jammed\n\nSince")


def test_a_head_without_an_end_is_no_title(demo_home, tmp_path):
    done = demo_home.run("create", "-e", EDITOR=editor(tmp_path, "text = '---\\ntitle: x\\n'"))
    assert done.returncode == 2
    assert "line 1: the head has no end" in done.stderr
    (kept,) = (demo_home.folder / STATE).iterdir()
    kept.unlink()


def test_an_internal_note_stays_internal_without_a_head(demo_home, case, tmp_path):
    done = demo_home.run("note", case, "-i", "-e", "--json", EDITOR=editor(tmp_path, "text = 'Among us'"))
    note = json.loads(done.stdout)
    assert (note["content"], note["is_internal"]) == ("Among us", True)


def test_who_may_not_change_the_case_is_told_so_and_not_asked(demo_home):
    reporter = demo_home.run("user", "list", "--role", "Reporter", "-o", "id").stdout.split()[0]
    number = demo_home.run("--as", reporter, "list", "is:all", "-n", "1", "-o", "id").stdout.strip()
    code, shown = demo_home.on_terminal("--as", reporter, "status", number)
    assert code == 5, shown
    assert "the right case:update is missing" in shown


@pytest.mark.parametrize("code", ["", "sys.exit(3)", "text = ''"], ids=["unchanged", "failed", "empty"])
def test_a_text_that_is_none_changes_nothing(demo_home, case, tmp_path, code):
    before = demo_home.run("show", case, "--json").stdout
    for words in (("note", case, "-e"), ("create", "-e")):
        done = demo_home.run(*words, EDITOR=editor(tmp_path, code))
        assert done.returncode in (1, 2)
        assert "nothing was written" in done.stderr
    assert demo_home.run("show", case, "--json").stdout == before
    assert not list((demo_home.folder / STATE).iterdir())


def test_a_text_that_was_refused_is_taken_up_again(demo_home, tmp_path):
    code = 'text = text.replace("title:\\n", "title: Kept\\n").replace("priority:\\n", "priority: enormous\\n")'
    done = demo_home.run("create", "-e", EDITOR=editor(tmp_path, code))
    assert done.returncode == 2
    (kept,) = (demo_home.folder / STATE).iterdir()
    assert str(kept) in done.stderr
    assert "--file takes it up again" in done.stderr.replace("\n", " ")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    kept.write_text(kept.read_text().replace("enormous", "low"))
    again = demo_home.run("create", "--file", str(kept), "--tag", "again", "--json")
    assert again.returncode == 0, again.stderr
    made = json.loads(again.stdout)
    assert (made["title"], made["priority_name"], made["tags"]) == ("Kept", "low", ["again"])
    kept.unlink()


def test_a_wrong_head_keeps_the_text(demo_home, tmp_path):
    done = demo_home.run("create", "-e", EDITOR=editor(tmp_path, "text = text.replace('title:', 'titel: x')"))
    assert done.returncode == 2
    (kept,) = (demo_home.folder / STATE).iterdir()
    assert "line 3: there is no field 'titel'" in done.stderr
    assert str(kept) in done.stderr
    kept.unlink()


@pytest.mark.parametrize("other", [("--file", "x"), ("--no-input",)])
def test_an_editor_excludes_a_file(demo_home, other):
    done = demo_home.run("create", "-e", *other)
    assert done.returncode == 2
    assert f"--edit and {other[0]} exclude each other" in done.stderr


def test_casectl_alone_shows_the_queue(demo_home):
    demo_home.run("create", "Of my own", "--assignee", "@me", "-p", "critical", "--due", "1m")
    demo_home.run("create", "Not taken \x1b[2J yet", "-p", "critical")
    code, shown = demo_home.on_terminal(COLUMNS="100")
    assert code == 0
    assert "Your cases: " in shown
    assert "Of my own" in shown
    assert re.search(r"Not taken yet, the most urgent: \d+\+?\n", shown)
    assert "Not taken \\x1b[2J yet" in shown
    assert shown.rstrip().endswith("--help")


def test_who_reports_sees_his_own(demo_home):
    login = json.loads(demo_home.run("user", "list", "--json").stdout)
    reporter = next(user["login"] for user in login if user["roles"] == ["Reporter"])
    code, shown = demo_home.on_terminal("--as", reporter)
    assert code == 0
    assert "Your cases: " in shown
    assert "Not taken" not in shown


def test_casectl_alone_is_help_elsewhere(demo_home):
    assert demo_home.run().stdout == demo_home.run("--help").stdout


def test_without_a_desk_both_ways_to_begin_are_told(tmp_path):
    code, shown = DemoHome(tmp_path).on_terminal()
    assert code == 0
    assert "casectl demo" in shown
    assert "casectl init" in shown
    assert list(tmp_path.iterdir()) == []
