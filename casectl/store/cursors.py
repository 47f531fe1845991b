"""Opaque, signed cursors: what a caller hands back is what this desk gave out. Only `store` imports this module."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from casectl.store.context import Context

_SIGNATURE = 16
"""Bytes of the cursor's HMAC-SHA256 that are kept: 128 bits."""

_KEYS: WeakKeyDictionary[Any, bytes] = WeakKeyDictionary()
"""The cursor's key by connection."""


async def seal(context: Context, bound: bytes, values: bytes) -> str:
    """A cursor that holds `values` and is good for what is `bound` only: the tenant and what the cursor is of."""
    return base64.urlsafe_b64encode(_sign(await _key(context), bound, values) + values).decode().rstrip("=")


async def unseal(context: Context, bound: bytes, cursor: str) -> bytes | None:
    """The values of a cursor; None for one that was not made here or not for this."""
    import binascii
    import hmac

    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    expected = _sign(await _key(context), bound, raw[_SIGNATURE:])
    return raw[_SIGNATURE:] if hmac.compare_digest(expected, raw[:_SIGNATURE]) else None


def _sign(key: bytes, bound: bytes, values: bytes) -> bytes:
    import hmac

    return hmac.digest(key, bound + b"\0" + values, "sha256")[:_SIGNATURE]


async def _key(context: Context) -> bytes:
    """The desk's key; it never changes, and a connection stays on one desk."""
    connection = context.sql.connection
    if connection not in _KEYS:
        _KEYS[connection] = bytes((await context.sql.rows("SELECT cursor_key()"))[0][0])
    return _KEYS[connection]
