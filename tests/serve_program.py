"""`casectl serve` as a process of its own, with a fresh home, on a test's database."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from tests.served import Answer

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

    from tests.copies import Database

ROOT = Path(__file__).parents[1]
PATIENCE = 60
"""Seconds for what takes one or two on a machine that has nothing else to do."""
KEPT = ("PATH", "LANG", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")


class ServeProgram:
    """A running server; `log` is what it has written to stderr so far."""

    def __init__(self, database: Database, home: Path, words: tuple[str, ...], environ: dict[str, str]) -> None:
        url = psycopg.conninfo.make_conninfo("", **database.app)
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        self.environ = kept | {"HOME": str(home), "PYTHONPATH": str(ROOT), "CASECTL_DATABASE_URL": url} | environ
        given = ["--listen", "127.0.0.1:0"] if "--listen" not in words else []
        given += ["--metrics-listen", "127.0.0.1:0"] if "--metrics-listen" not in words else []
        self._log = home / f"log-{time.monotonic_ns()}"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-W", "error", "-m", "casectl", "serve", *given, *words],
                env=self.environ, cwd=home, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log,
            )  # fmt: skip
        self.port = self.metrics_port = 0

    @property
    def log(self) -> str:
        return self._log.read_text("utf-8", "replace")  # it may be read while a line is being written

    def requests(self) -> list[dict[str, Any]]:
        """The log's lines about requests."""
        whole = self.log.rpartition("\n")[0]
        lines = [json.loads(line) for line in whole.splitlines() if line.startswith("{")]
        return [line for line in lines if "status" in line]

    def wait(self) -> ServeProgram:
        """Until it answers."""
        self.wait_for(r"Serving the desk at https?://\S+?:(\d+)[ .]")
        if "off" not in self.process.args:
            self.wait_for(r"Metrics are at http://\S+?:\d+/")
        self.port = int(re.findall(r"Serving the desk at https?://\S+?:(\d+)[ .]", self.log)[0])
        found = re.findall(r"Metrics are at http://\S+?:(\d+)/", self.log)
        self.metrics_port = int(found[0]) if found else 0
        return self

    def wait_for(self, pattern: str) -> None:
        """Until the log says so."""
        until(lambda: re.search(pattern, self.log) or self.process.poll() is not None)
        assert re.search(pattern, self.log), self.log

    def ask(  # noqa: PLR0913 - what a request may hold
        self, method: str, target: str, body: Any = None, *, token: str = "", port: int = 0,
        tls: ssl.SSLContext | None = None, **headers: str,
    ) -> Answer:  # fmt: skip
        """One request over a connection of its own."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        if body is not None:
            body, sent["Content-Type"] = json.dumps(body).encode(), "application/json"
        place = "localhost" if tls else "127.0.0.1"
        made: http.client.HTTPConnection
        if tls:
            made = http.client.HTTPSConnection(place, port or self.port, timeout=PATIENCE, context=tls)
        else:
            made = http.client.HTTPConnection(place, port or self.port, timeout=PATIENCE)
        with contextlib.closing(made) as connection:
            connection.request(method, target, body=body, headers=sent)
            answer = connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, told, answer.read())

    def metrics(self) -> str:
        """What Prometheus would read."""
        return self.ask("GET", "/metrics", port=self.metrics_port).body.decode()

    def workers(self) -> set[int]:
        """The processes below it."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return {int(word) for word in children.read_text().split()}

    def send(self, one: signal.Signals) -> None:
        self.process.send_signal(one)

    def end(self, one: signal.Signals = signal.SIGTERM) -> int:
        """Signal it and wait; the exit code."""
        self.send(one)
        until(lambda: self.process.poll() is not None, told=lambda: self.log)
        return self.process.returncode


def until(true: Any, patience: float = PATIENCE, told: Any = lambda: "it did not come about in time") -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + patience
    while not true():
        assert time.monotonic() < deadline, told()
        time.sleep(0.02)


@contextlib.contextmanager
def serve_program(database: Database, *words: str, begun: bool = True, **environ: str) -> Iterator[ServeProgram]:
    """A server on a port of its own; killed at the end when it has not ended by itself."""
    home = Path(tempfile.mkdtemp(prefix="casectl serve ", dir="/tmp"))
    program = ServeProgram(database, home, words, environ)
    try:
        yield program.wait() if begun else program
    finally:
        if program.process.poll() is None:
            for worker in program.workers():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(worker, signal.SIGKILL)
            program.process.kill()
        program.process.wait(PATIENCE)
        shutil.rmtree(home)


class Load(threading.Thread):
    """One caller who asks again and again until nobody listens any more; `lost` are requests without an answer."""

    def __init__(self, port: int, token: str, *, keeps: bool) -> None:
        super().__init__(daemon=True)
        self.port, self.keeps = port, keeps
        self.headers = {"Authorization": f"Bearer {token}"} | ({} if keeps else {"Connection": "close"})
        self.answered = 0
        self.lost: list[str] = []
        self.statuses: set[int] = set()

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        while True:
            try:
                if connection.sock is None:
                    connection.connect()
            except OSError:
                return
            try:
                connection.request("GET", "/v1/cases/?limit=5", headers=self.headers)
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException) as error:
                self.lost.append(repr(error))
                return
            self.answered += 1
            self.statuses.add(answer.status)
            if not self.keeps or answer.will_close:
                connection.close()


def raw_exchange(port: int, sent: bytes, patience: float = PATIENCE) -> bytes:
    """Send bytes, read until the server hangs up."""
    with socket.create_connection(("127.0.0.1", port), timeout=patience) as line:
        line.sendall(sent)
        return read_all(line)


def read_all(line: socket.socket) -> bytes:
    """All that comes until the server hangs up."""
    found = b""
    with contextlib.suppress(ConnectionResetError):
        while chunk := line.recv(65536):
            found += chunk
    return found
