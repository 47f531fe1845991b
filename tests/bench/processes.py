"""Whole processes: a command from the shell's point of view, beside the least processes that reach the database."""

from __future__ import annotations

import itertools
import sys
from typing import TYPE_CHECKING

from tests.bench.figures import Figure, medians
from tests.bench.place import Process, casectl

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.place import Place

MOST_RATIO = {"list": 1.3, "show": 1.3, "create": 1.4, "note": 1.4}
NUMBER = "BEN-00002004"

KEY_PRESS = 200.0
"""Milliseconds in which a shell must have its words."""

COMPLETIONS = {
    "numbers": ("case", "BEN-000020", "", "show"), "statuses": ("status", "", NUMBER, "status", NUMBER),
    "people": ("person", "a", "", "assign"), "query": ("query", "assignee:a", "", "list"),
}  # fmt: skip
"""What a shell's script asks: source, typed, the case it is about, command, words before the cursor."""


def measure(place: Place, rounds: int) -> list[Figure]:
    """List, show, create and note, and the words of a key press."""
    psycopg, psql = Process(place, place.python_psycopg()), Process(place, place.psql())
    count = itertools.count(1)
    commands = {
        "list": casectl(place, "list"),
        "show": casectl(place, "show", NUMBER),
        "create": casectl(place, "create", "--priority", "high", "--field", "system=crm"),
        "note": casectl(place, "note", NUMBER),
    }
    runs: dict[str, Callable[[], float]] = {
        "psycopg": psycopg, "psql": psql, "list": commands["list"], "show": commands["show"],
        "create": lambda: commands["create"](f"Login {next(count)} fails since the update"),
        "note": lambda: commands["note"](f"A restart helped, attempt {next(count)}"),
    }  # fmt: skip
    taken = medians(rounds, runs)
    return [
        Figure(name="psql -c 'select 1'", value=taken["psql"], memory=psql.peak),
        Figure(name="python -c psycopg 'select 1'", value=taken["psycopg"], memory=psycopg.peak),
        *(
            Figure(
                name=f"casectl {name}", value=taken[name], limit=taken["psycopg"], limit_name="python + psycopg",
                most_ratio=MOST_RATIO[name], memory=command.peak,
            )
            for name, command in commands.items()
        ),
        *_key_presses(place, rounds),
    ]  # fmt: skip


def _key_presses(place: Place, rounds: int) -> list[Figure]:
    asked = {name: casectl(place, "__complete", *words) for name, words in COMPLETIONS.items()}
    python = Process(place, [sys.executable, "-c", "pass"])
    taken = medians(rounds, {**asked, "python": python})
    return [
        Figure(
            name=f"completion of {name}", value=taken[name], limit=taken["python"], limit_name="python -c pass",
            most=KEY_PRESS, memory=command.peak,
        )
        for name, command in asked.items()
    ]  # fmt: skip
