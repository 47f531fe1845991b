"""A program that asks a server the same request over several connections, as fast as it answers.

`python -m tests.bench.load HOST PORT CONNECTIONS SECONDS` with the request's bytes on standard input; it prints one
JSON object: requests, failed, seconds, p50 and p99 in milliseconds. A process of its own, so that it takes no time
from the server's interpreter.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any


class Asker(asyncio.Protocol):
    """One connection: asks, reads the whole answer, asks again."""

    def __init__(self, request: bytes, until: float, loop: asyncio.AbstractEventLoop) -> None:
        self.request, self.until = request, until
        self.done: asyncio.Future[None] = loop.create_future()
        self.taken: list[float] = []
        self.failed = 0
        self._buffer = b""

    def connection_made(self, transport: Any) -> None:
        """Begin."""
        self.transport = transport
        self._ask()

    def _ask(self) -> None:
        self._began = time.perf_counter()
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        """Take a part of an answer; the next request leaves when it is whole."""
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return
        now = time.perf_counter()
        self.taken.append(now - self._began)
        self.failed += head[9:10] != b"2"
        self._buffer = b""
        if now < self.until:
            self._ask()
        else:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """End; an answer that was cut off has failed."""
        self.failed += bool(self._buffer)
        if not self.done.done():
            self.done.set_result(None)


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise SystemExit(f"an answer without a length: {head[:200]!r}")


async def ask(host: str, port: int, connections: int, seconds: float, request: bytes) -> dict[str, float]:
    """Ask until `seconds` are over; the figures."""
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    askers = [Asker(request, began + seconds, loop) for _ in range(connections)]
    for asker in askers:
        await loop.create_connection(lambda asker=asker: asker, host, port)
    await asyncio.gather(*(asker.done for asker in askers))
    took = time.perf_counter() - began
    taken = sorted(one for asker in askers for one in asker.taken)
    if not taken:
        raise SystemExit("no answer at all")
    return {
        "requests": len(taken), "failed": sum(asker.failed for asker in askers), "seconds": took,
        "p50": taken[len(taken) // 2] * 1000, "p99": taken[min(len(taken) - 1, len(taken) * 99 // 100)] * 1000,
    }  # fmt: skip


def main() -> None:
    """Read the request, ask, tell."""
    import uvloop

    host, port, connections, seconds = sys.argv[1:]
    request = sys.stdin.buffer.read()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(ask(host, int(port), int(connections), float(seconds), request))))


if __name__ == "__main__":
    main()
