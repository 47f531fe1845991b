"""Bodies of requests: read up to a limit, decoded strictly. Only `casectl.api` imports this module."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from casectl.errors import Failure, Problem, TooLarge, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import Receive, Scope

DEEPEST = 64
"""Objects and lists within each other."""


class UnsupportedMediaType(UsageError):  # noqa: N818 - a refusal is an answer, not a fault
    """The body is of a type that the server does not read."""

    code = "unsupported_media_type"
    http_status = 415


def header(scope: Scope, name: bytes) -> str:
    """The value of the header of this lower-case name, '' when there is none."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value.decode("latin-1"))
    return ""


async def read_body(scope: Scope, receive: Receive, most: int) -> bytes:
    """The body. Raises TooLarge above `most` bytes, as soon as that is known; Failure when the client went away."""
    announced = header(scope, b"content-length")
    if announced.isdigit() and int(announced) > most:
        raise _too_large(most)
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Failure("the client went away before its request was complete")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > most:
            raise _too_large(most)
        chunks.append(chunk)
        if not message.get("more_body"):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"the body has more than {most:,} bytes", hint="server.max_body of the configuration limits it")


def refuse_other_types(scope: Scope) -> None:
    """Raise UnsupportedMediaType unless the body is announced as JSON in UTF-8 and not compressed."""
    told = header(scope, b"content-type")
    if told == "application/json":
        return
    kind, *parameters = (part.strip().lower() for part in told.split(";"))
    charset = [part for part in parameters if part.startswith("charset=")]
    if kind != "application/json" or charset not in ([], ["charset=utf-8"], ['charset="utf-8"']):
        given = f"not {told[:80]!r}" if told else "and must say so"
        raise UnsupportedMediaType(f"the body must be JSON, {given}", hint="Content-Type: application/json")


def decode(body: bytes) -> Any:
    """The JSON document of a body.

    Raises UsageError for what is no JSON (NaN, bytes that are no UTF-8), for an object with a key twice, of which
    readers choose differently, and for more than DEEPEST levels.
    """
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        refuse(f"the body is no JSON: {error}", "json")
    except RecursionError:
        _refuse_depth()
    if body.count(b"[") + body.count(b"{") > DEEPEST and _is_too_deep(document):
        _refuse_depth()
    json.loads(body, object_pairs_hook=_refuse_twice, parse_int=_nothing, parse_float=_nothing)
    return document


def _nothing(_: str) -> None:
    """Spares reading numbers a second time."""


def _refuse_twice(pairs: list[tuple[str, Any]]) -> None:
    if len(pairs) > 1 and len({key for key, _ in pairs}) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        refuse(f"the body has the key {twice[:80]!r} twice in one object", "duplicate_key")


def _is_too_deep(document: Any) -> bool:
    level: list[Any] = [document]
    for _ in range(DEEPEST):
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            return False
    return True


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _refuse_depth() -> NoReturn:
    refuse(f"the body has more than {DEEPEST} levels of objects and lists", "too_deep")


def refuse(message: str, code: str) -> NoReturn:
    """Raise UsageError about the body as a whole."""
    raise UsageError(message, problems=[Problem(message=message, code=code)])
