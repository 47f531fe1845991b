"""How often a verb goes to the database and back, and what a statement that goes wrong leaves behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from casectl.desk.identity import Identity
from casectl.desk.local import LocalDesk, has_ended
from casectl.desk.open import read_json_as_text
from casectl.operations.create import Create
from casectl.operations.list import ListCases
from casectl.operations.note import AddNote
from casectl.operations.show import Show
from casectl.store import roundtrips
from casectl.store.sql import AsyncSql, SyncSql, step
from tests.contract.conftest import prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import FrameType

    from tests.conftest import Database

Prepared = "SELECT count(*) FROM pg_prepared_statements"


class Colour:
    """A connection of either kind, driven as its desk drives it."""

    def __init__(self, kind: str, conninfo: dict[str, str]) -> None:
        self._runner = asyncio.Runner() if kind == "async" else None
        if self._runner is None:
            self.connection: Any = psycopg.connect(**conninfo)
            self.sql: Any = SyncSql(self.connection)
        else:
            self.connection = self._runner.run(psycopg.AsyncConnection.connect(**conninfo))
            self.sql = AsyncSql(self.connection)

    def __call__(self, coroutine: Any) -> Any:
        return step(coroutine) if self._runner is None else self._runner.run(coroutine)

    def rows(self, statement: Any, *parameters: Any) -> Any:
        return self(self.sql.rows(statement, parameters))

    def close(self) -> None:
        if self._runner is None:
            self.connection.close()
        else:
            self._runner.run(self.connection.close())
            self._runner.close()


@pytest.fixture(params=["sync", "async"])
def colour(database: Database, request: pytest.FixtureRequest) -> Iterator[Colour]:
    made = Colour(request.param, database.app)
    yield made
    made.close()


@pytest.fixture
def desk(database: Database) -> Iterator[LocalDesk]:
    prepare(database.owner)

    def connect() -> psycopg.Connection[Any]:
        connection = psycopg.connect(**database.app)
        read_json_as_text(connection)
        return connection

    with LocalDesk(connect, Identity(tenant="acme", login="admin")) as made:
        yield made


def round_trips(connection: psycopg.Connection[Any], place: Path, call: Callable[[], Any]) -> int:
    """How often the server said during the call that it is ready for more."""
    file = place / "trace"
    with file.open("wb") as trace:
        connection.pgconn.trace(trace.fileno())
        call()
        connection.pgconn.untrace()
    return file.read_text("latin-1").count("ReadyForQuery")


def test_a_verb_goes_to_the_database_no_more_often_than_it_must(desk: LocalDesk, tmp_path: Path) -> None:
    number = desk.perform(Create(title="x", contact="Ann <ann@example.com>", assignee="wanda", tags=["a"])).number
    desk.perform(AddNote(case=number, content="the first response"))
    verbs = {
        "list": (lambda: desk.perform(ListCases()), 3),
        "show": (lambda: desk.perform(Show(case=number)), 4),
        "note": (lambda: desk.perform(AddNote(case=number, content="y")), 4),
        "create": (lambda: desk.perform(Create(title="y")), 3),
    }
    for name, (call, most) in verbs.items():
        call()
        sql = desk._sql
        assert sql is not None
        taken = round_trips(sql.connection, tmp_path, call)
        assert taken <= most, f"{name}: {taken} round trips with the one that enters and the one that commits"


def test_a_transaction_begins_with_the_first_statement(colour: Colour) -> None:
    began = colour.rows("SELECT now()")
    assert colour.connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
    assert colour.rows("SELECT now()") == began
    colour(colour.sql.commit())
    assert colour.connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


@pytest.mark.parametrize("times", [1, 5, 6, 20])
def test_a_statement_is_prepared_after_some_uses(colour: Colour, times: int) -> None:
    for number in range(times):
        assert colour.rows("SELECT %s::int + 1, '%%'", number) == [(number + 1, "%")]
    assert colour.rows(Prepared) == [(int(times > 5),)]


def test_where_a_pooler_stands_before_the_database_none_ever_is(colour: Colour) -> None:
    colour.connection.prepare_threshold = None
    for number in range(20):
        assert colour.rows("SELECT %s::int", number) == [(number,)]
    assert colour.rows(Prepared) == [(0,)]


@pytest.mark.parametrize("before", [0, 5, 9])
@pytest.mark.parametrize(
    ("statement", "parameter", "error"),
    [
        ("SELECT 1 / %s::int", 0, psycopg.errors.DivisionByZero),
        ("SELECT %s::int", "x", psycopg.errors.InvalidTextRepresentation),
        ("SELECT nothing FROM nowhere WHERE 1 = %s", 1, psycopg.errors.UndefinedTable),
    ],
)
def test_after_an_error_all_goes_on(colour: Colour, before: int, statement: str, parameter: Any, error: Any) -> None:
    if error is psycopg.errors.DivisionByZero:
        for _ in range(before):
            colour.rows(statement, 1)
    with pytest.raises(error):
        colour.rows(statement, parameter)
    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        colour.rows("SELECT 1")
    colour(colour.sql.rollback())
    for _ in range(10):
        assert colour.rows("SELECT 1 / %s::int", 1) == [(1,)]
    colour(colour.sql.commit())


def test_what_is_undone_to_a_savepoint_can_be_said_again(colour: Colour) -> None:
    for _ in range(8):
        colour(colour.sql.run("SAVEPOINT step"))
        with pytest.raises(psycopg.errors.DivisionByZero):
            colour.rows("SELECT 1 / %s::int", 0)
        colour(colour.sql.run("ROLLBACK TO SAVEPOINT step"))
        assert colour.rows("SELECT 1 / %s::int", 1) == [(1,)]


def test_how_many_rows_were_touched(colour: Colour) -> None:
    assert colour(colour.sql.run("SELECT set_config('casectl.tenant', '1', true)")) == 1
    assert colour(colour.sql.run("DELETE FROM outbox WHERE tenant_id = %s", (1,))) == 0


def test_what_is_no_text_is_refused_before_it_is_sent(colour: Colour) -> None:
    with pytest.raises(psycopg.DataError):
        colour.rows("SELECT %s::text", "a\x00b")
    assert colour.rows("SELECT 1") == [(1,)]


def test_what_cannot_be_sent_ends_the_connection(colour: Colour) -> None:
    with pytest.raises(psycopg.OperationalError):
        colour.rows("SELECT 1" + ", %s" * 70_000, *range(70_000))
    assert colour.connection.closed
    with pytest.raises(psycopg.OperationalError, match="closed"):
        colour.rows("SELECT 1")


def test_a_session_that_the_server_ends_is_lost_at_once(colour: Colour, database: Database) -> None:
    ((backend,),) = colour.rows("SELECT pg_backend_pid()")

    def end() -> None:
        time.sleep(0.3)
        with psycopg.connect(**database.superuser) as superuser:
            superuser.execute("SELECT pg_terminate_backend(%s)", (backend,))

    ender = threading.Thread(target=end)
    ender.start()
    with pytest.raises(psycopg.OperationalError):
        colour.rows("SELECT pg_sleep(30)")
    ender.join()
    assert colour.connection.broken
    with pytest.raises(psycopg.OperationalError):
        colour.rows("SELECT 1")


def test_an_interrupt_cancels_the_statement(database: Database) -> None:
    colour = Colour("sync", database.app)

    def interrupt() -> None:
        asleep = "SELECT FROM pg_stat_activity WHERE datname = %s AND wait_event = 'PgSleep'"
        with psycopg.connect(**database.superuser, autocommit=True) as watcher:
            while not watcher.execute(asleep, (database.name,)).rowcount:
                time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        colour.rows("SELECT pg_sleep(30)")
    assert time.monotonic() - began < 20
    colour(colour.sql.rollback())
    assert colour.rows("SELECT 1") == [(1,)]
    colour.close()


def test_a_request_that_is_given_up_cancels_its_statement(database: Database) -> None:
    colour = Colour("async", database.app)

    async def give_up() -> None:
        async with asyncio.timeout(0.3):
            await colour.sql.rows("SELECT pg_sleep(30)")

    began = time.monotonic()
    with pytest.raises(TimeoutError):
        colour(give_up())
    assert time.monotonic() - began < 20
    colour(colour.sql.rollback())
    assert colour.rows("SELECT 1") == [(1,)]
    colour.close()


def interrupted_at(line: int, work: Callable[[], Any]) -> bool:
    """Whether Ctrl-C came while statements were sent and their answers read: at the so-manieth line that does that."""
    left = line

    def trace(frame: FrameType, happens: str, _: Any) -> Any:
        nonlocal left
        if frame.f_code.co_filename == roundtrips.__file__ and happens == "line":
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def test_hole_an_interrupt_at_any_instant_leaves_no_answer_to_the_next_statement(database: Database) -> None:
    line, is_over = 0, False
    while not is_over:
        line += 1
        colour = Colour("sync", database.app)
        is_over = not interrupted_at(line, partial(colour.rows, "SELECT %s::text", "of the one before"))
        with contextlib.suppress(psycopg.Error):
            colour(colour.sql.rollback())
        assert has_ended(colour.connection) or colour.rows("SELECT %s::text", f"line {line}") == [(f"line {line}",)]
        colour.close()
    assert line > 30


def test_hole_nobody_begins_in_what_an_interrupt_has_left_of_another_verb(desk: LocalDesk) -> None:
    desk.perform(ListCases())
    sql = desk._sql
    assert sql is not None
    step(sql.rows("SELECT set_config('transaction_read_only', 'on', true)"))  # and its end was interrupted as well
    made = desk.perform(Create(title="x"))
    assert [case.number for case in desk.perform(ListCases()).items] == [made.number]
    assert sql.connection.closed
