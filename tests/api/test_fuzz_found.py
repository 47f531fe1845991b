"""What the fuzzer has found, each hole as a test of its own that stays."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

if TYPE_CHECKING:
    from tests.api.conftest import Answer, Caller

BATCH: dict[str, Any] = {"source": "log.csv", "run_id": "1", "records": []}


def codes(answer: Answer) -> list[tuple[str, str]]:
    """(pointer, code) of every problem that an answer tells."""
    return [(one.get("pointer", ""), one.get("code", "invalid")) for one in answer.json["problems"]]


@pytest.mark.parametrize("actor", ["0", "999", "2147483648", str(2**63 - 1)])
def test_a_change_cannot_be_ascribed_to_somebody_who_never_was(shared_api: Caller, actor: str) -> None:
    answer = shared_api("POST", "/v1/contacts/", {"contact": "Ghost"}, Casectl_Historic_Actor=actor)
    assert (answer.status, answer.json["code"]) == (404, "not_found")
    assert all(one["name"] != "Ghost" for one in shared_api("GET", "/v1/contacts/").json)


def test_a_change_may_be_ascribed_to_a_user(shared_api: Caller) -> None:
    walt = shared_api("GET", "/v1/users/walt/").json["id"]
    made = shared_api("POST", "/v1/cases/", {"title": "Of old"}, Casectl_Historic_Actor=str(walt)).json
    history = shared_api("GET", f"/v1/cases/{made['id']}/history/").json
    assert history[0]["actor"] == "walt"


def test_a_field_that_only_json_can_give_is_refused_not_failed_at(shared_api: Caller) -> None:
    answer = shared_api("POST", "/v1/imports/", {**BATCH, "create": [None, None]})
    assert answer.status == 422
    assert codes(answer) == [("/create", "invalid")]


def test_what_is_carried_on_must_be_what_a_dry_run_gave(shared_api: Caller) -> None:
    answer = shared_api("POST", "/v1/imports/", {**BATCH, "dry_run": True, "carried": {"x/1": ""}})
    assert answer.status == 422
    assert codes(answer) == [("/carried/x~11", "carried")]


def test_an_import_that_writes_believes_nothing_that_is_carried(shared_api: Caller) -> None:
    made = shared_api.create(title="Untouched", external_id="log-1", channel="import")
    dry = shared_api("POST", "/v1/imports/", {**BATCH, "dry_run": True, "records": [record("log-1")]}).json
    state = msgspec.json.decode(base64.b64decode(dry["carried"]["log-1"]))
    forged = base64.b64encode(msgspec.json.encode({**state, "row": {**state["row"], "id": 1}})).decode()
    answer = shared_api("POST", "/v1/imports/", {**BATCH, "records": [record("log-1")], "carried": {"log-1": forged}})
    assert answer.status == 422
    assert codes(answer) == [("/carried", "excluded")]
    assert shared_api("GET", f"/v1/cases/{made['id']}/").json["version"] == made["version"]


def record(external_id: str) -> dict[str, Any]:
    """A line that gives a case another title."""
    return {
        "line": 1, "line_key": f"{external_id} 1", "digest": base64.b64encode(b"0" * 32).decode(),
        "external_id": external_id, "title": "Touched", "by": "admin",
    }  # fmt: skip


def test_an_id_may_be_written_as_any_integer_of_json(shared_api: Caller) -> None:
    incident = shared_api("GET", "/v1/types/incident/").json["id"]
    body = f'{{"title": "By id", "case_type_id": {incident}.0}}'.encode()
    answer = shared_api("POST", "/v1/cases/", body, Content_Type="application/json")
    assert answer.status == 201
    assert answer.json["type"]["name"] == "incident"


def test_nothing_to_change_is_told_with_a_code(shared_api: Caller) -> None:
    made = shared_api.create()
    answer = shared_api("PATCH", f"/v1/cases/{made['id']}/", {"add_tags": []})
    assert answer.status == 422
    assert codes(answer) == [("", "nothing")]


def test_an_unknown_role_is_told_with_a_code(shared_api: Caller) -> None:
    answer = shared_api("POST", "/v1/users/", {"login": "zoe", "roles": ["King"]})
    assert answer.status == 422
    assert codes(answer) == [("/roles/0", "unknown_role")]


def test_an_answer_that_cannot_be_kept_for_its_key_is_a_refusal(shared_api: Caller) -> None:
    line = {**record("log-2"), "refused": "what the file says\x00"}
    answer = shared_api("POST", "/v1/imports/", {**BATCH, "dry_run": True, "records": [line]}, Idempotency_Key="nul")
    assert (answer.status, answer.json["code"]) == (422, "invalid")
    assert "no text" in answer.json["detail"]
