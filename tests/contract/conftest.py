"""The desks every contract test runs on: a fresh database with one tenant, four roles and the default case types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from casectl.desk.identity import Identity
from casectl.desk.local import AsyncLocalDesk, LocalDesk
from casectl.operation import Call

if TYPE_CHECKING:
    from collections.abc import Iterator

    from casectl.operation import Operation

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


@pytest.fixture(params=["sync", "async"])
def desk(request: pytest.FixtureRequest, prepared_database: Any) -> Iterator[TestDesk]:
    """The desk of the tenant `acme` as its admin, synchronous and asynchronous."""
    made = TestDesk(prepared_database.app, "admin", "acme", request.param)
    yield made
    made.close()
