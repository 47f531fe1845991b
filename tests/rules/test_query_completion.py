"""Completion of a half-typed query: names, values, sort keys, and which names to look up."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casectl.rules.query import QueryError, parse
from casectl.rules.query.completion import complete
from casectl.rules.query.fields import FIELDS, IS_VALUES, SORT, SORT_KEYS
from casectl.rules.query.values import QueryContext

CONTEXT = QueryContext(datetime(2026, 11, 23, 10, 30, tzinfo=UTC), UTC, "ann")


@pytest.mark.parametrize(
    ("typed", "texts", "start"),
    [
        ("pri", ["priority:"], 0),
        ("a -te", ["team:", "text:"], 3),
        ("(st", ["status:"], 1),
        ("own", ["owner:"], 0),
        ("fie", ["field."], 0),
        ("a O", ["owner:", "opened:", "OR"], 2),
        ("is:o", ["open", "on_hold", "overdue"], 3),
        ("is:open,un", ["unassigned"], 8),
        ("sort:due,-p", ["-priority"], 9),
        ("priority:h", ["high"], 9),
        ("priority:>=cr", ["critical"], 11),
        ("created:", ["today", "yesterday", "<7d", ">7d"], 8),
        ("due:<", ["<today", "<tomorrow", "<2h"], 4),
        ("created:>=y", [">=yesterday"], 8),
        ("parent:n", ["none"], 7),
        ("zzz", [], 0),
        ("zzz:x", [], 0),
        ('"pri', [], 0),
        ('a "b pri', [], 0),
    ],
)
def test_static_words(typed, texts, start):
    found = complete(typed, len(typed))
    assert [suggestion.text for suggestion in found] == texts
    assert all(suggestion.start == start for suggestion in found)


@pytest.mark.parametrize(
    ("typed", "source", "prefix", "quoted"),
    [
        ("status:", "status", "", False),
        ("status:new,op", "status", "op", False),
        ('status:"on ho', "status", "on ho", True),
        ("-assigned_to:an", "person", "an", False),
        ("a (team:l", "team", "l", False),
        ("type:in", "type", "in", False),
        ("tag:v", "tag", "v", False),
        ("contact:a@", "contact", "a@", False),
        ("field.sys", "field", "sys", False),
    ],
)
def test_names_of_the_database_are_a_source_to_ask(typed, source, prefix, quoted):
    asked = [suggestion for suggestion in complete(typed, len(typed)) if suggestion.source]
    assert [(s.source, s.text, s.quoted) for s in asked] == [(source, prefix, quoted)]
    assert typed[asked[0].start :].lstrip('"') == prefix


def test_people_include_me_and_the_absent():
    assert [s.text for s in complete("assignee:", 9)] == ["@me", "none", "any", ""]


def test_an_empty_query_offers_every_field_with_its_help():
    found = complete("", 0)
    assert len(found) == len(FIELDS) + 1
    assert all(suggestion.help for suggestion in found)


def test_only_what_stands_before_the_cursor_counts():
    assert [s.text for s in complete("is:o team:l2", 4)] == ["open", "on_hold", "overdue"]


@pytest.mark.parametrize("typed", ["is:", "sort:", "priority:>=", "created:", "due:", "assignee:", "responded:"])
def test_what_is_offered_parses(typed):
    offered = [s for s in complete(typed, len(typed)) if not s.source]
    assert offered
    for suggestion in offered:
        try:
            parse(typed[: suggestion.start] + suggestion.text, CONTEXT)
        except QueryError as error:
            pytest.fail(f"{typed}{suggestion.text}: {error}")


def test_nothing_that_exists_is_left_out():
    assert {s.text for s in complete("is:", 3)} == set(IS_VALUES)
    assert {s.text.removeprefix("-") for s in complete("sort:", 5)} == set(SORT_KEYS)
    assert {s.text.rstrip(":.") for s in complete("", 0)} == {field.name for field in (*FIELDS, SORT)}


@given(st.text(st.sampled_from('as:is,"\\ -()<=.\n\ud800é'), max_size=30), st.integers(-3, 40))
def test_never_fails_and_replaces_within_the_text(text, cursor):
    end = max(min(cursor, len(text)), 0)
    assert all(0 <= suggestion.start <= end for suggestion in complete(text, cursor))


def test_a_query_loads_nothing_heavy():
    code = "import casectl.rules.query, sys; print(*sys.modules)"
    # Measuring coverage loads dataclasses into every process; it is told by these variables.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environ)
    loaded = done.stdout.split()
    assert "casectl.rules.query.parser" in loaded
    heavy = {"difflib", "zoneinfo", "dataclasses", "casectl.rules.query.completion"}
    assert heavy.isdisjoint(loaded)


def test_a_number_offers_comparisons_and_a_finished_value_nothing():
    assert "<" in {suggestion.text for suggestion in complete("id:", 3)}
    assert complete('status:"on hold"', 16) == []
