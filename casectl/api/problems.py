"""Starlette's own errors as problem documents. Only `api.app` imports this module."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.responses import Response

from casectl import wire
from casectl.api.responses import encode, request_id_of
from casectl.api.routes import MethodNotAllowed
from casectl.errors import Failure, NotFound, Refusal, UsageError

if TYPE_CHECKING:
    from starlette.requests import Request


async def http_problem(request: Request, error: Exception) -> Response:
    """An HTTPException (no route, a method that a route does not have) in the form of every other refusal."""
    status = getattr(error, "status_code", 500)
    document = wire.problem_of(_refusal(status, request), request_id_of(request.scope), request.url.path)
    document["status"] = status
    return Response(encode(document), status, headers=getattr(error, "headers", None), media_type=wire.PROBLEM)


def _refusal(status: int, request: Request) -> Refusal:
    if status == HTTPStatus.NOT_FOUND:
        return NotFound("there is nothing at this address", hint="/docs lists what there is")
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        return MethodNotAllowed(f"no {request.method[:20]} here")
    kind = UsageError if status < HTTPStatus.INTERNAL_SERVER_ERROR else Failure
    return kind(HTTPStatus(status).phrase)
