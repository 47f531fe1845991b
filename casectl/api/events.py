"""Live events: server-sent events over the verb `events`. Only `casectl.api` imports this module.

The format is that of the HTML standard (9.2, server-sent events): `id:` is the cursor behind the event, so that a
client that comes back with `Last-Event-ID` misses nothing. Each stream reads as its own actor, in transactions of its
own; what woke it is shared by all of a process. Its token is asked for again before every page.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import msgspec

from casectl.api.exchange import Asked, Piecewise
from casectl.api.responses import encode
from casectl.desk.server.tailing import Tailer
from casectl.errors import Refusal, TooManyRequests, UsageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from starlette.applications import Starlette

    from casectl.config import Config
    from casectl.model.event import EventPage
    from casectl.operation import AnyOperation

EVENT_STREAM = b"text/event-stream"
LAST_ID = b"last-event-id"
RETRY = b"retry: 2000\n"
"""Milliseconds after which a client comes back; browsers wait 3 s or more otherwise."""

HEARTBEAT = 15.0
"""Seconds of silence after which a comment is sent, so that no proxy takes the stream for dead."""

LOOK = 4.0
"""Seconds after which token, user and events are looked at though nothing was announced."""

CLOSING_LOOK = 0.25
"""Seconds between looks whether the server is about to end."""

PER_USER, PER_TENANT, PER_PROCESS = 20, 500, 1_000
"""Streams at once."""

_HEADERS = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no")]  # fmt: skip


@asynccontextmanager
async def streaming(app: Starlette, config: Config) -> AsyncIterator[None]:
    """Streams of events for the time of an application's lifespan."""
    streams = app.state.streams = EventStreams(config)
    try:
        yield
    finally:
        await streams.close()


class EventStreams:
    """The streams of one process; `close` ends them all."""

    def __init__(self, config: Config) -> None:
        self.tailer = Tailer(config)
        self._closing = asyncio.Event()
        self._open: Counter[tuple[int, int | None]] = Counter()
        self._watcher: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """End every stream; clients come back to another server."""
        self._closing.set()
        if self._watcher is not None:
            self._watcher.cancel()
        await self.tailer.close()

    async def serve(self, asked: Asked, operation: AnyOperation) -> None:
        """Stream events until the client, its rights or the server go. Raises Refusals before the first byte only."""
        who = (asked.tenant_id, asked.access.identity.user_id)  # not the client, which many people share
        if self._open[who] >= PER_USER:
            message = f"{PER_USER} streams of events are open for this user, and no more are given"
            raise TooManyRequests(message, hint="end one of them")
        of_tenant = sum(count for (tenant, _), count in self._open.items() if tenant == asked.tenant_id)
        if of_tenant >= PER_TENANT or self._open.total() >= PER_PROCESS:
            raise TooManyRequests("too many streams of events are open here", hint="try again later, or ask for pages")
        self._open[who] += 1
        if self._watcher is None:
            self._watcher = asyncio.create_task(self._watch(asked.state))
        try:
            await self._serve(asked, begun(operation, dict(asked.scope["headers"])))
        finally:
            self._open[who] -= 1
            if not self._open[who]:
                del self._open[who]

    async def _watch(self, state: Any) -> None:
        """End the streams when the server is told to end: it waits for all requests, and these have no end."""
        while not self._closing.is_set():
            told = getattr(state, "closing", None)
            if told is not None and told.is_set():
                self._closing.set()
                await self.tailer.wake()
            await asyncio.sleep(CLOSING_LOOK)

    async def _serve(self, asked: Asked, operation: AnyOperation) -> None:
        answer = Piecewise(asked.send)
        stream = Stream(asked, operation, answer, self.tailer)
        ends = [asyncio.ensure_future(one) for one in (asked.gone(), self._closing.wait())]
        for end in ends:
            end.add_done_callback(lambda _: stream.stop())
        try:
            with suppress(TimeoutError, OSError):
                await stream.run()
                await answer.end()
        except Refusal as refusal:
            if not answer.begun:
                raise
            with suppress(TimeoutError, OSError):
                await answer.write(b"event: error\ndata: " + asked.problem(refusal) + b"\n\n")
                await answer.end()
        finally:
            for end in ends:
                end.cancel()


class Stream:
    """One client's stream."""

    def __init__(self, asked: Asked, operation: AnyOperation, answer: Piecewise, tailer: Tailer) -> None:
        self._asked, self._operation, self._answer, self._tailer = asked, operation, answer, tailer
        self._stopped = asyncio.Event()
        self._sent_at = 0.0

    def stop(self) -> None:
        """Let it end after the page that is being written."""
        self._stopped.set()

    async def run(self) -> None:
        """Write pages as they come. Raises what refuses one."""
        tenant = self._asked.tenant_id
        while not self._stopped.is_set():
            seen = self._tailer.version(tenant)
            page: Any = await self._asked.perform(self._operation)
            await self._tell(page)
            self._operation = msgspec.structs.replace(self._operation, after=page.next, since=msgspec.UNSET)
            if not page.more:
                await self._pause(tenant, seen)
            await self._asked.readmit()

    async def _tell(self, page: EventPage) -> None:
        """A page of events; without any, the place at the first time and a sign of life after a silence."""
        if not self._answer.begun:
            await self._answer.begin(200, _HEADERS)
            await self._write(RETRY + b"id: " + page.next.encode() + b"\n\n" if not page.items else RETRY)
        elif not page.items and time.monotonic() - self._sent_at >= HEARTBEAT:
            await self._write(b": still here\nid: " + page.next.encode() + b"\n\n")
        if page.items:
            await self._write(b"".join(map(written, page.items)))

    async def _write(self, piece: bytes) -> None:
        await self._answer.write(piece)
        self._sent_at = time.monotonic()

    async def _pause(self, tenant: int, seen: int) -> None:
        """Until there is news, the stream is to end, or it is time to look."""
        waits = [asyncio.ensure_future(one) for one in (self._tailer.wait(tenant, seen, LOOK), self._stopped.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


def written(event: Any) -> bytes:
    """An event as it stands in the stream; JSON has no line breaks."""
    return f"id: {event.cursor}\nevent: {event.name}\ndata: ".encode() + encode(event) + b"\n\n"


def wants_stream(headers: Mapping[bytes, bytes]) -> bool:
    """Whether the request asks for server-sent events."""
    return EVENT_STREAM in headers.get(b"accept", b"")


def begun(operation: AnyOperation, headers: Mapping[bytes, bytes]) -> AnyOperation:
    """The verb from where the client left off, else from where it says, else from now on."""
    told = headers.get(LAST_ID, b"")
    if told:
        if not told.isascii():
            raise UsageError("the header Last-Event-ID must be the id of an event")
        return msgspec.structs.replace(operation, after=told.decode(), since=msgspec.UNSET)
    if getattr(operation, "after", None) or getattr(operation, "since", None):
        return operation
    return msgspec.structs.replace(operation, since="now")
