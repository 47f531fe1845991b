"""The desks every contract test runs on: a fresh database with one tenant, four roles and the default case types."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Any

import msgspec
import psycopg
import pytest

from casectl.api.app import make_app
from casectl.desk.identity import Identity
from casectl.desk.local import AsyncLocalDesk, LocalDesk
from casectl.desk.remote.desk import RemoteDesk, StaticToken
from casectl.model.actor import Actor
from casectl.operation import Call
from casectl.rules.defaults import CASE_TYPES
from casectl.rules.rights import ROLES
from casectl.store.sql import SyncSql, step
from casectl.store.unit import StoredUnit
from tests.api.oauth_flows import CHEAP, Browser, address, exchange, give_password, gone_to, pkce
from tests.conftest import copied
from tests.served import Served, Servers, config_of, issue_key, servers
from tests.switched import Switch, switched_to

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from casectl.operation import Operation
    from casectl.store.cluster import Address
    from tests.conftest import Database

LOCAL_ONLY = {
    "test_what_got_in_each_others_way_is_tried_again": "performs a verb of its own, which no server has a route for",
    "test_after_three_retries_it_is_told": "performs a verb of its own, which no server has a route for",
    "test_two_writers_of_two_cases_in_opposite_order": "performs a verb of its own, which no server has a route for",
    "test_so_is_a_tenant_or_a_login": "says who comes in words; to a server one comes with a token",
}
"""The tests that do not run on the remote desk, and why; test_which_desks.py keeps the list short."""


BY_KEY = {
    "test_a_password_is_set_and_ends_every_session",
    "test_ones_own_password_needs_the_present_one",
    "test_sessions_are_seen_and_ended",
}
"""The tests that count sessions and passwords: on the remote desk people come to them with API keys only."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the remote desk where a test cannot have one; the asynchronous one is measured behind it."""
    left_out = [
        item for item in items if getattr(item, "originalname", "") in LOCAL_ONLY and colour_of(item) == "remote"
    ]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    for item in items:
        if colour_of(item) == "async":
            item.add_marker(pytest.mark.no_cover)


def colour_of(item: Any) -> str:
    """The kind of desk that a test runs on, `sync` when it asks for none."""
    spec = getattr(item, "callspec", None)
    return spec.params.get("desk", "sync") if spec else "sync"


Tokens = dict[tuple[str, str], str]

TENANTS = ("acme", "globex")

PEOPLE = {
    "admin": "Tenant Admin",
    "wanda": "Case Worker",
    "walt": "Case Worker",
    "rita": "Reporter",
    "apic": "API Client",
}


class TestDesk:
    """A desk of any kind with the shape tests like: `perform(operation, **call)` and `as_user(login)`.

    Its `colour` is `sync`, `async` or `remote`; a remote one needs `served`, the server on its database. Like the
    processes of one person, threads share nothing: each has a connection of its own, which is kept until the end.
    """

    __test__ = False

    def __init__(
        self, conninfo: dict[str, str], login: str, tenant: str, colour: str, served: ServedDesk | None = None
    ) -> None:
        self.conninfo, self.login, self.tenant, self.colour, self.served = conninfo, login, tenant, colour, served
        self._desks: dict[int, LocalDesk | RemoteDesk | KeptAsyncDesk] = {}
        self._others: dict[tuple[str, str], TestDesk] = {}

    def perform(self, operation: Operation[Any], **call: Any) -> Any:
        """Perform a verb as this desk's actor."""
        thread = threading.get_ident()
        if thread not in self._desks:
            self._desks[thread] = self._opened(Identity(tenant=self.tenant, login=self.login))
        return self._desks[thread].perform(operation, Call(**call))

    def _opened(self, identity: Identity) -> LocalDesk | RemoteDesk | KeptAsyncDesk:
        if self.served is not None:
            return RemoteDesk(self.served.url, StaticToken(self.served.token(self.tenant, self.login)))
        if self.colour == "async":
            return KeptAsyncDesk(self.conninfo, identity)
        return LocalDesk(lambda: psycopg.connect(**self.conninfo), identity)

    def as_user(self, login: str, tenant: str | None = None) -> TestDesk:
        """The same database for another actor."""
        who = (login, tenant or self.tenant)
        if who not in self._others:
            self._others[who] = TestDesk(self.conninfo, *who, self.colour, self.served)
        return self._others[who]

    def close(self) -> None:
        """Close every connection this desk and its others have opened; whoever goes on opens new ones."""
        for other in self._others.values():
            other.close()
        while self._desks:
            self._desks.popitem()[1].close()


class KeptAsyncDesk:
    """An asynchronous desk for tests that are not: an event loop and a connection that are kept, as a server does."""

    def __init__(self, conninfo: dict[str, str], identity: Identity) -> None:
        self._conninfo = conninfo
        self._runner = asyncio.Runner()
        self._desk = AsyncLocalDesk(self._connect, identity)
        self._connection: psycopg.AsyncConnection[Any] | None = None

    @contextlib.asynccontextmanager
    async def _connect(self) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        if self._connection is None or self._connection.closed:
            self._connection = await psycopg.AsyncConnection.connect(**self._conninfo)
        yield self._connection

    def perform(self, operation: Operation[Any], call: Call) -> Any:
        """Perform a verb, and wait for it."""
        return self._runner.run(self._desk.perform(operation, call))

    def close(self) -> None:
        """Leave the database and end the loop."""
        if self._connection is not None:
            self._runner.run(self._connection.close())
        self._runner.close()


def prepare(owner: dict[str, str]) -> None:
    """Two tenants with the same people, teams and default types; nothing of one is the other's."""
    for tenant_id, tenant in enumerate(TENANTS, 1):
        with psycopg.connect(**owner) as connection:
            connection.execute(
                "SET jit = off"
            )  # as the desk says in its transactions: Debian's would compile each row's
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


class ServedDesk:
    """A server on one test's database, and the tokens of those who come to it."""

    def __init__(self, url: str, database: Database, tokens: dict[tuple[str, str], str]) -> None:
        self.url, self._database, self._tokens = url, database, tokens

    def token(self, tenant: str, login: str) -> str:
        """The token of a user; who did not log in gets an API key."""
        who = (tenant, login)
        if who not in self._tokens:
            self._tokens[who] = issue_key(self._database, login, TENANTS.index(tenant) + 1)
        return self._tokens[who]


@pytest.fixture(scope="session")
def serving() -> Iterator[Servers]:
    """The event loop of all servers of this session."""
    with servers() as made:
        yield made


@pytest.fixture(scope="session")
def remote_template(
    server: Address, contract_template: Database, serving: Servers
) -> Iterator[tuple[Database, Tokens]]:
    """The prepared database after its people have logged in, and their access tokens by tenant and login.

    Each copy of it knows these tokens. Who has no rights gets none: an API Client comes with a key.
    """
    with copied(server, contract_template.name) as made:
        config = config_of(made, **CHEAP, oauth__access_ttl="12h")
        with serving.serve(make_app(config)) as served:
            tokens = {
                (tenant, login): logged_in(served, made, number, tenant, login)
                for number, tenant in enumerate(TENANTS, 1)
                for login, role in PEOPLE.items()
                if ROLES[role]
            }
        with psycopg.connect(**server.superuser()) as connection:  # a template is copied while nobody is in it
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (made.name,)
            )
        yield made, tokens


def logged_in(served: Served, database: Database, number: int, tenant: str, login: str) -> str:
    """An access token, got as `casectl auth login` gets one: login page, consent, code, PKCE."""
    give_password(database, login, tenant=number)
    proof, browser = pkce(), Browser(served)
    target = address(challenge=proof.challenge)
    browser.log_in(target, login, tenant=tenant)
    browser.get(target)
    code = gone_to(browser.send(target, action="allow"))["code"]
    token: str = exchange(served, code, proof).json["access_token"]
    return token


@pytest.fixture(scope="session")
def switch(serving: Servers) -> Iterator[Served]:
    """The port of all remote desks, of one test after another."""
    with serving.serve(Switch()) as served:
        yield served


@pytest.fixture
def served_desk(
    prepared_database: Database, serving: Servers, switch: Served, request: pytest.FixtureRequest
) -> Iterator[ServedDesk]:
    """A server on this test's database."""
    tokens = {} if comes_by_key(request.node) else dict(request.getfixturevalue("remote_template")[1])
    with switched_to(serving, switch, make_app(config_of(prepared_database))) as url:
        yield ServedDesk(url, prepared_database, tokens)


def comes_by_key(item: Any) -> bool:
    """Whether nobody has logged in for this test."""
    return getattr(item, "originalname", "") in BY_KEY


@pytest.fixture
def prepared_database(server: Address, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database of this test's own with the tenants acme and globex."""
    if colour_of(request.node) == "remote" and not comes_by_key(request.node):
        original = request.getfixturevalue("remote_template")[0]
    else:
        original = request.getfixturevalue("contract_template")
    with copied(server, original.name) as made:
        yield made


@pytest.fixture(params=["sync", "async", "remote"])
def desk(request: pytest.FixtureRequest, prepared_database: Database) -> Iterator[TestDesk]:
    """The desk of the tenant `acme` as its admin: synchronous, asynchronous, and over a server."""
    served = request.getfixturevalue("served_desk") if request.param == "remote" else None
    made = TestDesk(prepared_database.app, "admin", "acme", request.param, served)
    yield made
    made.close()
