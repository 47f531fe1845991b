"""Applications served over real HTTP on loopback, for tests: one event loop in one thread, a server per application."""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import json
import secrets
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec
import psycopg
import uvicorn

from casectl.config import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from casectl.config import Config
    from tests.copies import Database

PATIENCE = 60
"""Seconds to wait for a server to start or to end."""


def config_of(database: Database, **settings: str) -> Config:
    """The configuration of a server on a test's database; further `settings` with `_` twice for the dot."""
    given = {name.replace("__", "."): value for name, value in settings.items()}
    url = psycopg.conninfo.make_conninfo("", **database.app)
    return load({"database.url": url, **given}, {"HOME": "/nowhere"})


def issue_key(database: Database, login: str, tenant_id: int = 1, rights: list[str] | None = None) -> str:
    """A new API key of this user, with all his rights or only `rights` of them."""
    number = secrets.randbelow(10**9)
    key = f"ck_{number:012d}_{secrets.token_urlsafe(32)}"
    with psycopg.connect(**database.owner) as owner:
        context = {"tenant": tenant_id, "actor": 0, "operation": "init", "scope": "admin"}
        for name, value in context.items():
            owner.execute("SELECT set_config('casectl.' || %s, %s, true)", (name, str(value)))
        owner.execute(
            "INSERT INTO api_keys (tenant_id, id, key_id, user_id, name, digest, rights, changed_by)"
            " SELECT %s, %s, %s, id, 'test', %s, %s, 0 FROM users WHERE tenant_id = %s AND login = %s",
            (tenant_id, number, f"{number:012d}", hashlib.sha256(key.encode()).digest(), rights, tenant_id, login),
        )
    return key


class Answer(msgspec.Struct, frozen=True):
    """An answer: `headers` by lower-case name, `body` as it came."""

    status: int
    headers: dict[str, str]
    body: bytes
    cookies: list[str] = []

    @property
    def json(self) -> Any:
        """The body, decoded; duplicate keys and NaN do not occur in what we write."""
        return json.loads(self.body)


class Served:
    """One application on a port of its own."""

    def __init__(self, loop: asyncio.AbstractEventLoop, app: Any, port: int = 0) -> None:
        self._socket = socket.create_server(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as casectl.api.listening does
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.app = app
        config = uvicorn.Config(app, lifespan="on", log_config=None, access_log=False, ws="none")
        self._server = uvicorn.Server(config)
        self._ended = asyncio.run_coroutine_threadsafe(self._server.serve([self._socket]), loop)
        self._wait()

    def _wait(self) -> None:
        for _ in range(PATIENCE * 200):
            if self._server.started:
                return
            if self._ended.done():
                self._ended.result()
                raise RuntimeError("the application did not start; its lifespan failed")
            threading.Event().wait(0.005)
        raise RuntimeError("the application did not start in time")

    def ask(
        self,
        method: str,
        target: str,
        body: Any = None,
        *,
        token: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request over a connection of its own; `body` is sent as it is when it is bytes, else as JSON."""
        sent = {"Authorization": f"Bearer {token}"} if token else {}
        if body is not None and not isinstance(body, bytes):
            body, sent["Content-Type"] = json.dumps(body).encode(), "application/json"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, target, body=body, headers={**sent, **(headers or {})})
            answer = connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            cookies = [value for name, value in answer.getheaders() if name.lower() == "set-cookie"]
            return Answer(answer.status, told, answer.read(), cookies)
        finally:
            connection.close()

    def close(self) -> None:
        """Let requests in flight end, close the application's lifespan and the port."""
        self._server.should_exit = True
        self._ended.result(PATIENCE)
        self._socket.close()


class Servers:
    """The event loop that all served applications of a session share."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="served", daemon=True)
        self._thread.start()

    @contextmanager
    def serve(self, app: Any, port: int = 0) -> Iterator[Served]:
        """The application, served until the block ends, on a free port or the given one."""
        served = Served(self.loop, app, port)
        try:
            yield served
        finally:
            served.close()

    def run(self, coroutine: Any) -> Any:
        """Run a coroutine on the servers' loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(PATIENCE)

    def close(self) -> None:
        """Stop the loop."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(PATIENCE)
        self.loop.close()


@contextmanager
def servers() -> Iterator[Servers]:
    """For a session-long fixture."""
    made = Servers()
    try:
        yield made
    finally:
        made.close()
