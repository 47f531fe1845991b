"""What answers carry: versions, chosen fields, links, ids of requests, one answer for a repeated write."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import psycopg
import pytest

from casectl import __version__

if TYPE_CHECKING:
    from tests.api.conftest import Caller


def test_a_version_that_was_seen_must_still_be_there(shared_api: Caller) -> None:
    made = shared_api.create()
    path = f"/v1/cases/{made['id']}/"
    assert shared_api("PUT", path, {"title": "Second"}, If_Match='"1"').headers["etag"] == '"2"'
    late = shared_api("PUT", path, {"title": "Third"}, If_Match='"1"')
    assert (late.status, late.json["code"]) == (412, "version_conflict")
    assert "version 2, not 1" in late.json["detail"]
    assert shared_api("PUT", path, {"title": "Fourth"}, If_Match="*").status == 200
    assert shared_api("GET", path).headers["etag"] == '"3"'


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("If_Match", "1"), ("If_Match", 'W/"1"'), ("If_Match", '"1", "2"'), ("If_Match", '"x"'), ("If_Match", '""'),
        ("If_Match", f'"{"9" * 40}"'), ("Casectl_Dry_Run", "perhaps"), ("Casectl_Historic_At", "yesterday"),
        ("Casectl_Historic_At", "2026-11-23T10:00:00"), ("Casectl_Historic_Actor", "wanda"),
        ("Idempotency_Key", "k\u00e4y"),
    ],
)  # fmt: skip
def test_headers_that_cannot_be_read_are_refused(shared_api: Caller, name: str, value: str) -> None:
    answer = shared_api("POST", "/v1/cases/", {"title": "x"}, **{name: value})
    assert (answer.status, answer.json["code"]) == (400, "usage")
    assert name.replace("_", "-") in answer.json["detail"]


def test_a_repeated_write_answers_as_the_first_did(shared_api: Caller) -> None:
    key = {"Idempotency_Key": "run-7:1"}
    first = shared_api("POST", "/v1/cases/", {"title": "Once"}, **key)
    again = shared_api("POST", "/v1/cases", {"title": "Once"}, **key)
    assert (again.status, again.json["number"]) == (201, first.json["number"])
    assert again.headers["location"] == first.headers["location"]
    other = shared_api("POST", "/v1/cases/", {"title": "Twice"}, **key)
    assert (other.status, other.json["code"]) == (422, "idempotency_conflict")


def test_programs_of_one_user_do_not_know_of_each_others_keys(shared_api: Caller) -> None:
    key = {"Idempotency_Key": "run-8:1"}
    first = shared_api("POST", "/v1/cases/", {"title": "Mine"}, **key)
    another = shared_api.as_user("admin")
    theirs = another("POST", "/v1/cases/", {"title": "Mine"}, **key)
    assert (theirs.status, theirs.json["number"] != first.json["number"]) == (201, True)
    assert another("POST", "/v1/cases/", {"title": "Mine"}, **key).json["number"] == theirs.json["number"]


def test_a_dry_run_makes_nothing(shared_api: Caller) -> None:
    answer = shared_api("POST", "/v1/cases/", {"title": "Never"}, Casectl_Dry_Run="true")
    assert (answer.status, answer.json["title"]) == (200, "Never")
    assert "location" not in answer.headers
    assert shared_api("GET", f"/v1/cases/{answer.json['number']}/").status == 404


def test_a_past_change_needs_the_right_to_import(shared_api: Caller) -> None:
    past = {"Casectl_Historic_At": "2020-01-02T03:04:05+00:00"}
    made = shared_api("POST", "/v1/cases/", {"title": "Old"}, **past)
    assert made.json["created_at"] == "2020-01-02T03:04:05Z"
    worker = shared_api.as_user("wanda")
    assert worker("POST", "/v1/cases/", {"title": "Old"}, **past).status == 403


def test_fields_of_an_answer_can_be_chosen(shared_api: Caller) -> None:
    made = shared_api("POST", "/v1/cases/?fields=number,title", {"title": "Chosen"})
    assert (made.status, [*made.json], made.json["title"]) == (201, ["number", "title"], "Chosen")
    one = shared_api("GET", f"/v1/cases/{made.json['number']}/?fields=status.name,assignee.login")
    assert one.json == {"status": {"name": "new"}, "assignee": None}
    assert one.headers["etag"] == '"1"'
    page = shared_api("GET", "/v1/cases/?fields=id&limit=1")
    assert ([*page.json], [*page.json["items"][0]]) == (["items", "next"], ["id"])
    actions = shared_api("GET", f"/v1/cases/{made.json['number']}/workflows/?fields=name")
    assert {"name": "note"} in actions.json


def test_fields_that_there_are_not_are_told_with_those_there_are(shared_api: Caller) -> None:
    for method, path, body in (("GET", "/v1/cases/", None), ("POST", "/v1/cases/", {"title": "Not made"})):
        answer = shared_api(method, path + "?fields=numbr,title", body)
        assert answer.status == 422
        assert [(one["pointer"], one["code"]) for one in answer.json["problems"]] == [("/fields", "unknown_field")]
        assert "number" in answer.json["problems"][0]["hint"]
        assert "status.name" in answer.json["problems"][0]["allowed"]
    assert shared_api("GET", "/v1/cases/?query=Not+made").json["items"] == []
    assert shared_api("GET", "/v1/cases/?fields=").status == 422


def test_pages_link_to_the_next_one(api: Caller) -> None:
    for number in range(5):
        api.create(title=f"Case {number} & more", tags=["a b".replace(" ", "-")])
    target, seen = "/v1/cases/?limit=2&query=tag:a-b&tag=a-b&fields=title", []
    while target:
        page = api("GET", target)
        seen += [item["title"] for item in page.json["items"]]
        assert ("link" in page.headers) == (page.json["next"] is not None)
        link = page.headers.get("link", "")
        assert not link or link.endswith('>; rel="next"')
        target = link[1 : link.index(">")] if link else ""
    assert seen == [f"Case {number} & more" for number in range(5)]
    wrong = api("GET", "/v1/cases/?cursor=nonsense")
    assert (wrong.status, wrong.json["problems"][0]["pointer"]) == (422, "/cursor")


def test_a_bulk_of_which_a_part_is_refused_answers_207(shared_api: Caller) -> None:
    case = shared_api.create()["id"]
    bulk = {"case_ids": [case, 999_999], "update_fields": {"priority": "critical"}}
    answer = shared_api("POST", "/v1/cases/bulk-update/", bulk)
    assert answer.status == 207
    assert (answer.json["changed"], answer.json["refused"]) == (1, 1)
    assert [(one["number"], one["code"]) for one in answer.json["outcomes"] if one["result"] == "refused"] == [
        ("999999", "not_found")
    ]


def test_request_ids_are_taken_when_sound_and_stand_in_the_audit(shared_api: Caller) -> None:
    made = shared_api("POST", "/v1/cases/", {"title": "Traced"}, X_Request_Id="trace-1.a_B")
    assert made.headers["x-request-id"] == "trace-1.a_B"
    history = shared_api("GET", f"/v1/cases/{made.json['id']}/history/").json
    assert {entry["request_id"] for entry in history} == {"trace-1.a_B"}
    for odd in ("a b", "x" * 65, "\u00e4", "<x>", ""):
        told = shared_api("GET", "/v1/cases/", X_Request_Id=odd).headers["x-request-id"]
        assert len(told) == 16
        assert told.isalnum()


def test_every_answer_tells_version_and_is_not_sniffed_or_kept(shared_api: Caller) -> None:
    for answer in (
        shared_api("GET", "/v1/cases/"), shared_api("GET", "/nothing"), shared_api("PATCH", "/v1/cases/"),
        shared_api.served.ask("GET", "/v1/cases/"),
    ):  # fmt: skip
        assert answer.headers["casectl-version"].startswith(f"{__version__}; schema=0")
        assert answer.headers["casectl-version"].endswith("; api=1")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


def test_large_answers_are_compressed_for_who_asks(shared_api: Caller) -> None:
    case = shared_api.create(description="long " * 2000)["id"]
    plain = shared_api("GET", f"/v1/cases/{case}/")
    assert "content-encoding" not in plain.headers
    packed = shared_api("GET", f"/v1/cases/{case}/", Accept_Encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["etag"] == '"1"'
    assert json.loads(gzip.decompress(packed.body)) == plain.json
    assert len(packed.body) < len(plain.body) / 10


def test_numbers_beyond_64_bits_come_out_as_they_went_in(shared_api: Caller) -> None:
    huge = 10**30
    kind = shared_api("GET", "/v1/types/incident/").json
    form = {"type": "object", "properties": {"size": {"type": "number"}}}
    made = shared_api("PUT", "/v1/types/measured/", {
        "title": "Measured", "number_pattern": "MSR-{seq:05}", "form_schema": form, "lifecycle": kind["lifecycle"],
    })  # fmt: skip
    assert made.status == 200, made.body
    body = b'{"title": "Huge", "type": "measured", "fields": {"size": %d}}' % huge
    answer = shared_api("POST", "/v1/cases/", body, Content_Type="application/json")
    assert answer.status == 201, answer.body
    assert answer.json["fields"]["size"] == huge


def test_a_fault_of_ours_is_told_by_its_id_only(api: Caller, caplog: pytest.LogCaptureFixture) -> None:
    with psycopg.connect(**api.database.superuser, autocommit=True) as owner:
        owner.execute("ALTER TABLE desk.teams RENAME COLUMN lead_id TO leader_id")
    answer = api("GET", "/v1/teams/", X_Request_Id="broken-1")
    assert (answer.status, answer.json["code"], answer.json["request_id"]) == (500, "failure", "broken-1")
    told = answer.body.decode().lower()
    assert not [word for word in ("select", "lead_id", "traceback", "psycopg", "teams g", ".py") if word in told]
    record = next(record for record in caplog.records if record.name == "casectl.api")
    assert "broken-1" in record.getMessage()
    assert record.exc_info is not None
