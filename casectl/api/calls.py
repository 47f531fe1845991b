"""Headers read as what accompanies a verb: `Call`, and the bearer's token. Only `casectl.api` imports this module."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NoReturn

from casectl import wire
from casectl.errors import NotLoggedIn, Problem, UsageError
from casectl.operation import Call

if TYPE_CHECKING:
    from collections.abc import Mapping

_AUTHORIZATION = b"authorization"
_KEY, _MATCH, _DRY, _AT, _ACTOR = (
    name.lower().encode()
    for name in (wire.IDEMPOTENCY_KEY, wire.IF_MATCH, wire.DRY_RUN, wire.HISTORIC_AT, wire.HISTORIC_ACTOR)
)
_NAMES = {_KEY, _MATCH, _DRY, _AT, _ACTOR}
_LARGEST = 2**63 - 1


def bearer_of(headers: Mapping[bytes, bytes]) -> str:
    """The token of the request. Raises NotLoggedIn when there is none, or none that could be one."""
    kind, _, token = headers.get(_AUTHORIZATION, b"").partition(b" ")
    if kind.lower() == b"bearer" and token.strip().isascii() and token.strip():
        return token.strip().decode()
    raise NotLoggedIn(
        "this needs an access token or an API key",
        hint="send it as Authorization: Bearer TOKEN; casectl auth login gets one",
    )


def call_of(headers: Mapping[bytes, bytes], request_id: str) -> Call:
    """What the headers say beside the verb. Raises UsageError for a header that cannot be read."""
    if headers.keys().isdisjoint(_NAMES):
        return Call(request_id=request_id)
    return Call(
        request_id=request_id,
        idempotency_key=_key(headers.get(_KEY)),
        expected_version=_version(headers.get(_MATCH)),
        dry_run=_flag(headers.get(_DRY)),
        historic_at=_instant(headers.get(_AT)),
        historic_actor=_whole(headers.get(_ACTOR), wire.HISTORIC_ACTOR, "the id of a user"),
    )


def _key(value: bytes | None) -> str | None:
    if value is None:
        return None
    if not value.isascii() or not value.decode().isprintable():
        _refuse(wire.IDEMPOTENCY_KEY, "printable ASCII")
    return value.decode()


def _version(value: bytes | None) -> int | None:
    """RFC 9110, 13.1.1: a strong tag as `ETag` gave it, or `*` for any version there is."""
    if value is None or value.strip() == b"*":
        return None
    word = value.strip()
    if len(word) < 3 or word[:1] != b'"' or word[-1:] != b'"':  # noqa: PLR2004 - quotes and a digit
        _refuse(wire.IF_MATCH, 'the ETag of one case, such as "3"')
    return _whole(word[1:-1], wire.IF_MATCH, 'the ETag of one case, such as "3"')


def _whole(value: bytes | None, name: str, wanted: str) -> int | None:
    if value is None:
        return None
    if not value.isdigit() or len(value) > 19 or int(value) > _LARGEST:  # noqa: PLR2004 - digits of 64 bits
        _refuse(name, wanted)
    return int(value)


def _flag(value: bytes | None) -> bool:
    word = (value or b"false").lower()
    if word not in (b"true", b"false"):
        _refuse(wire.DRY_RUN, "true or false")
    return word == b"true"


def _instant(value: bytes | None) -> datetime | None:
    if value is None:
        return None
    try:
        instant = datetime.fromisoformat(value.decode("ascii"))
    except ValueError:
        _refuse(wire.HISTORIC_AT, "a time such as 2026-11-23T17:00:00Z")
    if instant.tzinfo is None:
        _refuse(wire.HISTORIC_AT, "a time with its zone, such as 2026-11-23T17:00:00Z")
    return instant


def _refuse(name: str, wanted: str) -> NoReturn:
    message = f"the header {name} must be {wanted}"
    raise UsageError(message, problems=[Problem(message=message, code="header")])
