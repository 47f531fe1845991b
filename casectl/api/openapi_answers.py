"""What the OpenAPI document says of answers: results, refusals by status, headers.

Only `casectl.api.openapi` and its parts import this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from casectl import errors, wire
from casectl.api import openapi_examples, openapi_schemas
from casectl.model.case import BulkResult, Case, CaseDetail
from casectl.operation import result_type

if TYPE_CHECKING:
    from casectl.operation import AnyOperation

Json = dict[str, Any]

NAMES = {
    400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 405: "MethodNotAllowed",
    406: "NotAcceptable", 409: "Conflict", 410: "Gone", 412: "PreconditionFailed", 413: "TooLarge",
    415: "UnsupportedMediaType", 422: "Invalid", 429: "TooManyRequests", 500: "Failure", 503: "Unavailable",
}  # fmt: skip
"""The shared refusals by status."""

TITLES = {
    400: "The request cannot be read.",
    401: "No token, or one that is unknown, expired or revoked.",
    403: "The token's user or its scopes lack a right.",
    404: "Not there, or not yours to see.",
    405: "The path does not take this method.",
    406: "None of the formats asked for.",
    409: "The state of the case does not allow it, or somebody else was faster.",
    410: "It was there and is no more: an old cursor, a finished job.",
    412: "The case is no longer at the version that `If-Match` names.",
    413: "More than the server takes.",
    415: "The body is no JSON.",
    422: "The input breaks rules; `problems` tells all of them with their places.",
    429: "Too many requests; `Retry-After` tells when to come again.",
    500: "Something broke that the caller could not have avoided.",
    503: "The desk is away or not set up; try again.",
}

_ALWAYS = (400, 401, 403, 404, 413, 422, 429, 500, 503)


def shared_headers() -> Json:
    """The headers of answers, for components."""
    text: Json = {"type": "string"}
    return {
        wire.VERSION: {"description": "the server's version, its schema and that of this interface", "schema": text},
        wire.REQUEST_ID: {"description": "names the request in the audit and in the server's log", "schema": text},
        "ETag": {"description": "the version of the case, for `If-Match`", "schema": text | {"pattern": '^"[0-9]+"$'}},
        "Link": {"description": 'the page after this one: `<…>; rel="next"`', "schema": text},
        "Location": {"description": "where the new thing is", "schema": text | {"format": "uri-reference"}},
        "Retry-After": {"description": "seconds until it is worth trying again", "schema": {"type": "integer"}},
        "WWW-Authenticate": {"description": "how to come in (RFC 6750)", "schema": text},
        "Allow": {"description": "the methods the path takes", "schema": text},
    }


def header_references(*names: str) -> Json:
    """Headers of an answer beside those that every answer has."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in (wire.VERSION, wire.REQUEST_ID, *names)}


def shared_refusals() -> Json:
    """Every refusal by name, for components, with an example of each of its codes."""
    return {name: _refusal(status) for status, name in NAMES.items()}


def _refusal(status: int) -> Json:
    more = {401: ["WWW-Authenticate"], 405: ["Allow"], 429: ["Retry-After"], 503: ["Retry-After"]}.get(status, [])
    kinds = [kind for kind in wire.CODES.values() if kind.http_status == status]
    codes = "".join(f"\n- `{kind.code}`: {openapi_schemas.paragraphs(kind.__doc__)}" for kind in kinds)
    content: Json = {"schema": {"$ref": openapi_schemas.REF.format(name="ProblemDocument")}}
    return {
        "description": TITLES[status] + codes,
        "headers": header_references(*more),
        "content": {wire.PROBLEM: content},
    }


def refusals(*statuses: int) -> Json:
    """References to shared refusals by status."""
    return {str(status): {"$ref": f"#/components/responses/{NAMES[status]}"} for status in sorted(statuses)}


def answers_of(verb: type[AnyOperation], method: str, path: str) -> Json:
    """Every answer a verb can get."""
    told = set(_ALWAYS)
    if not verb.reads:
        told |= {409}
        if method not in wire.QUERY_METHODS:
            told |= {415}
        if "{case}" in path:
            told |= {412}
    if getattr(verb, "paged", False):
        told |= {410}
    return _success(verb) | refusals(*told)


def _success(verb: type[AnyOperation]) -> Json:
    kind = result_type(verb)
    if kind is type(None):
        return {"204": {"description": "Done; there is nothing to tell.", "headers": header_references()}}
    status = wire_status(verb)
    names = ["ETag"] if kind in (Case, CaseDetail) else []
    names += ["Link"] if getattr(verb, "paged", False) else []
    names += ["Location"] if status == "201" else []
    content: Json = {"schema": openapi_schemas.result_schema(verb)}
    example = openapi_examples.result_example(kind)
    if example is not msgspec.UNSET:
        content["example"] = example
    told: Json = {"headers": header_references(*names), "content": {wire.JSON: content}}
    made = {status: {"description": "Made." if status == "201" else "Done."} | told}
    if kind is BulkResult:
        made[str(errors.PartialSuccess.http_status)] = {"description": "Some cases were refused."} | told
    return made


def wire_status(verb: type[AnyOperation]) -> str:
    """201 for what makes something, else 200."""
    return "201" if verb.name in ("create", "note", "user add", "team add", "contact add") else "200"
