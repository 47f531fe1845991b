"""Following events of a server over server-sent events without loss. Only `desk.remote.desk` imports this.

A page in the ordinary way comes first, and again after every break: it has the retries, the refusals and the renewal
of the token that every verb has. Between breaks the stream goes on from the last place.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeVar

from casectl import typed
from casectl.desk.following import continued
from casectl.errors import Failure, TooManyRequests, Unreachable
from casectl.model.event import Event, EventPage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from casectl.desk.remote.desk import RemoteDesk
    from casectl.operation import Operation

Result = TypeVar("Result")

SILENCE = 40.0
"""Seconds without a sign of life after which the stream is taken for dead; the server gives one every 15."""

LONGEST_PAUSE = 5.0
LARGEST = 16_000_000
"""Bytes of one event."""


def follow(desk: RemoteDesk, operation: Operation[Result], report: Callable[[str], None]) -> Iterator[Result]:
    """Pages of events without end. Raises a refusal of the first page, later only those that waiting cannot cure."""
    failures = 0
    has_begun = False
    while True:
        try:
            page: Any = desk.perform(operation)
        except (Unreachable, TooManyRequests) as refusal:
            if not has_begun:
                raise
            failures += 1
            if failures == 1:
                report(f"{refusal.message}; waiting for it")
            time.sleep(min(2.0**failures / 4, LONGEST_PAUSE))
            continue
        has_begun, failures = True, 0
        yield page
        operation = continued(operation, page.next)
        if page.more:
            continue
        began = time.monotonic()
        for streamed in pages(desk.stream(operation, "text/event-stream", SILENCE)):
            operation = continued(operation, streamed.next)
            yield streamed  # type: ignore[misc]
        time.sleep(max(0.0, 1.0 - (time.monotonic() - began)))  # a server that ends every stream at once is not hurried


def pages(pieces: Iterable[bytes]) -> Iterator[EventPage]:
    """A page for each block of a stream that moves its place (HTML standard, 9.2.6); `error` ends it."""
    for block in _blocks(pieces):
        fields = dict(_field(line) for line in block if line[:1] != b":")
        if fields.get("event") == "error" or "id" not in fields:
            continue
        events = [typed.decode(fields["data"], Event)] if "data" in fields else []
        yield EventPage(items=events, next=fields["id"])


def _field(line: bytes) -> tuple[str, str]:
    name, _, value = line.decode().partition(":")
    return name, value.removeprefix(" ")


def _blocks(pieces: Iterable[bytes]) -> Iterator[list[bytes]]:
    """The lines between two empty ones; what is unfinished at the end does not count. Our server writes LF alone."""
    rest = b""
    for piece in pieces:
        *blocks, rest = (rest + piece).split(b"\n\n")
        if len(rest) > LARGEST:
            raise Failure("an event of the server is too large to be read")
        for block in blocks:
            yield [line for line in block.split(b"\n") if line]
