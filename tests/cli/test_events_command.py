"""`casectl events`: pages, following, places to go on, and how it ends."""

from __future__ import annotations

import json
import re
import select
import signal
import subprocess
import sys
from contextlib import contextmanager

from demo_home import PATIENCE, demo_home  # noqa: F401 - a fixture

# ruff: noqa: F811 - the fixture's name

MAIN = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
MAIN += "from casectl.cli.main import main; raise SystemExit(main())"


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
    """A running `casectl events --follow`. Its pipes have no buffer: what `line_of` leaves, `communicate` finds."""
    command = [sys.executable, "-c", MAIN, "events", "--follow", *words]
    process = subprocess.Popen(
        command, env=home.environ, cwd=home.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def line_of(process):
    """The next line that it writes."""
    assert select.select([process.stdout], [], [], PATIENCE)[0], "nothing was written"
    return process.stdout.readline().decode()


def number_in(line):
    """The number of the case whose making the line tells."""
    event = json.loads(line)
    assert event["name"] == "case.created"
    return event["case"]["number"]


def interrupted(process):
    """What it has written beside what was read, and what it says to Ctrl-C."""
    process.send_signal(signal.SIGINT)
    rest, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert b"Traceback" not in told
    return rest.decode(), told.decode()


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
        numbers = []  # it follows from the moment on in which it has begun to
        while not select.select([process.stdout], [], [], 0.5)[0] and len(numbers) < PATIENCE:
            numbers.append(number_of(demo_home, "until it follows"))
        found = number_in(line_of(process))
        assert found in numbers
        for number in numbers[numbers.index(found) + 1 :]:
            assert number_in(line_of(process)) == number
        number = number_of(demo_home, "while following")
        assert number_in(line_of(process)) == number
        place = place_in(interrupted(process)[1])
    missed = number_of(demo_home, "after following")
    with following(demo_home, f"--after={place}", "-o", "jsonl") as process:
        assert number_in(line_of(process)) == missed


def test_following_for_people_has_one_header(demo_home):
    place = place_of(demo_home)
    numbers = [number_of(demo_home, f"case {number}") for number in range(2)]
    with following(demo_home, f"--after={place}") as process:
        lines = [line_of(process) for _ in range(3)]
        late = number_of(demo_home, "late")
        lines.append(line_of(process))
    assert lines[0].startswith("AT ")
    assert [number in line for number, line in zip([*numbers, late], lines[1:], strict=True)] == [True] * 3


def test_a_reader_that_goes_away_ends_it_quietly(demo_home):
    place, number = place_of(demo_home), number_of(demo_home, "somebody reads this")
    with following(demo_home, f"--after={place}", "-o", "jsonl") as process:
        assert number_in(line_of(process)) == number
        process.stdout.close()
        number_of(demo_home, "nobody reads this")
        assert process.wait(PATIENCE) == 0
        assert process.stderr.read() == b""


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
            line = line_of(process)
            rest, told = interrupted(process)  # at once: the place may not have been noted yet
            shown += [number_in(one) for one in [line, *rest.splitlines()]]
            place = place_in(told)
    assert shown == numbers
