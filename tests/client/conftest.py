"""The client on a server and on this machine's desk: the same database, the same people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from casectl.client import CaseManager
from tests.conftest import copied
from tests.contract.conftest import (
    Tokens,
    contract_template,
    remote_template,
    served_desk,
    serving,
    switch,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from casectl.store.cluster import Address
    from tests.copies import Database

__all__ = ["contract_template", "remote_template", "served_desk", "serving", "switch"]


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """No setting of whoever runs the tests."""
    for name in ("CASECTL_TOKEN", "CASECTL_REMOTE_URL", "CASECTL_PROFILE", "CASECTL_TENANT", "CASECTL_USER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def prepared_database(server: Address, remote_template: tuple[Database, Tokens]) -> Iterator[Database]:
    """A database of this test's own, in which everybody has a token."""
    with copied(server, remote_template[0].name) as made:
        yield made


@pytest.fixture
def remote_manager(served_desk: Any) -> Iterator[CaseManager]:
    """The client of the admin of acme, over HTTP."""
    with CaseManager(served_desk.token("acme", "admin"), f"{served_desk.url}/v1/cases") as made:
        yield made


@pytest.fixture(params=["remote", "local"])
def manager(
    request: pytest.FixtureRequest, prepared_database: Database, monkeypatch: pytest.MonkeyPatch
) -> Iterator[CaseManager]:
    """The client of the admin of acme, on a server and without one."""
    if request.param == "remote":
        yield request.getfixturevalue("remote_manager")
        return
    url = psycopg.conninfo.make_conninfo("", **prepared_database.app)
    monkeypatch.setenv("CASECTL_DATABASE_URL", url)
    with CaseManager.local(tenant="acme", user="admin") as made:
        yield made


@pytest.fixture
def manager_of(served_desk: Any) -> Iterator[Callable[..., CaseManager]]:
    """Clients of others on the same server."""
    made: list[CaseManager] = []

    def make(login: str, tenant: str = "acme") -> CaseManager:
        made.append(CaseManager(api_key=served_desk.token(tenant, login), base_url=served_desk.url))
        return made[-1]

    yield make
    for one in made:
        one.close()
