"""One port for many applications in turn: uvicorn started and ended for each of many tests would cost minutes."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.served import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.served import Served, Servers


class Switch:
    """An ASGI application that is whatever `running` application is the current one."""

    def __init__(self) -> None:
        self.current: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Hand on to the current application; the server's own start and end concern nobody."""
        if scope["type"] != "lifespan":
            await self.current(scope, receive, send)
            return
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return


class Turn:
    """An application's life on the servers' loop, in one task, as uvicorn would lead it."""

    def __init__(self, app: Any) -> None:
        self._app, self._started, self._ended = app, asyncio.Event(), asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Open the application's lifespan; raises what it raises."""
        self._task = asyncio.create_task(self._live())
        opened = asyncio.create_task(self._started.wait())
        await asyncio.wait({self._task, opened}, return_when=asyncio.FIRST_COMPLETED)
        opened.cancel()
        if self._task.done():
            self._task.result()

    async def _live(self) -> None:
        async with self._app.router.lifespan_context(self._app):
            self._started.set()
            await self._ended.wait()

    async def end(self) -> None:
        """Close it."""
        self._ended.set()
        if self._task is not None:
            await asyncio.wait_for(self._task, PATIENCE)


@contextmanager
def switched_to(servers: Servers, served: Served, app: Any) -> Iterator[str]:
    """The address at which `app` is served by the `Switch` of `served` until the block ends."""
    turn = Turn(app)
    servers.run(turn.begin())
    served.app.current = app
    try:
        yield served.url
    finally:
        servers.run(turn.end())
