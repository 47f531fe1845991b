"""JSON lines in and out: any number of cases in constant memory. Only `casectl.api` imports this module.

Out: all pages of a verb, each read in a transaction of its own and written before the next one is read. In: records
of an import, a thousand to a transaction; what became of each batch is a line of the answer. What fails on the way is
the last line, an object with the one member `error`: a problem document.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from casectl.api.bodies import decode
from casectl.api.exchange import Asked, Piecewise
from casectl.api.requests import query_parameters
from casectl.api.responses import encode
from casectl.errors import Failure, InvalidInput, Problem, Refusal, TooLarge
from casectl.field_types import build

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from casectl.api.requests import Reader
    from casectl.operation import AnyOperation

LINES = b"application/x-ndjson"
_HEADERS = [(b"content-type", LINES), (b"cache-control", b"no-store"), (b"x-accel-buffering", b"no")]

PAGE = 500
BATCH = 1_000
"""Records of one transaction (DECISIONS 3)."""

LONGEST_LINE = 2_000_000
"""Bytes of one record."""

FULLEST_BATCH = 8_000_000
"""Bytes of the records of one transaction."""


LARGEST_BODY = 2**40
"""No more than a part of the body is ever in memory."""


def wants_lines(headers: Mapping[bytes, bytes]) -> bool:
    """Whether the answer is to be JSON lines."""
    return LINES in headers.get(b"accept", b"")


def gives_lines(headers: Mapping[bytes, bytes]) -> bool:
    """Whether the body is JSON lines."""
    return headers.get(b"content-type", b"").partition(b";")[0].strip().lower() == LINES


async def write_lines(asked: Asked, operation: AnyOperation) -> None:
    """All items of a paged verb from where it begins; `limit` is the size of its pages. Refusals before the first."""
    answer = Piecewise(asked.send)
    cursor = "cursor" if hasattr(operation, "cursor") else "after"
    following: Any = msgspec.structs.replace(operation, limit=PAGE)
    try:
        while following is not None:
            page: Any = await asked.perform(following)
            if not answer.begun:
                await answer.begin(200, _HEADERS)
            if page.items:
                await answer.write(b"".join(encode(item) + b"\n" for item in page.items))
            has_more = page.next is not None and getattr(page, "more", True)
            following = _behind(following, cursor, page.next) if has_more else None
            await asked.readmit()
        await answer.end()
    except Refusal as refusal:
        await _fail(answer, asked, refusal)
    except (TimeoutError, OSError):
        return


def _behind(operation: AnyOperation, cursor: str, place: str) -> AnyOperation:
    changes = {cursor: place} | ({"since": msgspec.UNSET} if hasattr(operation, "since") else {})
    return msgspec.structs.replace(operation, **changes)


async def _fail(answer: Piecewise, asked: Asked, refusal: Refusal) -> None:
    """A refusal as the answer, or as its last line where it has begun."""
    if not answer.begun:
        raise refusal
    with suppress(TimeoutError, OSError):
        await answer.write(b'{"error":' + asked.problem(refusal) + b"}\n")
        await answer.end()


async def take_lines(asked: Asked, reader: Reader, segments: list[str]) -> None:
    """Import the records of the body; source, run_id and the like are parameters of the address.

    Each batch is a transaction with an idempotency key of its own (the request's key and the batch's number, or what
    the batch holds), and answers with a line of its counts and of what was not imported.
    """
    del segments
    asked.scope["state"]["max_body"] = LARGEST_BODY
    answer = Piecewise(asked.send)
    given = _parameters(asked, reader)
    number = 0
    try:
        async for records in _batches(asked):
            number += 1
            call = msgspec.structs.replace(asked.call, idempotency_key=_key(asked, given, number, records))
            operation: AnyOperation = build(reader.verb, {**given, "records": [decode(line) for line in records]})
            result = await asked.perform(operation, call)
            if not answer.begun:
                await answer.begin(200, _HEADERS)
            if asked.call.dry_run:
                given["carried"] = result.carried
            await answer.write(encode(msgspec.structs.replace(result, carried={})) + b"\n")
            await asked.readmit()
        if not answer.begun:
            await answer.begin(200, _HEADERS)
        await answer.end()
    except Refusal as refusal:
        await _fail(answer, asked, refusal)
    except (TimeoutError, OSError):
        return


def _parameters(asked: Asked, reader: Reader) -> dict[str, Any]:
    """What the address says of the import. Raises InvalidInput for what it lacks or what there is not."""
    given: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, value in query_parameters(asked.scope):
        if name.startswith("create.") and value in ("true", "false"):
            given.setdefault("create", {})[name.removeprefix("create.")] = value == "true"
        elif name in ("source", "run_id", "mode", "channel") and name not in given:
            given[name] = value
        else:
            problems.append(Problem(message=f"there is no parameter {name[:80]!r} here", pointer=f"/{name[:80]}"))
    if problems:
        raise InvalidInput(problems[0].message, problems=problems)
    build(reader.verb, {**given, "records": []})
    return given


def _key(asked: Asked, given: dict[str, Any], number: int, records: list[bytes]) -> str:
    """The batch's key: the request's own with its number, else a digest of what the batch holds."""
    own = asked.call.idempotency_key
    if own is not None:
        return f"{own}:{number}"
    told = encode([given.get("source"), given.get("run_id")])
    return "ndjson:" + hashlib.sha256(told + b"\n".join(records)).hexdigest()[:40]


async def _batches(asked: Asked) -> AsyncIterator[list[bytes]]:
    """The lines of the body, up to BATCH or FULLEST_BATCH at once."""
    batch: list[bytes] = []
    size = 0
    async for line in _lines(asked):
        batch.append(line)
        size += len(line)
        if len(batch) == BATCH or size > FULLEST_BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


async def _lines(asked: Asked) -> AsyncIterator[bytes]:
    """Lines as they come; empty ones are passed over. Raises TooLarge for one that does not end."""
    rest = b""
    more = True
    while more:
        message = await asked.receive()
        if message["type"] == "http.disconnect":
            raise Failure("the client went away before its request was complete")
        more = message.get("more_body", False)
        *lines, rest = (rest + message.get("body", b"")).split(b"\n")
        for line in [*lines, b""] if more else [*lines, rest]:
            if line.strip():
                yield line
        if len(rest) > LONGEST_LINE:
            raise TooLarge(f"a line has more than {LONGEST_LINE:,} bytes", hint="one record stands on each line")
