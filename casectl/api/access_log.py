"""The server's log on standard error: one line for each request, as JSON or text, and what else happens.

`api.app` and `api.serve` import this module; it is the only place that sets up logging. No line holds a query's values,
a header, a body, or what looks like a token; no text of a request can end a line or reach a terminal raw.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from casectl.api.metrics import Metrics

_access = logging.getLogger("casectl.access")
_TOKENS = re.compile(r"\bc([a-z])_[A-Za-z0-9_-]{8,}|eyJ[A-Za-z0-9_-]{8,}[A-Za-z0-9_.-]*")
_NAME = re.compile(r"[a-z][a-z_]{0,30}\Z")
_BARE = re.compile(r"[\w/.:,%+~-]+", re.ASCII)
_LONGEST_PATH = 300
_QUIET = frozenset(("/healthz", "/readyz"))


class Line(msgspec.Struct, omit_defaults=True):
    """One request, as the log tells it. `ms` is its time, `bytes` its answer's size, `query` names of parameters."""

    time: str
    request_id: str
    method: str
    route: str
    path: str
    status: int
    ms: float
    bytes: int
    address: str = ""
    client: str = ""
    tenant: int | None = None
    query: str = ""
    error: str = ""


class Told(NamedTuple):
    """What was measured of a request."""

    route: str
    status: int
    seconds: float
    size: int
    error: str


class Observed:
    """The outermost middleware: measures each request, and logs it."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request and tell of it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, size, error = 500, 0, ""
        scope.setdefault("state", {})

        async def counting(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                size += len(message.get("body", b""))
            await send(message)

        began = time.perf_counter()
        self._metrics.in_flight.inc()
        try:
            await self.app(scope, receive, counting)
        except BaseException as failure:
            error = type(failure).__name__
            raise
        finally:
            seconds = time.perf_counter() - began
            self._metrics.in_flight.dec()
            route = route_of(scope)
            self._metrics.observe(route, scope["method"], status, seconds)
            if scope["path"] not in _QUIET:
                _access.info("%s", _line(scope, Told(route, status, seconds, size, error)))


def route_of(scope: Scope) -> str:
    """The template of the route that answered: `/v1/cases/{case}/`; `unmatched` when there was none."""
    found = scope.get("casectl.found")
    if found is not None:
        for route in found[0].methods.values():
            return str(route.template)
    return str(getattr(scope.get("route"), "path", "") or "unmatched")


def _line(scope: Scope, told: Told) -> Line:
    state, client = scope["state"], scope.get("client")
    return Line(
        time=datetime.now(UTC).isoformat(timespec="milliseconds"),
        request_id=str(state.get("request_id", "")),
        method=scope["method"][:20],
        route=told.route,
        path=told_path(scope.get("raw_path") or scope["path"].encode()),
        status=told.status,
        ms=round(told.seconds * 1000, 2),
        bytes=told.size,
        address=client[0] if client else "",
        client=str(state.get("client", "")),
        tenant=state.get("tenant"),
        query=_names_of(scope["query_string"]),
        error=told.error,
    )


def told_path(raw: bytes) -> str:
    """A path without what may be a token."""
    return without_tokens(raw[:_LONGEST_PATH].decode("latin-1"))


def without_tokens(text: str) -> str:
    """`text` with every token of ours and every signed one blotted out."""
    return _TOKENS.sub(lambda found: f"c{found[1]}_…" if found[1] else "eyJ…", text)


def _names_of(query: bytes) -> str:
    """The names of a query's parameters: their values may be words of people, codes or tokens."""
    if not query:
        return ""
    names = [part.partition("=")[0] for part in query[:2000].decode("latin-1").split("&")][:20]
    return ",".join(name if _NAME.match(name) else "?" for name in names)


class _Lines(logging.Formatter):
    """Every record as one line of ASCII."""

    def __init__(self, *, as_json: bool) -> None:
        super().__init__()
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        told = record.args[0] if isinstance(record.args, tuple) and len(record.args) == 1 else None
        fields: Any = told if isinstance(told, Line) else self._other(record)
        if not self._as_json:
            return _as_text(msgspec.to_builtins(fields))
        line = msgspec.json.encode(fields)
        return line.decode() if line.isascii() else json.dumps(msgspec.to_builtins(fields))

    def _other(self, record: logging.LogRecord) -> dict[str, str]:
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": without_tokens(record.getMessage()),
        }
        if record.exc_info and record.exc_info[0] is not None:
            fields["traceback"] = without_tokens(self.formatException(record.exc_info))
        return fields


def _as_text(fields: dict[str, Any]) -> str:
    """A line that is read from the left: when, what was answered to what, how long it took, then the rest by name."""
    words = [fields.pop("time")[:19] + "Z"]
    if "status" in fields:
        fields.pop("route", None)  # the path says it better
        words += [str(fields.pop("status")), _bare(fields.pop("method")), _bare(fields.pop("path"))]
        words += [f"{fields.pop('ms'):.0f} ms", f"{fields.pop('bytes')} bytes"]
    fields["request_id"] = fields.pop("request_id", "")  # of no use to the eye, so at the end
    words += [f"{name}={_bare(value)}" for name, value in fields.items() if value not in ("", None)]
    return " ".join(words)


def _bare(value: Any) -> str:
    """The value as it is where it cannot be taken for anything else, quoted otherwise."""
    text = str(value)
    return text if _BARE.fullmatch(text) else json.dumps(text)


def set_up_logging(log_format: str) -> None:
    """Send the log of this process to standard error; the libraries tell only what went wrong.

    `auto` is text for people on a terminal and JSON for everything else.
    """
    handler = logging.StreamHandler(sys.stderr)
    as_text = log_format == "text" or (log_format == "auto" and sys.stderr.isatty())
    handler.setFormatter(_Lines(as_json=not as_text))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.raiseExceptions = False
    # No line tells thread, process or source file; to find them out would take half of a line's time.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # noqa: SLF001 - as Python's logging HOWTO, "Optimization"
    logging.getLogger("casectl").setLevel(logging.INFO)
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    for name in ("requests_oauthlib", "oauthlib", "urllib3"):  # at DEBUG they tell tokens
        logging.getLogger(name).setLevel(logging.WARNING)
