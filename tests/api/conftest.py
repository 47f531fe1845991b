"""A served desk with two tenants, and keys of its people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from casectl.api.app import make_app
from tests.conftest import copied
from tests.contract.conftest import prepare
from tests.served import Answer, Served, Servers, config_of, issue_key, servers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from casectl.store.cluster import Address
    from tests.conftest import Database


@pytest.fixture(scope="session")
def serving() -> Iterator[Servers]:
    """The event loop of all servers of this session."""
    with servers() as made:
        yield made


@pytest.fixture(scope="session")
def served_template(server: Address, template_database: Database) -> Iterator[Database]:
    """The tenants acme and globex with their people; never served itself."""
    with copied(server, template_database.name) as made:
        prepare(made.owner)
        yield made


@pytest.fixture
def served_database(server: Address, served_template: Database) -> Iterator[Database]:
    """A database of this test's own."""
    with copied(server, served_template.name) as made:
        yield made


class Caller:
    """Asks one server with one key."""

    def __init__(self, served: Served, database: Database, token: str) -> None:
        self.served, self.database, self.token = served, database, token

    def __call__(self, method: str, target: str, body: Any = None, **headers: str) -> Answer:
        """One request; headers by their names with `_` for `-`."""
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.served.ask(method, target, body, token=self.token, headers=told)

    def as_user(self, login: str, tenant_id: int = 1, rights: list[str] | None = None) -> Caller:
        """The same server for somebody else."""
        return Caller(self.served, self.database, issue_key(self.database, login, tenant_id, rights))

    def create(self, **fields: Any) -> Any:
        """A new case."""
        answer = self("POST", "/v1/cases/", {"title": "A case", **fields})
        assert answer.status == 201, answer.body
        return answer.json


@pytest.fixture
def api(serving: Servers, served_database: Database) -> Iterator[Caller]:
    """The server as the admin of acme; each test has a database and a server of its own."""
    with serving.serve(make_app(config_of(served_database))) as served:
        yield Caller(served, served_database, issue_key(served_database, "admin"))


@pytest.fixture(scope="session")
def shared_api(serving: Servers, server: Address, served_template: Database) -> Iterator[Caller]:
    """One server for all tests that do not mind each other's cases."""
    with copied(server, served_template.name) as made, serving.serve(make_app(config_of(made))) as served:
        yield Caller(served, made, issue_key(made, "admin"))
