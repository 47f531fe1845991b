"""`casectl events`: pages, following, places to go on, and how it ends."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

from demo_home import demo_home  # noqa: F401 - a fixture

# ruff: noqa: F811 - the fixture's name

MAIN = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
MAIN += "from casectl.cli.main import main; raise SystemExit(main())"
READY = 1.5


def place_in(text):
    """The cursor of the command that is told to go on with."""
    return re.search(r"go on: casectl events .*--after=(\S+)", text)[1]


def place_of(home):
    """Where events end now."""
    return place_in(home.run("events", "--limit", "1").stderr)


def number_of(home, title):
    """A new case."""
    return json.loads(home.run("create", title, "--json").stdout)["number"]


@contextmanager
def following(home, *words):
    """A running `casectl events --follow`."""
    command = [sys.executable, "-c", MAIN, "events", "--follow", *words]
    process = subprocess.Popen(
        command, env=home.environ, cwd=home.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_events_since_a_place(demo_home):
    place = place_of(demo_home)
    numbers = [number_of(demo_home, f"case {number}") for number in range(3)]
    found = demo_home.run("events", f"--after={place}", "-o", "jsonl")
    events = [json.loads(line) for line in found.stdout.splitlines()]
    assert [(event["name"], event["case"]["number"]) for event in events] == [("case.created", one) for one in numbers]
    assert place_in(found.stderr) == events[-1]["cursor"]
    rest = demo_home.run("events", "--since", events[1]["cursor"], "-o", "id", "--quiet")
    assert rest.stdout.split() == [events[2]["cursor"]]
    assert rest.stderr == ""
    page = demo_home.run("events", f"--after={place}", "--limit", "2", "--fields", "name,case.number", "-o", "csv")
    assert page.stdout.splitlines()[1:] == [f"case.created,{one}" for one in numbers[:2]]
    table = demo_home.run("events", f"--after={place}")
    assert len(table.stdout.splitlines()) == 4
    assert numbers[0] in table.stdout


def test_changes_are_told_to_their_end_on_a_terminal_and_on_one_line_in_a_pipe(demo_home):
    place, number = place_of(demo_home), number_of(demo_home, "a title that takes up quite some room of a line")
    title = "another title that takes up even more of it"
    demo_home.run("update", number, "--title", title, "--priority", "critical", "--add-tag", "told")
    code, screen = demo_home.on_terminal("events", f"--after={place}", COLUMNS="80")
    assert code == 0
    assert max(map(len, screen.splitlines()[:-1])) <= 80
    assert title.replace(" ", "") in "".join(line[-30:] for line in screen.splitlines()).replace(" ", "")
    piped = demo_home.run("events", f"--after={place}").stdout.splitlines()
    assert len(piped) == 3
    assert piped[2].count(title) == 1


def test_following_writes_each_event_at_once_and_ends_with_130(demo_home):
    with following(demo_home, "-o", "jsonl") as process:
        time.sleep(READY)
        number = number_of(demo_home, "while following")
        event = json.loads(process.stdout.readline())
        assert (event["name"], event["case"]["number"]) == ("case.created", number)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=20)
        assert process.returncode == 130
        assert "Traceback" not in told
        place = place_in(told)
    missed = number_of(demo_home, "after following")
    with following(demo_home, f"--after={place}", "-o", "jsonl") as process:
        assert json.loads(process.stdout.readline())["case"]["number"] == missed


def test_following_for_people_has_one_header(demo_home):
    place = place_of(demo_home)
    numbers = [number_of(demo_home, f"case {number}") for number in range(2)]
    with following(demo_home, f"--after={place}") as process:
        lines = [process.stdout.readline() for _ in range(3)]
        late = number_of(demo_home, "late")
        lines.append(process.stdout.readline())
    assert lines[0].startswith("AT ")
    assert [number in line for number, line in zip([*numbers, late], lines[1:], strict=True)] == [True] * 3


def test_a_reader_that_goes_away_ends_it_quietly(demo_home):
    with following(demo_home, "-o", "jsonl") as process:
        time.sleep(READY)
        process.stdout.close()
        number_of(demo_home, "nobody reads this")
        assert process.wait(20) == 0
        assert process.stderr.read() == ""


def test_what_cannot_be_followed_is_told(demo_home):
    refused = demo_home.run("events", "--follow", "-o", "csv")
    assert (refused.returncode, "-o jsonl" in refused.stderr) == (2, True)
    refused = demo_home.run("events", "--after", "nonsense")
    assert refused.returncode == 2
    assert "the cursor is none of these events" in refused.stderr
    assert demo_home.run("events", "--since", "soon").returncode == 2


def test_an_interruption_at_any_moment_shows_no_event_twice_and_loses_none(demo_home):
    place, numbers, shown = place_of(demo_home), [number_of(demo_home, f"one of {count}") for count in range(6)], []
    while len(shown) < len(numbers):
        with following(demo_home, f"--after={place}", "--limit", "1", "-o", "jsonl") as process:
            lines = [process.stdout.readline()]
            process.send_signal(signal.SIGINT)  # at once: the place may not have been noted yet
            rest, told = process.communicate(timeout=20)
            assert process.returncode == 130
            shown += [json.loads(line)["case"]["number"] for line in [*lines, *rest.splitlines()]]
            place = place_in(told)
    assert shown == numbers
