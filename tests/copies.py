"""Databases of tests: copies of a migrated template, whose roles they share."""

from __future__ import annotations

import itertools
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec
import psycopg
from psycopg import sql

from casectl.store import provision

if TYPE_CHECKING:
    from collections.abc import Iterator

    from casectl.store.cluster import Address

TEMPLATE = "desk"
"""The database that every test's own is a copy of; the roles carry its name."""

_numbers = itertools.count(1)


class Database(msgspec.Struct, frozen=True):
    """Connection parameters of one test's database for each role, and the superuser's."""

    name: str
    owner: dict[str, str]
    app: dict[str, str]
    read: dict[str, str]
    superuser: dict[str, str]


def database_of(server: Address, name: str) -> Database:
    """The parameters of the database `name`, whose roles are the template's."""
    owner, app, read = (server.conninfo(provision.role_name(TEMPLATE, role), name) for role in provision.ROLES)
    return Database(name, owner, app, read, server.superuser(name))


@contextmanager
def copied(server: Address, original: str) -> Iterator[Database]:
    """A copy of the database `original`, dropped afterwards."""
    name = f"test_{next(_numbers)}"
    with psycopg.connect(**server.superuser(), autocommit=True) as connection:
        words: Any = {"name": sql.Identifier(name), "original": sql.Identifier(original)}
        connection.execute(sql.SQL("CREATE DATABASE {name} TEMPLATE {original} STRATEGY FILE_COPY").format(**words))
        provision.prepare_roles(connection, name, TEMPLATE)
        try:
            yield database_of(server, name)
        finally:
            _wait_for_leavers(connection, name)
            connection.execute(sql.SQL("DROP DATABASE {name} WITH (FORCE)").format(**words))


def _wait_for_leavers(connection: psycopg.Connection[Any], name: str) -> None:
    """Give closed connections some milliseconds to end: a DROP that meets one looks again after a tenth of a second."""
    for _ in range(20):
        row = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", (name,)).fetchone()
        if row is None or not row[0]:
            return
        time.sleep(0.002)
