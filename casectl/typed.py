"""Values of declared types out of JSON and of what JSON is made of: `msgspec`, for threads as well.

msgspec works out what a struct consists of when it is first asked for one, and lets another thread that asks in this
moment use the half of it that is there: the process dies (0.22; 6 threads that read their first page did so in half of
all tries). Here one thread at a time works out a type; what is known is used by all at once.
"""

from __future__ import annotations

from threading import Lock
from typing import Any, TypeVar

import msgspec

Value = TypeVar("Value")

_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}
_lock = Lock()


def convert(value: Any, kind: type[Value]) -> Value:
    """`value`, of dicts, lists and plain values, as a `kind`. Raises msgspec.ValidationError."""
    _decoder(kind)
    return msgspec.convert(value, kind)


def decode(content: bytes | str, kind: type[Value]) -> Value:
    """The JSON in `content` as a `kind`.

    Raises msgspec.DecodeError, of which ValidationError is one, UnicodeDecodeError, RecursionError.
    """
    value: Value = _decoder(kind).decode(content)
    return value


def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    found = _decoders.get(kind)
    if found is None:
        with _lock:
            found = _decoders.setdefault(kind, msgspec.json.Decoder(kind))
    return found
