"""What OAuth's endpoints read and answer: forms, client credentials, JSON. Only casectl.api.oauth imports this."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote_plus

import msgspec
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from casectl.desk.server.access_steps import Origin

if TYPE_CHECKING:
    from starlette.requests import Request

LARGEST = 16_384
"""Bytes of a form; the largest thing in one is a state, and that has been in an address before."""

LONGEST = 2_048
"""Characters of one parameter."""

FORM = "application/x-www-form-urlencoded"
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class BadRequest(Exception):  # noqa: N818 - it is answered, not failed at
    """A request that cannot be read; the sentence is told."""


class Reply(msgspec.Struct, frozen=True):
    """An answer in JSON."""

    status: int
    document: Any
    headers: dict[str, str] = {}

    def response(self) -> Response:
        """The answer as it is sent."""
        headers = NO_STORE | self.headers
        if self.document is None:
            return Response(status_code=self.status, headers=headers)
        return JSONResponse(self.document, self.status, headers)


def error(code: str, description: str, status: int = 400) -> Reply:
    """An error as RFC 6749, section 5.2, has it."""
    return Reply(status, {"error": code, "error_description": description})


def parameters(text: str) -> dict[str, str]:
    """The parameters of a form or query, each at most once; those without a value count as left out (RFC 6749, 3.1).

    Raises BadRequest.
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=40)
    except ValueError:
        raise BadRequest("the parameters cannot be read") from None
    names = [name for name, _ in pairs]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise BadRequest("a parameter is given more than once")
    if any(len(word) > LONGEST or "\0" in word for _, word in pairs):
        raise BadRequest("a parameter is too long, or no text")
    return {name: word for name, word in pairs if word}


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form that was sent. Raises BadRequest."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise BadRequest(f"the body must be {FORM}")
    body = b""
    try:
        async for part in request.stream():
            body += part
            if len(body) > LARGEST:
                raise BadRequest("the body is too large")
    except ClientDisconnect:
        raise BadRequest("the body did not arrive") from None
    try:
        return parameters(body.decode("ascii"))
    except UnicodeDecodeError:
        raise BadRequest("the parameters cannot be read") from None


def query_of(request: Request) -> dict[str, str]:
    """The parameters of the address. Raises BadRequest."""
    return parameters(request.scope["query_string"].decode("latin-1"))


def basic_of(request: Request) -> tuple[str, str] | None:
    """Client id and secret of HTTP Basic (RFC 6749, section 2.3.1). Raises BadRequest for one that cannot be read."""
    scheme, _, word = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, secret = base64.b64decode(word.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise BadRequest("the Authorization header cannot be read") from None
    if not colon:
        raise BadRequest("the Authorization header cannot be read")
    return unquote_plus(name), unquote_plus(secret)


def origin_of(request: Request) -> Origin:
    """Whence a request comes, for the audit."""
    state: dict[str, Any] = request.scope.get("state", {})
    return Origin(request_id=str(state.get("request_id", "")), address=request.client.host if request.client else "")


def form_token(key: bytes, cookie: str) -> str:
    """What a form must bring along to show that it was made for the browser with this cookie."""
    return hmac.new(key, b"form:" + cookie.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def decoded(body: str | None) -> Any:
    """The document that oauthlib has written."""
    return json.loads(body) if body else None
