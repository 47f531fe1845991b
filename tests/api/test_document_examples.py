"""The requests that the case management document prints, sent by curl as they stand but for the host."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

if TYPE_CHECKING:
    from tests.api.conftest import Caller

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")

CREATE = """
  curl -X POST https://api.yourdomain.com/v1/cases \\
    -H "Authorization: Bearer $TOKEN" \\
    -H "Content-Type: application/json" \\
    -d '{
      "title": "Login issues",
      "description": "User cannot access system",
      "case_type_id": 1,
      "contact_id": 123
    }'
"""
UPDATE = """
  curl -X PUT https://api.yourdomain.com/v1/cases/456 \\
    -H "Authorization: Bearer $TOKEN" \\
    -H "Content-Type: application/json" \\
    -d '{"status_id": 3}'
"""


def curl(api: Caller, command: str) -> tuple[int, Any]:
    """Run the document's command in a shell; status and decoded body."""
    here = command.replace("https://api.yourdomain.com", api.served.url)
    told = here.rstrip() + " -sS -w '\\n%{http_code}'"
    done = subprocess.run(["sh", "-c", told], env={"TOKEN": api.token}, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body)


def as_acme(api: Caller, *statements: str) -> None:
    """Run statements as casectl itself in the tenant acme."""
    with psycopg.connect(**api.database.owner) as owner:
        for name, value in {"tenant": "1", "actor": "0", "operation": "test", "scope": "admin"}.items():
            owner.execute("SELECT set_config('casectl.' || %s, %s, true)", (name, value))
        for statement in statements:
            owner.execute(statement)  # type: ignore[call-overload]


def count_to(api: Caller, counter: str, value: int) -> None:
    as_acme(api, f"SELECT take_numbers('{counter}', {value})")


def test_create_a_case_as_printed(api: Caller) -> None:
    count_to(api, "contacts.id", 122)
    known = api("POST", "/v1/contacts", {"contact": "Ann Lee <ann@example.com>"}).json
    assert known["id"] == 123
    status, made = curl(api, CREATE)
    assert status == 201
    assert (made["title"], made["description"]) == ("Login issues", "User cannot access system")
    assert made["type"]["id"] == 1
    assert made["contact"] == {"id": 123, "name": "Ann Lee", "email": "ann@example.com"}


def test_a_contact_that_is_not_there_is_refused_not_made(api: Caller) -> None:
    status, problem = curl(api, CREATE)
    assert (status, problem["code"]) == (404, "not_found")
    assert "123" in problem["detail"]
    assert api("GET", "/v1/contacts/").json == []
    assert api("GET", "/v1/cases/").json["items"] == []


def test_update_the_status_as_printed(api: Caller) -> None:
    statuses = {}
    with psycopg.connect(**api.database.superuser) as owner:
        statuses = dict(owner.execute("SELECT id, name FROM desk.statuses WHERE tenant_id = 1").fetchall())
    count_to(api, "cases.id", 455)
    made = api.create(title="A case to move")
    assert made["id"] == 456
    status, changed = curl(api, UPDATE)
    assert (status, changed["status"]["id"], changed["status"]["name"]) == (200, 3, statuses[3])


def test_every_endpoint_of_the_document_is_there_with_and_without_its_slash(api: Caller) -> None:
    case = api.create()["id"]
    for slash in ("/", ""):
        assert api("GET", f"/v1/cases{slash}?status=new&priority=medium&assigned_to=none").status == 200
        assert api("POST", f"/v1/cases{slash}", {"title": "Another"}).status == 201
        assert api("PUT", f"/v1/cases/{case}{slash}", {"title": f"Case {slash}"}).status == 200
        assert api("GET", f"/v1/cases/{case}{slash}").status == 200
        assert api("POST", f"/v1/cases/{case}/notes{slash}", {"content": "A note", "document_id": None}).status == 201
        actions = api("GET", f"/v1/cases/{case}/workflows{slash}")
        assert {"note", "close"} <= {choice["name"] for choice in actions.json}
        bulk = {"case_ids": [case], "update_fields": {"priority": 3 if slash else 4, "assigned_to": "wanda"}}
        assert api("POST", f"/v1/cases/bulk-update{slash}", bulk).json["changed"] == 1
    assert api("DELETE", f"/v1/cases/{case}/").status == 200
    assert api("GET", "/v1/cases/?query=is:deleted").json["items"][0]["id"] == case


def test_a_note_with_a_document_is_refused_as_long_as_there_are_none(api: Caller) -> None:
    case = api.create()["id"]
    answer = api("POST", f"/v1/cases/{case}/notes/", {"content": "See there", "document_id": 7})
    assert answer.status == 422
    assert [(one["pointer"], one["code"]) for one in answer.json["problems"]] == [("/document_id", "not_supported")]
    assert api("GET", f"/v1/cases/{case}/").json["notes"] == []
