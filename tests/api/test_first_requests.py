"""The server from end to end: a case is made, read, changed and listed over real HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.api.conftest import Caller


def test_a_case_is_made_read_changed_and_listed(api: Caller) -> None:
    made = api("POST", "/v1/cases/", {"title": "Login issues", "priority": 4})
    assert made.status == 201
    assert made.headers["location"] == f"/v1/cases/{made.json['id']}/"
    assert made.headers["etag"] == '"1"'
    assert made.headers["content-type"] == "application/json"
    read = api("GET", made.headers["location"])
    assert read.status == 200
    assert {**made.json, "notes": [], "more_notes": 0, "deleted_by": None} == read.json
    changed = api("PATCH", f"/v1/cases/{made.json['number']}", {"priority": "low"}, If_Match=made.headers["etag"])
    assert (changed.status, changed.json["priority"], changed.headers["etag"]) == (200, 1, '"2"')
    listed = api("GET", "/v1/cases/")
    assert [item["id"] for item in listed.json["items"]] == [made.json["id"]]
