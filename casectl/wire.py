"""The wire contract that the REST server and the remote desk share: a verb as a request, a refusal as a problem.

Pure and cheap to import, beside the registry and below the desks; `casectl.api` and `casectl.desk.remote` import it.
A verb goes to its first route. Path parameters are the fields of their names; the other fields travel in the query
string of GET and DELETE, and as a JSON object otherwise. What accompanies a verb (`Call`) travels in headers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from casectl import __version__, errors, typed
from casectl.errors import Failure, InvalidInput, Problem, Refusal, Unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from casectl.operation import Call, Operation

API = 1
"""The version of this contract; it steps when an old client would misread a new server."""

IDEMPOTENCY_KEY = "Idempotency-Key"
IF_MATCH = "If-Match"
REQUEST_ID = "X-Request-Id"
DRY_RUN = "Casectl-Dry-Run"
HISTORIC_AT = "Casectl-Historic-At"
HISTORIC_ACTOR = "Casectl-Historic-Actor"
VERSION = "Casectl-Version"
API_VERSION = "Casectl-Api"

JSON = "application/json"
PROBLEM = "application/problem+json"

QUERY_METHODS = ("GET", "DELETE")
"""Their fields travel in the query string: bodies of these methods are lost on the way."""


class Encoded(msgspec.Struct, frozen=True):
    """A request: `path` and `query` are quoted, without `?`; `body` is JSON, None where the method has none."""

    method: str
    path: str
    query: str = ""
    body: bytes | None = None

    @property
    def target(self) -> str:
        """Path and query as they stand in the request's first line."""
        return f"{self.path}?{self.query}" if self.query else self.path


class Served(msgspec.Struct, frozen=True):
    """What a server says of itself in every answer."""

    version: str
    schema: str
    api: int


def encode(operation: Operation[Any]) -> Encoded:
    """The verb as a request to its first route. Raises InvalidInput for text that is no Unicode, and NaN."""
    method, template = operation.routes[0]
    fields = {name: getattr(operation, name) for name in operation.__struct_fields__}
    _refuse_unspeakable(fields)
    path = _path(template, fields)
    given = {name: value for name, value in fields.items() if value is not msgspec.UNSET}
    if method in QUERY_METHODS:
        return Encoded(method, path, _query(operation, given))
    return Encoded(method, path, body=msgspec.json.encode(given))


def _path(template: str, fields: dict[str, Any]) -> str:
    """The route with its parameters filled in; they leave `fields`."""
    parts = template.split("/")
    return "/".join(segment(str(fields.pop(part[1:-1]))) if part.startswith("{") else part for part in parts)


def segment(text: str) -> str:
    """Text as one segment of a path; dots alone are quoted as well, since every client and proxy resolves `..`.

    A path has no empty segments: nothing is sent as a blank, which is no name either.
    """
    from urllib.parse import quote

    return "%2E" * len(text) if text in (".", "..") else quote(text, safe="") or "%20"


def _query(operation: Operation[Any], given: dict[str, Any]) -> str:
    from urllib.parse import quote, urlencode

    defaults = _defaults(type(operation))
    pairs = [
        (name, word)
        for name, value in given.items()
        if name not in defaults or value != defaults[name]
        for word in (_words(name, value) or [""])  # a list of nothing must be told apart from none
    ]
    return urlencode(pairs, quote_via=quote)


def _defaults(verb: type[Operation[Any]]) -> dict[str, Any]:
    from msgspec.structs import fields

    found: dict[str, Any] = {}
    for field in fields(verb):
        if field.default is not msgspec.NODEFAULT:
            found[field.name] = field.default
        elif field.default_factory is not msgspec.NODEFAULT:
            found[field.name] = field.default_factory()
    return found


def _words(name: str, value: Any) -> list[str]:
    if isinstance(value, list | tuple):
        return [word for one in value for word in _words(name, one)]
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if isinstance(value, str | int | float):
        return [str(value)]
    raise TypeError(f"field {name}: {type(value).__name__} has no words in a query string")


def _refuse_unspeakable(fields: dict[str, Any]) -> None:
    """Refuse what JSON in UTF-8 cannot carry: half a surrogate pair, and numbers that are none."""
    problems = [
        Problem(pointer=f"/{name}", code="text", message=f"the {name.replace('_', ' ')} {wrong}")
        for name, value in fields.items()
        if (wrong := _unspeakable(value))
    ]
    if problems:
        raise InvalidInput("; ".join(problem.message for problem in problems), problems=problems)


def _unspeakable(value: Any) -> str:
    """What is wrong with a value, '' when nothing is."""
    if isinstance(value, str):
        return "" if value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value) else _NO_TEXT
    if isinstance(value, float):
        return "" if float("-inf") < value < float("inf") else "must be a number"
    if isinstance(value, list | tuple):
        return next((wrong for one in value if (wrong := _unspeakable(one))), "")
    if isinstance(value, dict):
        return _unspeakable([*value, *value.values()])
    if isinstance(value, msgspec.Struct):
        return _unspeakable([getattr(value, name) for name in value.__struct_fields__])
    return ""


_NO_TEXT = "holds characters that are no text (NUL or half a character)"


def headers_of(call: Call) -> dict[str, str]:
    """What accompanies a verb, as headers."""
    found: dict[str, str] = {}
    if call.request_id:
        found[REQUEST_ID] = header_text(call.request_id)
    if call.idempotency_key is not None:
        found[IDEMPOTENCY_KEY] = header_text(call.idempotency_key)
    if call.expected_version is not None:
        found[IF_MATCH] = f'"{call.expected_version}"'
    if call.dry_run:
        found[DRY_RUN] = "true"
    if call.historic_at is not None:
        found[HISTORIC_AT] = call.historic_at.isoformat()
    if call.historic_actor is not None:
        found[HISTORIC_ACTOR] = str(call.historic_actor)
    return found


def header_text(text: str) -> str:
    """Text that a header can carry: all that is not visible ASCII is percent-encoded; servers take it as it stands."""
    from urllib.parse import quote

    return quote(text, safe="!#$%&'()*+,/:;<=>?@[]^_`{|}~\"\\", errors="replace")


def version_header(schema: str) -> str:
    """What this server says of itself; `schema` is the version of its database's schema."""
    return f"{__version__}; schema={schema}; api={API}"


def read_version(header: str | None) -> Served | None:
    """What a server says of itself; None when it says nothing that casectl would say."""
    if header is None:
        return None
    version, *rest = (part.strip() for part in header.split(";"))
    values = dict(part.split("=", 1) for part in rest if "=" in part)
    try:
        return Served(version, values.get("schema", ""), int(values["api"])) if version else None
    except (KeyError, ValueError):
        return None


CODES: dict[str, type[Refusal]] = {
    kind.code: kind
    for kind in reversed([*vars(errors).values()])
    if isinstance(kind, type) and issubclass(kind, Refusal) and kind is not Refusal
}
"""Every class of refusal by its code."""


def problem_of(refusal: Refusal, request_id: str = "", instance: str = "") -> dict[str, Any]:
    """A refusal as problem document (RFC 9457)."""
    document: dict[str, Any] = {
        "type": f"urn:casectl:problem:{refusal.code}",
        "title": title_of(type(refusal)),
        "status": refusal.http_status,
        "detail": refusal.message,
        "code": refusal.code,
    }
    if refusal.hint:
        document["hint"] = refusal.hint
    if refusal.problems:
        document["problems"] = msgspec.to_builtins(list(refusal.problems))
    if request_id:
        document["request_id"] = request_id
    if instance:
        document["instance"] = instance
    return document


def title_of(kind: type[Refusal]) -> str:
    """The class's name in words: `Version conflict`."""
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in kind.__name__)
    return words.strip().capitalize()


def refusal_of(document: Mapping[str, Any], status: int, retry_after: float | None = None) -> Refusal:
    """The refusal that a problem document tells, of the class with its code.

    A code this program does not know becomes Unreachable when the server says that it is temporarily away (502, 503,
    504, 429), else Failure. `retry_after` is in seconds.
    """
    kind = CODES.get(str(document.get("code", "")))
    if kind is None:
        kind = Unreachable if status in (429, 502, 503, 504) else Failure
    message = _text(document, "detail") or _text(document, "title") or f"the server answered {status}"
    refusal = kind(message, hint=_text(document, "hint"), problems=_problems(document.get("problems")))
    refusal.retry_after = retry_after
    return refusal


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    return value if isinstance(value, str) else ""


def _problems(values: Any) -> list[Problem]:
    """The problems that can be read; a server that misspells one must not hide the others."""
    found = []
    for value in values if isinstance(values, list) else []:
        try:
            found.append(typed.convert(value, Problem))
        except msgspec.ValidationError:
            continue
    return found
