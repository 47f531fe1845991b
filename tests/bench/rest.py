"""The REST server beside the least server over the same tables, both asked by the same program in turn."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casectl.operations.key_create import CreateKey
from tests.bench.figures import Figure
from tests.bench.place import ROOT, Process

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.place import Place

LEAST = {"list of 50": 0.45, "create": 0.3}
"""Of the limit's requests a second."""

MEMORY_REQUESTS = 100_000

_UNLIMITED = {"CASECTL_SERVER_CLIENT_RATE": "off", "CASECTL_SERVER_ADDRESS_RATE": "off"}
"""The load comes from one client at one address, which the limits are there to hold back."""


def measure(place: Place, seconds: float, cases: int) -> list[Figure]:
    """Lists and creates over 1 and 8 connections, and a whole `casectl list` against the server."""
    with place.desk() as desk:
        key = desk.perform(CreateKey(key=f"bench {cases}")).secret
    bearer = f"Bearer {key}"
    bare = place.superuser_parameters
    bare["options"] += " -c session_replication_role=replica"  # no triggers
    with _server(place, _casectl()) as ours, _server(place, _limit(), bare) as limit:
        ports = {"ours": ours, "limit": limit}
        figures = [
            _compare(place, ports, name, connections, (request, seconds))
            for connections in (1, 8)
            for name, request in _requests(bearer).items()
        ]
        return [*figures, *_whole_process(place, ours, str(key), seconds)]


def _requests(bearer: str) -> dict[str, bytes]:
    head = f"Host: 127.0.0.1\r\nAuthorization: {bearer}\r\nAccept: application/json\r\n"
    body = json.dumps({"title": "Login fails", "fields": {"system": "crm"}})
    return {
        "list of 50": f"GET /v1/cases/ HTTP/1.1\r\n{head}\r\n".encode(),
        "create": (
            f"POST /v1/cases/ HTTP/1.1\r\n{head}Content-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode(),
    }


def _compare(place: Place, ports: dict[str, int], name: str, connections: int, asked: tuple[bytes, float]) -> Figure:
    """Ours and the limit in turn, three times; the best round of each."""
    request, seconds = asked
    rounds: dict[str, list[dict[str, float]]] = {whose: [] for whose in ports}
    for _ in range(3):
        for whose, port in ports.items():
            rounds[whose].append(_ask(place, port, connections, seconds / 3, request))
    best = {whose: max(told, key=lambda one: one["requests"] / one["seconds"]) for whose, told in rounds.items()}
    each = {whose: told["seconds"] * 1000 / told["requests"] for whose, told in best.items()}
    told = {whose: f"{1000 / each[whose]:,.0f}/s, p99 {best[whose]['p99']:.1f} ms" for whose in ports}
    return Figure(
        name=f"{name}, {connections} conn. ({told['ours']})", value=each["ours"], limit=each["limit"],
        most_ratio=1 / LEAST[name], limit_name=f"Starlette + pool ({told['limit']})",
    )  # fmt: skip


def _ask(place: Place, port: int, connections: int, seconds: float, request: bytes) -> dict[str, float]:
    argv = [sys.executable, "-m", "tests.bench.load", "127.0.0.1", str(port), str(connections), str(seconds)]
    done = subprocess.run(argv, input=request, capture_output=True, cwd=ROOT, env=place.environ, check=True)
    told: dict[str, float] = json.loads(done.stdout)
    if told["failed"]:
        raise SystemExit(f"{argv[-3:]} {told['failed']:.0f} of {told['requests']:.0f} requests failed")
    return told


def _whole_process(place: Place, port: int, key: str, seconds: float) -> list[Figure]:
    """`casectl list` as a process of its own against the server, beside the least Python process with SQL."""
    from tests.bench.figures import medians

    remote = {"CASECTL_REMOTE_URL": f"http://127.0.0.1:{port}", "CASECTL_TOKEN": key}
    ours = Process(place, [sys.executable, "-m", "casectl", "list"], remote)
    least = Process(place, place.python_psycopg())
    taken = medians(max(3, round(seconds * 3)), {"ours": ours, "limit": least})
    return [
        Figure(
            name="list against a server, whole process", value=taken["ours"], limit=taken["limit"],
            limit_name="python+psycopg select 1", memory=ours.peak,
        )
    ]  # fmt: skip


def memory(place: Place) -> list[Figure]:
    """Resident memory of the server after 10,000 requests and after 100,000 (MB, in the column of milliseconds)."""
    with place.desk() as desk:
        key = desk.perform(CreateKey(key="memory")).secret
    with _server(place, _casectl()) as port:
        request, told = _requests(f"Bearer {key}")["list of 50"], []
        for most in (MEMORY_REQUESTS // 10, MEMORY_REQUESTS):
            done = 0
            while done < most:
                done += int(_ask(place, port, 8, 2, request)["requests"])
            told.append(_resident(port))
    return [
        Figure(name=f"MB after {MEMORY_REQUESTS:,} requests", value=told[1], limit=told[0], most=150, most_ratio=1.05,
               limit_name="MB after the first tenth")
    ]  # fmt: skip


def _resident(port: int) -> float:
    """MB that the process listening on the port has in memory."""
    table = [line.split() for line in Path("/proc/net/tcp").read_text("ascii").splitlines()]
    inode = next(line[9] for line in table if line[1].endswith(f":{port:04X}") and line[3] == "0A")
    for entry in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if str(entry.readlink()) == f"socket:[{inode}]":
                status = (entry.parents[1] / "status").read_text()
                line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
                return int(line.split()[1]) / 1024
    raise SystemExit(f"nobody listens on {port}")


def _casectl() -> list[str]:
    return [sys.executable, "-m", "casectl", "serve", "--listen", "127.0.0.1:{port}"]


def _limit() -> list[str]:
    return [sys.executable, "-m", "tests.bench.limit_server", "{port}"]


@contextlib.contextmanager
def _server(place: Place, argv: list[str], given: dict[str, Any] | None = None) -> Iterator[int]:
    """Run a server on a free port until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [word.replace("{port}", str(port)) for word in argv]
    environ = place.environ | _UNLIMITED | {"CASECTL_SERVER_METRICS_LISTEN": "off"}
    with (place.folder / f"server-{port}.log").open("wb") as log:
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=log, stderr=log, cwd=ROOT, env=environ)
        assert process.stdin is not None
        process.stdin.write(json.dumps(given).encode())
        process.stdin.close()
        try:
            _wait_for(port, process)
            yield port
        finally:
            process.terminate()
            process.wait(30)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise SystemExit(f"the server on {port} did not start")
