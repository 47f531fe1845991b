"""Two ways to run the same statements: a synchronous connection for the shell, an asynchronous one for servers.

Repositories are written once, over `Sql`. The synchronous one's awaitables never suspend, so that the desk can step a
verb's coroutine by hand and the shell needs no event loop. Only `store` and `desk.local` import this module.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence
    from typing import LiteralString

    from psycopg import AsyncConnection, Connection

    Parameters = Sequence[Any] | Mapping[str, Any]

Row = tuple[Any, ...]
Answer = TypeVar("Answer")


class Sql(Protocol):
    """What a repository may do with its transaction. Statements are constants; data are always parameters."""

    @property
    def connection(self) -> object:
        """The connection, as a key for what stays the same as long as it lives."""
        ...

    async def rows(self, statement: LiteralString, parameters: Parameters = ()) -> list[Row]:
        """All rows of a statement."""
        ...

    async def run(self, statement: LiteralString, parameters: Parameters = ()) -> int:
        """Run a statement without a result; the number of rows it touched."""
        ...

    async def commit(self) -> None:
        """End a transaction that only read."""
        ...

    async def keep(self) -> None:
        """End a transaction that wrote, keeping it; nothing interrupts this but the loss of the connection."""
        ...

    async def rollback(self) -> None:
        """End the transaction, undoing it."""
        ...

    async def aside(self, work: Callable[[], Answer]) -> Answer:
        """Do work that takes the processor long, such as hashing a password, without holding up other requests."""
        ...


class SyncSql:
    """`Sql` over psycopg's synchronous connection; its coroutines run to their end at the first step."""

    def __init__(self, connection: Connection[Row]) -> None:
        from casectl.store.roundtrips import Roundtrips

        self.connection = connection
        self._roundtrips = Roundtrips(connection)

    async def rows(self, statement: LiteralString, parameters: Parameters = ()) -> list[Row]:
        """See `Sql.rows`."""
        return self._roundtrips.rows_of(self.connection.wait(self._roundtrips.result_of(statement, parameters)))

    async def run(self, statement: LiteralString, parameters: Parameters = ()) -> int:
        """See `Sql.run`."""
        return self.connection.wait(self._roundtrips.result_of(statement, parameters)).command_tuples or 0

    async def commit(self) -> None:
        """See `Sql.commit`."""
        self.connection.commit()

    async def keep(self) -> None:
        """See `Sql.keep`. Ctrl-C comes too late then: the change is made, and its command has to tell."""
        import signal

        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self.connection.commit()
        finally:
            # What has arrived meanwhile is handled here: batches note the wish to stop, a second wish finds it heeded.
            with contextlib.suppress(KeyboardInterrupt):
                signal.pthread_sigmask(signal.SIG_SETMASK, before)

    async def rollback(self) -> None:
        """See `Sql.rollback`."""
        self.connection.rollback()

    async def aside(self, work: Callable[[], Answer]) -> Answer:
        """See `Sql.aside`."""
        return work()


class AsyncSql:
    """`Sql` over psycopg's asynchronous connection."""

    def __init__(self, connection: AsyncConnection[Row]) -> None:
        from casectl.store.roundtrips import Roundtrips

        self.connection = connection
        self._roundtrips = Roundtrips(connection)

    async def rows(self, statement: LiteralString, parameters: Parameters = ()) -> list[Row]:
        """See `Sql.rows`."""
        result = await self.connection.wait(self._roundtrips.result_of(statement, parameters))
        return self._roundtrips.rows_of(result)

    async def run(self, statement: LiteralString, parameters: Parameters = ()) -> int:
        """See `Sql.run`."""
        return (await self.connection.wait(self._roundtrips.result_of(statement, parameters))).command_tuples or 0

    async def commit(self) -> None:
        """See `Sql.commit`."""
        await self.connection.commit()

    async def keep(self) -> None:
        """See `Sql.keep`."""
        await self.connection.commit()

    async def rollback(self) -> None:
        """See `Sql.rollback`."""
        await self.connection.rollback()

    async def aside(self, work: Callable[[], Answer]) -> Answer:
        """See `Sql.aside`."""
        import asyncio

        return await asyncio.to_thread(work)


def step(coroutine: Coroutine[Any, Any, Answer]) -> Answer:
    """Run a coroutine that never suspends to its end, without an event loop."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]
    coroutine.close()
    raise RuntimeError("a verb waited for something that the synchronous desk does not have")
