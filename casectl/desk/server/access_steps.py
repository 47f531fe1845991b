"""The steps of the authorization server: one transaction each, in a tenant that a look-up told.

Only the modules of access in `desk` and `api.oauth` import this module. It is synchronous, as oauthlib is: servers run
it in threads. A step is kept when its block ends, also when it refuses somebody (a revocation and the record of the
refusal are the point of it); an exception undoes it.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from casectl.desk.local import has_ended
from casectl.errors import Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from typing import LiteralString

    from psycopg import Connection

    from casectl.config import Config

CONNECTIONS = 8
"""Connections that the steps of one process may hold at a time."""

REFUSALS_AT_ONCE, REFUSALS_A_SECOND = 500.0, 2.0
"""Refusals that each process records in the audit of a tenant."""

_EVENT: LiteralString = """
    INSERT INTO security_events (tenant_id, id, kind, outcome, reason, client_id, user_id, address, changed_by)
    VALUES (%s, take_numbers('security_events.id', 1), %s, %s, %s, %s, %s, %s, %s)
"""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a request comes from: its id, which the audit shows, and the address of its sender."""

    request_id: str = ""
    address: str = ""


class Step:
    """One transaction. `tenant_id` 0 is no tenant, `actor` 0 is casectl itself."""

    def __init__(self, steps: Steps, connection: Connection[Any], operation: str, origin: Origin) -> None:
        self.config, self.origin = steps.config, origin
        self.tenant_id, self.actor = 0, 0
        self._steps, self._connection, self._operation = steps, connection, operation

    def enter(self, tenant_id: int, actor: int = 0) -> datetime:
        """Work in this tenant for this user from here on; the transaction's time."""
        self.tenant_id, self.actor = tenant_id, actor
        rows = self.rows(
            "SELECT enter_access(%s, %s, %s, %s)", (tenant_id, actor, self._operation, self.origin.request_id)
        )
        now: datetime = rows[0][0]
        return now

    def rows(self, statement: LiteralString, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """All rows of a statement."""
        return self._connection.execute(statement, parameters).fetchall()

    def row(self, statement: LiteralString, parameters: tuple[Any, ...] = ()) -> tuple[Any, ...] | None:
        """The first row of a statement."""
        return self._connection.execute(statement, parameters).fetchone()

    def run(self, statement: LiteralString, parameters: tuple[Any, ...] = ()) -> int:
        """Run a statement without a result; the number of rows it touched."""
        return self._connection.execute(statement, parameters).rowcount

    def take(self, counter: str) -> int:
        """A new value of one of the tenant's counters."""
        return int(self.rows("SELECT take_numbers(%s, 1)", (counter,))[0][0])

    def seconds(self, setting: str) -> float:
        """A duration of the configuration's [oauth]."""
        return self.config.seconds(f"oauth.{setting}") or 0.0

    def event(
        self, kind: str, outcome: str, reason: str = "", *, client_id: str | None = None, user_id: int | None = None
    ) -> None:
        """Record in the audit what was done or refused.

        To the server's log alone goes what has no tenant, and what is refused too often: anybody may be refused, and
        nothing is ever taken from the audit.
        """
        if self.tenant_id and (outcome != "refused" or self._steps.may_record(self.tenant_id)):
            about = (kind, outcome, reason[:200], client_id, user_id, self.origin.address[:100])
            self.run(_EVENT, (self.tenant_id, *about, self.actor))
            return
        import logging

        logging.getLogger("casectl.oauth").warning(
            "%s %s: %s (request %s, address %s)", kind, outcome, reason, self.origin.request_id, self.origin.address
        )


class Steps:
    """Steps over a few connections as the app role, which are opened when they are needed and kept."""

    def __init__(self, config: Config, most: int = CONNECTIONS) -> None:
        self.config = config
        self._idle: list[Connection[Any]] = []
        self._recorded: dict[int, tuple[float, float]] = {}
        self._lock, self._room = threading.Lock(), threading.BoundedSemaphore(most)

    @contextmanager
    def step(self, operation: str, origin: Origin) -> Iterator[Step]:
        """A transaction; `operation` is its name in the audit. Raises Unreachable while there is no database."""
        from psycopg import Error

        from casectl.desk.faults import refusal_of

        if not self._room.acquire(timeout=10):
            raise Unreachable("the server is too busy to let anybody in", hint="try again in a moment")
        try:
            connection = self._take()
            try:
                with connection.transaction():
                    yield Step(self, connection, operation, origin)
            except Error as error:
                raise refusal_of(error) or error from error
            finally:
                self._give_back(connection)
        finally:
            self._room.release()

    def may_record(self, tenant_id: int) -> bool:
        """Whether one more refusal may stand in the audit of a tenant."""
        with self._lock:
            now = time.monotonic()
            level, filled = self._recorded.get(tenant_id, (REFUSALS_AT_ONCE, now))
            level = min(REFUSALS_AT_ONCE, level + (now - filled) * REFUSALS_A_SECOND)
            self._recorded[tenant_id] = (max(level - 1, 0.0), now)
            return level >= 1

    def _take(self) -> Connection[Any]:
        from casectl.desk.open import connect

        while True:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                return connect(self.config, lambda _: None)
            if not has_ended(connection):
                return connection
            connection.close()

    def _give_back(self, connection: Connection[Any]) -> None:
        if connection.broken or connection.closed:
            connection.close()
            return
        with self._lock:
            self._idle.append(connection)

    def close(self) -> None:
        """Let go of the connections that nobody uses now."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
