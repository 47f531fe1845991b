"""Results and refusals written as HTTP. Only `casectl.api` imports this module.

Answers are sent as plain ASGI messages; what every answer carries (request id, version, security headers) is added by
`casectl.api.envelope`.
"""

from __future__ import annotations

import json
from math import ceil
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec
from msgspec import UNSET

from casectl import wire
from casectl.errors import InvalidInput, NotLoggedIn, Problem, Refusal
from casectl.model.case import BulkResult, Case, CasePage
from casectl.operation import result_type
from casectl.result_fields import chosen, narrow, tree_of

if TYPE_CHECKING:
    from starlette.types import Scope, Send

    from casectl.api.requests import Reading
    from casectl.operation import Operation

Headers = list[tuple[bytes, bytes]]

JSON_TYPE = (b"content-type", wire.JSON.encode())
PROBLEM_TYPE = (b"content-type", wire.PROBLEM.encode())

_encode = msgspec.json.Encoder().encode


def encode(document: Any) -> bytes:
    """JSON as the command line writes it."""
    try:
        return _encode(document)
    except OverflowError:  # a whole number beyond 64 bits, which jsonb may hold
        return json.dumps(msgspec.to_builtins(document), ensure_ascii=False).encode()


async def send_answer(send: Send, status: int, headers: Headers, body: bytes = b"") -> None:
    """One whole answer; 204 has neither body nor length."""
    if status != 204:  # noqa: PLR2004
        headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def request_id_of(scope: Scope) -> str:
    """The id that the envelope gave this request."""
    return str(scope.get("state", {}).get("request_id", ""))


async def send_refusal(scope: Scope, send: Send, refusal: Refusal, headers: Headers | None = None) -> None:
    """A refusal as problem document (RFC 9457), with what its status asks for beside it."""
    path = scope.get("raw_path") or b""
    document = wire.problem_of(refusal, request_id_of(scope), path.decode("latin-1"))
    told = [PROBLEM_TYPE, *(headers or [])]
    if isinstance(refusal, NotLoggedIn):
        told.append((b"www-authenticate", _challenge(scope)))
    if refusal.retry_after is not None:
        told.append((b"retry-after", b"%d" % max(1, ceil(refusal.retry_after))))
    await send_answer(send, refusal.http_status, told, encode(document))


def _challenge(scope: Scope) -> bytes:
    """RFC 6750, 3: an error is named only when there was a token."""
    is_given = any(name == b"authorization" for name, _ in scope["headers"])
    return b'Bearer realm="casectl"' + (b', error="invalid_token"' if is_given else b"")


class Writer:
    """How the result of one route of a verb is answered."""

    def __init__(self, verb: type[Operation[Any]], item_path: str, *, creates: bool) -> None:
        self._item_path, self._creates = item_path, creates
        self.noun = _noun(result_type(verb))
        self._is_page = result_type(verb) is CasePage

    async def send(self, scope: Scope, send: Send, result: Any, reading: Reading, *, dry_run: bool) -> None:
        """Write the result. Raises InvalidInput for a selection of fields that there are not."""
        if result is None:
            await send_answer(send, 204, [])
            return
        headers = [JSON_TYPE]
        status = 200
        if self._creates and not dry_run:
            status = 201
            if self._item_path:
                headers.append((b"location", f"{self._item_path}{result.id}/".encode()))
        if isinstance(result, Case) and getattr(result, "as_of", UNSET) is UNSET:  # the past guards no write
            headers.append((b"etag", b'"%d"' % result.version))
        elif isinstance(result, CasePage) and result.next:
            headers.append((b"link", _next_link(scope, reading.parameters, result.next)))
        elif isinstance(result, BulkResult) and result.refused:
            status = 207
        body = encode(result) if reading.selection is None else encode(self._narrowed(result, reading.selection))
        await send_answer(send, status, headers, body)

    def check(self, selection: str | None) -> None:
        """Raise InvalidInput for a selection of fields that there are not: before the verb is performed."""
        if selection is not None:
            self._paths(selection)

    def _paths(self, selection: str) -> Any:
        if self.noun is None:
            message = "the answer has no fields to choose from"
            raise InvalidInput(message, problems=[Problem(message=message, pointer="/fields", code="unknown_field")])
        try:
            return chosen(selection, self.noun, "fields")
        except InvalidInput as refusal:
            refusal.problems = tuple(
                msgspec.structs.replace(problem, pointer="/fields") for problem in refusal.problems
            ) or (Problem(message=refusal.message, pointer="/fields", code="empty"),)
            raise

    def _narrowed(self, result: Any, selection: str) -> Any:
        tree = tree_of(self._paths(selection))
        plain = msgspec.to_builtins(result)
        if self._is_page:
            return {**plain, "items": narrow(plain["items"], tree)}
        return narrow(plain, tree)


def _noun(kind: Any) -> type[msgspec.Struct] | None:
    """The noun whose fields can be chosen: that of a page's or a list's items, else the result itself."""
    if kind is CasePage:
        return Case
    arguments = getattr(kind, "__args__", ())
    inner = arguments[0] if arguments else kind
    return inner if isinstance(inner, type) and issubclass(inner, msgspec.Struct) else None


def _next_link(scope: Scope, parameters: list[tuple[str, str]], cursor: str) -> bytes:
    """The page behind this one, as RFC 8288 writes it; relative, since only a proxy knows our name."""
    query = urlencode([pair for pair in parameters if pair[0] != "cursor"] + [("cursor", cursor)])
    path: bytes = scope["raw_path"]
    return b"<" + path + b"?" + query.encode() + b'>; rel="next"'
