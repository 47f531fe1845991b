"""Filters of a list beside its query: names or ids, never able to say more than they name."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from casectl.api.aliases import filter_term

if TYPE_CHECKING:
    from tests.api.conftest import Caller

BOB = 'Bob "the \\ hat"'


@pytest.fixture(scope="module")
def desk(shared_api: Caller) -> Caller:
    """The shared server with cases of this module's own: their titles begin with a word of theirs."""
    assert shared_api("POST", "/v1/contacts/", {"contact": BOB}).status == 201
    for title, fields in {
        "one": {"priority": "critical", "assigned_to": "wanda", "tags": ["vip"], "contact": "Ann <ann@example.com>"},
        "two": {"priority": 1, "team": "l2", "contact": BOB},
        "three": {"type": "request", "assignee": "walt", "fields": {"justification": "new"}},
    }.items():
        shared_api.create(title=f"zebra {title}", **fields)
    return shared_api


def found(api: Caller, *pairs: tuple[str, object], query: str = "zebra") -> set[str]:
    """The last words of the titles that a list with these filters finds."""
    answer = api("GET", "/v1/cases/?" + urlencode([("query", query), *pairs]))
    assert answer.status == 200, answer.body
    return {item["title"].split()[-1] for item in answer.json["items"]}


def test_filters_take_names_and_ids(desk: Caller) -> None:
    first = desk("GET", "/v1/cases/?query=zebra+one").json["items"][0]
    assert found(desk, ("priority", "critical")) == found(desk, ("priority", 4)) == {"one"}
    assert found(desk, ("assigned_to", "wanda")) == {"one"}
    assert found(desk, ("assigned_to", first["assignee"]["id"])) == {"one"}
    assert found(desk, ("assignee", "WANDA@acme.example.com")) == {"one"}
    assert found(desk, ("assigned_to", "none")) == {"two"}
    assert found(desk, ("assigned_to", "@me")) == set()
    assert found(desk, ("status", "new")) == {"one", "two", "three"}
    assert found(desk, ("status_id", first["status"]["id"])) == {"one", "two", "three"}
    assert found(desk, ("type", "request")) == {"three"}
    assert found(desk, ("case_type_id", first["type"]["id"])) == {"one", "two"}
    assert found(desk, ("team", "l2")) == {"two"}
    assert found(desk, ("tag", "VIP")) == {"one"}
    assert found(desk, ("contact", "ann@example.com")) == {"one"}
    assert found(desk, ("contact_id", first["contact"]["id"])) == {"one"}


def test_a_repeated_filter_gives_alternatives_and_filters_add_up(desk: Caller) -> None:
    assert found(desk, ("assigned_to", "wanda"), ("assigned_to", "walt")) == {"one", "three"}
    assert found(desk, ("assigned_to", "wanda"), ("assigned_to", "walt"), ("type", "request")) == {"three"}


def test_filters_narrow_a_query_with_alternatives(desk: Caller) -> None:
    either = "zebra one OR zebra two OR zebra three"
    assert found(desk, query=either) == {"one", "two", "three"}
    assert found(desk, ("priority", "low"), query=either) == {"two"}
    assert found(desk, ("priority", "low"), query=f"{either} sort:-created") == {"two"}
    assert desk("GET", "/v1/cases/?priority=low&query=" + "zebra)+OR+(zebra").status == 422


def test_a_status_in_a_filter_replaces_the_default(desk: Caller) -> None:
    made = desk.create(title="zebra closed")
    assert desk("POST", f"/v1/cases/{made['id']}/close/", {"reason": "done"}).status in (200, 422)
    closed = desk("GET", f"/v1/cases/{made['id']}/").json["status"]
    if closed["is_closed"]:
        assert "closed" not in found(desk)
        assert found(desk, ("status", closed["name"])) == {"closed"}


@pytest.mark.parametrize(
    "word",
    [
        'new" OR title:"x', "new) OR (is:all", 'new\\" OR "', "new status:closed", "new,closed", "-new", "*", '"', "\\",
        "new OR is:all", "status:new", "none'--", "💩",
    ],
)  # fmt: skip
def test_a_hostile_filter_is_a_name_that_nobody_has(desk: Caller, word: str) -> None:
    answer = desk("GET", "/v1/cases/?" + urlencode({"status": word}))
    assert (answer.status, answer.json["code"]) == (422, "invalid")
    assert [problem["code"] for problem in answer.json["problems"]] == ["unknown_name"]
    listed = desk("GET", "/v1/cases/?" + urlencode({"contact": word, "tag": word}))
    assert (listed.status, listed.json["items"]) == (200, [])


def test_names_with_quotes_and_backslashes_are_found(desk: Caller) -> None:
    assert filter_term("contact", [BOB, "none"]) == 'contact:"Bob \\"the \\\\ hat\\"",none'
    assert found(desk, ("contact", BOB)) == {"two"}


def test_a_search_takes_filters_too(desk: Caller) -> None:
    answer = desk("GET", "/v1/search/?query=zebra&priority=critical")
    assert [item["title"] for item in answer.json["items"]] == ["zebra one"]


def test_a_filter_that_is_wrong_is_told_under_its_own_name(desk: Caller) -> None:
    answer = desk("GET", "/v1/cases/?status_id=nowhere&assigned_to=nobody&priority=banana")
    assert {(one["pointer"], one["code"]) for one in answer.json["problems"]} == {("/priority", "unknown_priority")}
    answer = desk("GET", "/v1/cases/?query=is:all&status_id=nowhere&assigned_to=nobody")
    assert {(one["pointer"], one["code"]) for one in answer.json["problems"]} == {
        ("/status_id", "unknown_name"), ("/assigned_to", "unknown_name")
    }  # fmt: skip
    assert "column" not in answer.json["detail"]
    answer = desk("GET", "/v1/cases/?query=status:nowhere&status=new")
    assert [(one["pointer"], one["code"]) for one in answer.json["problems"]] == [("/query", "unknown_name")]
    assert "(column 1)" in answer.json["detail"]
