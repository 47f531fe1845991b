"""What goes to stderr: refusals for people and programs, progress, questions."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime

import pytest
from nouns import HOSTILE, STEERING

from casectl.cli import messages
from casectl.cli.messages import Progress, complain, confirm, note, prompt, warn
from casectl.errors import InvalidInput, NotFound, Problem, UsageError
from casectl.rules.query.explain import QueryError
from casectl.rules.query.parser import parse
from casectl.rules.query.values import QueryContext
from casectl.rules.text import display_width

REFUSAL = InvalidInput(
    "2 fields are wrong",
    hint="casectl type show incident",
    problems=[
        Problem(message="is required", pointer="/fields/system", code="required"),
        Problem(message="unknown priority 'hgih'", pointer="/priority", hint="did you mean 'high'?", allowed=["high"]),
    ],
)


def test_a_refusal_for_people(capsys):
    complain(REFUSAL)
    assert capsys.readouterr().err == (
        "casectl: 2 fields are wrong\n"
        "  /fields/system: is required\n"
        "  /priority: unknown priority 'hgih' (did you mean 'high'?)\n"
        "Try: casectl type show incident\n"
    )


def test_a_single_problem_is_not_told_twice(capsys):
    complain(InvalidInput("no such team", hint="did you mean 'l2'?", problems=[Problem(message="no such team")]))
    assert capsys.readouterr().err == "casectl: no such team\ndid you mean 'l2'?\n"


def test_a_refusal_for_programs_is_one_line(capsys):
    complain(REFUSAL, as_json=True)
    text = capsys.readouterr().err
    assert len(text.splitlines()) == 1
    error = json.loads(text)["error"]
    assert error["code"] == "invalid"
    assert error["hint"] == "casectl type show incident"
    assert error["problems"][0] == {"pointer": "/fields/system", "code": "required", "message": "is required"}
    assert error["problems"][1]["allowed"] == ["high"]


def refused_query(query):
    with pytest.raises(QueryError) as caught:
        parse(query, QueryContext(now=datetime.now(UTC), zone=UTC))
    return caught.value


def test_a_query_is_shown_with_a_caret_under_what_is_wrong(capsys):
    complain(refused_query("is:all (printer"))
    first, *excerpt, hint = capsys.readouterr().err.splitlines()
    assert first == "casectl: query, column 8: this '(' is never closed"
    assert excerpt == ["  is:all (printer", "         ^"]
    assert hint == "close it with ')'"


def test_a_query_is_not_drawn_for_programs(capsys):
    complain(refused_query("is:all (printer"), as_json=True)
    text = capsys.readouterr().err
    assert len(text.splitlines()) == 1
    assert "^" not in text


def test_a_hostile_query_is_harmless_and_its_caret_in_place(capsys):
    complain(refused_query(f"\u6f22\u5b57 {HOSTILE} (printer"))
    text = capsys.readouterr().err
    assert not [character for character in STEERING if character in text]
    query, caret = text.splitlines()[1:3]
    assert caret.strip() == "^"
    assert display_width(query.partition("(")[0]) == caret.index("^")


@pytest.mark.parametrize("as_json", [True, False])
def test_hostile_words_in_a_refusal_are_harmless(capsys, as_json):
    problem = Problem(message=f"wrong: {HOSTILE}", pointer="/" + HOSTILE, hint=HOSTILE)
    complain(NotFound(f"no case {HOSTILE}\nmore", hint=f"{HOSTILE}\ncasectl list", problems=[problem]), as_json)
    note(HOSTILE)
    warn(HOSTILE)
    text = capsys.readouterr().err
    assert text.count("evil") >= 6
    assert not [character for character in STEERING if character in text]


def test_a_quiet_note_is_silent(capsys):
    note("a", quiet=True)
    warn("b")
    assert capsys.readouterr().err == "casectl: warning: b\n"


def test_progress_without_a_terminal_is_a_line_every_five_seconds(capsys):
    now = [0.0]
    with Progress("Importing", total=100, clock=lambda: now[0]) as progress:
        for now[0] in range(12):
            progress.advance(7)
    assert capsys.readouterr().err == "Importing: 42 of 100 (42 %)\nImporting: 77 of 100 (77 %)\n"


def test_quiet_progress_says_nothing(capsys):
    now = [0.0]
    with Progress("Importing", quiet=True, clock=lambda: now[0]) as progress:
        now[0] = 60.0
        progress.advance()
    assert capsys.readouterr().err == ""


def test_nobody_is_asked_without_a_terminal():
    with pytest.raises(UsageError, match=r"needs a confirmation: Delete 5 cases\?") as refused:
        confirm("Delete 5 cases?")
    assert refused.value.hint == "confirm it with --yes"
    with pytest.raises(UsageError, match="Title is missing") as refused:
        prompt("Title", flag="--title")
    assert refused.value.hint == "give it with --title"


def test_a_closed_stderr_breaks_nothing(python):
    code = (
        "import sys\n"
        "from casectl.cli.messages import complain, note\n"
        "from casectl.errors import Failure\n"
        "complain(Failure('x')); note('y'); sys.exit(7)"
    )
    done = python(code, preexec_fn=lambda: os.close(2), stdout=subprocess.DEVNULL)
    assert done.returncode == 7
    with open("/dev/full", "w") as full:  # noqa: PTH123
        command = ["bash", "-c", '"$0" "$@" 2>&1', *done.args]
        environ = {name: os.environ[name] for name in os.environ if name != "PYTHONUNBUFFERED"}
        environ["PYTHONPATH"] = os.getcwd()  # noqa: PTH109
        assert subprocess.run(command, stdout=full, env=environ).returncode == 7


@pytest.mark.parametrize("answer", ["0", "3", "00010000", "9" * 5000, "b c"])
def test_no_answer_is_a_line_that_is_not_there(answer):
    assert messages._chosen(answer, ["a", "b"]) is None


def test_a_line_is_chosen_by_its_number():
    assert messages._chosen("2", ["a", "b"]) == "b"
