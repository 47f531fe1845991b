"""What tests of the schema do by SQL, as the roles of the desk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from copies import copied
from tenants_by_sql import make_tenant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def connect() -> Iterator[Callable[[dict[str, str]], psycopg.Connection[Any]]]:
    """Connects, and closes at the end of the test."""
    opened: list[psycopg.Connection[Any]] = []

    def open_one(conninfo: dict[str, str]) -> psycopg.Connection[Any]:
        opened.append(psycopg.connect(**conninfo))
        return opened[-1]

    yield open_one
    for connection in opened:
        connection.close()


@pytest.fixture(scope="session")
def two_tenants(server: Any, template_database: Any) -> Iterator[Any]:
    """A database with the tenants acme (1) and beta (2), which nobody changes for good."""
    with copied(server, template_database.name) as made:
        with psycopg.connect(**made.app) as connection:
            make_tenant(connection, 1, "acme")
            make_tenant(connection, 2, "beta")
        with psycopg.connect(**made.owner) as connection:  # the app role has no way to write this one
            connection.execute("INSERT INTO purged_cases VALUES (1, 9, 'P', false, 1), (2, 9, 'P', false, 1)")
        yield made


@pytest.fixture
def app(two_tenants: Any, connect: Any) -> psycopg.Connection[Any]:
    """The app role on the two tenants, without a context; the test must not commit a change."""
    connection: psycopg.Connection[Any] = connect(two_tenants.app)
    return connection


@pytest.fixture
def own_app(server: Any, two_tenants: Any, connect: Any) -> Iterator[psycopg.Connection[Any]]:
    """The app role on a copy of the two tenants for this test alone, which may commit."""
    with copied(server, two_tenants.name) as made:
        yield connect(made.app)
