"""Limits: token buckets shared by processes, turns shared by tenants, bodies that are too large or too slow."""

from __future__ import annotations

import asyncio
import itertools
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from casectl.api.limits import Body, throttle
from casectl.api.rates import OwnBuckets, Rates
from casectl.api.turns import Turns
from casectl.desk.server.pool import Pool
from casectl.desk.server.rates import SharedBuckets, Taken
from casectl.errors import TooLarge, TooManyRequests, TooSlow, Unreachable
from tests.served import config_of


def take(connection: Any, want: int, bucket: str = "b", rate: float = 0.01, burst: int = 10) -> tuple[Any, ...]:
    row = connection.execute("SELECT * FROM take_tokens(%s, %s, %s, %s)", (bucket, rate, burst, want)).fetchone()
    assert row is not None
    return tuple(row)


@pytest.fixture
def app_role(database: Any) -> Any:
    with psycopg.connect(**database.app, autocommit=True) as connection:
        yield connection


def age(database: Any, seconds: float) -> None:
    """Let the buckets grow older."""
    with psycopg.connect(**database.owner) as owner:
        owner.execute(
            "UPDATE desk.rate_buckets SET filled_at = filled_at - make_interval(secs => %(s)s),"
            " full_at = full_at - make_interval(secs => %(s)s)", {"s": seconds}
        )  # fmt: skip


def test_a_bucket_gives_what_it_has(app_role):
    assert take(app_role, 4) == (4, 0, 6)
    assert take(app_role, 100)[0] == 6
    granted, wait, remaining = take(app_role, 1)
    assert (granted, remaining) == (0, 0)
    assert 90 < wait <= 100


def test_a_bucket_fills_with_time_and_no_further_than_its_size(app_role, database):
    take(app_role, 10)
    age(database, 300)
    assert take(app_role, 10)[0] == 3
    age(database, 100_000)
    assert take(app_role, 100)[0] == 10


def test_full_buckets_are_forgotten_and_others_are_not(app_role, database):
    take(app_role, 10, "old")
    age(database, 1100)
    take(app_role, 10, "new")
    assert app_role.execute("SELECT prune_rate_buckets()").fetchone() == (1,)
    with psycopg.connect(**database.owner) as owner:
        assert owner.execute("SELECT bucket FROM desk.rate_buckets").fetchall() == [("new",)]


def test_the_app_role_reaches_buckets_through_the_function_alone(app_role):
    for statement in (
        "SELECT * FROM rate_buckets",
        "DELETE FROM rate_buckets",
        "INSERT INTO rate_buckets VALUES ('x')",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app_role.execute(statement)


@pytest.mark.parametrize(
    ("bucket", "rate", "burst", "want"), [("x" * 201, 1, 1, 1), ("b", 0, 1, 1), ("b", 1, 0, 1), ("b", 1, 1, -5)]
)
def test_odd_wishes_are_refused(app_role, bucket, rate, burst, want):
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        take(app_role, want, bucket, rate, burst)


def test_many_at_once_get_no_more_than_there_is(database):
    async def main() -> int:
        pool = Pool(config_of(database), 8)
        await pool.open()
        try:
            buckets = SharedBuckets(pool)
            taken = await asyncio.gather(*(buckets.take("b", 0.001, 30, 1) for _ in range(60)))
        finally:
            await pool.close()
        return sum(one.granted for one in taken)

    assert asyncio.run(main()) == 30


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def spent(rates: Rates, tries: int, rate: float = 10, burst: int = 40) -> int:
    """How many of `tries` requests are let through."""
    let = 0
    for _ in range(tries):
        try:
            await rates.spend("client", "a", rate, burst)
            let += 1
        except TooManyRequests:
            continue
    return let


class Counted(OwnBuckets):
    """Buckets in memory that count how often they are asked."""

    asked = 0

    async def take(self, bucket: str, rate: float, burst: int, want: int) -> Taken:
        self.asked += 1
        return await super().take(bucket, rate, burst, want)


class Away:
    """A database that does not answer."""

    async def take(self, bucket: str, rate: float, burst: int, want: int) -> Taken:
        raise Unreachable("away")


def test_blocks_are_spent_without_asking():
    clock = Clock()
    shared = Counted(clock)
    assert asyncio.run(spent(Rates(shared, clock=clock), 100)) == 40
    assert shared.asked == 11, "ten blocks of four, and one refusal that is remembered"


def test_two_processes_share_a_bucket():
    clock = Clock()
    shared = Counted(clock)
    rates = [Rates(shared, clock=clock) for _ in range(2)]

    async def main() -> int:
        return sum([await spent(one, 5) for _, one in itertools.product(range(20), rates)])

    assert asyncio.run(main()) == 40


def test_a_refusal_tells_when_to_come_again_and_then_lets_in():
    clock = Clock()
    rates = Rates(Counted(clock), clock=clock)

    async def main() -> None:
        assert await spent(rates, 50, rate=0.1) == 40
        with pytest.raises(TooManyRequests) as caught:
            await rates.spend("client", "a", 0.1, 40)
        assert caught.value.retry_after == 10
        clock.now += 10.1
        assert await spent(rates, 5, rate=0.1) == 1

    asyncio.run(main())


def test_an_unspent_block_lapses():
    clock = Clock()
    shared = Counted(clock)
    rates = Rates(shared, clock=clock)
    asyncio.run(spent(rates, 1))
    clock.now += 60
    asyncio.run(spent(rates, 1))
    assert shared.asked == 2


def test_without_the_database_each_process_limits_by_itself():
    clock = Clock()
    assert asyncio.run(spent(Rates(Away(), clock=clock), 100)) == 40


def test_hostile_keys_are_no_longer_than_a_bucket_may_be():
    names: list[str] = []

    class Named(OwnBuckets):
        async def take(self, bucket: str, rate: float, burst: int, want: int) -> Taken:
            names.append(bucket)
            return await super().take(bucket, rate, burst, want)

    async def main() -> None:
        for key in ("x" * 5000, "x" * 5001, "a\nb", "a\x00", "\udc80", "jane"):
            await Rates(Named()).spend("login", key, 1, 1, exact=True)

    asyncio.run(main())
    assert len(set(names)) == 6
    assert all(len(name) <= 200 and name.isprintable() for name in names)
    assert names[-1] == "login:jane"


async def work(turns: Turns, tenant: int, seconds: float, done: list[int]) -> None:
    async with turns.turn(tenant):
        await asyncio.sleep(seconds)
        done.append(tenant)


def test_one_tenants_flood_keeps_others_waiting_no_longer_than_a_turn():
    async def main() -> int:
        turns, done = Turns.of_pool(10), []
        flood = [asyncio.create_task(work(turns, 1, 0.01, done)) for _ in range(300)]
        await asyncio.sleep(0.05)
        before = len(done)
        await work(turns, 2, 0.01, done)
        meanwhile = len(done) - before
        await asyncio.gather(*flood)
        assert turns.working == turns.waiting == 0
        assert len(done) == 301
        return meanwhile

    assert asyncio.run(main()) < 30, "as many as have their turn at once, twice over"


def test_no_tenant_holds_all_places():
    async def main() -> None:
        turns, done = Turns.of_pool(10), []
        slow = [asyncio.create_task(work(turns, 1, 60, done)) for _ in range(50)]
        await asyncio.sleep(0)
        assert (turns.working, turns.waiting) == (6, 44)
        await asyncio.wait_for(work(turns, 2, 0, done), 20)
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
        assert turns.working == turns.waiting == 0

    asyncio.run(main())


def test_those_who_wait_take_turns_by_tenant():
    async def main() -> list[int]:
        turns, done = Turns(1, 1), []
        tenants = [1] * 6 + [2] * 2 + [3]
        await asyncio.gather(*(work(turns, tenant, 0, done) for tenant in tenants))
        return done

    assert asyncio.run(main()) == [1, 1, 2, 3, 1, 2, 1, 1, 1]


def test_a_turn_that_comes_while_its_request_is_cancelled_is_not_lost():
    async def main() -> None:
        turns = Turns(1, 1)
        await turns.take(1)
        waiting = [asyncio.create_task(turns.take(2)) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        turns.give(1)  # to a place whose request is cancelled already
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert waiting[1].done()
        turns.give(2)
        waiting[2].cancel()  # its turn has come, and it never learns
        await asyncio.gather(*waiting, return_exceptions=True)
        assert turns.working == turns.waiting == 0

    asyncio.run(main())


def test_a_queue_that_is_far_too_long_is_refused():
    async def main() -> None:
        turns = Turns(1, 1, longest_queue=2)
        await turns.take(1)
        waiting = [asyncio.create_task(turns.take(1)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(TooManyRequests) as caught:
            await turns.take(1)
        assert caught.value.retry_after == 1
        for task in waiting:
            task.cancel()

    asyncio.run(main())


def body_of(*chunks: bytes, pause: float = 0.0, length: int | None = None, patience: float = 20) -> Body:
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    messages[-1]["more_body"] = False

    async def receive() -> Any:
        await asyncio.sleep(pause)
        return messages.pop(0)

    headers = [(b"transfer-encoding", b"chunked") if length is None else (b"content-length", str(length).encode())]
    return Body({"headers": headers, "state": {}}, receive, 100, patience)  # type: ignore[arg-type]


async def read(body: Body) -> bytes:
    found, more = b"", True
    while more:
        message = await body.receive()
        found, more = found + message["body"], message["more_body"]
    return found


def test_a_body_within_its_limits_is_read():
    assert asyncio.run(read(body_of(b"a" * 50, b"b" * 50))) == b"a" * 50 + b"b" * 50


def test_an_announced_size_is_refused_before_anything_is_read():
    with pytest.raises(TooLarge, match="more than 100 bytes"):
        asyncio.run(body_of(b"never", length=101).receive())


def test_a_size_that_was_not_announced_is_refused_when_it_is_reached():
    with pytest.raises(TooLarge):
        asyncio.run(read(body_of(*[b"a" * 30] * 10)))


def test_a_body_that_stalls_is_refused():
    with pytest.raises(TooSlow):
        asyncio.run(read(body_of(b"a", pause=0.5, patience=0.1)))


def test_a_body_that_trickles_is_refused():
    with pytest.raises(TooSlow):
        asyncio.run(read(body_of(*[b"a"] * 50, pause=0.02, patience=0.1)))


def test_a_route_may_take_larger_bodies():
    body = body_of(b"a" * 500)
    body._scope["state"]["max_body"] = None
    assert len(asyncio.run(read(body))) == 500


def test_tries_to_log_in_are_counted_one_by_one():
    limits = SimpleNamespace(rates=Rates(OwnBuckets()))
    request: Any = SimpleNamespace(scope={"app": SimpleNamespace(state=SimpleNamespace(limits=limits))})

    async def main() -> None:
        for _ in range(5):
            await throttle(request, "login:acme/jane", 0.1, 5)
        with pytest.raises(TooManyRequests, match="login limit") as caught:
            await throttle(request, "login:acme/jane", 0.1, 5)
        assert caught.value.retry_after == 10
        await throttle(request, "login:acme/paul", 0.1, 5)

    asyncio.run(main())
