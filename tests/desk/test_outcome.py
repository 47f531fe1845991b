"""A commit whose answer is lost: what became of the change is asked, and told truthfully."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from casectl.desk.identity import Identity
from casectl.desk.local import AsyncLocalDesk, LocalDesk
from casectl.desk.outcome import CommitLost, is_lost, settle
from casectl.errors import OutcomeUnknown, Unreachable
from casectl.operations.create import Create
from casectl.operations.list import ListCases
from casectl.store.sql import SyncSql, step
from tests.contract.conftest import prepare
from tests.desk.commit_line import CommitLine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Database

WANDA = Identity(tenant="acme", login="wanda")


@pytest.fixture
def place(database: Database) -> Database:
    prepare(database.owner)
    return database


@pytest.fixture
def line(server: Any) -> Iterator[CommitLine]:
    with CommitLine(server) as made:
        yield made


class Desk:
    """A desk of either kind over the line."""

    def __init__(self, colour: str, conninfo: dict[str, str], line: CommitLine) -> None:
        self._colour = colour
        self._conninfo: dict[str, Any] = conninfo | {"host": "127.0.0.1", "port": str(line.port)}

    def perform(self, operation: Any) -> Any:
        if self._colour == "async":
            return asyncio.run(AsyncLocalDesk(self._connected, WANDA).perform(operation))
        with LocalDesk(lambda: psycopg.connect(**self._conninfo), WANDA) as desk:
            return desk.perform(operation)

    @asynccontextmanager
    async def _connected(self) -> Any:
        async with await psycopg.AsyncConnection.connect(**self._conninfo) as connection:
            yield connection


@pytest.fixture(params=["sync", "async"])
def desk(request: pytest.FixtureRequest, place: Database, line: CommitLine) -> Desk:
    return Desk(request.param, place.app, line)


def titles(desk: Desk) -> list[str]:
    return [case.title for case in desk.perform(ListCases()).items]


def test_a_change_that_was_made_is_told_as_made(desk: Desk, line: CommitLine) -> None:
    line.breaks = "after"
    made = desk.perform(Create(title="Stored, not answered"))
    assert line.breaks == ""
    assert [case.number for case in desk.perform(ListCases()).items] == [made.number]


def test_a_change_that_was_not_made_is_told_as_such(desk: Desk, line: CommitLine) -> None:
    line.breaks = "before"
    with pytest.raises(Unreachable, match="nothing was changed") as refused:
        desk.perform(Create(title="Never stored"))
    assert not isinstance(refused.value, OutcomeUnknown)
    assert titles(desk) == []


def test_where_nobody_can_be_asked_it_is_not_known(desk: Desk, line: CommitLine, place: Database) -> None:
    line.breaks = "for good"
    with pytest.raises(OutcomeUnknown, match="not known whether") as refused:
        desk.perform(Create(title="Stored, perhaps"))
    assert refused.value.exit_code == 9
    patience = time.monotonic() + 20
    with LocalDesk(lambda: psycopg.connect(**place.app), WANDA) as direct:
        while not (found := direct.perform(ListCases()).items):  # the server has yet to read what it was sent
            assert time.monotonic() < patience
    assert [case.title for case in found] == ["Stored, perhaps"]


def asked(place: Database, xid: str, request_id: str) -> Any:
    with psycopg.connect(**place.app) as connection:
        sql = SyncSql(connection)
        return step(settle(sql, CommitLost(xid, 1, request_id, "made"), lambda: entered(sql)))


async def entered(sql: SyncSql) -> None:
    await sql.rows("SELECT enter('acme', 'wanda', NULL, 'create', 'x')")


def test_an_id_that_a_crash_has_given_again_is_no_proof(place: Database) -> None:
    with LocalDesk(lambda: psycopg.connect(**place.app), WANDA) as desk:
        desk.perform(Create(title="Of another command"))
    with psycopg.connect(**place.owner) as owner:
        row = owner.execute(
            "SELECT xid::text, request_id FROM audit WHERE object = 'case' AND tenant_id = 1"
        ).fetchone()
    assert row is not None
    assert asked(place, *row) == "made"
    with pytest.raises(OutcomeUnknown):
        asked(place, row[0], "mine")


def test_an_id_that_was_never_given_is_of_a_change_undone(place: Database) -> None:
    with pytest.raises(Unreachable, match="nothing was changed"):
        asked(place, str(2**40 + 1000), "mine")


def test_an_error_of_the_server_at_a_commit_leaves_nothing_open(place: Database) -> None:
    with psycopg.connect(**place.owner) as owner, pytest.raises(psycopg.Error) as caught:
        owner.execute("SELECT 1/0")
    assert not is_lost(caught.value)
    assert is_lost(psycopg.OperationalError("server closed the connection unexpectedly"))
