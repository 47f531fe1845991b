"""What libpq reads from the environment does not change what casectl says."""

from __future__ import annotations

import json

import pytest
from demo_home import demo_home  # noqa: F401 - a fixture

# ruff: noqa: F811 - the fixture's name


@pytest.mark.parametrize("environ", [{"PGTZ": "Asia/Tokyo"}, {"PGDATESTYLE": "German"}, {"PGCLIENTENCODING": "LATIN1"}])
def test_times_and_texts_are_the_same(demo_home, environ):
    made = demo_home.run("create", "10 € für 日本", "--due", "2026-12-24T17:00Z", "--json", **environ)
    assert made.returncode == 0, made.stderr
    case = json.loads(made.stdout)
    assert (case["title"], case["due_at"], case["created_at"][-1]) == ("10 € für 日本", "2026-12-24T17:00:00Z", "Z")
    plain, strange = (demo_home.run("show", case["number"], "--json", **each).stdout for each in ({}, environ))
    assert strange == plain
