"""A bulk change of what a query finds, repeated under its idempotency key."""

from __future__ import annotations

import json

from demo_home import demo_home  # noqa: F401 - a fixture

# ruff: noqa: F811 - the fixture's name


def test_it_answers_as_the_first_did_though_the_query_finds_others_now(demo_home):
    def change():
        done = demo_home.run(
            "bulk-update", "-q", "tag:keyed assignee:none", "-a", "@me", "--idempotency-key", "bulk-1", "--json"
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def case():
        return demo_home.run("create", "Keyed", "--tag", "keyed", "-o", "id").stdout.strip()

    number = case()
    first = change()
    assert [(outcome["number"], outcome["result"]) for outcome in first["outcomes"]] == [(number, "ok")]
    assert change() == first
    other = case()
    assert change() == first
    assert json.loads(demo_home.run("show", other, "--json").stdout)["assignee"] is None


def test_more_than_one_transaction_holds_is_refused(demo_home):
    done = demo_home.run("bulk-update", "-q", "is:all", "--add-tag", "all", "--idempotency-key", "bulk-2")
    assert done.returncode == 2
    assert "more than 1,000 cases" in done.stderr
