"""The desk over Postgres: the one place where a right is checked and a transaction begins and ends.

`LocalDesk` serves the shell without an event loop; `AsyncLocalDesk` serves servers. Both run the same steps: enter
(tenant, actor, operation and request id become the transaction's context), right, idempotency, `run`, commit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar

import msgspec

from casectl.desk.entering import Limits, enter
from casectl.desk.identity import Identity, schema_mismatch
from casectl.desk.outcome import CommitLost, is_lost, settle, unknown
from casectl.errors import Refusal
from casectl.operation import Call, Operation
from casectl.rules import rights
from casectl.store.announce import announce
from casectl.store.outbox import prune
from casectl.store.schema import SCHEMA_VERSION
from casectl.store.sql import AsyncSql, SyncSql, step
from casectl.store.unit import StoredUnit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from psycopg import AsyncConnection, Connection

    from casectl.store.numbers import Numbers
    from casectl.store.sql import Sql

Result = TypeVar("Result")

RETRIES = 3
"""Serialization failures and deadlocks are tried again this many times."""

_HISTORIC = "SELECT set_config('casectl.import', 'on', true)"


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a desk's transactions have in common.

    `numbers` is where new ids come from; a dry run, which uses none up, takes them in its own transaction. `limits` are
    statement, lock and idle timeout in ms, told in each transaction where a pooler lets none through at the start.
    """

    numbers: Numbers | None = None
    limits: Limits | None = None


USUAL = Terms()


async def perform(
    sql: Sql, identity: Identity, operation: Operation[Result], call: Call, terms: Terms = USUAL
) -> Result:
    """Run a verb in a transaction of its own; a Refusal or a fault undoes all of it.

    Raises CommitLost where it is not known whether it was kept.
    """
    try:
        entry = await enter(sql, identity, operation, call, terms.limits)
        actor = entry.actor
        rights.require(actor, operation.right)
        if call.historic_at is not None or call.historic_actor is not None or operation.historic:
            rights.require_historic(actor, operation.right)
            await sql.rows(_HISTORIC)
        unit = StoredUnit(sql, actor, call, entry.now, entry.stamp)
        unit.context.numbers = None if call.dry_run else terms.numbers
        if call.historic_actor is not None:
            await unit.people.user(str(call.historic_actor))  # else the audit could name somebody who never was
        result = await _once(unit, operation)
        if operation.reads:
            await sql.commit()  # psycopg forgets all prepared statements at a rollback
        elif call.dry_run:
            await sql.rollback()
        else:
            await prune(unit.context)
            await announce(unit.context)
            await _keep(sql, CommitLost(entry.xid, actor.tenant_id, call.request_id, result))
    except BaseException as error:
        await _undo(sql)
        if _is_of_another_schema(error):
            await _refuse_other_schema(sql)
        raise
    return result


async def _settled(  # noqa: PLR0913, PLR0917 - all that the lost transaction was begun with
    sql: Sql, identity: Identity, operation: Operation[Any], call: Call, terms: Terms, lost: CommitLost
) -> Any:
    try:
        return await settle(sql, lost, lambda: enter(sql, identity, operation, call, terms.limits))
    except Refusal:
        raise
    except Exception as error:
        raise unknown() from error
    finally:
        await _undo(sql)


async def _keep(sql: Sql, change: CommitLost) -> None:
    try:
        await sql.keep()
    except Exception as error:
        if is_lost(error):
            raise change from error
        raise


def _is_of_another_schema(error: BaseException) -> bool:
    from psycopg import errors

    return isinstance(error, errors.UndefinedColumn | errors.UndefinedFunction | errors.UndefinedTable)


async def _refuse_other_schema(sql: Sql) -> None:
    """Where the database lacks what this program asks for: raise SchemaMismatch if its schema is another."""
    rows = await sql.rows("SELECT to_regclass('alembic_version') IS NOT NULL")
    if rows[0][0]:
        found = (await sql.rows("SELECT coalesce(max(version_num), '') FROM alembic_version"))[0][0]
        if found != SCHEMA_VERSION:
            await sql.rollback()
            raise schema_mismatch(found)
    await sql.rollback()


async def _undo(sql: Sql) -> None:
    from psycopg import Error

    try:
        await sql.rollback()
    except Error:
        return  # the connection is gone, and with it the transaction


async def _once(unit: StoredUnit, operation: Operation[Result]) -> Result:
    """Run the verb, or give the answer that its idempotency key has had before."""
    key = unit.call.idempotency_key
    if key is None or operation.reads:
        return await operation.run(unit)
    from casectl.desk import idempotency

    return await idempotency.run_once(unit, operation, key)


class LocalDesk:
    """The desk of the shell: one synchronous connection, opened at the first verb."""

    def __init__(self, connect: Callable[[], Connection[Any]], identity: Identity, terms: Terms = USUAL) -> None:
        self._connect, self._identity, self._terms = connect, identity, terms
        self._sql: SyncSql | None = None

    def perform(self, operation: Operation[Result], call: Call | None = None) -> Result:
        """See `casectl.desk.Desk.perform`."""
        from casectl.desk.faults import refusal_of, worth_retrying

        call = _with_request_id(call or Call())
        for attempt in range(RETRIES + 1):
            try:
                return step(perform(self._open(), self._identity, operation, call, self._terms))
            except Refusal:
                raise
            except CommitLost as lost:
                answer: Result = self._settled(operation, call, lost)
                return answer
            except Exception as error:
                if worth_retrying(error, operation) and attempt < RETRIES:
                    continue
                self._drop_broken()
                refusal = refusal_of(error, reads=operation.reads)
                if refusal is None:
                    raise
                raise refusal from error
        raise AssertionError("unreachable: the last attempt returns or raises")  # pragma: no cover

    def _settled(self, operation: Operation[Any], call: Call, lost: CommitLost) -> Any:
        """What became of it, asked over a new connection."""
        self.close()
        try:
            sql = self._open()
        except Exception as error:
            raise unknown() from error
        return step(_settled(sql, self._identity, operation, call, self._terms, lost))

    def follow(self, operation: Operation[Result]) -> Iterator[Result]:
        """See `casectl.desk.Desk.follow`."""
        from casectl.desk.following import follow

        return follow(self, operation)

    def as_user(self, login: str) -> LocalDesk:
        """A desk over the same database for another actor."""
        identity = msgspec.structs.replace(self._identity, login=login, os_user=None)
        return LocalDesk(self._connect, identity, self._terms)

    def _open(self) -> SyncSql:
        if self._sql is not None and has_ended(self._sql.connection):
            self.close()
        if self._sql is None:
            self._sql = SyncSql(self._connect())
        return self._sql

    def _drop_broken(self) -> None:
        if self._sql is not None and self._sql.connection.broken:
            self.close()

    def close(self) -> None:
        """See `casectl.desk.Desk.close`."""
        if self._sql is not None:
            self._sql.connection.close()
            self._sql = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def has_ended(connection: Connection[Any] | AsyncConnection[Any]) -> bool:
    """Whether the server has ended an idle session, as its restart does, or the last verb was left before its end.

    Nobody may begin in what is left of another verb. All else the server may say between transactions (a reloaded
    setting) is rare, and costs a new connection at worst.
    """
    import select

    from psycopg.pq import TransactionStatus

    if connection.closed or connection.pgconn.transaction_status != TransactionStatus.IDLE:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


class AsyncLocalDesk:
    """The desk of servers: every verb takes a connection of the caller's making and gives it back."""

    def __init__(self, connect: Callable[[], Any], identity: Identity, terms: Terms = USUAL) -> None:
        self._connect, self._identity, self._terms = connect, identity, terms

    async def perform(self, operation: Operation[Result], call: Call | None = None) -> Result:
        """As `casectl.desk.Desk.perform`, awaited; `connect()` gives an async context manager of a connection."""
        from casectl.desk.faults import refusal_of, worth_retrying

        call = _with_request_id(call or Call())
        for attempt in range(RETRIES + 1):
            try:
                return await self._attempt(operation, call)
            except Refusal:
                raise
            except CommitLost as lost:
                answer: Result = await self._settled(operation, call, lost)
                return answer
            except Exception as error:
                if worth_retrying(error, operation) and attempt < RETRIES:
                    continue
                refusal = refusal_of(error, reads=operation.reads)
                if refusal is None:
                    raise
                raise refusal from error
        raise AssertionError("unreachable: the last attempt returns or raises")  # pragma: no cover

    async def _attempt(self, operation: Operation[Result], call: Call) -> Result:
        connection: AsyncConnection[Any]
        async with self._connect() as connection:
            return await perform(AsyncSql(connection), self._identity, operation, call, self._terms)

    async def _settled(self, operation: Operation[Any], call: Call, lost: CommitLost) -> Any:
        """What became of it, asked over another connection."""
        is_connected = False
        try:
            async with self._connect() as connection:
                is_connected = True
                return await _settled(AsyncSql(connection), self._identity, operation, call, self._terms, lost)
        except Exception as error:
            if is_connected:
                raise
            raise unknown() from error


def _with_request_id(call: Call) -> Call:
    if call.request_id:
        return call
    import os

    return msgspec.structs.replace(call, request_id=os.urandom(8).hex())
