"""Makes a desk's database with its roles, and brings its schema to this program's version.

Used by `desk.admin` and tests. Nothing heavy is loaded before it is needed: Alembic and SQLAlchemy cost 300 ms.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from casectl.errors import InvalidInput, SchemaMismatch
from casectl.store.schema import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from psycopg import Connection
    from sqlalchemy.engine import Connection as AlchemyConnection

    Conninfo = Mapping[str, str]

SchemaState = Literal["current", "older", "newer", "absent"]

ROLES = ("owner", "app", "read")
"""The owner migrates, the app role serves, the read role reports; row-level security binds the last two."""

SEARCH_PATH = "desk, pg_temp"
"""Temporary tables come last: one named like a table of the desk must not stand in for it."""

_LOCK = 0x6361_7365_6374_6C00
"""Key of the advisory lock under which a database is provisioned or upgraded: 'casectl' in ASCII."""

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,50}")
"""Of a database: plain words, so short that the names of its roles fit Postgres' 63 bytes."""


def role_name(database: str, role: str) -> str:
    """Name the role (owner, app or read) of `database`. Raises InvalidInput for an unfit database name."""
    if not _NAME.fullmatch(database):
        raise InvalidInput(
            f"'{database}' cannot be the name of a desk's database",
            hint="lower-case letters, digits and underscores, at most 51, no digit first",
        )
    return f"{database}_{role}"


def provision(superuser_conninfo: Conninfo, database: str) -> None:
    """Create `database`, its three login roles and the schema `desk`; what is there already stays as it is.

    `superuser_conninfo` are libpq's parameters of a superuser on any database of the server. Can be repeated after an
    interruption. Raises InvalidInput for an unfit name.
    """
    import psycopg
    from psycopg.sql import SQL, Identifier

    roles = [role_name(database, role) for role in ROLES]
    with psycopg.connect(**superuser_conninfo, autocommit=True) as connection:  # type: ignore[arg-type]
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        there = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", (roles,))}
        for role in roles:
            verb = SQL("ALTER" if role in there else "CREATE")
            connection.execute(
                SQL("{} ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS").format(
                    verb, Identifier(role)
                )
            )
        if not connection.execute("SELECT FROM pg_database WHERE datname = %s", (database,)).rowcount:
            connection.execute(SQL("CREATE DATABASE {}").format(Identifier(database)))
        with psycopg.connect(**{**superuser_conninfo, "dbname": database}) as inside:  # type: ignore[arg-type]
            _make_schema(inside, database)
            prepare_roles(inside, database, database)


def _make_schema(connection: Connection[Any], database: str) -> None:
    from psycopg.sql import SQL, Identifier

    owner = Identifier(role_name(database, "owner"))
    connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    connection.execute(SQL("CREATE SCHEMA IF NOT EXISTS desk AUTHORIZATION {}").format(owner))


def prepare_roles(connection: Connection[Any], database: str, named_after: str) -> None:
    """Let the roles of `named_after` into `database`, and them alone, with the desk's search path.

    `connection` is a superuser's. The two names differ for a copy of a database only, whose grants name the roles of
    the original.
    """
    from psycopg.sql import SQL, Identifier

    place = Identifier(database)
    connection.execute(SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(place))
    for role in (Identifier(role_name(named_after, role)) for role in ROLES):
        connection.execute(SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(place, role))
        connection.execute(SQL("ALTER ROLE {} IN DATABASE {} SET search_path = " + SEARCH_PATH).format(role, place))


def schema_state(connection: Connection[Any]) -> SchemaState:
    """Compare the schema of the database with what this program needs; any role of the desk may ask."""
    found = schema_version(connection)
    if found is None:
        return "absent"
    if found == SCHEMA_VERSION:
        return "current"
    return "older" if found < SCHEMA_VERSION else "newer"


def schema_version(connection: Connection[Any]) -> str | None:
    """Tell the revision of the database's schema; None when there is none yet."""
    row = connection.execute("SELECT to_regclass('desk.alembic_version')").fetchone()
    if row is None or row[0] is None:
        return None
    row = connection.execute("SELECT max(version_num) FROM desk.alembic_version").fetchone()
    return row[0] if row else None


def upgrade(owner_conninfo: Conninfo, report: Callable[[str], None]) -> None:
    """Run the migrations that the database lacks, each in a transaction of its own: a kill costs the last one.

    `owner_conninfo` are libpq's parameters of the owner, on Postgres itself (no pooler). Only one upgrade runs at a
    time; the others wait, which `report` is told. Raises SchemaMismatch when the schema is newer than this program.
    """
    import psycopg

    # The lock has a transaction of its own, which stays open while the revisions commit theirs.
    with psycopg.connect(**owner_conninfo) as guard:  # type: ignore[arg-type]
        _lock(guard, report)
        found = schema_version(guard)
        if found is not None and found > SCHEMA_VERSION:
            raise SchemaMismatch(
                f"the database's schema is {found}, newer than this program's {SCHEMA_VERSION}", hint="upgrade casectl"
            )
        if found != SCHEMA_VERSION:
            report(f"bringing the database's schema {f'from {found} ' if found else ''}to {SCHEMA_VERSION}")
            _run_migrations(owner_conninfo)


def _lock(connection: Connection[Any], report: Callable[[str], None]) -> None:
    row = connection.execute("SELECT pg_try_advisory_xact_lock(%s)", (_LOCK,)).fetchone()
    if row is not None and not row[0]:
        report("waiting for another command that upgrades the database …")
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))


def _run_migrations(owner_conninfo: Conninfo, revision: str = "head") -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    # ConfigParser reads % as the beginning of a reference.
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    with alchemy_connection(owner_conninfo) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def begin_as_owner(connection: Connection[Any]) -> None:
    """Let the owner's session see the desk's tables, and compile no statement first: see `desk.entering`."""
    connection.execute("SELECT set_config('search_path', %s, false), set_config('jit', 'off', false)", (SEARCH_PATH,))


def alchemy_connection(conninfo: Conninfo) -> AlchemyConnection:
    """Give an SQLAlchemy connection that sees the desk's tables; the caller closes it."""
    import psycopg
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    def connect() -> Connection[Any]:
        connection = psycopg.connect(**conninfo)  # type: ignore[arg-type]
        begin_as_owner(connection)
        connection.commit()
        return connection

    return create_engine("postgresql+psycopg://", creator=connect, poolclass=NullPool).connect()
