"""The connections of a server: bounded, set up as the shell's are, and none of them dead."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from casectl.config import load
from casectl.desk.identity import Identity
from casectl.desk.server.pool import Pool
from casectl.errors import NotLoggedIn, NotPermitted, Unreachable
from casectl.model.actor import Actor
from casectl.operation import Call
from casectl.operations.create import Create
from casectl.operations.list import ListCases
from casectl.rules.rights import ROLES
from casectl.store import numbers
from casectl.store.sql import AsyncSql
from casectl.store.unit import StoredUnit
from tests.contract.conftest import prepare

if TYPE_CHECKING:
    from tests.conftest import Database


@pytest.fixture
def place(database: Database) -> Database:
    prepare(database.owner)
    return database


def config_of(database: Database, **environ: str) -> Any:
    url = psycopg.conninfo.make_conninfo("", **database.app)
    return load({"database.url": url}, {"HOME": "/nowhere", **environ})


def user_id(database: Database, login: str) -> int:
    with psycopg.connect(**database.owner) as owner:
        row = owner.execute("SELECT id FROM users WHERE login = %s AND tenant_id = 1", (login,)).fetchone()
    assert row
    return int(row[0])


def test_a_tokens_holder_has_no_more_rights_than_it_was_given(place: Database) -> None:
    wanda = Identity(tenant_id=1, user_id=user_id(place, "wanda"))
    reads_only = Identity(tenant_id=1, user_id=wanda.user_id, scopes=("case:read", "case:purge"))

    async def work() -> None:
        pool = Pool(config_of(place))
        await pool.open()
        try:
            made = await pool.desk(wanda).perform(Create(title="Seen by all workers"))
            assert [case.id for case in (await pool.desk(wanda).perform(ListCases())).items] == [made.id]
            assert (await pool.desk(reads_only).perform(ListCases())).items == []  # without case:read_any
            with pytest.raises(NotPermitted, match="case:create"):
                await pool.desk(reads_only).perform(Create(title="No"))
            with pytest.raises(NotLoggedIn, match="not active"):
                await pool.desk(Identity(tenant_id=1, user_id=10_000)).perform(ListCases())
        finally:
            await pool.close()

    asyncio.run(work())


def test_an_exhausted_pool_says_so_and_recovers(place: Database) -> None:
    async def work() -> None:
        pool = Pool(config_of(place), size=1, wait=0.2)
        await pool.open()
        try:
            async with pool.connection():
                with pytest.raises(Unreachable, match=r"within 0\.2 s"):
                    async with pool.connection():
                        pass
            async with pool.connection() as connection:
                assert (await (await connection.execute("SHOW timezone")).fetchone()) == ("UTC",)
        finally:
            await pool.close()

    asyncio.run(work())


def test_a_connection_that_the_server_ended_is_given_to_nobody(place: Database) -> None:
    wanda = Identity(tenant_id=1, user_id=user_id(place, "wanda"))

    async def work() -> None:
        pool = Pool(config_of(place), size=2)
        await pool.open()
        try:
            await pool.desk(wanda).perform(ListCases())
            with psycopg.connect(**place.superuser, autocommit=True) as root:
                root.execute(
                    "SELECT pg_terminate_backend(pid, 20000) FROM pg_stat_activity"
                    " WHERE datname = %s AND application_name = 'casectl serve'",
                    (place.name,),
                )
            assert (await pool.desk(wanda).perform(ListCases())).items == []
        finally:
            await pool.close()

    asyncio.run(work())


def test_hole_a_request_given_up_as_it_gave_its_connection_back_took_it_along(place: Database) -> None:
    async def borrow(pool: Pool, has_it: asyncio.Event, until: asyncio.Event) -> None:
        async with pool.connection():
            has_it.set()
            await until.wait()

    async def work() -> None:
        pool = Pool(config_of(place), size=1, wait=10)
        await pool.open()
        assert pool._pool is not None
        try:
            has_it, done = asyncio.Event(), asyncio.Event()
            borrowing = asyncio.create_task(borrow(pool, has_it, done))
            await has_it.wait()
            async with pool._pool._lock:  # as whoever is being given another one at this moment has it
                done.set()
                await asyncio.sleep(0.1)
                borrowing.cancel()
                await asyncio.gather(borrowing, return_exceptions=True)
            async with pool.connection() as connection:
                assert not connection.closed
        finally:
            await pool.close()

    asyncio.run(work())


def test_many_creates_at_once_have_numbers_without_a_gap_or_a_wait_for_each_other(
    place: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numbers, "PATIENCE", 20.0)  # after a wait in vain one would be lost
    wanda = Identity(tenant_id=1, user_id=user_id(place, "wanda"))
    walt = Identity(tenant_id=2, user_id=user_id(place, "wanda"))

    async def work() -> None:
        pool = Pool(config_of(place), size=4)
        await pool.open()
        try:
            desks = [pool.desk(wanda), pool.desk(walt)]
            asked = [desks[n % 2].perform(Create(title=f"Case {n}")) for n in range(40)]
            made = await asyncio.gather(*asked)
            for mine in (made[::2], made[1::2]):
                assert sorted(case.id for case in mine) == list(range(1, 21))
                assert sorted(int(case.number.rpartition("-")[2]) for case in mine) == list(range(1, 21))
            # who has taken a number and waits holds nobody up
            async with pool.connection() as held:
                await held.execute("SELECT enter_as(1, %s, 'create', 'r')", (wanda.user_id,))
                unit = StoredUnit(AsyncSql(held), actor_of(wanda), Call())
                unit.context.numbers = pool._terms.numbers
                await Create(title="Held").run(unit)
                after = await asyncio.wait_for(desks[0].perform(Create(title="Not held up")), 20)
                await held.rollback()
            assert after.id == 22, "the number of the case that was never committed is left out"
            dry = await desks[0].perform(Create(title="Dry"), Call(dry_run=True))
            wet = await desks[0].perform(Create(title="Wet"))
            assert (dry.id, wet.id) == (23, 23), "a dry run uses up no number"
        finally:
            await pool.close()

    asyncio.run(work())


def actor_of(identity: Identity) -> Actor:
    return Actor(
        tenant_id=identity.tenant_id or 0, tenant="acme", user_id=identity.user_id or 0, login="wanda",
        display_name="", email="", rights=ROLES["Case Worker"],
    )  # fmt: skip


def test_numbers_that_do_not_come_are_taken_in_the_verbs_own_transaction(place: Database) -> None:
    wanda = Identity(tenant_id=1, user_id=user_id(place, "wanda"))

    async def work() -> None:
        pool = Pool(config_of(place), size=3)
        await pool.open()
        try:
            async with pool._connection_aside(), pool._connection_aside(), pool._connection_aside():
                began = time.monotonic()
                made = [await pool.desk(wanda).perform(Create(title=f"Case {n}")) for n in range(10)]
                assert 0.9 < time.monotonic() - began < 9, "one waits in vain, the others know"
            assert [case.id for case in made] == [*range(1, 11)]
            again = await asyncio.gather(*(pool.desk(wanda).perform(Create(title="x")) for _ in range(4)))
            ids = {case.id for case in again}
            assert len(ids) == 4
            assert ids < set(range(11, 16)), "the number asked for in vain may be lost, at any of the four, no other"
        finally:
            await pool.close()

    asyncio.run(work())


def test_who_waits_for_numbers_of_a_database_that_is_away_is_told(place: Database) -> None:
    wanda = Identity(tenant_id=1, user_id=user_id(place, "wanda"))

    async def work() -> None:
        pool = Pool(config_of(place), size=2)
        await pool.open()
        try:
            await pool._aside.close()  # type: ignore[union-attr]
            with pytest.raises(Unreachable, match="does not answer"):
                await pool.desk(wanda).perform(Create(title="No number"))
            assert (await pool.desk(wanda).perform(ListCases())).items == []
        finally:
            await pool.close()

    asyncio.run(work())


def test_scopes_that_no_right_looks_like_give_none(place: Database) -> None:
    odd = ('"', "\\", "a,b", "{}", "NULL", "", "case:read", "case:read_any")
    identity = Identity(tenant_id=1, user_id=user_id(place, "wanda"), scopes=odd)

    async def work() -> None:
        pool = Pool(config_of(place))
        await pool.open()
        try:
            assert (await pool.desk(identity).perform(ListCases())).items == []
            with pytest.raises(NotPermitted):
                await pool.desk(identity).perform(Create(title="No"))
        finally:
            await pool.close()

    asyncio.run(work())
