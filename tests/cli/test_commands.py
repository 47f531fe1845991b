"""Commands on a real desk: as processes, on terminals and in pipes."""

from __future__ import annotations

import json
import os
import shlex
import signal
from pathlib import Path

import pytest
from demo_home import demo_home  # noqa: F401 - a fixture

from casectl.cli.batches import LARGEST_BATCH, Interruption

# ruff: noqa: F811 - the fixture's name


def new_case(home, title="Mine"):
    return home.run("create", title, "-o", "id").stdout.strip()


def test_all_pages_are_one_stream(demo_home):
    done = demo_home.run("list", "is:all", "--all", "-o", "id")
    numbers = done.stdout.split()
    assert len(numbers) == len(set(numbers)) > LARGEST_BATCH
    assert done.stderr == ""
    assert len(demo_home.run("list", "is:all", "--limit", "700", "-o", "id").stdout.split()) == 700


def test_the_cursor_on_stderr_leads_on(demo_home):
    first = demo_home.run("list", "is:all", "-n", "2", "-o", "id", "sort:created")
    more = first.stderr.removeprefix("more: ").removesuffix(" (or --all)\n")
    second = demo_home.run(*shlex.split(more)[1:]).stdout.split()
    three = demo_home.run("list", "is:all", "-n", "4", "-o", "id", "sort:created").stdout.split()
    assert first.stdout.split() + second == three


def test_nothing_found_is_no_failure(demo_home):
    done = demo_home.run("list", "title-that-nobody-wrote", "--json")
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "No cases match.\n")


def test_ids_flow_from_list_to_bulk_update(demo_home):
    numbers = {new_case(demo_home, "To be piped") for _ in range(2)}
    listed = demo_home.run("list", '"To be piped"', "-o", "id").stdout
    assert set(listed.split()) == numbers
    done = demo_home.run("bulk-update", "-", "--add-tag", "piped", "--json", stdin=listed)
    assert json.loads(done.stdout)["changed"] == 2
    assert demo_home.run("bulk-update", "-", "--add-tag", "x", stdin="").returncode == 0


def test_a_bulk_of_more_than_a_thousand_is_done_in_parts(demo_home):
    done = demo_home.run("bulk-update", "--query", "is:all", "--priority", "low", "--dry-run", "--json", "--yes")
    result = json.loads(done.stdout)
    assert len(result["outcomes"]) > LARGEST_BATCH
    assert result["dry_run"] is True
    assert "nothing was changed" in done.stderr


def test_refused_cases_are_told_and_the_exit_code_is_8(demo_home):
    done = demo_home.run("bulk-update", new_case(demo_home), "INC-1999-00001", "--add-tag", "x", "--json")
    assert done.returncode == 8
    assert {one["result"] for one in json.loads(done.stdout)["outcomes"]} == {"ok", "refused"}
    assert json.loads(done.stderr)["error"]["code"] == "partial"


def test_an_idempotency_key_answers_as_before(demo_home):
    numbers = {demo_home.run("create", "Once", "-o", "id", "--idempotency-key", "k1").stdout for _ in range(2)}
    assert len(numbers) == 1
    other = demo_home.run("create", "Other", "--idempotency-key", "k1")
    assert other.returncode == 7


def test_another_version_is_refused(demo_home):
    case = new_case(demo_home)
    assert demo_home.run("update", case, "--priority", "low", "--if-match", "1").returncode == 0
    assert demo_home.run("update", case, "--priority", "high", "--if-match", "1").returncode == 7


def test_a_dry_run_changes_nothing(demo_home):
    case = new_case(demo_home)
    done = demo_home.run("update", case, "--priority", "critical", "--dry-run", "--json")
    assert json.loads(done.stdout)["priority"] == 4
    assert json.loads(demo_home.run("show", case, "--json").stdout)["priority"] == 2


def test_a_text_comes_from_a_pipe_or_a_file(demo_home):
    case = new_case(demo_home)
    (demo_home.folder / "note.md").write_text("from a file\n")
    demo_home.run("note", case, "-", stdin="from a pipe\n")
    demo_home.run("note", case, "--file", "note.md")
    notes = json.loads(demo_home.run("show", case, "--json").stdout)["notes"]
    assert [note["content"] for note in notes] == ["from a pipe", "from a file"]


def test_the_text_of_a_failed_write_is_kept(demo_home):
    done = demo_home.run("note", "INC-1999-00001", "-", stdin="precious")
    assert done.returncode == 3
    (line,) = [line for line in done.stderr.splitlines() if "your text is kept in " in line]
    assert Path(line.partition("your text is kept in ")[2].partition(";")[0]).read_text() == "precious"


def test_the_editor_writes_a_note(demo_home):
    case = new_case(demo_home)
    code, screen = demo_home.on_terminal("note", case, EDITOR="sh -c 'echo from the editor > \"$0\"'")
    assert code == 0, screen
    assert "from the editor" in screen


def test_missing_fields_are_asked_for_on_a_terminal(demo_home):
    answers = [("Title", "Asked for\n"), ("ustification", "because\n")]
    code, screen = demo_home.on_terminal("create", "--type", "request", answers=answers)
    assert code == 0, screen
    assert "Asked for" in screen.splitlines()[-1] or "because" in screen


def test_missing_fields_are_all_told_elsewhere(demo_home):
    done = demo_home.run("create", "--type", "request", "Access", "--json")
    error = json.loads(done.stderr)["error"]
    assert done.returncode == 2
    assert [problem["code"] for problem in error["problems"]] == ["required"]
    assert error["problems"][0]["pointer"] == "/fields/justification"


def test_many_cases_are_asked_about_on_a_terminal_only(demo_home):
    cases = [new_case(demo_home) for _ in range(3)]
    no = demo_home.on_terminal("bulk-update", *cases, "--add-tag", "asked", answers=[("[y/N]", "n\n")])
    assert no[0] == 1
    assert "nothing was changed" in no[1]
    assert "asked" not in demo_home.run("show", cases[0]).stdout
    assert demo_home.on_terminal("bulk-update", *cases[:2], "--add-tag", "asked")[0] == 0
    assert demo_home.on_terminal("bulk-update", *cases, "--add-tag", "asked", "--yes")[0] == 0
    assert demo_home.run("bulk-update", *cases, "--add-tag", "again").returncode == 0


def test_ctrl_c_at_a_question_is_130(demo_home):
    code, screen = demo_home.on_terminal("create", answers=[("Title", "\x03")])
    assert code == 130
    assert "Traceback" not in screen


def test_ctrl_c_waits_for_the_end_of_a_batch(capsys):
    with Interruption() as interruption:
        os.kill(os.getpid(), signal.SIGINT)
        assert interruption.wanted
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert "stopping after this batch" in capsys.readouterr().err
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)


def test_the_plan_instead_of_the_cases(demo_home):
    done = demo_home.run("list", "--explain", "assignee:@me")
    assert done.returncode == 0
    assert "Scan" in done.stdout


def test_another_actor(demo_home):
    done = demo_home.run("--as", "paul", "user", "add", "x")
    assert done.returncode == 5, done.stderr


@pytest.mark.parametrize("words", [("db", "status"), ("db", "check"), ("db", "url"), ("db", "upgrade")], ids=" ".join)
def test_the_database_answers(demo_home, words):
    done = demo_home.run(*words, "--json" if words[1] != "url" else "--quiet")
    assert done.returncode == 0, done.stderr
    if words[1] == "status":
        assert json.loads(done.stdout)["state"] == "running"
    if words[1] == "check":
        assert json.loads(done.stdout) == []
