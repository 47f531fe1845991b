"""What Prometheus reads: requests, times, connections, refusals, memory. Only casectl.api imports this module.

Labels are few and fixed (routes by their template, never an id or a name). One process keeps its own registry; several
workers write into a private folder, from which any of them answers for all.
"""

from __future__ import annotations

import os
import struct
import time
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Receive, Scope, Send

    from casectl.api.turns import Turns

SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""The library's own variable: the folder that the workers of one server write into."""

_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30)
_POOL = ("pool_size", "pool_available", "requests_waiting", "requests_errors", "connections_errors", "connections_lost")
_TRIES, _PAUSE = 20, 0.005
_HALF_MADE = (OSError, ValueError, KeyError, struct.error)
"""How the library fails on the file of a worker that is just beginning or was just buried."""

_PAGE = os.sysconf("SC_PAGE_SIZE")

disable_created_metrics()  # type: ignore[no-untyped-call]  # when a counter began is of no use to anybody, and doubles the page


class Metrics:
    """The figures of one application."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = self._counter("http_requests", "Requests answered.", "route", "method", "status")
        self.seconds = Histogram(
            "casectl_http_request_seconds", "Time from a request's head to the end of its answer.",
            ("route", "method"), buckets=_SECONDS, registry=self._registry,
        )  # fmt: skip
        self.in_flight = self._gauge("http_requests_in_flight", "Requests being answered.")
        self.refusals = self._counter("rate_limited", "Requests refused by a limit of rate.", "limit")
        self.tokens = self._counter("token_lookups", "Tokens looked up, in the cache or the database.", "found_in")
        self.pool = self._gauge("pool", "The pool of connections, in the words of psycopg_pool.", "figure")
        self.turns = self._gauge("turns", "Requests that work on the database, or wait for their turn.", "state")
        self.memory = self._gauge("resident_memory_bytes", "Memory of all processes of the server.")
        self._told: dict[str, int] = {}
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"casectl_{name}", text, labels, registry=self._registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"casectl_{name}", text, labels, registry=self._registry, multiprocess_mode="livesum")

    def observe(self, route: str, method: str, status: int, seconds: float) -> None:
        """One answered request; `route` is a template."""
        key = (route, method if method in _METHODS else "other", status)
        children = self._children.get(key)
        if children is None:
            children = self.requests.labels(key[0], key[1], str(status)), self.seconds.labels(key[0], key[1])
            self._children[key] = children
        children[0].inc()
        children[1].observe(seconds)

    def count_refusal(self, limit: str) -> None:
        """One request refused by the limit of this name."""
        self.refusals.labels(limit).inc()

    def count_tokens(self, lookups: Mapping[str, int]) -> None:
        """Tokens looked up since the process began, by where they were found; called every second."""
        for place, number in lookups.items():
            self.tokens.labels(place).inc(number - self._told.get(place, 0))
            self._told[place] = number

    def gauge(self, pool: Mapping[str, int], turns: Turns | None) -> None:
        """Measure what changes by itself; called every second."""
        for figure in _POOL:
            self.pool.labels(figure).set(pool.get(figure, 0))
        if turns is not None:
            self.turns.labels("working").set(turns.working)
            self.turns.labels("waiting").set(turns.waiting)
        self.memory.set(_resident_bytes())

    def text(self) -> bytes:
        """The figures of all workers in Prometheus' text format."""
        if SHARED not in os.environ:
            return generate_latest(self._registry)
        for _ in range(_TRIES):
            try:
                return _text_of_all()
            except _HALF_MADE:
                time.sleep(_PAUSE)
        return _text_of_all()


def _text_of_all() -> bytes:
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def _resident_bytes() -> int:
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - read every second
            return int(file.read().split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0


def forget_worker(pid: int) -> None:
    """Drop the gauges of a worker that has ended; what it counted stays counted."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(pid)  # type: ignore[no-untyped-call]


class MetricsPage:
    """The application at the address for metrics: GET /metrics and nothing else."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Answer one request."""
        is_there = scope["path"] == "/metrics" and scope["method"] in ("GET", "HEAD")
        body: bytes = self._metrics.text() if is_there else b"only GET /metrics is here\n"
        kind = CONTENT_TYPE_LATEST if is_there else "text/plain; charset=utf-8"
        headers: list[Any] = [(b"content-type", kind.encode()), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200 if is_there else 404, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
