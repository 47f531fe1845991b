"""What the OpenAPI document says of answers: results, refusals by status, headers.

Only `casectl.api.openapi` and its parts import this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from casectl import wire
from casectl.api import openapi_examples, openapi_schemas
from casectl.model.case import BulkResult, Case, CaseDetail, CasePage
from casectl.operation import result_type

if TYPE_CHECKING:
    from casectl.api.routes import VerbRoute
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
    410: "It was there and is no more: an old cursor, a finished job, a purged case.",
    412: "The case is no longer at the version that `If-Match` names.",
    413: "More than the server takes.",
    415: "The body is no JSON.",
    422: "The input breaks rules; `problems` tells all of them with their places.",
    429: "Too many requests; `Retry-After` tells when to come again.",
    500: "Something broke that the caller could not have avoided.",
    503: "The desk is away or not set up; try again.",
}


LINES, EVENTS = "application/x-ndjson", "text/event-stream"


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
        "x-status": status,
        "description": TITLES[status] + codes,
        "headers": header_references(*more),
        "content": {wire.PROBLEM: content},
    }


def refusals(*statuses: int) -> Json:
    """References to shared refusals by status."""
    return {str(status): {"$ref": f"#/components/responses/{NAMES[status]}"} for status in sorted(statuses)}


def answers_of(route: VerbRoute) -> Json:
    """Every answer one route of a verb can give."""
    told = {400, 401, 403, 404, 422, 429, 500, 503}
    if "{case}" in route.template or not route.verb.reads:
        told |= {410}
    if not route.verb.reads:
        told |= {409}
        if "{case}" in route.template:
            told |= {412}
    if route.reader.has_body:
        told |= {413, 415}
    if getattr(route.verb, "followed", False):
        told |= {410}
    return _success(route) | refusals(*told)


def _success(route: VerbRoute) -> Json:
    kind = result_type(route.verb)
    if kind is type(None):
        return {"204": {"description": "Done; there is nothing to tell.", "headers": header_references()}}
    told = {"content": _content(route.verb, kind)}
    done = {"description": "Done.", "headers": header_references(*_own_headers(kind))} | told
    if route.creates:
        places = ["Location"] if route.item_path else []
        made = {"description": "Made.", "headers": header_references(*_own_headers(kind), *places)} | told
        return {"200": done | {"description": "What a dry run would have made."}, "201": made}
    if kind is BulkResult:
        partly = done | {"description": "Some cases were refused, the others are done."}
        return (
            {"200": done, "202": _accepted(), "207": partly} if takes_time(route.verb) else {"200": done, "207": partly}
        )
    return {"200": done}


def takes_time(verb: type[AnyOperation]) -> bool:
    """Whether a verb can be asked to go on after its answer."""
    return verb.name == "bulk-update"


def _accepted() -> Json:
    content: Json = {"schema": {"$ref": openapi_schemas.REF.format(name="Job")}}
    headers = header_references("Location")
    return {"description": "A job does it; see its address.", "headers": headers, "content": {wire.JSON: content}}


def _own_headers(kind: Any) -> list[str]:
    """Headers by what a verb answers."""
    if kind in (Case, CaseDetail):
        return ["ETag"]
    return ["Link"] if kind is CasePage else []


def _content(verb: type[AnyOperation], kind: Any) -> Json:
    """The bodies of a verb's answer by media type: whole, or the fields that were chosen."""
    whole = openapi_schemas.result_schema(verb)
    content: Json = {"schema": {"anyOf": [whole, openapi_schemas.selected_schema(kind)]}}
    example = openapi_examples.result_example(kind)
    if example is not msgspec.UNSET:
        content["example"] = example
    return {wire.JSON: content} | {media: {"schema": lines} for media, lines in _streams(verb).items()}


def _streams(verb: type[AnyOperation]) -> Json:
    """Further bodies that `Accept` may ask for."""
    text: Json = {"type": "string"}
    followed, paged = getattr(verb, "followed", False), getattr(verb, "paged", False)
    streams: Json = {}
    if followed or paged:
        streams[LINES] = text | {"description": "all pages in one stream: every item as a line of JSON"}
    if followed:
        streams[EVENTS] = text | {"description": "server-sent events as they happen; `id` is the cursor to go on from"}
    if verb.name == "import changes":
        streams[LINES] = text | {"description": "of a body of lines: a result for every 1,000 of them"}
    return streams
