"""The gate of a server: tokens and keys by their digest, remembered for seconds, forgotten at a revocation."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from casectl.desk.server import access as gates
from casectl.errors import NotPermitted
from casectl.operations.create import Create
from casectl.operations.list import ListCases
from tests.contract.conftest import prepare
from tests.gates import by_owner, refusal, until, with_gate

if TYPE_CHECKING:
    from casectl.desk.server.access import Gate
    from casectl.desk.server.pool import Pool
    from tests.conftest import Database

TOKEN = "ct_" + "a" * 43
KEY = "ck_abc234def567_" + "b" * 43
UNTOLD = "not valid"


@pytest.fixture
def place(database: Database) -> Database:
    prepare(database.owner)
    return database


def digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def hand_out(database: Database, *, token: str = TOKEN, seconds: float = 900, scopes: list[str] | None = None) -> None:
    by_owner(
        database,
        "WITH g AS (INSERT INTO grants (tenant_id, id, client_id, user_id, scopes, expires_at, changed_by)"
        " SELECT 1, 1, 'casectl', id, %s, now() + interval '1 day', 0 FROM users"
        " WHERE tenant_id = 1 AND login = 'wanda'"
        " RETURNING id) INSERT INTO tokens (tenant_id, digest, grant_id, kind, expires_at)"
        " SELECT 1, %s, id, 'access', now() + %s * interval '1 second' FROM g",
        (scopes, digest(token), seconds),
    )


def make_key(database: Database, *, rights: list[str] | None = None, expires: str | None = None) -> None:
    by_owner(
        database,
        "INSERT INTO api_keys (tenant_id, id, key_id, user_id, name, digest, rights, expires_at, changed_by)"
        " SELECT 1, 7, 'abc234def567', id, 'nightly', %s, %s, now() + %s::interval, 0 FROM users"
        " WHERE tenant_id = 1 AND login = 'wanda'",
        (digest(KEY), rights, expires),
    )


def test_a_token_gives_its_user_and_its_scopes(place: Database) -> None:
    hand_out(place, scopes=["case:read", "case:read_any"])

    async def work(gate: Gate, pool: Pool) -> None:
        access = await gate.admit(TOKEN)
        assert (access.kind, access.client, access.key) == ("token", "casectl", None)
        assert access.identity.scopes == ("case:read", "case:read_any")
        desk = pool.desk(access.identity)
        assert (await desk.perform(ListCases())).items == []
        with pytest.raises(NotPermitted):
            await desk.perform(Create(title="x"))

    with_gate(place, work)


def test_what_is_no_token_is_refused_and_told_nothing(place: Database) -> None:
    hand_out(place)
    make_key(place)
    others_key = "ck_abc234def567_" + "c" * 43
    wrong = ["", "ct_" + "b" * 43, others_key, "ck_zzz234def567_" + "b" * 43, "x" * 9000, "ct_é" + "a" * 40,
             "eyJhbGciOiJub25lIn0.e30.", "ct_' OR true --aaaaaaaaaaaaaaaaaaaa", TOKEN + "\n"]  # fmt: skip

    async def work(gate: Gate, _: Pool) -> None:
        for bearer in wrong:
            assert UNTOLD in await refusal(gate, bearer)

    with_gate(place, work)


def test_a_refresh_token_opens_nothing(place: Database) -> None:
    hand_out(place)
    by_owner(place, "UPDATE tokens SET kind = 'refresh'")

    async def work(gate: Gate, _: Pool) -> None:
        assert UNTOLD in await refusal(gate, TOKEN)

    with_gate(place, work)


def test_the_holder_is_told_of_expiry_and_revocation(place: Database) -> None:
    hand_out(place, seconds=-1)
    make_key(place, expires="-1 second")

    async def work(gate: Gate, _: Pool) -> None:
        assert "expired" in await refusal(gate, TOKEN)
        assert "expired" in await refusal(gate, KEY)
        assert UNTOLD in await refusal(gate, KEY[:-1])
        by_owner(place, "UPDATE api_keys SET revoked_at = now(), changed_by = 0, changed_at = now()")
        by_owner(place, "UPDATE grants SET revoked_at = now(), changed_by = 0, changed_at = now()")
        assert "revoked" in await refusal(gate, TOKEN)
        assert "revoked" in await refusal(gate, KEY)

    with_gate(place, work)


def test_a_revocation_is_heard_at_once(place: Database) -> None:
    hand_out(place)
    make_key(place)

    async def work(gate: Gate, _: Pool) -> None:
        await gate.admit(TOKEN)
        await gate.admit(KEY)
        await until(lambda: bool(gate._age))  # it listens now
        await gate.admit(TOKEN)
        await gate.admit(KEY)
        assert len(gate._known) == 2
        by_owner(place, "UPDATE grants SET revoked_at = now(), changed_by = 0, changed_at = now()")
        await until(lambda: not gate._known, gates.REMEMBERED_SECONDS - 1)
        assert "revoked" in await refusal(gate, TOKEN)
        assert (await gate.admit(KEY)).kind == "key"

    with_gate(place, work)


def test_an_answer_is_remembered_for_five_seconds_at_most(place: Database, monkeypatch: Any) -> None:
    hand_out(place)

    async def work(gate: Gate, _: Pool) -> None:
        await gate.admit(TOKEN)
        by_owner(place, "UPDATE grants SET revoked_at = now(), changed_by = 0, changed_at = now()")
        assert await gate.admit(TOKEN)  # nobody listens here: behind PgBouncer nobody can
        known = gate._known[digest(TOKEN)]
        assert known.until - asyncio.get_running_loop().time() <= gates.REMEMBERED_SECONDS
        gate._known[digest(TOKEN)] = gates._Known(known.access, known.until - gates.REMEMBERED_SECONDS)
        assert "revoked" in await refusal(gate, TOKEN)

    with_gate(place, work, CASECTL_DATABASE_PREPARE_THRESHOLD="none")


def test_a_token_is_not_remembered_longer_than_it_lives(place: Database) -> None:
    async def work(gate: Gate, _: Pool) -> None:
        hand_out(place, seconds=2)
        assert await gate.admit(TOKEN)
        await asyncio.sleep(2.1)
        assert "expired" in await refusal(gate, TOKEN)

    with_gate(place, work)


def test_many_who_ask_at_once_cause_one_look_up(place: Database) -> None:
    hand_out(place)

    async def work(gate: Gate, pool: Pool) -> None:
        before = pool.stats().get("requests_num", 0)
        found = await asyncio.gather(*(gate.admit(TOKEN) for _ in range(50)))
        assert len({access.identity.user_id for access in found}) == 1
        assert pool.stats()["requests_num"] - before == 1

    with_gate(place, work)


def test_one_who_goes_away_does_not_spoil_it_for_the_others(place: Database) -> None:
    hand_out(place)

    async def work(gate: Gate, _: Pool) -> None:
        gone, stays = asyncio.create_task(gate.admit(TOKEN)), asyncio.create_task(gate.admit(TOKEN))
        await asyncio.sleep(0)
        gone.cancel()
        assert (await stays).kind == "token"

    with_gate(place, work)


def test_the_memory_is_bounded_and_holds_no_token(place: Database, monkeypatch: Any) -> None:
    make_key(place)
    for number in range(4):
        by_owner(
            place,
            "INSERT INTO api_keys (tenant_id, id, key_id, user_id, name, digest, changed_by)"
            " SELECT 1, %s, %s, id, 'more', %s, 0 FROM users WHERE tenant_id = 1 AND login = 'wanda'",
            (10 + number, f"key{number}key", digest(f"ck_key{number}key_" + "b" * 43)),
        )
    monkeypatch.setattr(gates, "REMEMBERED", 3)

    async def work(gate: Gate, _: Pool) -> None:
        await gate.admit(KEY)
        for number in range(4):
            await gate.admit(f"ck_key{number}key_" + "b" * 43)
        assert len(gate._known) == 3
        assert digest(KEY) not in gate._known
        assert "b" * 43 not in repr(gate._known)

    with_gate(place, work)


def test_the_last_use_of_a_key_is_noted_once_a_minute(place: Database) -> None:
    make_key(place)
    uses = "SELECT used_at, address FROM credential_uses WHERE kind = 'key' AND credential_id = 7"

    async def work(gate: Gate, _: Pool) -> None:
        await gate.admit(KEY, "198.51.100.7")
        await until(lambda: bool(by_owner(place, uses)))
        first = by_owner(place, uses)
        assert first[0][1] == "198.51.100.7"
        await gate.admit(KEY, "198.51.100.8")
        gate._used.clear()  # another process
        await gate.admit(KEY, "198.51.100.9")
        await until(lambda: not [task for task in gate._work if task.get_coro().__name__ == "_write_use"])  # type: ignore[union-attr]
        assert by_owner(place, uses) == first

    with_gate(place, work)


def test_a_lost_listener_comes_back(place: Database) -> None:
    hand_out(place)

    async def work(gate: Gate, _: Pool) -> None:
        await until(lambda: bool(gate._age))
        age = gate._age
        with psycopg.connect(**place.superuser, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND query LIKE 'LISTEN%%'",
                (place.name,),
            )
        assert await gate.admit(TOKEN)
        await until(lambda: gate._age > age)
        assert await gate.admit(TOKEN)

    with_gate(place, work)


def test_an_inactive_user_does_not_come_in(place: Database) -> None:
    hand_out(place)
    make_key(place)
    by_owner(
        place,
        "UPDATE users SET is_active = false, changed_by = 0, changed_at = now()"
        " WHERE tenant_id = 1 AND login = 'wanda'",
    )

    async def work(gate: Gate, _: Pool) -> None:
        assert "revoked" in await refusal(gate, TOKEN)
        assert "revoked" in await refusal(gate, KEY)

    with_gate(place, work)
