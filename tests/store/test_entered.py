"""Whoever enters again is believed only as long as nothing has changed of what `enter` would tell."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tenants_by_sql import act, column, enter

from casectl.store.schema import SCHEMA_VERSION

AGAIN = "SELECT enter_again(%s, %s, %s, 2, 'tenant', 'off', '{1,2}', 'note', 'r-2')"
BY = "changed_by = 1, changed_at = now()"


@pytest.fixture
def stamp(own_app: Any) -> int:
    """The stamp that wanda was told."""
    told: int = enter(own_app, login="wanda")["stamp"]
    own_app.commit()
    return told


def again(app: Any, stamp: int, tenant: int = 1, schema: str = SCHEMA_VERSION) -> bool:
    """Whether one who knows this is let in without being looked at."""
    return bool(column(app, AGAIN, tenant, stamp, schema) == [True])


def test_it_sets_the_context_until_the_end_of_the_transaction(own_app: Any, stamp: int) -> None:
    assert again(own_app, stamp)
    names = ("tenant", "actor", "scope", "internal", "teams", "operation", "request_id", "import")
    settings = [column(own_app, "SELECT current_setting('casectl.' || %s, true)", name)[0] for name in names]
    assert settings == ["1", "2", "tenant", "off", "{1,2}", "note", "r-2", ""]
    own_app.commit()
    assert column(own_app, "SELECT current_tenant()") == [None]


@pytest.mark.parametrize(
    "change",
    [
        f"UPDATE users SET name = 'W. Anda', {BY} WHERE id = 2",
        f"UPDATE users SET is_active = false, {BY} WHERE id = 2",
        f"UPDATE roles SET rights = '{{case:read}}', {BY} WHERE id = 2",
        f"UPDATE teams SET lead_id = 2, {BY} WHERE id = 1",
        f"UPDATE contacts SET name = 'Bob', {BY} WHERE id = 1",
        f"UPDATE tenants SET timezone = 'UTC', {BY}",
        f"UPDATE tenants SET is_active = false, {BY}",
        "INSERT INTO user_roles (tenant_id, user_id, role_id, changed_by) VALUES (1, 3, 1, 1)",
        "DELETE FROM user_roles WHERE user_id = 2",
        "DELETE FROM team_members WHERE user_id = 2",
    ],
)
def test_whatever_decides_about_people_makes_everybody_enter_anew(own_app: Any, stamp: int, change: str) -> None:
    act(own_app)
    own_app.execute(change)
    assert not again(own_app, stamp), "in the same transaction already"
    own_app.rollback()
    assert again(own_app, stamp), "what was not kept counts for nothing"
    own_app.rollback()
    act(own_app)
    own_app.execute(change)
    own_app.commit()
    assert not again(own_app, stamp)
    assert column(own_app, "SELECT current_tenant()") == [None], "nothing was set"


def test_another_tenant_or_schema_is_no_way_in(own_app: Any, stamp: int) -> None:
    assert not again(own_app, stamp, tenant=7)
    assert not again(own_app, stamp, schema="0002")
    assert not again(own_app, stamp + 1)
    assert column(own_app, "SELECT current_tenant()") == [None]


def test_cases_and_new_contacts_make_nobody_enter_anew(own_app: Any, stamp: int) -> None:
    act(own_app)
    own_app.execute(f"UPDATE cases SET priority = 4, {BY} WHERE id = 1")
    own_app.execute("INSERT INTO contacts (tenant_id, id, name, changed_by) VALUES (1, 9, 'Bob', 1)")
    own_app.commit()
    assert again(own_app, stamp)


def test_hole_who_is_found_as_another_takes_his_name_is_not_believed_again(own_app: Any, connect: Any) -> None:
    other = connect(own_app.info.get_parameters() | {"password": own_app.info.password})
    act(other)
    other.execute(f"UPDATE users SET os_user = NULL, {BY} WHERE id = 2")
    other.execute(f"UPDATE users SET os_user = 'os-wanda', {BY} WHERE id = 3")
    other.execute("LOCK TABLE user_roles IN ACCESS EXCLUSIVE MODE")  # whoever enters waits here, after he was found
    with ThreadPoolExecutor(1) as pool:
        entering = pool.submit(enter, own_app, "acme", None, "os-wanda")
        waiting = "SELECT count(*) FROM pg_locks WHERE relation = 'user_roles'::regclass AND NOT granted"
        while column(other, waiting) == [0]:
            assert not entering.done()
        other.commit()
        told = entering.result()
    own_app.commit()
    assert told["user_id"] == 2, "found before the change"
    assert not again(own_app, told["stamp"])
    own_app.commit()
    assert enter(own_app, "acme", None, "os-wanda")["user_id"] == 3


def test_hole_a_stamp_is_never_given_twice(own_app: Any) -> None:
    """Not even after what it stood for is gone, as with a restored backup behind a pooler."""
    stamps = []
    for _ in range(2):
        act(own_app)
        own_app.execute(f"UPDATE users SET name = 'W', {BY} WHERE id = 2")
        own_app.execute(f"UPDATE users SET name = 'V', {BY} WHERE id = 2")
        stamps.append(enter(own_app, login="wanda")["stamp"])
        own_app.rollback()
    assert stamps[0] < stamps[1]
