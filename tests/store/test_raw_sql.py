"""What the roles of the desk can and cannot do when they speak SQL themselves."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg import errors
from tenants_by_sql import act, column, enter, refused

from casectl.store.schema import SCHEMA_VERSION
from casectl.store.tables import KINDS
from tests.store.test_catalogue import HIDDEN, READ_BY_NOBODY

SEEN_BY_APP = [
    table
    for kind in KINDS.values()
    for table in kind
    if table not in READ_BY_NOBODY
]  # fmt: skip
SEEN_BY_REPORTS = sorted(set(SEEN_BY_APP) - HIDDEN)


def counts(connection: Any, tables: list[str]) -> dict[str, int]:
    return {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}


# Who comes in


def test_enter_tells_who_one_is_and_sets_the_context_until_the_end_of_the_transaction(app: Any) -> None:
    found = enter(app, login="ADA")
    assert found == {
        "problem": None, "tenant_id": 1, "tenant": "acme", "user_id": 1, "login": "ada", "name": "ada", "email": None,
        "rights": ["case:read", "case:read_any", "case:read_restricted"], "team_ids": [1], "led": [1],
        "zone": "Europe/Rome", "roles": ["Admin", "Worker"], "schema_version": SCHEMA_VERSION, "candidates": [],
        "kind": "user", "stamp": enter(app, login="ada")["stamp"],
    }  # fmt: skip
    context = (
        "SELECT current_tenant(), current_actor(), current_scope(), current_teams(),"
        " current_setting('casectl.operation')"
    )
    assert app.execute(context).fetchone() == (1, 1, "admin", [1], "list")
    app.commit()
    assert app.execute(context).fetchone() == (None, None, "own", [], "")


def test_enter_by_operating_system_user_and_scope_by_rights(app: Any) -> None:
    assert enter(app, os_user="os-wanda")["team_ids"] == [1, 2]
    assert column(app, "SELECT current_scope()") == ["tenant"]
    assert enter(app, os_user="os-rita")["rights"] == ["case:read"]
    assert column(app, "SELECT current_scope()") == ["own"]


def test_enter_says_what_is_wrong(app: Any) -> None:
    assert enter(app, tenant="gamma", login="ada")["problem"] == "unknown_tenant"
    assert enter(app, tenant="gamma", login="ada")["candidates"] == ["acme", "beta"]
    assert enter(app, tenant=None, login="ada")["problem"] == "several_tenants"
    assert enter(app, login="nobody")["problem"] == "unknown_user"
    assert enter(app)["problem"] == "unknown_user"
    assert enter(app, login="nobody")["schema_version"] == SCHEMA_VERSION
    assert column(app, "SELECT current_tenant()") == [None]


def test_without_a_tenant_the_only_one_is_meant(own_app: Any) -> None:
    act(own_app, 2)
    own_app.execute("UPDATE users SET is_active = false, changed_by = 1, changed_at = now() WHERE login = 'ada'")
    own_app.commit()
    assert enter(own_app, tenant=None, login="ada")["tenant"] == "acme"
    assert enter(own_app, tenant="beta", login="ada")["problem"] == "unknown_user"


def test_nobody_is_in_an_empty_desk(database: Any, connect: Any) -> None:
    assert enter(connect(database.app), tenant=None, os_user="root")["problem"] == "no_tenant"


def test_entering_by_ids_is_the_same(app: Any) -> None:
    by_name = enter(app, tenant="beta", login="wanda")
    row = app.execute("SELECT * FROM enter_as(2, 2, 'list', 'r')").fetchone()
    assert list(row) == list(by_name.values())
    assert column(app, "SELECT (enter_as(2, 99, 'list', 'r')).problem") == ["unknown_user"]


# Tenants


def test_without_a_tenant_there_is_no_row_anywhere(app: Any, connect: Any, two_tenants: Any) -> None:
    for connection, seen in ((app, SEEN_BY_APP), (connect(two_tenants.read), SEEN_BY_REPORTS)):
        assert set(counts(connection, seen).values()) == {0}
        assert column(connection, "SELECT search_cases('smoke', 'plain', 9)") == []


def test_a_tenant_sees_every_table_of_its_own_alone(app: Any) -> None:
    for tenant in (1, 2):
        act(app, tenant, actor=0, scope="admin")
        assert 0 not in counts(app, SEEN_BY_APP).values()
        assert {tuple(column(app, f"SELECT DISTINCT tenant_id FROM {table}")) for table in SEEN_BY_APP} == {(tenant,)}
        app.rollback()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE cases SET parent_id = 77, changed_by = 1, changed_at = now() WHERE id = 1",
        "UPDATE cases SET assignee_id = 77, changed_by = 1, changed_at = now() WHERE id = 1",
        "INSERT INTO team_members (tenant_id, team_id, user_id, changed_by) VALUES (1, 1, 77, 1)",
        "INSERT INTO notes (tenant_id, id, case_id, content, changed_by) VALUES (1, 9, 77, 'x', 1)",
    ],
)
def test_another_tenants_rows_cannot_be_referred_to(app: Any, statement: str) -> None:
    act(app, 2, 0)
    app.execute("INSERT INTO users (tenant_id, id, login, name, changed_by) VALUES (2, 77, 'x', 'x', 0)")
    app.execute(
        "INSERT INTO cases (tenant_id, id, number, title, case_type_id, type_revision, status_id, category, priority,"
        " created_by, changed_by) VALUES (2, 77, 'INC-77', 'x', 1, 1, 1, 1, 1, 0, 0)"
    )
    assert refused(app, statement, (errors.ForeignKeyViolation, errors.InsufficientPrivilege)) in {"23503", "42501"}


def test_a_row_for_another_tenant_is_refused(app: Any) -> None:
    refused(
        app,
        "INSERT INTO contacts (tenant_id, id, name, changed_by) VALUES (2, 9, 'x', 1)",
        errors.InsufficientPrivilege,
    )
    act(app)
    assert (
        app.execute("UPDATE cases SET title = 'x', changed_by = 1, changed_at = now() WHERE tenant_id = 2").rowcount
        == 0
    )


def test_counters_count_per_tenant(own_app: Any) -> None:
    act(own_app, 1)
    assert column(own_app, "SELECT take_numbers('cases.id', 1)") == [4]
    assert column(own_app, "SELECT take_numbers('cases.id', 10)") == [14]
    act(own_app, 2)
    assert column(own_app, "SELECT take_numbers('cases.id', 1)") == [4]
    own_app.commit()
    with pytest.raises(errors.DatabaseError) as caught:
        own_app.execute("SELECT take_numbers('cases.id', 1)")
    assert caught.value.sqlstate == "CT001"
    own_app.rollback()
    for count in (0, -1, 1_000_001):
        assert refused(own_app, f"SELECT take_numbers('cases.id', {count})", errors.DatabaseError) == "CT003"


# Scopes


def test_restricted_cases_are_seen_by_whom_they_concern(app: Any) -> None:
    def numbers(**context: Any) -> list[str]:
        act(app, **context)
        return column(app, "SELECT number FROM cases ORDER BY id")

    assert numbers(scope="admin") == ["INC-1", "INC-2", "INC-3"]
    assert numbers(actor=2, scope="tenant") == ["INC-1"]
    assert numbers(actor=2, scope="tenant", teams="{2}") == ["INC-1", "INC-2"]
    assert numbers(actor=1, scope="tenant") == ["INC-1", "INC-2", "INC-3"]
    assert numbers(actor=3, scope="own") == ["INC-1"]
    assert numbers(actor=2, scope="own", teams="{2}") == []


def test_what_hangs_on_a_case_follows_it(app: Any) -> None:
    def seen(**context: Any) -> list[Any]:
        act(app, **context)
        return [
            column(app, statement)
            for statement in (
                "SELECT id FROM notes ORDER BY id",
                "SELECT DISTINCT case_id FROM audit WHERE case_id IS NOT NULL ORDER BY case_id",
                "SELECT DISTINCT case_id FROM case_tags ORDER BY case_id",
                "SELECT DISTINCT case_id FROM case_fields",
                "SELECT id FROM contacts ORDER BY id",
                "SELECT search_cases('s', 'prefix', 9)",
                "SELECT unnest(search_few('s', 'prefix', 99)) AS id ORDER BY id DESC",
                "SELECT id FROM generate_series(3, 1, -1) id WHERE has_words(id, search_query('s', 'prefix'))",
                "SELECT count(*) > 0 FROM audit WHERE case_id IS NULL",
                "SELECT count(*) > 0 FROM outbox",
            )
        ]

    assert seen(scope="admin") == [
        [1, 2, 3], [1, 2, 3], [1, 2, 3], [1], [1, 2], [3, 2, 1], [3, 2, 1], [3, 2, 1], [True], [True]
    ]  # fmt: skip
    assert seen(actor=2, scope="tenant") == [[1, 2], [1], [1], [1], [1, 2], [1], [1], [1], [True], [True]]
    assert seen(actor=3, scope="own") == [[1], [1], [1], [1], [1], [1], [1], [1], [False], [False]]
    assert seen(actor=2, scope="own") == [[], [], [], [], [], [], [], [], [False], [False]]


def test_internal_notes_are_hidden_from_reporters(app: Any) -> None:
    has_it = "SELECT has_words(1, search_query('insured', 'plain'))"
    few = "SELECT search_few('insured', 'plain', 9)"
    act(app, actor=3, scope="own")
    assert column(app, "SELECT object_id FROM audit WHERE object = 'note'") == [1]
    assert column(app, "SELECT search_cases('insured', 'plain', 9)") == []
    assert column(app, has_it) == [False]
    assert column(app, few) == [[]]
    act(app, actor=2, scope="tenant", internal="off")
    assert column(app, "SELECT search_cases('insured', 'plain', 9)") == []
    assert column(app, has_it) == [False]
    assert column(app, few) == [[]]
    act(app, actor=2, scope="tenant", internal="on")
    assert column(app, "SELECT search_cases('insured', 'plain', 9)") == [1]
    assert column(app, has_it) == [True]
    assert column(app, few) == [[1]]
    assert column(app, "SELECT object_id FROM audit WHERE object = 'note' ORDER BY seq") == [1, 2]
    internal = (
        "INSERT INTO notes (tenant_id, id, case_id, content, is_internal, changed_by) VALUES (1, 9, 1, 'x', true, 3)"
    )
    refused(app, internal, errors.InsufficientPrivilege, actor=3, scope="own")


def test_a_note_on_an_unseen_case_is_refused(app: Any) -> None:
    blind = "INSERT INTO notes (tenant_id, id, case_id, content, changed_by) VALUES (1, 9, 3, 'x', 2)"
    refused(app, blind, errors.InsufficientPrivilege, actor=2, scope="tenant")


def test_a_restricted_case_can_be_handed_over(own_app: Any) -> None:
    act(own_app, actor=2, scope="tenant", teams="{2}")
    moved = "UPDATE cases SET team_id = 1, changed_by = 2, changed_at = now() WHERE id = 2 RETURNING number"
    assert column(own_app, moved) == ["INC-2"]
    own_app.commit()
    act(own_app, actor=2, scope="tenant", teams="{2}")
    assert column(own_app, "SELECT number FROM cases WHERE id = 2") == []


def test_a_reporter_finds_a_contact_by_its_whole_address_only(app: Any) -> None:
    act(app, actor=3, scope="own")
    assert column(app, "SELECT contact_with_address('DORA@example.org')") == [2]
    assert column(app, "SELECT contact_with_address('dora')") == [None]
    added = "INSERT INTO contacts (tenant_id, id, name, changed_by) VALUES (1, 9, 'x', 3) RETURNING id"
    assert column(app, added) == [9]
