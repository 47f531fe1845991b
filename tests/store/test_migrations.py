"""The migrations make what tables.py declares, survive a kill, and refuse what they do not know."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql

from casectl.errors import InvalidInput, SchemaMismatch
from casectl.rules.rights import ROLES
from casectl.store import provision
from casectl.store.schema import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

_names = itertools.count(1)


@pytest.fixture
def unborn(server: Any) -> Iterator[tuple[str, dict[str, str]]]:
    """The name of a database that is not there yet, and its owner's connection parameters."""
    name = f"unborn_{next(_names)}"
    yield name, server.conninfo(f"{name}_owner", name)
    with psycopg.connect(**server.superuser(), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        for role in provision.ROLES:
            connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(f"{name}_{role}")))


def state(conninfo: dict[str, str]) -> str:
    with psycopg.connect(**conninfo) as connection:
        return provision.schema_state(connection)


def test_the_migrations_make_what_is_declared(database: Any) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from sqlalchemy.dialects.postgresql.base import ischema_names

    from casectl.store.columns import Xid8
    from casectl.store.tables import METADATA

    ischema_names["xid8"] = Xid8
    with provision.alchemy_connection(database.owner) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, METADATA) == []


def test_checks_and_index_conditions_are_as_declared(database: Any, connect: Any) -> None:
    # compare_metadata looks at neither: what it makes of the metadata in a second schema must read the same.
    from casectl.store.tables import METADATA

    told: list[set[Any]] = []
    owner = connect(database.superuser)
    owner.execute("CREATE SCHEMA declared; GRANT ALL ON SCHEMA declared TO desk_owner")
    owner.commit()
    with provision.alchemy_connection(database.owner) as connection:
        connection.exec_driver_sql("SET search_path = declared")
        METADATA.create_all(connection)
        connection.commit()
    for schema in ("desk", "declared"):
        owner.execute(sql.SQL("SET search_path = {}").format(sql.Identifier(schema)))
        rows = owner.execute(
            "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE connamespace = %(schema)s::text::regnamespace AND contype IN ('c', 'f', 'u', 'p')"
            " AND conrelid::regclass::text <> 'alembic_version'"
            " UNION ALL SELECT tablename, replace(indexdef, schemaname || '.', '') FROM pg_indexes"
            " WHERE schemaname = %(schema)s::text AND tablename <> 'alembic_version'",
            {"schema": schema},
        )
        told.append(set(rows))
    assert len(told[0]) > 80
    assert told[0] == told[1]


def test_there_is_one_line_of_revisions_and_its_head_is_this_programs() -> None:
    from pathlib import Path

    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(Path(provision.__file__).parent / "migrations"))
    assert scripts.get_heads() == [SCHEMA_VERSION]
    assert all(len(script.revision) == len(SCHEMA_VERSION) for script in scripts.walk_revisions())


def test_a_new_database_is_made_in_a_moment(server: Any, unborn: Any) -> None:
    name, owner = unborn
    told: list[str] = []
    begun = time.perf_counter()
    provision.provision(server.superuser(), name)
    assert state(owner) == "absent"
    provision.upgrade(owner, told.append)
    assert time.perf_counter() - begun < 15, "the target is 1.5 s on an idle machine"
    assert state(owner) == "current"
    assert told == [f"bringing the database's schema to {SCHEMA_VERSION}"]
    provision.provision(server.superuser(), name)
    provision.upgrade(owner, told.append)
    assert len(told) == 1


def test_the_app_role_can_tell_the_schema(database: Any) -> None:
    assert state(database.app) == state(database.read) == "current"


def test_a_newer_schema_is_refused(database: Any, connect: Any) -> None:
    owner = connect(database.owner)
    owner.execute("UPDATE desk.alembic_version SET version_num = '9999'")
    owner.commit()
    assert state(database.app) == "newer"
    with pytest.raises(SchemaMismatch, match=r"9999.*newer"):
        provision.upgrade(database.owner, lambda _: None)


def test_an_upgrade_killed_midway_is_resumed(server: Any, unborn: Any) -> None:
    name, owner = unborn
    provision.provision(server.superuser(), name)
    with psycopg.connect(**server.superuser(name)) as blocker:
        # The migration stops at its last file, which revokes from this very schema.
        blocker.execute("LOCK TABLE pg_catalog.pg_default_acl")
        killed = subprocess.Popen(
            [sys.executable, "-c", f"from casectl.store.provision import upgrade; upgrade({owner!r}, print)"],
            stdout=subprocess.DEVNULL,
        )
        waiting = "SELECT FROM pg_stat_activity WHERE datname = %s AND wait_event = 'relation' AND usename = %s"
        patience = time.monotonic() + 120
        with psycopg.connect(**server.superuser(), autocommit=True) as watcher:
            while not watcher.execute(waiting, (name, f"{name}_owner")).rowcount:
                assert killed.poll() is None
                assert time.monotonic() < patience
                time.sleep(0.02)
        killed.send_signal(signal.SIGKILL)
        killed.wait()
    assert state(owner) in {"absent", "older"}
    provision.upgrade(owner, lambda _: None)
    assert state(owner) == "current"
    provision.upgrade(owner, lambda _: None)


def test_two_upgrades_at_once_take_turns(server: Any, unborn: Any) -> None:
    name, owner = unborn
    provision.provision(server.superuser(), name)
    other = subprocess.Popen(
        [sys.executable, "-c", f"from casectl.store.provision import upgrade; upgrade({owner!r}, lambda _: None)"]
    )
    provision.upgrade(owner, lambda _: None)
    assert other.wait() == 0
    assert state(owner) == "current"


def test_an_upgrade_waits_for_the_other_and_says_so(database: Any, connect: Any) -> None:
    other = connect(database.owner)
    other.execute("SELECT pg_advisory_xact_lock(%s)", (provision._LOCK,))
    told: list[str] = []

    def report(sentence: str) -> None:
        told.append(sentence)
        other.rollback()

    provision.upgrade(database.owner, report)
    assert told == ["waiting for another command that upgrades the database …"]


def test_roles_of_old_get_the_rights_that_came_later(server: Any, unborn: Any) -> None:
    name, owner = unborn
    provision.provision(server.superuser(), name)
    provision._run_migrations(owner, "0001")
    later = {"account:manage", "key:create", "client:manage"}
    with psycopg.connect(**owner) as connection:
        for tenant in (1, 2):
            for key, value in {"tenant": str(tenant), "actor": "0", "operation": "test"}.items():
                connection.execute("SELECT set_config('casectl.' || %s, %s, true)", (key, value))
            connection.execute(
                "INSERT INTO tenants (tenant_id, name, title, changed_by, changed_at) VALUES (%s, %s, '', 0, now())",
                (tenant, f"tenant-{tenant}"),
            )
            for number, (role, rights) in enumerate(ROLES.items(), 1):
                connection.execute(
                    "INSERT INTO roles (tenant_id, id, name, rights, changed_by, changed_at)"
                    " VALUES (%s, %s, %s, %s, 0, now())",
                    (tenant, number, role, sorted(rights - later)),
                )
    provision.upgrade(owner, lambda _: None)
    with psycopg.connect(**owner) as connection:
        found = connection.execute("SELECT tenant_id, name, rights FROM roles").fetchall()
        audited = connection.execute("SELECT count(*) FROM audit WHERE operation = 'upgrade'").fetchone()
    assert {(tenant, role): frozenset(rights) for tenant, role, rights in found} == {
        (tenant, role): rights for tenant in (1, 2) for role, rights in ROLES.items()
    }
    assert audited == (6,)


@pytest.mark.parametrize("name", ["", "Desk", 'a"b', "1desk", "a" * 52, "a-b", "a%s"])
def test_a_database_name_that_needs_quoting_is_refused(server: Any, name: str) -> None:
    with pytest.raises(InvalidInput):
        provision.provision(server.superuser(), name)
