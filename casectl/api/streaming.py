"""Other ways to ask for a verb than one request and one answer. Only `api.routes` imports this module.

`Accept: text/event-stream` follows events, `Accept: application/x-ndjson` has all pages as lines, a body of
`application/x-ndjson` is imported line by line, `Prefer: respond-async` makes a job of a bulk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from casectl.api.events import wants_stream
from casectl.api.jobs import start_job, wants_job
from casectl.api.ndjson import gives_lines, take_lines, wants_lines, write_lines

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from casectl.api.exchange import Asked
    from casectl.api.requests import Reader, Reading
    from casectl.operation import Operation

    Serve = Callable[[Asked, Reader, list[str]], Awaitable[None]]
    Way = tuple[Callable[[Mapping[bytes, bytes]], bool], Serve]


def ways_of(verb: type[Operation[Any]], method: str) -> list[Way]:
    """The other ways of a route; most have none, so that an ordinary request costs nothing more."""
    ways: list[Way] = []
    if getattr(verb, "followed", False):
        ways.append((wants_stream, _follow))
    if method == "GET" and (getattr(verb, "followed", False) or getattr(verb, "paged", False)):
        ways.append((wants_lines, _write))
    if verb.name == "import changes":
        ways.append((gives_lines, take_lines))
    if verb.name == "bulk-update":
        ways.append((wants_job, _start))
    return ways


def way_of(ways: list[Way], headers: Mapping[bytes, bytes]) -> Serve | None:
    """The way that the headers ask for, None for the ordinary one."""
    return next((serve for wants, serve in ways if wants(headers)), None)


async def _follow(asked: Asked, reader: Reader, segments: list[str]) -> None:
    reading = await reader.read(asked.scope, asked.receive, segments)
    await _placed(reading, asked.state.streams.serve(asked, reading.operation))


async def _write(asked: Asked, reader: Reader, segments: list[str]) -> None:
    reading = await reader.read(asked.scope, asked.receive, segments)
    await _placed(reading, write_lines(asked, reading.operation))


async def _start(asked: Asked, reader: Reader, segments: list[str]) -> None:
    reading = await reader.read(asked.scope, asked.receive, segments)
    await _placed(reading, start_job(asked, reading.operation))


async def _placed(reading: Reading, work: Awaitable[None]) -> None:
    """Do the work; a refusal's problems point to where the request gave the field."""
    from casectl.errors import Refusal

    try:
        await work
    except Refusal as refusal:
        reading.placed(refusal)
        raise
