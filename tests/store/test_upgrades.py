"""Databases of earlier programs carried over: interrupted anywhere, by two at once, and with other versions about.

The earlier programs are those of this repository's history, and they fill their databases themselves. What the newest
revision holds is not looked at: each of its statements is a place to interrupt, whatever it is.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql

from casectl.store import provision
from casectl.store.checks import run_checks
from casectl.store.schema import SCHEMA_VERSION
from tests.store.old_releases import Release, unpack
from tests.store.own_servers import ROOT, free_port, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from casectl.store.cluster import Address

pytestmark = pytest.mark.no_cover
"""What is run here many times is measured where it runs once."""

OLD = ("0001", "0002")

KEPT_APART = (
    "roles",
    "audit",
    "alembic_version",
    "desk_secrets",
    "configuration_stamps",
    "counters",
    "idempotency_keys",
)
"""What an upgrade adds to, or writes anew: roles get the rights that came later, which the audit tells."""


class Original:
    """A populated database of an earlier schema, which is only ever copied."""

    def __init__(self, server: Address, schema: str, program: Path, home: Path) -> None:
        self.server, self.schema, self.program, self.home = server, schema, program, home
        self.name = f"born_{schema}"
        provision.provision(server.superuser(), self.name)
        release = Release(program, home, server, self.name)
        code = "import json, sys; from casectl.store.provision import upgrade; upgrade(json.loads(sys.argv[1]), print)"
        owner = json.dumps(release.roles["owner"])
        subprocess.run([sys.executable, "-c", code, owner], env=release.environ, cwd=home, check=True, timeout=300)
        release.populate()
        self.roles = release.roles


@pytest.fixture(scope="module", params=OLD)
def original(request: pytest.FixtureRequest, server: Address, tmp_path_factory: pytest.TempPathFactory) -> Original:
    folder = tmp_path_factory.mktemp("programs")
    return Original(server, request.param, unpack(request.param, folder), folder)


_names = itertools.count(1)


class Old:
    """A copy of a populated database, with the program that made it and the present one."""

    def __init__(self, original: Original, name: str) -> None:
        self.original, self.name = original, name
        self.roles = {role: conninfo | {"dbname": name} for role, conninfo in original.roles.items()}
        self.root = original.server.superuser(name)
        self._columns: list[Any] = []
        self.before, self.now = (self._release(program) for program in (original.program, ROOT))

    def _release(self, program: Path) -> Release:
        release = Release(program, self.original.home, self.original.server, self.original.name)
        for key in ("CASECTL_DATABASE_URL", "CASECTL_DATABASE_MIGRATE_URL"):
            release.environ[key] = release.environ[key].replace(f"dbname={self.original.name}", f"dbname={self.name}")
        return release

    def version(self) -> str | None:
        with psycopg.connect(**self.roles["owner"]) as owner:
            return provision.schema_version(owner)

    def upgrade(self) -> None:
        provision.upgrade(self.roles["owner"], lambda _: None)

    def rows(self) -> dict[str, list[str]]:
        """All rows of the columns that the earlier schema has, as text."""
        with psycopg.connect(**self.roles["owner"]) as owner:
            self._columns = self._columns or owner.execute(_COLUMNS).fetchall()
            found = {}
            for table, names in self._columns:
                statement = sql.SQL("SELECT row_to_json(r)::text FROM (SELECT {} FROM {}) r ORDER BY 1").format(
                    sql.SQL(", ").join(map(sql.Identifier, names)), sql.Identifier(table)
                )
                found[table] = [row[0] for row in owner.execute(statement)]
        return found

    def shape(self) -> list[Any]:
        """What there is in the schema."""
        with psycopg.connect(**self.root) as root:
            return root.execute(_SHAPE).fetchall()

    def is_carried_over(self, before: dict[str, list[str]]) -> None:
        """It is at the present schema, every row is as it was, and everything is in agreement."""
        assert self.version() == SCHEMA_VERSION
        after = self.rows()
        assert {table: rows for table, rows in after.items() if table not in KEPT_APART} == {
            table: rows for table, rows in before.items() if table not in KEPT_APART
        }
        assert set(before["audit"]) <= set(after["audit"])
        with psycopg.connect(**self.roles["owner"]) as owner:
            found = run_checks(owner, app_role=self.roles["app"]["user"], read_role=self.roles["read"]["user"])
        assert found == []


_COLUMNS = """
    SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum) FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = 'desk'::regnamespace AND c.relkind IN ('r', 'p') GROUP BY c.relname ORDER BY 1
"""

_SHAPE = """
    SELECT 'class', oid::text, relname::text FROM pg_class WHERE relnamespace = 'desk'::regnamespace
    UNION ALL SELECT 'function', oid::text, md5(prosrc) FROM pg_proc WHERE pronamespace = 'desk'::regnamespace
    UNION ALL SELECT 'column', a.attrelid::text, a.attname::text FROM pg_attribute a
        JOIN pg_class c ON c.oid = a.attrelid WHERE c.relnamespace = 'desk'::regnamespace AND NOT a.attisdropped
    UNION ALL SELECT 'policy', oid::text, polname::text FROM pg_policy
    UNION ALL SELECT 'trigger', oid::text, tgname::text FROM pg_trigger WHERE NOT tgisinternal
    ORDER BY 1, 2, 3
"""


@pytest.fixture
def old(original: Original) -> Iterator[Old]:
    """A copy of the original for one test."""
    name = f"old_{next(_names)}"
    with psycopg.connect(**original.server.superuser(), autocommit=True) as connection:
        words: Any = {"name": sql.Identifier(name), "original": sql.Identifier(original.name)}
        connection.execute(sql.SQL("CREATE DATABASE {name} TEMPLATE {original}").format(**words))
        provision.prepare_roles(connection, name, original.name)
        yield Old(original, name)
        connection.execute(sql.SQL("DROP DATABASE {name} WITH (FORCE)").format(**words))


def test_every_row_is_carried_over(old: Old) -> None:
    before = old.rows()
    old.upgrade()
    old.is_carried_over(before)


BREAKPOINT = """
    CREATE SCHEMA breaks;
    GRANT USAGE ON SCHEMA breaks TO PUBLIC;
    CREATE SEQUENCE breaks.passed;
    CREATE TABLE breaks.point (number bigint, how text);
    GRANT ALL ON breaks.passed, breaks.point TO PUBLIC;
    CREATE FUNCTION breaks.pass() RETURNS event_trigger LANGUAGE plpgsql AS $$
    DECLARE
        point record;
        here bigint := nextval('breaks.passed');
    BEGIN
        SELECT * INTO point FROM breaks.point;
        IF here = point.number AND point.how = 'end' THEN
            PERFORM pg_terminate_backend(pg_backend_pid());
        ELSIF here = point.number THEN
            PERFORM pg_sleep(60);
        END IF;
    END $$;
    CREATE EVENT TRIGGER break ON ddl_command_end EXECUTE FUNCTION breaks.pass();
"""
"""Counts the statements of a migration, and at the chosen one ends its session or waits to be killed."""


@contextmanager
def breakpoints(old: Old) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(**old.root, autocommit=True) as root:
        root.execute(BREAKPOINT)
        yield root
        root.execute("DROP EVENT TRIGGER break; DROP SCHEMA breaks CASCADE")


def arm(root: psycopg.Connection[Any], number: int, how: str) -> None:
    """Let the statement of this number be the one."""
    root.execute("TRUNCATE breaks.point")
    root.execute("INSERT INTO breaks.point VALUES (%s, %s)", (number, how))
    root.execute("SELECT setval('breaks.passed', 1, false)")


def statements(root: psycopg.Connection[Any]) -> int:
    """How many statements were passed."""
    row = root.execute("SELECT last_value, is_called FROM breaks.passed").fetchone()
    assert row is not None
    return int(row[0]) if row[1] else 0


def test_an_upgrade_that_loses_its_session_at_any_statement_is_resumed(old: Old) -> None:
    # Of the newest revision at each; of the others, which stay as they are, at one in twenty.
    before, shape = old.rows(), old.shape()
    with breakpoints(old) as root:
        for number in itertools.count(1, 1 if old.original.schema == OLD[-1] else 20):
            arm(root, number, "end")
            try:
                provision._run_migrations(old.roles["owner"], following(old.original.schema))
            except Exception:  # noqa: BLE001 - whatever SQLAlchemy makes of a lost session
                assert old.version() == old.original.schema
                continue
            break
        assert number > statements(root) > 20
        root.execute("DELETE FROM breaks.point")
    assert shape != old.shape()
    old.upgrade()
    old.is_carried_over(before)


def following(schema: str) -> str:
    """The revision behind it: an interruption must leave the one before whole."""
    return f"{int(schema) + 1:04}"


def test_an_upgrade_whose_process_is_killed_is_resumed(old: Old) -> None:
    before, shape = old.rows(), old.shape()
    with breakpoints(old) as root:
        for number in (1, 15):
            arm(root, number, "wait")
            command = old.now.start("db", "upgrade")
            until_asleep(root, old.name, command)
            command.send_signal(signal.SIGKILL)
            command.communicate(timeout=300)
            # Its session ends when it finds nobody to answer to; a second upgrade waits for it.
            root.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND wait_event = 'PgSleep'",
                (old.name,),
            )
            assert old.version() == old.original.schema
        root.execute("DELETE FROM breaks.point")
    assert shape == old.shape()
    told = old.now.ok("db", "upgrade", "--json")
    assert json.loads(told) == {"before": old.original.schema, "after": SCHEMA_VERSION}
    old.is_carried_over(before)


def until_asleep(root: psycopg.Connection[Any], name: str, command: subprocess.Popen[str]) -> None:
    patience = time.monotonic() + 60
    asleep = "SELECT FROM pg_stat_activity WHERE datname = %s AND wait_event = 'PgSleep'"
    while not root.execute(asleep, (name,)).rowcount:
        assert command.poll() is None, command.communicate()
        assert time.monotonic() < patience
        time.sleep(0.02)


def test_two_upgrades_at_once_take_turns(old: Old) -> None:
    before = old.rows()
    running = [old.now.start("db", "upgrade", "--json") for _ in range(2)]
    told = [process.communicate(timeout=300) for process in running]
    assert [process.returncode for process in running] == [0, 0], told
    old.is_carried_over(before)


def test_the_present_program_refuses_an_earlier_schema(old: Old) -> None:
    before, shape = old.rows(), old.shape()
    for words in (("list",), ("create", "x"), ("bulk-update", "1", "--add-tag", "x"), ("db", "check")):
        code, out, err = old.now.run(*words, "--json")
        assert (code, out) == (1, ""), (words, err)
        error = json.loads(err)["error"]
        assert (error["code"], error["hint"]) == ("schema_mismatch", "casectl db upgrade"), words
        assert old.original.schema in error["message"]
    assert (old.rows(), old.shape()) == (before, shape)


def test_an_earlier_program_refuses_the_present_schema(old: Old) -> None:
    old.upgrade()
    before, shape = old.rows(), old.shape()
    for words in (
        ("list",), ("create", "x"), ("bulk-update", "1", "--add-tag", "x", "--yes"), ("db", "upgrade"),
        ("init", "--tenant", "late", "--admin", "jane", "--yes"),
    ):  # fmt: skip
        code, out, err = old.before.run(*words, "--json")
        assert (code, out) == (1, ""), (words, out, err)
        error = json.loads(err.splitlines()[-1])["error"]
        assert error["code"] == "schema_mismatch", (words, err)
        assert SCHEMA_VERSION in error["message"]
    assert (old.rows(), old.shape()) == (before, shape)


@pytest.mark.parametrize("original", OLD[1:], indirect=True)
def test_a_server_asks_to_come_back_while_the_schema_is_another(old: Old) -> None:
    if old.original.schema == "0001":
        return  # its program had no server yet
    key = json.loads(old.before.ok("key", "create", "test", "--json"))["secret"]
    with serving(old.before) as address:
        assert asked(address, key)[0] == 200
        old.upgrade()
        status, told = asked(address, key)
        assert (status, told["code"]) == (503, "schema_mismatch")
        assert asked(address, key, path="/readyz")[0] == 503
    with serving(old.now) as address:
        status, told = asked(address, key)
        assert (status, "Case 0" in [case["title"] for case in told["items"]]) == (200, True)


@contextmanager
def serving(release: Release) -> Iterator[str]:
    """A server of this program; its address."""
    port = free_port()
    environ = release.environ | {"CASECTL_SERVER_METRICS_LISTEN": "off"}
    argv = [sys.executable, "-m", "casectl", "serve", "--listen", f"127.0.0.1:{port}"]
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device
        process = subprocess.Popen(argv, env=environ, cwd=release.home, stdin=nowhere, stdout=nowhere, stderr=nowhere)
        try:
            wait_for(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)


def asked(address: str, key: str, path: str = "/v1/cases/") -> tuple[int, Any]:
    """Status and document of an answer."""
    request = urllib.request.Request(address + path, headers={"Authorization": f"Bearer {key}"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as refusal:
        with refusal:
            text = refusal.read()
            return refusal.code, json.loads(text) if text[:1] == b"{" else text
