"""Who may come in, and what he may see: tokens, rights, tenants."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

if TYPE_CHECKING:
    from tests.api.conftest import Caller


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer ck_000000000000_nobodyknowsthiskeynobodyknows", "Bearer ct_x",
     "Bearer \u00e4\u00f6", "Bearer " + "x" * 20_000, "Bearer a b c", "bearer '; DROP TABLE tokens;--"],
)  # fmt: skip
def test_nobody_comes_in_without_a_token_that_is_known(shared_api: Caller, authorization: str) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    for method, path in (("GET", "/v1/cases/"), ("POST", "/v1/cases/"), ("GET", "/v1/cases/1/")):
        answer = shared_api.served.ask(method, path, headers=headers)
        assert (answer.status, answer.json["code"]) == (401, "not_logged_in")
        told = 'Bearer realm="casectl"' + (', error="invalid_token"' if authorization else "")
        assert answer.headers["www-authenticate"] == told


def test_the_scheme_is_read_in_any_case(shared_api: Caller) -> None:
    answer = shared_api.served.ask("GET", "/v1/cases/", headers={"Authorization": f"bEaReR  {shared_api.token}"})
    assert answer.status == 200


def test_a_revoked_key_and_one_that_has_expired_are_refused(api: Caller) -> None:
    for change in ("revoked_at = now()", "expires_at = now() - interval '1 s'"):
        other = api.as_user("wanda")
        with psycopg.connect(**api.database.superuser) as owner:
            for name, value in {"tenant": "1", "actor": "0", "operation": "test"}.items():
                owner.execute("SELECT set_config('casectl.' || %s, %s, true)", (name, value))
            owner.execute(
                f"UPDATE desk.api_keys SET {change}, changed_by = 0, changed_at = now() WHERE key_id = %s",  # type: ignore[arg-type]
                (other.token.split("_")[1],),
            )
        assert other("GET", "/v1/cases/").status == 401
    assert api("GET", "/v1/cases/").status == 200


def test_what_the_role_does_not_allow_is_refused(shared_api: Caller) -> None:
    reporter = shared_api.as_user("rita")
    case = shared_api.create()["id"]
    assert reporter("GET", f"/v1/cases/{case}/").status == 404
    assert reporter("GET", "/v1/cases/").json["items"] == []
    for method, path, body in (
        ("POST", "/v1/cases/bulk-update/", {"case_ids": [case], "update_fields": {"priority": 4}}),
        ("POST", "/v1/users/", {"login": "eve", "roles": ["Tenant Admin"]}),
        ("GET", "/v1/users/", None),
    ):
        answer = reporter(method, path, body)
        assert (answer.status, answer.json["code"]) == (403, "not_permitted")


def test_a_key_has_no_more_rights_than_it_was_given(shared_api: Caller) -> None:
    reads = shared_api.as_user("wanda", rights=["case:read", "case:read_any"])
    assert reads("GET", "/v1/cases/").status == 200
    assert reads("POST", "/v1/cases/", {"title": "No"}).status == 403
    assert reads("GET", "/v1/users/").status == 403
    grows = shared_api.as_user("rita", rights=["case:read", "case:read_any", "user:manage"])
    assert grows("POST", "/v1/users/", {"login": "eve", "roles": ["Tenant Admin"]}).status == 403


def test_another_tenants_things_are_not_there(api: Caller) -> None:
    theirs, ours = api.as_user("admin", 2), api
    case = theirs.create(title="Secret of globex", contact="Zed <zed@globex.example.com>", assignee="wanda")
    theirs("POST", f"/v1/cases/{case['id']}/notes/", {"content": "Secret"})
    nowhere = ours("GET", f"/v1/cases/{case['id'] + 1000}/")
    for reference in (case["id"], case["number"]):
        for method, path, body in (
            ("GET", "", None), ("PATCH", "", {"title": "Ours"}), ("DELETE", "", None), ("GET", "history/", None),
            ("POST", "notes/", {"content": "x"}), ("GET", "workflows/", None), ("POST", "take/", {}),
        ):  # fmt: skip
            answer = ours(method, f"/v1/cases/{reference}/{path}", body)
            assert answer.status == 404, (method, path)
            assert "globex" not in answer.body.decode().lower()
            if method == "GET" and not path:
                assert answer.json["detail"].replace(str(reference), "N") == nowhere.json["detail"].replace(
                    str(case["id"] + 1000), "N"
                )
    bulk = {"case_ids": [case["id"]], "update_fields": {"priority": 4}}
    assert ours("POST", "/v1/cases/bulk-update/", bulk).json["outcomes"][0]["code"] == "not_found"
    assert ours("POST", "/v1/cases/", {"title": "x", "parent": case["id"]}).status == 404
    assert ours("POST", "/v1/cases/", {"title": "x", "contact_id": case["contact"]["id"]}).status == 404
    assert ours("GET", "/v1/cases/?query=is:all").json["items"] == []
    assert ours("GET", "/v1/search/?query=Secret").json["items"] == []
    cursor = [theirs.create(title=f"Secret {number}") for number in range(3)] and theirs(
        "GET", "/v1/cases/?limit=2"
    ).json["next"]
    stolen = ours("GET", f"/v1/cases/?limit=2&cursor={cursor}")
    assert stolen.status == 422
    assert theirs("GET", f"/v1/cases/{case['id']}/").json["title"] == "Secret of globex"


def test_nobody_writes_what_is_not_his_to_write(shared_api: Caller) -> None:
    for name in ("tenant_id", "number", "created_at", "created_by", "changed_by", "version", "id", "deleted_at"):
        answer = shared_api("POST", "/v1/cases/", {"title": "x", name: 1})
        assert (answer.status, answer.json["problems"][0]["pointer"]) == (422, f"/{name}")
