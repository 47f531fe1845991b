"""Who and what is deactivated: no way in, no rights, and never nobody left who may manage users and roles."""

from __future__ import annotations

import threading
from typing import Any

import psycopg
import pytest
from tenants_by_sql import act, column, enter

OFF = "is_active = false, changed_by = 1, changed_at = now()"
ALL_ADMINS = (
    "UPDATE roles SET rights = rights || '{user:manage,role:manage}', changed_by = 1, changed_at = now() WHERE id = 2"
)
"""Ada and wanda hold role 2, rita does not."""


def run(connection: psycopg.Connection[Any], *statements: Any, tenant: int = 1) -> None:
    """Do all of it in one transaction of the tenant's."""
    act(connection, tenant)
    for statement in statements:
        connection.execute(statement)
    connection.commit()


def test_nobody_enters_a_deactivated_tenant_by_name_or_by_ids(own_app: Any) -> None:
    run(own_app, f"UPDATE tenants SET {OFF}")
    assert enter(own_app, login="ada")["problem"] == "inactive_tenant"
    assert enter(own_app, os_user="os-wanda")["problem"] == "inactive_tenant"
    assert column(own_app, "SELECT (enter_as(1, 1, 'list', 'r')).problem") == ["inactive_tenant"]
    assert column(own_app, "SELECT current_tenant()") == [None]
    assert enter(own_app, login="nobody")["problem"] == "unknown_user", "a stranger is told nothing"
    assert enter(own_app, tenant=None, login="ada")["tenant"] == "beta", "it is the only one left"
    assert column(own_app, "SELECT only_tenant()") == ["beta"]


def test_a_deactivated_user_enters_by_no_name(own_app: Any) -> None:
    run(own_app, f"UPDATE users SET {OFF} WHERE id = 1")
    assert enter(own_app, login="ada")["problem"] == "unknown_user"
    assert enter(own_app, os_user="os-ada")["problem"] == "unknown_user"
    assert enter(own_app, tenant=None, os_user="os-ada")["tenant"] == "beta", "there he is somebody still"
    assert column(own_app, "SELECT (enter_as(1, 1, 'list', 'r')).problem") == ["unknown_user"]


def test_when_all_tenants_are_deactivated_that_is_said(own_app: Any) -> None:
    for tenant in (1, 2):
        run(own_app, f"UPDATE tenants SET {OFF}", tenant=tenant)
    assert enter(own_app, tenant=None, login="ada")["problem"] == "inactive_tenant"
    assert column(own_app, "SELECT only_tenant()") == [None]


COOKIE = (
    "INSERT INTO login_sessions (tenant_id, digest, user_id, expires_at)"
    " VALUES (1, 'cookie', 1, now() + interval '1 hour')"
)
WAYS_IN = {
    "token": "SELECT NOT revoked FROM find_token('acme')",
    "key": "SELECT NOT revoked FROM find_key('key-acme')",
    "code": "SELECT user_id = 1 FROM find_code('acme')",
    "cookie": "SELECT user_id = 1 FROM find_login_session('cookie')",
    "password": "SELECT user_id = 1 FROM find_login('acme', 'ada') WHERE user_id IS NOT NULL",
    "client": "SELECT usable FROM find_client('client-acme')",
    "device": "SELECT client_id = 'casectl' FROM find_device_code('acme')",
}


@pytest.mark.parametrize(
    ("what", "closed"),
    [
        (f"UPDATE tenants SET {OFF}", set(WAYS_IN)),
        (f"UPDATE users SET {OFF} WHERE id = 1", {"token", "key", "code", "cookie", "password"}),
    ],
)
def test_no_credential_opens_what_is_deactivated(own_app: Any, what: Any, closed: set[str]) -> None:
    run(own_app, COOKIE)
    assert {way for way, ask in WAYS_IN.items() if column(own_app, ask) == [True]} == set(WAYS_IN)
    run(own_app, what)
    assert {way for way, ask in WAYS_IN.items() if column(own_app, ask) != [True]} == closed


def test_servers_are_told_of_a_deactivated_tenant(own_app: Any, connect: Any) -> None:
    ear = connect({**own_app.info.get_parameters(), "password": own_app.info.password})
    ear.execute("LISTEN casectl_revoked")
    ear.commit()
    run(own_app, f"UPDATE tenants SET {OFF}")
    assert [told.channel for told in ear.notifies(timeout=30, stop_after=1)] == ["casectl_revoked"]


def test_a_deactivated_role_gives_no_rights(own_app: Any) -> None:
    run(own_app, f"UPDATE roles SET {OFF} WHERE id = 1")
    found = enter(own_app, login="ada")
    assert (found["rights"], found["roles"]) == (["case:read", "case:read_any"], ["Worker"])
    assert column(own_app, "SELECT current_scope()") == ["tenant"]


LOSSES = (
    f"UPDATE users SET {OFF} WHERE id IN (1, 2)",
    f"UPDATE roles SET {OFF} WHERE id = 2",
    "UPDATE roles SET rights = '{user:manage}', changed_by = 1, changed_at = now() WHERE id = 2",
    "DELETE FROM user_roles WHERE role_id = 2",
)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_last_administrator_stays(own_app: Any, loss: Any) -> None:
    run(own_app, ALL_ADMINS)
    act(own_app)
    with pytest.raises(psycopg.DatabaseError) as refused:
        own_app.execute(loss)
    assert refused.value.sqlstate == "CT004"
    own_app.rollback()
    run(own_app, f"UPDATE users SET {OFF} WHERE id IN (2, 3)")
    assert enter(own_app, login="ada")["problem"] is None


def test_a_program_administers_nothing(own_app: Any) -> None:
    run(own_app, ALL_ADMINS, "UPDATE users SET kind = 'api_client', changed_by = 1, changed_at = now() WHERE id = 1")
    act(own_app)
    with pytest.raises(psycopg.DatabaseError, match="nobody could manage"):
        own_app.execute(f"UPDATE users SET {OFF} WHERE id = 2")


WAYS_OUT = (
    "UPDATE users SET is_active = false, changed_by = 1, changed_at = now() WHERE id = %s",
    "DELETE FROM user_roles WHERE role_id = 2 AND user_id = %s",
)


@pytest.mark.parametrize("ways", [(WAYS_OUT[one], WAYS_OUT[two]) for one in (0, 1) for two in (0, 1)])
def test_two_administrators_cannot_leave_at_once(own_app: Any, connect: Any, ways: tuple[Any, Any]) -> None:
    run(own_app, ALL_ADMINS)
    other = connect({**own_app.info.get_parameters(), "password": own_app.info.password})
    act(own_app)
    own_app.execute(ways[0], (1,))
    told: list[str | None] = []

    def leave() -> None:
        act(other)
        try:
            other.execute(ways[1], (2,))
            other.commit()
        except psycopg.DatabaseError as error:
            told.append(error.sqlstate)
            other.rollback()

    second = threading.Thread(target=leave)
    second.start()
    second.join(0.3)
    assert second.is_alive(), "the second waits for the first"
    own_app.commit()
    second.join(60)
    assert told == ["CT004"]
    assert enter(own_app, login="wanda")["problem"] is None
