"""The unit of work over Postgres: repositories on one transaction. Only `desk` makes one."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from casectl.rules import rights
from casectl.store.cases import StoredCases
from casectl.store.configuration import StoredConfiguration
from casectl.store.context import Context
from casectl.store.events import StoredEvents
from casectl.store.history import StoredHistory
from casectl.store.imports import StoredImports
from casectl.store.notes import StoredNotes
from casectl.store.people import StoredPeople

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from casectl.model.actor import Actor
    from casectl.operation import AnyOperation, Call
    from casectl.store.access import StoredAccess
    from casectl.store.case_types import StoredCaseTypes
    from casectl.store.exchange import StoredExchange
    from casectl.store.jobs import StoredJobs
    from casectl.store.past import StoredPast
    from casectl.store.roles import StoredRoles
    from casectl.store.sql import Sql
    from casectl.store.staff import StoredStaff
    from casectl.store.trash import StoredTrash
    from casectl.store.words import StoredWords


class StoredUnit:
    """See `casectl.unit.Unit`."""

    def __init__(
        self, sql: Sql, actor: Actor, call: Call, now: datetime | None = None, stamp: int | None = None
    ) -> None:
        self.actor = actor
        self.call = call
        self.context = Context(sql, actor, call, now, stamp)
        self.cases = StoredCases(self.context)
        self.notes = StoredNotes(self.context)
        self.people = StoredPeople(self.context)
        self.configuration = StoredConfiguration(self.context)
        self.history = StoredHistory(self.context)
        self.events = StoredEvents(self.context)
        self.imports = StoredImports(self.context)

    @property
    def access(self) -> StoredAccess:
        """See `casectl.unit.Unit.access`; loaded at its first use, which the shell's daily verbs do not make."""
        from casectl.store.access import StoredAccess

        return StoredAccess(self.context)

    @property
    def jobs(self) -> StoredJobs:
        """See `casectl.unit.Unit.jobs`; loaded at its first use."""
        from casectl.store.jobs import StoredJobs

        return StoredJobs(self.context)

    @property
    def exchange(self) -> StoredExchange:
        """See `casectl.unit.Unit.exchange`; loaded at its first use."""
        from casectl.store.exchange import StoredExchange

        return StoredExchange(self.context)

    @property
    def past(self) -> StoredPast:
        """See `casectl.unit.Unit.past`; loaded at its first use."""
        from casectl.store.past import StoredPast

        return StoredPast(self.context)

    @property
    def trash(self) -> StoredTrash:
        """See `casectl.unit.Unit.trash`; loaded at its first use."""
        from casectl.store.trash import StoredTrash

        return StoredTrash(self.context)

    @property
    def types(self) -> StoredCaseTypes:
        """See `casectl.unit.Unit.types`; loaded at its first use."""
        from casectl.store.case_types import StoredCaseTypes

        return StoredCaseTypes(self.context)

    @property
    def words(self) -> StoredWords:
        """See `casectl.unit.Unit.words`; loaded at its first use."""
        from casectl.store.words import StoredWords

        return StoredWords(self.context)

    @property
    def staff(self) -> StoredStaff:
        """See `casectl.unit.Unit.staff`; loaded at its first use."""
        from casectl.store.staff import StoredStaff

        return StoredStaff(self.context)

    @property
    def roles(self) -> StoredRoles:
        """See `casectl.unit.Unit.roles`."""
        from casectl.store.roles import StoredRoles

        return StoredRoles(self.context)

    async def now(self) -> datetime:
        """See `casectl.unit.Unit.now`."""
        return await self.context.now()

    async def perform(self, operation: AnyOperation) -> Any:
        """See `casectl.unit.Unit.perform`."""
        rights.require(self.actor, operation.right)
        return await operation.run(self)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """See `casectl.unit.Unit.savepoint`."""
        await self.context.sql.run("SAVEPOINT step")
        try:
            yield
        except BaseException:
            await self.context.sql.run("ROLLBACK TO SAVEPOINT step")
            raise
        await self.context.sql.run("RELEASE SAVEPOINT step")
