"""`casectl db check` finds each kind of damage, and none on a desk that its verbs alone have written.

Each damage is done by the superuser with the triggers off, looked at, and rolled back.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from casectl.desk.identity import Identity
from casectl.desk.local import LocalDesk
from casectl.model.imports import ChangeRecord
from casectl.operation import Call
from casectl.operations.create import Create
from casectl.operations.import_changes import ImportChanges
from casectl.operations.job_start import StartJob
from casectl.operations.key_create import CreateKey
from casectl.operations.note import AddNote
from casectl.operations.update import Update
from casectl.store.checks import run_checks
from tests.conftest import copied
from tests.contract.conftest import prepare
from tests.store.own_servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from casectl.store.checks import Finding
    from tests.conftest import Database


@pytest.fixture(scope="module")
def worked(server: Any, template_database: Database) -> Iterator[Database]:
    """A desk with cases 1 to 6, notes 1 and 2, an import, a job and a key, all by verbs; 6 is closed."""
    with copied(server, template_database.name) as made:
        prepare(made.owner)
        with LocalDesk(lambda: psycopg.connect(**made.app), Identity(tenant="acme", login="admin")) as desk:
            for number in range(1, 6):
                fields = {"users_affected": number, "location": "Rome"}
                desk.perform(Create(title=f"Printer {number}", tags=["paper", "jam"], fields=fields))
            desk.perform(AddNote(case="1", content="A restart helped"))
            desk.perform(AddNote(case="1", content="The disk is full", is_internal=True))
            desk.perform(Update(case="2", priority="high", title="Plotter"), Call(idempotency_key="k"))
            record = ChangeRecord(line=2, line_key="2", digest=b"2" * 32, external_id="A-1", type="incident")
            desk.perform(ImportChanges(source="old desk", run_id="r", records=[record]))
            desk.perform(Update(case="6", assignee="@me"))
            desk.perform(Update(case="6", status="closed", fields={"close_code": "code 6"}))
            desk.perform(StartJob(bulk_update={"query": "is:active", "add_tags": ["swept"]}))
            desk.perform(CreateKey(key="nightly"))
        yield made


def found_in(connection: psycopg.Connection[Any]) -> list[Finding]:
    return run_checks(connection, app_role="desk_app", read_role="desk_read")


def test_what_verbs_write_stands_every_check(worked: Database) -> None:
    with psycopg.connect(**worked.owner) as owner:
        assert found_in(owner) == []


TWICE = """
    INSERT INTO audit (tenant_id, occurred_at, actor_id, operation, request_id, object, object_id, action, payload)
    SELECT tenant_id, occurred_at, actor_id, operation, request_id, object, object_id, action, payload
    FROM audit WHERE object = 'case' AND object_id = 4
"""

DAMAGES = [
    ("audit", "DELETE FROM audit WHERE case_id = 3 AND action = 'insert'", {"audit", "outbox"}),
    ("audit", "DELETE FROM audit WHERE object = 'note' AND object_id = 1", {"audit", "outbox"}),
    ("surplus", "DELETE FROM case_search WHERE note_id = 2; DELETE FROM notes WHERE id = 2", {"surplus"}),
    ("surplus", TWICE, {"surplus", "state"}),
    ("actor", "UPDATE audit SET actor_id = 99 WHERE object = 'job'; UPDATE audit SET actor_id = 99 WHERE case_id = 5",
     {"actor"}),
    ("version", "UPDATE cases SET version = version + 1 WHERE id = 1", {"version"}),
    ("version", "DELETE FROM audit WHERE case_id = 2 AND action = 'update'", {"version", "state", "outbox"}),
    ("state", "UPDATE cases SET priority = 5 - priority WHERE id = 2", {"state"}),
    *[
        ("state", f"UPDATE cases SET {change} WHERE id = 2", {"state"})
        for change in ("due_at = now()", "external_id = 'x'", "is_restricted = true", "team_id = 1",
                       "created_at = created_at - interval '1 microsecond'", "channel = 'mail'")
    ],
    *[
        ("state", f"UPDATE audit SET payload = jsonb_set(payload, {forged}) WHERE case_id = 2 AND action = '{action}'",
         {"state"})
        for action, forged in (("update", "'{priority,0}', '1'"), ("insert", "'{title,1}', '\"Forged\"'"))
    ],
    ("state", "UPDATE audit SET payload = payload - 'assignee_id' WHERE case_id = 6", {"state"}),
    ("category", "UPDATE cases SET category = 4 WHERE id = 3", {"category"}),
    ("times", "UPDATE cases SET resolved_at = now() WHERE id = 3", {"times", "state"}),
    ("times", "UPDATE cases SET closed_at = NULL WHERE id = 6", {"times", "state"}),
    ("response", "UPDATE cases SET first_response_at = now() WHERE id = 2", {"response", "state"}),
    ("revision", "UPDATE case_types SET revision = 7 WHERE id = 1", {"revision"}),
    ("number", "UPDATE cases SET number = lower((SELECT number FROM cases WHERE id = 1)) WHERE id = 2",
     {"number", "search", "state"}),
    ("sequence", "UPDATE counters SET value = 1 WHERE starts_with(name, 'number:')", {"sequence"}),
    *[
        ("counter", f"UPDATE counters SET value = 0 WHERE name = '{name}'", {"counter"})
        for name in ("cases.id", "notes.id", "users.id", "api_keys.id", "job")
    ],
    ("tags", "DELETE FROM case_tags WHERE case_id = 1 AND tag = 'jam'", {"tags"}),
    ("tags", "UPDATE case_tags SET tag = 'x' WHERE case_id = 2 AND tag = 'jam'", {"tags"}),
    ("fields", "UPDATE case_fields SET value = 'x' WHERE case_id = 3 AND key = 'location'", {"fields"}),
    ("fields", "UPDATE case_fields SET number = 77 WHERE case_id = 3 AND key = 'users_affected'", {"fields"}),
    ("search", "DELETE FROM case_search WHERE case_id = 4", {"search"}),
    ("search", "UPDATE case_search SET is_internal = false WHERE note_id = 2", {"search"}),
    ("search", "UPDATE case_search SET vector = search_vector(1, 'other words') WHERE note_id = 1", {"search"}),
    ("search", "UPDATE case_search SET note_id = 9 WHERE note_id = 1", {"search"}),
    ("import", "UPDATE import_rows SET case_id = 77 WHERE line_key = '2'", {"import"}),
    ("import", "UPDATE import_rows SET case_id = NULL WHERE line_key = '2'", {"import"}),
    ("outbox", "UPDATE outbox SET case_id = 1 WHERE case_id = 5", {"outbox"}),
    ("outbox", "INSERT INTO outbox VALUES (1, 999999, 1, 'case', 'update')", {"outbox"}),
    ("orphan", "UPDATE cases SET parent_id = 77 WHERE id = 1", {"orphan", "state"}),
    ("orphan", "UPDATE notes SET case_id = 77 WHERE id = 1; UPDATE case_search SET case_id = 77 WHERE note_id = 1",
     {"orphan", "audit", "response"}),
    ("orphan", "UPDATE user_roles SET role_id = 77 WHERE user_id = 1", {"orphan"}),
    ("security", "ALTER TABLE desk.notes NO FORCE ROW LEVEL SECURITY", {"security"}),
    ("grant", "GRANT DELETE ON desk.audit TO desk_app", {"grant"}),
    ("trigger", "ALTER TABLE desk.users DISABLE TRIGGER record_update", {"trigger"}),
    ("role", "ALTER ROLE desk_app BYPASSRLS", {"role"}),
]  # fmt: skip


@pytest.mark.parametrize(("check", "damage", "found"), DAMAGES)
def test_the_check_finds_a_damage(worked: Database, check: str, damage: str, found: set[str]) -> None:
    with psycopg.connect(**worked.superuser) as connection:
        connection.execute("SELECT set_config('search_path', 'desk', true)")
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute(damage)
        findings = found_in(connection)
        connection.rollback()
    assert {finding.check for finding in findings} == found, findings
    told = next(finding for finding in findings if finding.check == check)
    assert told.count >= 1
    assert told.example
    assert told.tenant == ("" if check in ("security", "grant", "trigger", "role") else "acme")


def test_what_was_erased_from_the_audit_is_not_held_against_the_case(worked: Database) -> None:
    with psycopg.connect(**worked.superuser) as connection:
        connection.execute("SELECT set_config('search_path', 'desk', true)")
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute(
            "UPDATE audit SET digest = audit_digest(payload, salt), payload = NULL, salt = NULL"
            " WHERE case_id = 2 AND action = 'insert'"
        )
        findings = found_in(connection)
        connection.rollback()
    assert findings == []


def test_the_command_names_the_damage_and_ends_with_10(server: Any, worked: Database) -> None:
    with copied(server, worked.name) as made:
        environ = {"HOME": "/nowhere", "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)} | {
            "CASECTL_DATABASE_URL": make_conninfo(**made.app),
            "CASECTL_DATABASE_MIGRATE_URL": make_conninfo(**made.owner),
        }

        def check(*words: str) -> subprocess.CompletedProcess[str]:
            argv = [sys.executable, "-m", "casectl", "db", "check", *words]
            return subprocess.run(argv, env=environ, capture_output=True, text=True, timeout=300)

        before = check()
        assert (before.returncode, before.stdout, before.stderr) == (0, "", "All checks passed.\n")
        with psycopg.connect(**made.superuser) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute("UPDATE desk.cases SET category = 4 WHERE id = 3")
        after = check("--json")
        assert (after.returncode, json.loads(after.stderr)["error"]["code"]) == (10, "check_failed")
        told = [(finding["check"], finding["tenant"], finding["count"]) for finding in json.loads(after.stdout)]
        assert told == [("category", "acme", 1)]
        assert "a category that is not their status" in check().stdout
