"""One serving process: the application and its figures on sockets that are open already, until a signal.

uvicorn serves; what differs is how it ends. Requests that have arrived are answered: those in the queue of the socket
and those on connections kept open, too. Only casectl.api imports this module.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Any

import msgspec
import uvicorn

from casectl.api.connection import Connection, guarded
from casectl.api.listening import let_nobody_begin, renew_certificate
from casectl.errors import Failure

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import AsyncIterator, Callable, Iterator
    from types import FrameType

    from starlette.applications import Starlette

    from casectl.api.server_settings import ServerSettings

log = logging.getLogger("casectl.api")

_KEEP_ALIVE = 65
"""Seconds an idle connection stays open: longer than the 60 of usual proxies, which must be the ones to close it."""

_LINGER = 1.0
"""Seconds in which connections kept open may still bring a request that was under way when the end began."""

_PAUSE = 0.02


class Watcher(msgspec.Struct, frozen=True):
    """Who wants to know: `beat` is called once the process serves and every second after, `stops` when it ends."""

    beat: Any = lambda: None
    stops: Any = lambda: None


class Sockets(msgspec.Struct, frozen=True):
    """What a server listens at: the desk, and (perhaps) its metrics."""

    desk: Any
    metrics: Any = None

    def close(self) -> None:
        """Close them in this process."""
        for listening in (self.desk, self.metrics):
            if listening is not None:
                listening.close()


class Process(uvicorn.Server):
    """uvicorn's server with our end."""

    def __init__(self, config: uvicorn.Config, app: Starlette, grace: float, watcher: Watcher) -> None:
        super().__init__(config)
        self._app, self._grace, self._watcher = app, grace, watcher
        self.ended_by = 0
        self.cut_off = 0

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The first SIGTERM or SIGINT lets requests finish, the second ends at once; SIGHUP reads the certificate."""
        before = {one: signal.signal(one, self.handle_exit) for one in (signal.SIGTERM, signal.SIGINT)}
        before[signal.SIGHUP] = signal.signal(signal.SIGHUP, self._renew)
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - a signal handler's signature
        """Begin to end, or end at once."""
        if self.should_exit:
            self.force_exit = True
        else:
            self.should_exit, self.ended_by = True, sig

    def _renew(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - as above
        settings: ServerSettings = self._app.state.settings
        if self.config.ssl is not None and renew_certificate(self.config.ssl, settings):
            log.info("read the certificate %s again", settings.tls_cert)

    async def on_tick(self, counter: int) -> bool:
        """uvicorn's, ten times a second."""
        if counter % 10 == 0:
            _measure(self._app)
            self._watcher.beat()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more connections, let requests finish within the grace, tell streams to end, close the rest."""
        self._watcher.stops()
        self._app.state.closing.set()
        for connection in self._connections():
            connection.announce_end()
        await self._stop_accepting(sockets or [])
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._grace
        await self._wait(lambda: not self.server_state.connections, min(loop.time() + _LINGER, deadline))
        for connection in self._connections():
            connection.shutdown()
        await self._wait(self._is_idle, deadline)
        await self._cut_off()
        if not self.force_exit:
            await self.lifespan.shutdown()

    def _connections(self) -> list[Connection]:
        return [connection for connection in self.server_state.connections if isinstance(connection, Connection)]

    def _is_idle(self) -> bool:
        return not self.server_state.connections and not self.server_state.tasks

    async def _wait(self, is_over: Callable[[], bool], until: float) -> None:
        loop = asyncio.get_running_loop()
        while not is_over() and not self.force_exit and loop.time() < until:  # noqa: ASYNC110 - as uvicorn does
            await asyncio.sleep(_PAUSE)

    async def _cut_off(self) -> None:
        tasks = list(self.server_state.tasks)
        self.cut_off = len(tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            log.warning("%s", f"{len(tasks)} requests did not finish in time and were cut off")
            await asyncio.wait(tasks, timeout=1)
        for connection in self._connections():
            connection.transport.abort()

    async def _stop_accepting(self, sockets: list[socket.socket]) -> None:
        """Close the sockets, but answer whoever the kernel has let in already."""
        for listening in sockets:
            let_nobody_begin(listening)
        queues = [listening.dup() for listening in sockets]
        for server in self.servers:
            server.close()
        await asyncio.sleep(0)
        for queue in queues:
            queue.setblocking(False)
            await self._accept_rest(queue)
            queue.close()

    async def _accept_rest(self, queue: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with suppress(BlockingIOError):
            while True:
                accepted, _ = queue.accept()
                accepted.setblocking(False)
                with suppress(OSError):  # a handshake may fail as any other
                    await loop.connect_accepted_socket(self._protocol, accepted, ssl=self.config.ssl)

    def _protocol(self) -> asyncio.Protocol:
        make: Any = self.config.http_protocol_class
        protocol: Connection = make(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)
        protocol.announce_end()
        return protocol


def run_process(
    app: Starlette, settings: ServerSettings, sockets: Sockets, tls: ssl.SSLContext | None, watcher: Watcher
) -> int:
    """Serve until a signal; the signal. Raises Failure when the application cannot begin."""
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve(app, settings, sockets, tls, watcher))


async def _serve(
    app: Starlette, settings: ServerSettings, sockets: Sockets, tls: ssl.SSLContext | None, watcher: Watcher
) -> int:
    from casectl.api.metrics import MetricsPage

    app.state.closing = asyncio.Event()
    _allow_many_files()
    process = Process(_config(app, settings, tls), app, settings.shutdown_grace, watcher)
    try:
        async with _page(MetricsPage(app.state.metrics), sockets.metrics):
            await process.serve([sockets.desk])
    except SystemExit as error:  # uvicorn's way to tell that the lifespan failed, whose error it has logged
        raise Failure("the server could not begin; its log above tells why") from error
    if process.force_exit:
        raise KeyboardInterrupt
    return process.ended_by


def _measure(app: Starlette) -> None:
    limits, pool = getattr(app.state, "limits", None), getattr(app.state, "pool", None)
    app.state.metrics.count_tokens(app.state.gate.lookups if hasattr(app.state, "gate") else {})
    app.state.metrics.gauge(pool.stats() if pool is not None else {}, limits.turns if limits is not None else None)


def _config(app: Starlette, settings: ServerSettings, tls: ssl.SSLContext | None) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=guarded(settings.max_header, settings.request_timeout),
        loop="none",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # casectl.api.proxies reads them
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE,
        ssl_context_factory=None if tls is None else lambda _config, _default: tls,
    )


@asynccontextmanager
async def _page(page: Any, listening: socket.socket | None) -> AsyncIterator[None]:
    """A small application served beside the first, until that ends."""
    if listening is None:
        yield
        return
    config = uvicorn.Config(
        page, http=guarded(8192, 5.0), loop="none", ws="none", lifespan="off", log_config=None, access_log=False,
        proxy_headers=False, server_header=False, timeout_keep_alive=_KEEP_ALIVE, timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = _Quiet(config)
    serving = asyncio.create_task(server.serve([listening]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving


class _Quiet(uvicorn.Server):
    """A server beside the first, which alone hears signals."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _allow_many_files() -> None:
    """Every connection is an open file: take as many as this user may have."""
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
