"""The OpenAPI 3.1 document of the REST server, derived from the verbs: paths, parameters, bodies, answers, rights.

`document` is the document, `document_bytes` what `/openapi.json` sends: the same bytes in every process of one version.
Only casectl.api imports this module.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from casectl import __version__, registry, wire
from casectl.api import openapi_examples, openapi_schemas
from casectl.api.openapi_answers import answers_of, shared_headers, shared_refusals, takes_time
from casectl.api.openapi_fixed import FIXED_TAGS, fixed_paths, fixed_schemas
from casectl.api.openapi_lines import lines_content, lines_parameters, takes_lines
from casectl.api.requests import SELECTION
from casectl.api.routes import verb_routes
from casectl.rules.rights import ANY, RIGHTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from casectl.api.routes import VerbRoute
    from casectl.operation import AnyOperation

Json = dict[str, Any]

INTRODUCTION = """\
Every verb of the desk as an endpoint. What a verb needs beside its input travels in headers: an idempotency key, the
version one expects, a dry run. Refusals are problem documents (RFC 9457) that tell every error of the input at once.

People, teams, contacts, types, statuses and cases may be named by id or by name. Paths work with and without their last
slash. Lists come in pages: `next` in the body and the `Link` header lead to the page after.\
"""

PREFER = "Prefer"

WORD: Json = {"type": "string", "minLength": 1}
"""A part of a path that names something."""

TAGS = {
    "cases": ("Cases", "Open, change and close cases; their notes, history and what may be done with them."),
    "search": ("Search", "Find cases by words in their text."),
    "users": ("Users", registry.NOUNS["user"]),
    "teams": ("Teams", registry.NOUNS["team"]),
    "contacts": ("Contacts", registry.NOUNS["contact"]),
    "types": ("Types", registry.NOUNS["type"]),
    "tenant": ("Tenant", registry.NOUNS["tenant"]),
    "jobs": ("Jobs", "Changes of any number of cases that go on after the answer."),
    "events": ("Events", "What happens to cases, as it happens."),
    "keys": ("API keys", registry.NOUNS["key"]),
    "clients": ("OAuth clients", registry.NOUNS["client"]),
    "sessions": ("Sessions", registry.NOUNS["session"]),
    "whoami": ("You", "Whose token it is."),
    "imports": ("Imports", "Bring in cases with their own times and actors."),
}
"""The heading of the endpoints below `/v1/<word>/`; any other word is its own heading."""


@cache
def document_bytes() -> bytes:
    """The document as JSON."""
    return msgspec.json.encode(document(), order="deterministic")


@cache
def document() -> Json:
    """The document. Do not change it: everybody gets the same one."""
    routes = verb_routes()
    paths = verb_paths(routes) | fixed_paths()
    verbs = dict.fromkeys(route.verb for route in routes)
    return {
        "openapi": "3.1.0",
        "info": _info(),
        "servers": [{"url": "/", "description": "this server"}],
        "tags": _tags(paths),
        "paths": paths,
        "components": {
            "schemas": openapi_schemas.components_of(verbs) | _field_names(routes) | fixed_schemas(),
            "parameters": _shared_parameters(),
            "headers": shared_headers(),
            "responses": shared_refusals(),
            "securitySchemes": _security_schemes(),
        },
    }


def _info() -> Json:
    return {
        "title": "casectl",
        "summary": "A case desk for operators",
        "description": INTRODUCTION,
        "version": __version__,
        "license": {"name": "MIT", "identifier": "MIT"},
    }


def _tags(paths: Json) -> list[Json]:
    """The headings in the order of their first endpoint."""
    used = dict.fromkeys(tag for item in paths.values() for one in item.values() for tag in one["tags"])
    known = dict(TAGS.values()) | FIXED_TAGS
    return [{"name": name, "description": known.get(name, name)} for name in used]


def verb_paths(routes: Iterable[VerbRoute]) -> Json:
    """The path items of all verbs; the first route of a verb has the verb's name as operationId."""
    paths: Json = {}
    for route in routes:
        paths.setdefault(route.template, {})[route.method.lower()] = _operation(route)
    return paths


def _field_names(routes: Iterable[VerbRoute]) -> Json:
    """What `fields` may choose of each noun that is answered."""
    nouns = {route.writer.noun for route in routes if route.writer.noun is not None}
    return {
        openapi_schemas.fields_name(noun): openapi_schemas.fields_schema(noun)
        for noun in sorted(nouns, key=lambda noun: noun.__name__)
    }


def operation_id(route: VerbRoute) -> str:
    """`user-add`; further routes of a verb append their method, or the last word of a path of its own."""
    name = route.verb.name.replace(" ", "-")
    method, path = route.verb.routes[0]
    if (route.method, route.template) == (method, path):
        return name
    return f"{name}-{route.method.lower() if route.template == path else route.template.strip('/').split('/')[-1]}"


def _operation(route: VerbRoute) -> Json:
    verb = route.verb
    summary, _, rest = openapi_schemas.paragraphs(verb.__doc__, _options(verb)).partition("\n\n")
    word = route.template.split("/")[2]
    scopes = [] if verb.right == ANY else [verb.right]
    made: Json = {
        "operationId": operation_id(route),
        "tags": [TAGS.get(word, (word.title(), ""))[0]],
        "summary": summary.rstrip("."),
        "description": "\n\n".join(part for part in (rest, _rights_text(verb)) if part),
        "security": [{"oauth2": scopes}, {"api_key": scopes}],
        "parameters": _parameters(route),
    }
    body = _body(route)
    return made | ({"requestBody": body} if body else {}) | {"responses": answers_of(route)}


def _options(verb: type[AnyOperation]) -> dict[str, str]:
    """Options of the command line that a docstring may name, and the fields they stand for."""
    return {option: name for name, words in verb.cli.options.items() for word in words for option in word.split("/")}


def _rights_text(verb: type[AnyOperation]) -> str:
    if verb.right == ANY:
        return "Needs any right at all."
    return f"Needs the right `{verb.right}`: {RIGHTS.get(verb.right, 'see the roles')}."


def _parameters(route: VerbRoute) -> list[Json]:
    made = [_path_parameter(route.verb, name) for name in route.parameters]
    if not route.reader.has_body:
        made += _query_parameters(route)
    if takes_lines(route.verb):
        made += lines_parameters(route.verb)
    if route.writer.noun is not None:
        made.append(_selection(route.writer.noun))
    return made + [{"$ref": f"#/components/parameters/{name}"} for name in _header_names(route)]


def _path_parameter(verb: type[AnyOperation], name: str) -> Json:
    own = openapi_schemas.field_schema(verb, name)
    bare = {key: value for key, value in own.items() if key not in ("description", "anyOf")}
    is_plain = (verb.name, name) not in openapi_schemas.OF_VERB and (
        name in openapi_schemas.LIMITS or not own.keys() & {"pattern", "enum"}
    )
    words = WORD if is_plain else bare
    made: Json = {"name": name, "in": "path", "required": True, "description": own["description"], "schema": words}
    return made | ({"example": openapi_examples.IN_PATH[name]} if name in openapi_examples.IN_PATH else {})


def _query_parameters(route: VerbRoute) -> list[Json]:
    required = openapi_schemas.required_fields(route.verb)
    examples = openapi_examples.QUERIES.get(route.verb.name, {})
    made = []
    for name, own in openapi_schemas.properties_of(route.verb, route.reader.names).items():
        bare = {key: value for key, value in own.items() if key != "description"}
        parameter: Json = {"name": name, "in": "query", "description": own.get("description", name), "schema": bare}
        made.append(
            parameter
            | ({"required": True} if name in required else {})
            | ({"example": examples[name]} if name in examples else {})
        )
    return made


def _selection(noun: type[msgspec.Struct]) -> Json:
    """The parameter that chooses fields of the answer."""
    words = {"$ref": openapi_schemas.REF.format(name=openapi_schemas.fields_name(noun))}
    return {
        "name": SELECTION,
        "in": "query",
        "style": "form",
        "explode": False,
        "description": "only these fields of the answer, separated by commas",
        "schema": {"type": "array", "items": words, "minItems": 1},
    }


def _header_names(route: VerbRoute) -> list[str]:
    names = [wire.REQUEST_ID]
    if not route.verb.reads:
        names += [wire.IDEMPOTENCY_KEY, wire.DRY_RUN, wire.HISTORIC_AT, wire.HISTORIC_ACTOR]
        names += [wire.IF_MATCH] if "case" in route.parameters else []
        names += [PREFER] if takes_time(route.verb) else []
    return names


def _body(route: VerbRoute) -> Json | None:
    schema = openapi_schemas.body_schema(route) if route.reader.has_body else None
    if schema is None:
        return None
    examples = {
        name.replace(" ", "-"): {"summary": name, "value": value}
        for name, value in openapi_examples.REQUESTS.get(route.verb.name, {}).items()
    }
    content = {"schema": schema} | ({"examples": examples} if examples else {})
    lines = lines_content() if takes_lines(route.verb) else {}
    return {"required": "required" in schema or "allOf" in schema, "content": {wire.JSON: content, **lines}}


def _header(name: str, description: str, schema: Json, example: str) -> Json:
    return {"name": name, "in": "header", "description": description, "schema": schema, "example": example}


def _shared_parameters() -> Json:
    key: Json = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": openapi_schemas.KEY}
    return {
        wire.REQUEST_ID: _header(
            wire.REQUEST_ID, "names this request in the audit; the server makes one when it is missing",
            {"type": "string"}, "9f2c4be1a07d3355",
        ),
        wire.IDEMPOTENCY_KEY: _header(
            wire.IDEMPOTENCY_KEY, "a write repeated under its key answers as the first did, for 24 hours",
            key, "nightly-2026-11-23-0001",
        ),
        wire.DRY_RUN: _header(
            wire.DRY_RUN, "tell what would happen and change nothing",
            {"type": "string", "enum": ["true", "false"]}, "true",
        ),
        wire.IF_MATCH: _header(
            wire.IF_MATCH, "the version of the case, as `ETag` told it; refused when it has changed since",
            {"type": "string", "pattern": '^"[0-9]{1,18}"$'}, '"3"',
        ),
        wire.HISTORIC_AT: _header(
            wire.HISTORIC_AT, "back-dates the change; needs the right `import:run`",
            {"type": "string", "format": "date-time"}, "2026-01-31T09:00:00+00:00",
        ),
        wire.HISTORIC_ACTOR: _header(
            wire.HISTORIC_ACTOR, "id of the user who made the change then; needs the right `import:run`",
            {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}, "4",
        ),
        PREFER: _header(
            PREFER, "`respond-async` makes a job of it: up to 100,000 cases, its progress at an address of its own",
            {"type": "string"}, "respond-async",
        ),
    }  # fmt: skip


def _security_schemes() -> Json:
    scopes = {right: f"may {text}" for right, text in RIGHTS.items()}
    urls = {"tokenUrl": "/oauth/token", "refreshUrl": "/oauth/token"}
    return {
        "oauth2": {
            "type": "oauth2",
            "description": (
                "Access tokens last 15 minutes and are renewed with their refresh token. People log in with the "
                "authorization code flow and PKCE (S256), or on a machine without a browser with the device flow: POST "
                "/oauth/device_authorization, then approve at /oauth/device. Programs use client credentials. Scopes "
                "are rights; none asked for means all that the user has."
            ),
            "flows": {
                "authorizationCode": {"authorizationUrl": "/oauth/authorize", **urls, "scopes": scopes},
                "clientCredentials": {"tokenUrl": "/oauth/token", "scopes": scopes},
            },
        },
        "api_key": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "ck_<id>_<secret>",
            "description": "A key of `casectl key create`, for scripts; it has the rights it was made with.",
        },
    }
