"""The desk over Postgres: the one place where a right is checked and a transaction begins and ends.

`LocalDesk` serves the shell without an event loop; `AsyncLocalDesk` serves servers. Both run the same steps: enter
(tenant, actor, operation and request id become the transaction's context), right, idempotency, `run`, commit.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self, TypeVar

import msgspec

from casectl.desk.identity import Identity, refuse_entry, schema_mismatch
from casectl.errors import Refusal
from casectl.model.actor import Actor
from casectl.operation import Call, Operation
from casectl.rules import rights
from casectl.store.announce import announce
from casectl.store.outbox import prune
from casectl.store.schema import SCHEMA_VERSION
from casectl.store.sql import AsyncSql, SyncSql, step
from casectl.store.unit import StoredUnit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from types import TracebackType
    from typing import LiteralString

    from psycopg import AsyncConnection, Connection

    from casectl.store.numbers import Numbers
    from casectl.store.sql import Sql

Result = TypeVar("Result")

RETRIES = 3
"""Serialization failures and deadlocks are tried again this many times."""

_WHO_ENTERS: LiteralString = """
    SELECT problem, tenant_id, tenant, user_id, login, name, email, rights, team_ids, led, zone, roles, schema_version,
           candidates, now(), stamp, set_config('plan_cache_mode', 'force_generic_plan', true),
           set_config('transaction_read_only', %s, true)
    FROM """
"""Planning a look-up by key under row-level security costs more than running it, so prepared plans are kept; where the
data decide about the plan, store.pages asks for one of its own."""

_BY_NAME: LiteralString = _WHO_ENTERS + "enter(%s, %s, %s, %s, %s)"
_BY_TOKEN: LiteralString = _WHO_ENTERS + "enter_as(%s, %s, %s, %s, %s::text[])"

_HISTORIC = "SELECT set_config('casectl.import', 'on', true)"


async def perform(
    sql: Sql, identity: Identity, operation: Operation[Result], call: Call, numbers: Numbers | None = None
) -> Result:
    """Run a verb in a transaction of its own; a Refusal or a fault undoes all of it.

    `numbers` is where new ids come from; a dry run, which uses none up, takes them in its own transaction.
    """
    try:
        actor, now, stamp = await _enter(sql, identity, operation, call)
        rights.require(actor, operation.right)
        if call.historic_at is not None or call.historic_actor is not None or operation.historic:
            rights.require_historic(actor, operation.right)
            await sql.rows(_HISTORIC)
        unit = StoredUnit(sql, actor, call, now, stamp)
        unit.context.numbers = None if call.dry_run else numbers
        if call.historic_actor is not None:
            await unit.people.user(str(call.historic_actor))  # else the audit could name somebody who never was
        result = await _once(unit, operation)
        if call.dry_run and not operation.reads:
            await sql.rollback()
        else:
            if not operation.reads:
                await prune(unit.context)
                await announce(unit.context)
            await sql.commit()  # of a read too: psycopg forgets all prepared statements at a rollback
    except BaseException as error:
        await _undo(sql)
        if _is_of_another_schema(error):
            await _refuse_other_schema(sql)
        raise
    return result


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


async def _enter(sql: Sql, identity: Identity, operation: Operation[Any], call: Call) -> tuple[Actor, datetime, int]:
    """Who acts, the transaction's time, and the stamp of the tenant's configuration."""
    mode, act = "on" if operation.reads else "off", (operation.name, call.request_id)
    if identity.user_id is None:
        row = (await sql.rows(_BY_NAME, (mode, identity.tenant, identity.login, identity.os_user, *act)))[0]
    else:
        scopes = None if identity.scopes is None else _array(identity.scopes)
        row = (await sql.rows(_BY_TOKEN, (mode, identity.tenant_id, identity.user_id, *act, scopes)))[0]
    if row[12] != SCHEMA_VERSION:
        raise schema_mismatch(row[12])
    if row[0] is not None:
        raise refuse_entry(row[0], identity, row[13] or [])
    actor = Actor(
        tenant_id=row[1], tenant=row[2], user_id=row[3], login=row[4], display_name=row[5], email=row[6] or "",
        rights=frozenset(row[7]), team_ids=frozenset(row[8]), led_team_ids=frozenset(row[9]), zone=row[10],
        roles=tuple(row[11]), client=identity.client,
    )  # fmt: skip
    return actor, row[14], row[15]


@lru_cache(maxsize=1_000)
def _array(words: tuple[str, ...]) -> str:
    """The words as Postgres writes an array: to write forty rights anew takes longer than many a verb's own Python."""
    quoted = [word.replace("\\", "\\\\").replace('"', '\\"') for word in words]
    return "{" + ",".join(f'"{word}"' for word in quoted) + "}"


async def _once(unit: StoredUnit, operation: Operation[Result]) -> Result:
    """Run the verb, or give the answer that its idempotency key has had before."""
    key = unit.call.idempotency_key
    if key is None or operation.reads:
        return await operation.run(unit)
    from casectl.desk import idempotency

    return await idempotency.run_once(unit, operation, key)


class LocalDesk:
    """The desk of the shell: one synchronous connection, opened at the first verb."""

    def __init__(self, connect: Callable[[], Connection[Any]], identity: Identity) -> None:
        self._connect = connect
        self._identity = identity
        self._sql: SyncSql | None = None

    def perform(self, operation: Operation[Result], call: Call | None = None) -> Result:
        """See `casectl.desk.Desk.perform`."""
        from casectl.desk.faults import refusal_of, worth_retrying

        call = _with_request_id(call or Call())
        for attempt in range(RETRIES + 1):
            try:
                return step(perform(self._open(), self._identity, operation, call))
            except Refusal:
                raise
            except Exception as error:
                if worth_retrying(error) and attempt < RETRIES:
                    continue
                self._drop_broken()
                refusal = refusal_of(error)
                if refusal is None:
                    raise
                raise refusal from error
        raise AssertionError("unreachable: the last attempt returns or raises")  # pragma: no cover

    def follow(self, operation: Operation[Result]) -> Iterator[Result]:
        """See `casectl.desk.Desk.follow`."""
        from casectl.desk.following import follow

        return follow(self, operation)

    def as_user(self, login: str) -> LocalDesk:
        """A desk over the same database for another actor."""
        return LocalDesk(self._connect, msgspec.structs.replace(self._identity, login=login, os_user=None))

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
    """Whether the server has ended an idle session, as its restart does.

    All else it may say between transactions (a reloaded setting) is rare, and costs a new connection at worst.
    """
    import select

    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


class AsyncLocalDesk:
    """The desk of servers: every verb takes a connection of the caller's making and gives it back."""

    def __init__(self, connect: Callable[[], Any], identity: Identity, numbers: Numbers | None = None) -> None:
        self._connect = connect
        self._identity = identity
        self._numbers = numbers

    async def perform(self, operation: Operation[Result], call: Call | None = None) -> Result:
        """As `casectl.desk.Desk.perform`, awaited; `connect()` gives an async context manager of a connection."""
        from casectl.desk.faults import refusal_of, worth_retrying

        call = _with_request_id(call or Call())
        for attempt in range(RETRIES + 1):
            try:
                return await self._attempt(operation, call)
            except Refusal:
                raise
            except Exception as error:
                if worth_retrying(error) and attempt < RETRIES:
                    continue
                refusal = refusal_of(error)
                if refusal is None:
                    raise
                raise refusal from error
        raise AssertionError("unreachable: the last attempt returns or raises")  # pragma: no cover

    async def _attempt(self, operation: Operation[Result], call: Call) -> Result:
        connection: AsyncConnection[Any]
        async with self._connect() as connection:
            return await perform(AsyncSql(connection), self._identity, operation, call, self._numbers)


def _with_request_id(call: Call) -> Call:
    if call.request_id:
        return call
    import os

    return msgspec.structs.replace(call, request_id=os.urandom(8).hex())
