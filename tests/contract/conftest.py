"""The desks every contract test runs on: a fresh database with one tenant, four roles and the default case types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import psycopg
import pytest

from casectl.desk.identity import Identity
from casectl.desk.local import AsyncLocalDesk, LocalDesk
from casectl.model.actor import Actor
from casectl.operation import Call
from casectl.rules.defaults import CASE_TYPES
from casectl.rules.rights import ROLES
from casectl.store.sql import SyncSql, step
from casectl.store.unit import StoredUnit
from tests.conftest import copied

if TYPE_CHECKING:
    from collections.abc import Iterator

    from casectl.operation import Operation
    from casectl.store.cluster import Address
    from tests.conftest import Database

PEOPLE = {
    "admin": "Tenant Admin",
    "wanda": "Case Worker",
    "walt": "Case Worker",
    "rita": "Reporter",
    "apic": "API Client",
}


class TestDesk:
    """A desk of either colour with the shape tests like: `perform(operation, **call)` and `as_user(login)`."""

    __test__ = False

    def __init__(self, conninfo: dict[str, str], login: str, tenant: str, colour: str) -> None:
        self.conninfo, self.login, self.tenant, self.colour = conninfo, login, tenant, colour
        self._desk: LocalDesk | None = None
        self._others: list[TestDesk] = []

    def perform(self, operation: Operation[Any], **call: Any) -> Any:
        """Perform a verb as this desk's actor."""
        identity = Identity(tenant=self.tenant, login=self.login)
        if self.colour == "async":
            return self._perform_async(identity, operation, Call(**call))
        if self._desk is None:
            self._desk = LocalDesk(lambda: psycopg.connect(**self.conninfo), identity)
        return self._desk.perform(operation, Call(**call))

    def _perform_async(self, identity: Identity, operation: Operation[Any], call: Call) -> Any:
        import asyncio
        from contextlib import asynccontextmanager

        @asynccontextmanager
        async def connect() -> Any:
            connection = await psycopg.AsyncConnection.connect(**self.conninfo)
            try:
                yield connection
            finally:
                await connection.close()

        return asyncio.run(AsyncLocalDesk(connect, identity).perform(operation, call))

    def as_user(self, login: str, tenant: str | None = None) -> TestDesk:
        """The same database for another actor."""
        other = TestDesk(self.conninfo, login, tenant or self.tenant, self.colour)
        self._others.append(other)
        return other

    def close(self) -> None:
        """Close every connection this desk and its others have opened."""
        for other in self._others:
            other.close()
        if self._desk is not None:
            self._desk.close()


def prepare(owner: dict[str, str]) -> None:
    """Two tenants with the same people, teams and default types; nothing of one is the other's."""
    for tenant_id, tenant in enumerate(("acme", "globex"), 1):
        with psycopg.connect(**owner) as connection:
            context = {"tenant": tenant_id, "actor": 0, "operation": "init", "scope": "admin"}
            for name, value in context.items():
                connection.execute("SELECT set_config('casectl.' || %s, %s, true)", (name, str(value)))
            connection.execute(
                "INSERT INTO tenants (tenant_id, name, title, changed_by) VALUES (%s, %s, %s, 0)",
                (tenant_id, tenant, tenant.title()),
            )
            actor = Actor(
                tenant_id=tenant_id, tenant=tenant, user_id=0, login="casectl", display_name="", email="",
                rights=ROLES["Tenant Admin"],
            )  # fmt: skip
            step(_fill(StoredUnit(SyncSql(connection), actor, Call()), tenant))


async def _fill(unit: StoredUnit, tenant: str) -> None:
    for role, rights in ROLES.items():
        await unit.configuration.put_role(role, sorted(rights))
    ids = {}
    for login, role in PEOPLE.items():
        made = await unit.people.add_user(
            login=login, name=f"{login.title()} of {tenant}", email=f"{login}@{tenant}.example.com", os_user=None,
            roles=[role],
        )  # fmt: skip
        ids[login] = made.id
    await unit.people.add_team("l1", lead_id=None, member_ids=[ids["wanda"]])
    await unit.people.add_team("l2", lead_id=ids["walt"], member_ids=[])
    for kind in CASE_TYPES:
        await unit.configuration.put_case_type(
            name=kind.name, title=kind.title, number_pattern=kind.number_pattern, form_schema=kind.form_schema,
            lifecycle=msgspec.to_builtins(kind.lifecycle),
        )  # fmt: skip


@pytest.fixture(scope="session")
def contract_template(server: Address, template_database: Database) -> Iterator[Database]:
    """The prepared database that every contract test's own is a copy of."""
    with copied(server, template_database.name) as made:
        prepare(made.owner)
        yield made


@pytest.fixture
def prepared_database(server: Address, contract_template: Database) -> Iterator[Database]:
    """A database of this test's own with the tenants acme and globex."""
    with copied(server, contract_template.name) as made:
        yield made


@pytest.fixture(params=["sync", "async"])
def desk(request: pytest.FixtureRequest, prepared_database: Database) -> Iterator[TestDesk]:
    """The desk of the tenant `acme` as its admin, synchronous and asynchronous."""
    made = TestDesk(prepared_database.app, "admin", "acme", request.param)
    yield made
    made.close()
