"""Requests that are wrong in every way: each is refused with one clear problem document, and nothing is changed."""

from __future__ import annotations

import http.client
import socket
from typing import TYPE_CHECKING, Any

import pytest

from casectl.api.aliases import ALIASES, FILTERS, NESTED, NOT_YET

if TYPE_CHECKING:
    from tests.api.conftest import Caller
    from tests.served import Answer

JSON = {"Content_Type": "application/json"}


def problems(answer: Answer) -> dict[str, str]:
    """Codes by pointer of a problem document, whose form is checked."""
    told = answer.json
    assert answer.headers["content-type"] == "application/problem+json"
    assert told["status"] == answer.status
    assert told["type"] == f"urn:casectl:problem:{told['code']}"
    assert told["title"]
    assert told["detail"]
    assert told["request_id"] == answer.headers["x-request-id"]
    return {problem.get("pointer", ""): problem.get("code", "invalid") for problem in told.get("problems", [])}


def test_the_alias_table_is_meant() -> None:
    assert ALIASES == {
        "assigned_to": "assignee", "case_id": "case", "case_ids": "cases", "case_number": "case", "case_type": "type",
        "case_type_id": "type", "contact_id": "contact", "status_id": "status",
    }  # fmt: skip
    assert NESTED == {"bulk-update": "update_fields"}
    assert [*NOT_YET] == ["note"]
    assert FILTERS == ("status", "priority", "assignee", "type", "team", "contact", "tag", "reporter")


def test_all_that_is_wrong_is_told_at_once_where_it_stands(shared_api: Caller) -> None:
    body = {"titel": "x", "priority": [1], "tags": "vip", "assigned_to": {}, "a/b~c": 1, "number": "INC-1"}
    answer = shared_api("POST", "/v1/cases/", body)
    assert answer.status == 422
    assert problems(answer) == {
        "/titel": "unknown", "/a~1b~0c": "unknown", "/number": "unknown", "/title": "required", "/priority": "invalid",
        "/tags": "invalid", "/assigned_to": "invalid",
    }  # fmt: skip
    titel = next(one for one in answer.json["problems"] if one["pointer"] == "/titel")
    assert titel["hint"] == "did you mean 'title'?"
    assert "title" in titel["allowed"]


def test_refusals_of_a_verb_point_to_the_name_that_was_given(shared_api: Caller) -> None:
    case = shared_api.create()["id"]
    answer = shared_api("PATCH", f"/v1/cases/{case}/", {"status_id": 999})
    assert (answer.status, problems(answer)) == (422, {"/status_id": "unknown_status"})
    body = {"case_ids": [case], "update_fields": {"status_id": "nowhere", "priority": 9}}
    assert problems(shared_api("POST", "/v1/cases/bulk-update/", body)) == {
        "/update_fields/priority": "unknown_priority"
    }
    body = {"case_ids": [case], "update_fields": {"query": "is:all", "case_ids": [1], "dry_run": True}}
    assert problems(shared_api("POST", "/v1/cases/bulk-update/", body)) == {
        "/update_fields/query": "unknown", "/update_fields/case_ids": "unknown", "/update_fields/dry_run": "unknown"
    }  # fmt: skip


def test_a_case_that_no_casectl_opens_came_in_by_the_api(shared_api: Caller) -> None:
    told = [shared_api.create(**given)["channel"] for given in ({}, {"channel": "phone"})]
    assert told == ["api", "phone"]
    assert shared_api("POST", "/v1/cases/", {"title": "From casectl"}, Casectl_Api="1").json["channel"] == "cli"


def test_a_field_given_by_two_names_is_refused(shared_api: Caller) -> None:
    answer = shared_api("POST", "/v1/cases/", {"title": "x", "type": "incident", "case_type_id": 1})
    assert problems(answer) == {"/case_type_id": "given_twice"}
    case = shared_api.create()["id"]
    answer = shared_api("PATCH", f"/v1/cases/{case}/", {"case": 1, "case_number": "x", "title": "y"})
    assert problems(answer) == {"/case": "given_twice", "/case_number": "given_twice"}
    answer = shared_api("GET", "/v1/cases/?assignee=wanda&assigned_to=walt")
    assert problems(answer) == {"/assigned_to": "given_twice"}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"title": "x"', "json"),
        (b"", ""),
        (b"\xff\xfe", "json"),
        (b'{"title": "\xff"}', "json"),
        (b'{"title": "\\ud800"}', "json"),
        (b'{"title": NaN}', "json"),
        (b'{"fields": {"x": 1e999}}', "json"),
        (b'{"title": "x", "title": "y"}', "duplicate_key"),
        (b'{"title": "x", "fields": {"a": {"b": 1, "\\u0062": 2}}}', "duplicate_key"),
        (b'{"fields": ' + b"[" * 100 + b"]" * 100 + b"}", "too_deep"),
        (b"[" * 500_000, "json or deep"),
        (b'{"a":' * 200_000, "json or deep"),
    ],
)
def test_bodies_that_are_no_json_are_refused(shared_api: Caller, body: bytes, code: str) -> None:
    answer = shared_api("POST", "/v1/cases/", body, **JSON)
    if not body:
        assert (answer.status, problems(answer)) == (422, {"/title": "required"})
        return
    assert answer.status == 400
    assert problems(answer)[""] in ((code,) if "deep" not in code or code == "too_deep" else ("json", "too_deep"))


@pytest.mark.parametrize("document", [[], "x", 1, None, True])
def test_bodies_that_are_no_object_are_refused(shared_api: Caller, document: Any) -> None:
    import json

    answer = shared_api("POST", "/v1/cases/", json.dumps(document).encode(), **JSON)
    assert answer.status == 422
    assert problems(answer)[""] == "object"


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", "", "garbage"]
)
def test_bodies_of_other_types_are_refused(shared_api: Caller, kind: str) -> None:
    answer = shared_api("POST", "/v1/cases/", b'{"title": "x"}', Content_Type=kind)
    assert (answer.status, answer.json["code"]) == (415, "unsupported_media_type")
    fine = shared_api("POST", "/v1/cases/", b'{"title": "x"}', Content_Type="application/JSON; charset=UTF-8")
    assert fine.status == 201


def test_a_body_beyond_the_limit_is_refused_before_it_is_read(shared_api: Caller) -> None:
    with socket.create_connection(("127.0.0.1", shared_api.served.port), 10) as plain:
        plain.sendall(
            b"POST /v1/cases/ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + shared_api.token.encode()
            + b"\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n{"
        )  # fmt: skip
        assert plain.recv(4096).startswith(b"HTTP/1.1 413 ")


def test_a_body_of_unknown_length_is_cut_at_the_limit(shared_api: Caller) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", shared_api.served.port, timeout=20)
    headers = {"Authorization": f"Bearer {shared_api.token}", "Content-Type": "application/json"}
    chunks = (b"x" * 1_000_000 for _ in range(12))
    try:
        connection.request("POST", "/v1/cases/", chunks, headers, encode_chunked=True)
        answer = connection.getresponse()
        assert answer.status == 413
        assert b"too_large" in answer.read()
    except (BrokenPipeError, ConnectionResetError):
        pass  # the server may have hung up while the rest was being sent
    finally:
        connection.close()


def test_methods_and_paths_that_are_not_there(shared_api: Caller) -> None:
    answer = shared_api("DELETE", "/v1/cases/")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, POST, HEAD, OPTIONS")
    assert problems(answer) == {}
    assert shared_api("TRACE", "/v1/search/").status == 405
    for path in ("/v1/cases/", "/healthz", "/openapi.json"):
        answer = shared_api("DELETE", path)
        assert (answer.status, answer.json["code"]) == (405, "method_not_allowed")
        assert "GET" in answer.headers["allow"]
    assert shared_api("GET", "/v1/cases/bulk-update/").headers["allow"] == "POST, OPTIONS"
    for path in ("/", "/v1", "/v1/", "/v1/nothing", "/v1/cases/1/notes/2/", "/v1//cases/", "/v1/cases//notes/", "/v2/"):
        answer = shared_api("GET", path)
        assert (answer.status, answer.json["code"]) == (404, "not_found")
        assert problems(answer) == {}


def test_head_and_options(shared_api: Caller) -> None:
    case = shared_api.create()["id"]
    full = shared_api("GET", f"/v1/cases/{case}/")
    head = shared_api("HEAD", f"/v1/cases/{case}/")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == full.headers["content-length"]
    options = shared_api("OPTIONS", f"/v1/cases/{case}/")
    assert (options.status, options.headers["allow"]) == (204, "DELETE, GET, PATCH, PUT, HEAD, OPTIONS")


def test_parameters_that_are_not_there_or_no_values(shared_api: Caller) -> None:
    answer = shared_api("GET", "/v1/cases/?limit=ten&explain=maybe&colour=red&limits=1&status=")
    assert answer.status == 422
    assert problems(answer) == {
        "/limit": "number", "/explain": "flag", "/colour": "unknown", "/limits": "unknown", "/status": "empty"
    }  # fmt: skip
    assert problems(shared_api("GET", "/v1/cases/?limit=5&limit=6")) == {"/limit": "given_twice"}
    assert problems(shared_api("GET", "/v1/cases/?limit=0")) == {"/limit": "limit"}
    assert problems(shared_api("GET", f"/v1/cases/?limit={'9' * 5000}")) == {"/limit": "number"}
    for odd in ("%ff", "\u0663".encode().hex("%").join(["%", ""]), "1_0", "0x10", "1.5", ""):
        assert shared_api("GET", f"/v1/cases/?limit={odd}").status in (400, 422)
    assert shared_api("GET", "/v1/cases/?" + "&".join(["query=x"] * 600)).status == 400
    assert problems(shared_api("POST", "/v1/cases/?title=x", {"title": "y"})) == {"/title": "unknown"}


def test_paths_hold_any_word_and_no_word_breaks_out(shared_api: Caller) -> None:
    for word in ("%2e%2e", "..%2fcases", "%00", "%F0%9F%92%A9", "1%20OR%201=1", "'%3B--", "%C2%85", "9" * 400):
        answer = shared_api("GET", f"/v1/cases/{word}/")
        assert answer.status in (404, 422), word
        assert problems(answer).keys() <= {""}
    assert shared_api("GET", "/v1/cases/%ff/").status == 422


def test_more_unknown_members_than_anybody_reads_make_no_larger_answer(shared_api: Caller) -> None:
    answer = shared_api("POST", "/v1/cases/", {f"k{number}": number for number in range(20_000)})
    assert answer.status == 422
    assert len(answer.json["problems"]) <= 51
    assert len(answer.body) < 100_000


def test_hostile_text_goes_in_and_comes_out_as_it_is(shared_api: Caller) -> None:
    title = "<script>alert(1)</script> \x1b[31m \u202e'; DROP TABLE cases; -- 💩 {{7*7}} ${x} %s"
    made = shared_api.create(title=title, description="\r\nSet-Cookie: a=b\r\n" + title)
    assert (made["title"], made["description"]) == (title, "\r\nSet-Cookie: a=b\r\n" + title)
    answer = shared_api("GET", f"/v1/cases/{made['number']}")
    assert answer.json["title"] == title
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert problems(shared_api("POST", "/v1/cases/", {"title": "a\x00b"})) == {"/title": "text"}


def test_what_makes_a_contact_takes_no_id_for_one(shared_api: Caller) -> None:
    assert problems(shared_api("POST", "/v1/contacts/", {"contact": 5})) == {"/contact": "invalid"}
    answer = shared_api("POST", "/v1/contacts/", {"contact_id": "5"})
    assert problems(answer) == {"/contact_id": "unknown", "/contact": "required"}


def test_a_note_that_no_casectl_writes_came_in_by_the_api(shared_api: Caller) -> None:
    case = shared_api.create()["number"]
    assert shared_api("POST", f"/v1/cases/{case}/notes/", {"content": "x"}).json["channel"] == "api"
    told = shared_api("POST", f"/v1/cases/{case}/notes/", {"content": "x"}, Casectl_Api="1")
    assert told.json["channel"] == "cli"
