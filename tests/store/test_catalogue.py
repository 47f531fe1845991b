"""The catalogue keeps what the design promises of every table, function and role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from casectl.store import access_tables, provision
from casectl.store.tables import KINDS, WITHOUT_TENANT

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFINERS = {
    "enter", "enter_as", "enter_again", "stamp_configuration",
    "forget_approvals", "prune_answers", "keep_administrable",
    "take_numbers", "contact_with_address", "cursor_key",
    "search_cases", "index_case", "index_note", "grant_key", "find_token", "find_key", "find_client", "find_code",
    "find_device_code",
    "find_user_code", "find_login_session", "find_login", "only_tenant", "take_tokens", "prune_rate_buckets",
    "event_window", "event_place", "event_ends", "claim_job", "fail_job", "keep_purged_numbers", "purge_cases",
    "taken_numbers", "taken_external_ids", "are_few", "has_words", "search_few",
} | {f"record_change_{table}" for table in KINDS["domain"]}  # fmt: skip
"""The only functions that look past row-level security."""

READ_BY_NOBODY = {"desk_secrets", "counters", "case_search", "rate_buckets", "configuration_stamps"}
HIDDEN = set(access_tables.DOMAIN + access_tables.BOOKKEEPING) - {"grants", "security_events", "credential_uses"} | {
    "idempotency_keys",
}
"""Where secrets, their digests or others' answers lie: reports have no business there."""

BOOKS = {"idempotency_keys", "import_rows", "jobs", *access_tables.BOOKKEEPING}
"""Bookkeeping that the app role keeps itself."""

UNIQUE_ACROSS_TENANTS = {
    "tenants_name_key": "the name is how a tenant is told from the others before it is known",
    "clients_client_id": "made of random bits, and tells the client's tenant",
    "api_keys_key_id": "made of random bits, and tells the key's tenant",
}


@pytest.fixture(scope="module")
def catalogue(template_database: Any) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(**template_database.superuser, autocommit=True) as connection:
        connection.execute("SET search_path = desk")
        yield connection


def names(connection: psycopg.Connection[Any], statement: str, parameters: Any = ()) -> set[str]:
    return {row[0] for row in connection.execute(statement, parameters)}


def tables(connection: psycopg.Connection[Any]) -> set[str]:
    return names(
        connection, "SELECT relname FROM pg_class WHERE relnamespace = 'desk'::regnamespace AND relkind IN ('r', 'p')"
    )


def test_every_table_is_declared_one_kind(catalogue: Any) -> None:
    declared = [name for kind in KINDS.values() for name in kind]
    assert len(declared) == len(set(declared))
    assert tables(catalogue) == set(declared) | {"alembic_version"}


def test_nothing_lies_outside_the_schema(catalogue: Any) -> None:
    assert not names(catalogue, "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace")


def test_every_key_starts_with_the_tenant(catalogue: Any) -> None:
    first = dict(
        catalogue.execute(
            "SELECT i.indexrelid::regclass::text, coalesce(a.attname, '') FROM pg_index i"
            " JOIN pg_class c ON c.oid = i.indrelid AND c.relnamespace = 'desk'::regnamespace"
            " LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] WHERE i.indisunique"
        )
    )
    without = {f"{name}_pkey" for name in WITHOUT_TENANT} | {"alembic_version_pkc"} | set(UNIQUE_ACROSS_TENANTS)
    assert {name for name, column in first.items() if column != "tenant_id"} <= without
    assert len(first) > len(without) + 20


def test_every_table_has_a_primary_key(catalogue: Any) -> None:
    keyed = names(catalogue, "SELECT indrelid::regclass::text FROM pg_index WHERE indisprimary")
    assert tables(catalogue) <= keyed


def test_every_foreign_key_starts_with_the_tenant(catalogue: Any) -> None:
    keys = catalogue.execute(
        "SELECT k.conname, a.attname, b.attname FROM pg_constraint k"
        " JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]"
        " JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = k.confkey[1]"
        " WHERE k.contype = 'f' AND k.connamespace = 'desk'::regnamespace"
    ).fetchall()
    assert len(keys) > 15
    assert not [key for key in keys if key[1:] != ("tenant_id", "tenant_id")]


def test_every_table_has_forced_row_level_security_and_a_policy(catalogue: Any) -> None:
    forced = names(
        catalogue,
        "SELECT relname FROM pg_class WHERE relnamespace = 'desk'::regnamespace"
        " AND relrowsecurity AND relforcerowsecurity",
    )
    served = names(
        catalogue, "SELECT tablename FROM pg_policies WHERE schemaname = 'desk' AND 'desk_app' = ANY (roles)"
    )
    assert forced == tables(catalogue) - {"alembic_version"}
    assert served == forced - READ_BY_NOBODY


def test_every_policy_of_a_serving_role_asks_for_the_tenant(catalogue: Any) -> None:
    policies = catalogue.execute(
        "SELECT tablename, policyname, qual, with_check FROM pg_policies WHERE NOT 'desk_owner' = ANY (roles)"
    ).fetchall()
    asks = "(tenant_id = ( SELECT current_tenant() AS current_tenant))"
    assert not [row for row in policies if not all(asks in text for text in row[2:] if text is not None)]
    assert not names(catalogue, "SELECT policyname FROM pg_policies WHERE 'public' = ANY (roles)")


def test_every_domain_table_is_recorded(catalogue: Any) -> None:
    recorded: dict[str, set[str]] = {}
    for table, trigger in catalogue.execute(
        "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'O'"
    ):
        recorded.setdefault(table, set()).add(trigger)
    for table in KINDS["domain"]:
        assert recorded[table] >= {"record_insert", "record_update", "record_delete"}, table
        assert names(catalogue, "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass", (table,)) >= {
            "changed_by", "changed_at",
        }  # fmt: skip
    assert set(recorded) == set(KINDS["domain"])


def test_the_record_compares_every_column_of_today(catalogue: Any) -> None:
    untold = {
        (table, column)
        for table in KINDS["domain"]
        for column, source in catalogue.execute(
            "SELECT attname, prosrc FROM pg_attribute, pg_proc WHERE attrelid = %s::regclass AND attnum > 0"
            " AND attgenerated = '' AND NOT attisdropped AND proname = 'record_change_' || %s",
            (table, table),
        )
        if f"o.{column} IS DISTINCT FROM n.{column} " not in source
    } - {(table, column) for table in KINDS["domain"] for column in ("tenant_id", "id", "changed_by", "changed_at")}
    assert untold == {
        ("cases", "category"), ("cases", "version"), ("user_roles", "user_id"), ("team_members", "team_id"),
        ("case_type_revisions", "case_type_id"), ("passwords", "user_id"), ("passwords", "hash"), ("clients", "digest"),
        ("api_keys", "digest"),
    }  # fmt: skip


def test_definer_functions_are_a_handful_with_a_search_path(catalogue: Any) -> None:
    found = dict(
        catalogue.execute(
            "SELECT proname, coalesce(array_to_string(proconfig, ','), '') FROM pg_proc"
            " WHERE pronamespace = 'desk'::regnamespace AND prosecdef"
        )
    )
    assert set(found) == DEFINERS
    assert not [name for name, settings in found.items() if "search_path=desk, pg_temp" not in settings]


def test_nobody_else_may_call_a_function(catalogue: Any) -> None:
    callable_by = {
        role: names(
            catalogue,
            "SELECT proname FROM pg_proc WHERE pronamespace = 'desk'::regnamespace"
            " AND has_function_privilege(%s, oid, 'EXECUTE')",
            (role,),
        )
        for role in ("desk_app", "desk_read")
    }
    settings = {"current_tenant", "current_actor", "current_scope", "current_teams", "reads_internal"}
    assert callable_by["desk_read"] == settings | {"enter", "enter_as", "search_cases", "cursor_key"}
    access = {name for name in DEFINERS if name.startswith("find_")} | {"grant_key", "only_tenant", "enter_access"}
    assert callable_by["desk_app"] == callable_by["desk_read"] | access | {
        "enter_again", "take_numbers", "contact_with_address", "take_tokens", "prune_rate_buckets", "event_horizon",
        "event_window",
        "event_place", "event_ends", "claim_job", "fail_job",
        "prune_answers", "forget_approvals", "purge_cases", "taken_numbers", "taken_external_ids",
        "are_few", "has_words", "search_query", "search_few", "field_number",
    }  # fmt: skip


def test_no_view_borrows_its_owners_rights(catalogue: Any) -> None:
    assert not names(
        catalogue,
        "SELECT relname FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = 'desk'::regnamespace"
        " AND NOT coalesce(reloptions::text[], '{}') && '{security_invoker=true,security_invoker=on}'",
    )


def test_the_roles_have_no_power(catalogue: Any) -> None:
    roles = [f"desk_{role}" for role in provision.ROLES]
    powers = "rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication OR NOT rolcanlogin"
    assert names(catalogue, "SELECT rolname FROM pg_roles WHERE rolname = ANY (%s)", (roles,)) == set(roles)
    assert not names(catalogue, f"SELECT rolname FROM pg_roles WHERE rolname = ANY (%s) AND ({powers})", (roles,))
    owners = (
        "SELECT rolname FROM pg_class JOIN pg_roles r ON r.oid = relowner WHERE relnamespace = 'desk'::regnamespace"
    )
    assert names(catalogue, owners) == {"desk_owner"}
    members = "SELECT roleid::regrole::text FROM pg_auth_members WHERE member::regrole::text = ANY (%s)"
    assert not names(catalogue, members, (roles,))


def test_strangers_may_not_enter(catalogue: Any) -> None:
    told = catalogue.execute(
        "SELECT has_database_privilege('public', current_database(), 'CONNECT'),"
        " has_schema_privilege('public', 'desk', 'USAGE'),"
        " has_schema_privilege('desk_app', 'desk', 'CREATE'), has_schema_privilege('desk_app', 'public', 'CREATE')"
    ).fetchone()
    assert told == (False, False, False, False)


def granted(connection: Any, role: str, privilege: str) -> set[str]:
    return names(
        connection,
        "SELECT table_name FROM information_schema.role_table_grants"
        " WHERE table_schema = 'desk' AND grantee = %s AND privilege_type = %s",
        (role, privilege),
    )


def test_the_app_role_writes_no_record_and_empties_no_table(catalogue: Any) -> None:
    assert not granted(catalogue, "desk_app", "TRUNCATE")
    assert not granted(catalogue, "desk_app", "UPDATE"), "by column only"
    assert not granted(catalogue, "desk_app", "TRIGGER")
    assert not granted(catalogue, "desk_app", "REFERENCES")
    assert granted(catalogue, "desk_app", "INSERT") == set(KINDS["domain"]) | BOOKS
    assert granted(catalogue, "desk_app", "DELETE") == {
        "user_roles", "team_members", "outbox", "idempotency_keys", "passwords",
        *(set(access_tables.BOOKKEEPING) - {"credential_uses"}),
    }  # fmt: skip
    assert granted(catalogue, "desk_app", "SELECT") == tables(catalogue) - READ_BY_NOBODY


def test_the_read_role_reads(catalogue: Any) -> None:
    for privilege in ("INSERT", "UPDATE", "DELETE", "TRUNCATE", "TRIGGER", "REFERENCES"):
        assert not granted(catalogue, "desk_read", privilege)
    assert granted(catalogue, "desk_read", "SELECT") == tables(catalogue) - READ_BY_NOBODY - HIDDEN


def test_keys_and_origins_are_never_updated(catalogue: Any) -> None:
    keys = set(
        catalogue.execute(
            "SELECT i.indrelid::regclass::text, a.attname::text FROM pg_index i"
            " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) WHERE i.indisprimary"
        )
    )
    updated = set(
        catalogue.execute(
            "SELECT table_name, column_name FROM information_schema.column_privileges"
            " WHERE table_schema = 'desk' AND grantee = 'desk_app' AND privilege_type = 'UPDATE'"
        )
    )
    never = {"user_roles", "team_members", "case_type_revisions", "security_events"}
    assert {table for table, _ in updated} == set(KINDS["domain"]) - never | BOOKS - {"login_sessions"}
    assert not updated & keys
    assert not [column for _, column in updated if column in {"tenant_id", "id", "number", "created_by", "created_at"}]
