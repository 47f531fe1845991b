"""Tenants made by SQL alone, as the app role: what tests of the schema look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import psycopg


def act(
    connection: psycopg.Connection[Any], tenant: int = 1, actor: int = 1, scope: str = "admin", **more: str
) -> None:
    """Set the context of the running transaction by hand, as the first tenant's making does."""
    context = {"tenant": str(tenant), "actor": str(actor), "scope": scope, "operation": "test", "teams": "{}"} | more
    for name, value in context.items():
        connection.execute("SELECT set_config('casectl.' || %s, %s, true)", (name, value))


_ROWS = (
    (
        "INSERT INTO tenants (tenant_id, name, title, timezone, changed_by) "
        " VALUES (%(t)s, %(name)s, 'A', 'Europe/Rome', 0)"
    ),
    (
        "INSERT INTO users (tenant_id, id, login, name, os_user, changed_by)"
        " SELECT %(t)s, id, login, login, 'os-' || login, 0 FROM unnest('{1,2,3}'::int[], '{ada,wanda,rita}'::text[])"
        " AS u(id, login)"
    ),
    (
        "INSERT INTO roles (tenant_id, id, name, rights, changed_by) VALUES"
        " (%(t)s, 1, 'Admin', '{case:read,case:read_any,case:read_restricted}', 0),"
        " (%(t)s, 2, 'Worker', '{case:read,case:read_any}', 0), (%(t)s, 3, 'Reporter', '{case:read}', 0)"
    ),
    (
        "INSERT INTO user_roles (tenant_id, user_id, role_id, changed_by)"
        " VALUES (%(t)s, 1, 1, 0), (%(t)s, 1, 2, 0), (%(t)s, 2, 2, 0), (%(t)s, 3, 3, 0)"
    ),
    (
        "INSERT INTO teams (tenant_id, id, name, lead_id, changed_by)"
        " VALUES (%(t)s, 1, 'net', 1, 0), (%(t)s, 2, 'hr', 2, 0)"
    ),
    "INSERT INTO team_members (tenant_id, team_id, user_id, changed_by) VALUES (%(t)s, 1, 2, 0)",
    (
        "INSERT INTO contacts (tenant_id, id, name, email, changed_by)"
        " VALUES (%(t)s, 1, 'Carl', 'carl@example.org', 0), (%(t)s, 2, 'Dora', 'dora@example.org', 0)"
    ),
    (
        "INSERT INTO statuses (tenant_id, id, name, category, changed_by)"
        " VALUES (%(t)s, 1, 'New', 1, 0), (%(t)s, 2, 'Open', 2, 0)"
    ),
    (
        "INSERT INTO case_types (tenant_id, id, name, title, revision, number_pattern, changed_by)"
        " VALUES (%(t)s, 1, 'incident', 'Incident', 1, 'INC-{seq}', 0)"
    ),
    (
        "INSERT INTO case_type_revisions (tenant_id, case_type_id, revision, form_schema, lifecycle, changed_by)"
        " VALUES (%(t)s, 1, 1, '{}', '{}', 0)"
    ),
    (
        "INSERT INTO cases (tenant_id, id, number, title, description, case_type_id, type_revision,"
        " status_id, category,"
        " priority, assignee_id, team_id, reporter_id, contact_id, tags, fields, is_restricted, created_by, changed_by)"
        " VALUES (%(t)s, 1, 'INC-1', 'Printer burns', 'smoke everywhere', 1, 1, 1, 1, 3, NULL,"
        " NULL, 3, 1, '{fire,hall}',"
        '         \'{"site": "Rome", "floor": 4, "parts": ["Toner", "Fuser"]}\', false, 0, 0),'
        "        (%(t)s, 2, 'INC-2', 'Salary smoke', 'secret', 1, 1, 2, 2, 2, NULL, 2, 1, 2,"
        " '{pay}', '{}', true, 0, 0),"
        "        (%(t)s, 3, 'INC-3', 'Salary lost', 'secret', 1, 1, 2, 2, 2, NULL, NULL, 1, 2,"
        " '{pay}', '{}', true, 0, 0)"
    ),
    "INSERT INTO passwords (tenant_id, user_id, hash, changed_by) VALUES (%(t)s, 1, 'x', 0)",
    (
        "INSERT INTO clients (tenant_id, id, client_id, name, changed_by)"
        " VALUES (%(t)s, 1, 'client-' || %(name)s, 'robot', 0)"
    ),
    (
        "INSERT INTO api_keys (tenant_id, id, key_id, user_id, name, digest, changed_by)"
        " VALUES (%(t)s, 1, 'key-' || %(name)s, 1, 'nightly', 'x', 0)"
    ),
    (
        "INSERT INTO grants (tenant_id, id, client_id, user_id, expires_at, changed_by)"
        " VALUES (%(t)s, 1, 'casectl', 1, now() + interval '1 day', 0)"
    ),
    "INSERT INTO security_events (tenant_id, id, kind, outcome, changed_by) VALUES (%(t)s, 1, 'login', 'refused', 0)",
    (
        "INSERT INTO tokens (tenant_id, digest, grant_id, kind, expires_at)"
        " VALUES (%(t)s, %(name)s::bytea, 1, 'access', now())"
    ),
    (
        "INSERT INTO codes (tenant_id, digest, client_id, user_id, redirect_uri, code_challenge, expires_at)"
        " VALUES (%(t)s, %(name)s::bytea, 'casectl', 1, '', '', now())"
    ),
    (
        "INSERT INTO device_codes (tenant_id, digest, user_code, client_id, poll_seconds, expires_at)"
        " VALUES (%(t)s, %(name)s::bytea, %(name)s, 'casectl', 5, now())"
    ),
    ("INSERT INTO login_sessions (tenant_id, digest, user_id, expires_at) VALUES (%(t)s, %(name)s::bytea, 1, now())"),
    "INSERT INTO login_delays (tenant_id, subject, failures, blocked_until) VALUES (%(t)s, %(name)s::bytea, 1, now())",
    "INSERT INTO credential_uses (tenant_id, kind, credential_id) VALUES (%(t)s, 'key', 1)",
    (
        "INSERT INTO jobs (tenant_id, id, kind, operation, case_numbers, actor_id, rights, request_id)"
        " VALUES (%(t)s, 1, 'bulk-update', '{}', '{}', 1, '{}', 'r')"
    ),
    (
        "INSERT INTO notes (tenant_id, id, case_id, content, is_internal, author_id, changed_by)"
        " VALUES (%(t)s, 1, 1, 'we are coming', false, 1, 0), (%(t)s, 2, 1, 'insured?', true, 1, 0),"
        "        (%(t)s, 3, 3, 'hush', false, 1, 0)"
    ),
)


def make_tenant(connection: psycopg.Connection[Any], tenant: int, name: str) -> None:
    """A tenant with an admin, a worker (in team 1, leads team 2), a reporter; three cases, two of them restricted."""
    act(connection, tenant, 0)
    for statement in _ROWS:
        connection.execute(statement, {"t": tenant, "name": name})
    connection.execute(
        "INSERT INTO idempotency_keys (tenant_id, actor_id, key, digest, answer) VALUES (%s, 0, 'k', '', '{}')",
        (tenant,),
    )
    connection.execute(
        "INSERT INTO import_rows (tenant_id, source, line_key, digest, result) VALUES (%s, 's', '1', '', 'ok')",
        (tenant,),
    )
    connection.execute("SELECT take_numbers('cases.id', 3)")
    connection.commit()


def column(connection: Any, statement: str, *parameters: Any) -> list[Any]:
    return [row[0] for row in connection.execute(statement, parameters)]


def refused(connection: Any, statement: str, error: Any, **context: Any) -> str:
    act(connection, **context)
    with pytest.raises(error) as caught:
        connection.execute(statement)
    connection.rollback()
    return caught.value.sqlstate


def enter(connection: Any, tenant: str | None = "acme", login: str | None = None, os_user: str | None = None) -> Any:
    row = connection.execute("SELECT * FROM enter(%s, %s, %s, 'list', 'r-1')", (tenant, login, os_user)).fetchone()
    names = ("problem", "tenant_id", "tenant", "user_id", "login", "name", "email", "rights", "team_ids", "led", "zone",
             "roles", "schema_version", "candidates", "kind", "stamp")  # fmt: skip
    return dict(zip(names, row, strict=True))
