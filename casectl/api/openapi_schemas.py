"""The schemas of the OpenAPI document: what a verb takes, what it answers, how a refusal looks.

Derived from the verbs' fields and the nouns; the limits that `rules` enforce beyond a field's type are said here, so
that what fits a schema is refused only for what no schema can tell. Only `casectl.api.openapi` imports this module.
"""

from __future__ import annotations

import inspect
import re
from copy import deepcopy
from typing import TYPE_CHECKING, Any, get_origin

import msgspec

from casectl import registry
from casectl.api.aliases import NESTED, NOT_YET, OUTSIDE
from casectl.api.requests import CHANNEL, TYPED
from casectl.errors import Problem
from casectl.model.case import CasePage
from casectl.operation import result_type
from casectl.result_fields import ANY_KEY, field_paths
from casectl.rules import case_input
from casectl.rules.passwords import LONGEST, SHORTEST
from casectl.rules.priorities import HIGHEST, LOWEST, NAMES
from casectl.rules.redirects import LONGEST as LONGEST_URI
from casectl.rules.rights import RIGHTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from casectl.api.routes import VerbRoute
    from casectl.operation import AnyOperation

Schema = dict[str, Any]

REF = "#/components/schemas/{name}"

LARGEST = 2**53 - 1
"""Of a whole number that every reader of JSON reads alike (RFC 8259, 6)."""

_BREAKS = r"\u0000\n\r\u000b\u000c\u0085\u2028\u2029"
TEXT = r"^[^\u0000]*$"
"""What Postgres can hold."""
WORDS = r"^[^\u0000]*[^\s\u0000][^\u0000]*$"
"""The same, more than blanks."""
LINE = rf"^\s*[^\s{_BREAKS}]([^{_BREAKS}]*[^\s{_BREAKS}])?\s*$"
"""One line that is more than blanks, with any around it."""
TAG = r"^[^\s,\u0000-\u001f\u007f-\u009f]+$"
BASE64 = "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
KEY = r"^[!-~]([ -~]*[!-~])?$"
"""What a header may say."""


def _line(longest: int = case_input.MAX_NAME) -> Schema:
    return {"type": "string", "minLength": 1, "maxLength": longest, "pattern": LINE}


_WORDS: Schema = {"type": "string", "minLength": 1, "maxLength": case_input.MAX_TEXT, "pattern": WORDS}
_REFERENCE: Schema = {"anyOf": [_line(), {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}]}
_REFERENCES: Schema = {"type": "array", "items": _REFERENCE}
_NAMES: Schema = {"type": "array", "items": _line()}
_RIGHTS: Schema = {"type": "array", "items": {"type": "string", "enum": [*RIGHTS]}}
_PRIORITY: Schema = {
    "anyOf": [
        {"type": "integer", "minimum": LOWEST, "maximum": HIGHEST},
        {"type": "string", "enum": [*NAMES, "P1", "P2", "P3", "P4"]},
    ]
}
_TAGS: Schema = {
    "type": "array", "items": {"type": "string", "minLength": 1, "maxLength": case_input.MAX_TAG, "pattern": TAG}
}  # fmt: skip

FILTER: Schema = {"type": "array", "items": {"type": "string", "minLength": 1, "pattern": LINE}}
_LOGIN: Schema = {
    "type": "string", "minLength": 1, "maxLength": 64, "pattern": r"^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$",
}  # fmt: skip

LIMITS: dict[str, Schema] = {
    "title": _line(case_input.MAX_TITLE),
    "description": {"type": "string", "maxLength": case_input.MAX_TEXT, "pattern": TEXT},
    "content": _WORDS,
    "reason": _WORDS,
    "priority": _PRIORITY,
    "type": _REFERENCE,
    "status": _REFERENCE,
    "assignee": _REFERENCE,
    "team": _REFERENCE,
    "reporter": _REFERENCE,
    "contact": _REFERENCE,
    "parent": _REFERENCE,
    "lead": _REFERENCE,
    "reassign_to": _REFERENCE,
    "lead_to": _REFERENCE,
    "role": _REFERENCE,
    "members": _REFERENCES,
    "add_members": _REFERENCES,
    "remove_members": _REFERENCES,
    "cases": _REFERENCES,
    "tags": _TAGS,
    "add_tags": _TAGS,
    "remove_tags": _TAGS,
    "roles": _NAMES,
    "add_roles": _NAMES,
    "remove_roles": _NAMES,
    "due": _line(),
    "channel": _line(case_input.MAX_TAG),
    "external_id": _line(),
    "full_name": _line(),
    "new_name": _line(),
    "phone": _line(),
    "os_user": _line(),
    "email": {"type": "string", "minLength": 3, "maxLength": case_input.MAX_ADDRESS, "pattern": "^[^@]+@[^@]+$"},
    "login": _LOGIN,
    "limit": {"type": "integer", "minimum": 1, "maximum": 500},
    "rights": _RIGHTS,
    "add_rights": _RIGHTS,
    "remove_rights": _RIGHTS,
    "having": {"type": "string", "enum": [*RIGHTS]},
    "expires": _line(),
    "grace": _line(),
    "client": _line(),
    "as_user": _line(),
    "of_user": _line(),
    "redirect_uris": {"type": "array", "items": {"type": "string", "pattern": "^[!-~]+$", "maxLength": LONGEST_URI}},
}
"""What the rules ask of a field of this name, in whatever verb: its type and limits."""

_TYPE_NAME: Schema = {"type": "string", "pattern": "^[a-z0-9_-]*[a-z0-9][a-z0-9_-]*$", "maxLength": 40}

OF_VERB: dict[tuple[str, str], Schema] = {
    ("team add", "team"): _line(),
    ("role add", "role"): _line(),
    ("contact add", "contact"): _line(),
    ("session revoke", "session"): {"type": "string", "pattern": "^([0-9]{1,18}|all)$"},
    ("user password", "old_password"): {"type": "string", "maxLength": 1024},
    ("user password", "password"): {"type": "string", "minLength": SHORTEST, "maxLength": LONGEST},
    ("key create", "key"): _line(),
    ("client add", "client"): _LOGIN,
    ("type set", "type"): _TYPE_NAME,
    ("type add", "type"): _TYPE_NAME,
    ("suggest", "type"): {"type": "string", "pattern": TEXT},  # only fields are asked of a type
    ("access explain", "verb"): {
        "type": "string",
        "enum": sorted({word for name in registry.VERBS for word in (name, *registry.ALL[name].aliases)}),
    },
}
"""Fields that mean something else than their name elsewhere."""


WORK = "bulk_update"
"""The field that holds another verb's fields, under their own names."""

GIVEN = frozenset({"ChangeRecord", "ContactName", "CreateOptions"})
"""Nouns that requests hold."""


def field_schema(verb: type[AnyOperation], name: str) -> Schema:
    """What a field of a verb may be, with its description, default and null where null clears."""
    own = _own_schema(verb)["properties"][name]
    if name == WORK:
        return _bounded(_own_schema(registry.load("bulk-update"))) | {"description": own["description"]}
    if name == "channel" and own.get("default") == TYPED:
        return _merged(own, deepcopy(LIMITS[name])) | {"default": CHANNEL}
    always = OF_VERB.get((verb.name, name))
    if always is None and ("minimum" in own or "maxLength" in own):
        return _bounded(own)  # the verb itself says its limits
    return _merged(own, deepcopy(always or LIMITS.get(name) or {}))


def _merged(own: Schema, limits: Schema) -> Schema:
    """The declared schema with the rules' limits in place of its bare type."""
    if not limits:
        return _bounded(own)
    kept = {key: own[key] for key in ("description", "default") if key in own}
    alternatives = own.get("anyOf", [])
    for one in alternatives:
        kept |= {key: one[key] for key in ("description",) if key in one}
    if {"type": "null"} in alternatives:
        limits = {"anyOf": [*limits.get("anyOf", [limits]), {"type": "null"}]}
    return limits | kept


def _bounded(schema: Schema) -> Schema:
    """The schema with what holds for all of its kind: whole numbers fit a query string, text can be stored."""
    if schema.get("type") == "integer":
        return {"minimum": -LARGEST, "maximum": LARGEST} | schema
    if schema.get("type") == "string" and not schema.keys() & {"pattern", "format", "enum"}:
        return schema | {"pattern": BASE64 if "contentEncoding" in schema else TEXT}
    made = dict(schema)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            made[key] = _bounded(schema[key])
    for key in ("anyOf", "prefixItems"):
        if key in schema:
            made[key] = [_bounded(one) for one in schema[key]]
    if "properties" in schema:
        made["properties"] = {name: _bounded(own) for name, own in schema["properties"].items()}
    return made


def _own_schema(verb: type[AnyOperation]) -> Schema:
    """The schema msgspec makes of the verb's declaration, its nouns as references to components."""
    _, components = msgspec.json.schema_components([verb], ref_template=REF)
    schema: Schema = components[verb.__name__]
    return schema


def required_fields(verb: type[AnyOperation]) -> list[str]:
    """The fields a verb cannot do without."""
    return [field.encode_name for field in msgspec.structs.fields(verb) if field.required]


def body_schema(route: VerbRoute) -> Schema | None:
    """The JSON object of the fields that are not in a route's path, None where none is left.

    A field may come under any of its names; where a verb has such an object, also inside of it (`update_fields`).
    """
    names = route.reader.names
    if not names:
        return None
    verb = route.verb
    schema = _object(verb, names)
    nested = NESTED.get(verb.name)
    if nested:
        inside = _object(verb, {name: to for name, to in names.items() if to not in OUTSIDE[verb.name]})
        schema["properties"][nested] = inside | {"description": "the fields of the change, as if they stood outside"}
    for name, reason in NOT_YET.get(verb.name, {}).items():
        schema["properties"][name] = {"type": "null", "description": reason}
    return schema


def _object(verb: type[AnyOperation], names: Mapping[str, str]) -> Schema:
    """The object of these names of fields; a required field may come under any of its names."""
    schema: Schema = {"type": "object", "properties": properties_of(verb, names), "additionalProperties": False}
    plain, either = [], []
    for field in required_fields(verb):
        words = [name for name, to in names.items() if to == field]
        if len(words) == 1:
            plain.append(field)
        elif words:
            either.append({"anyOf": [{"required": [word]} for word in words]})
    return schema | ({"required": plain} if plain else {}) | ({"allOf": either} if either else {})


def properties_of(verb: type[AnyOperation], names: Mapping[str, str]) -> Schema:
    """The schema of each name of a field; what is no field narrows the query of a list."""
    declared = verb.__struct_fields__
    found: Schema = {}
    for name, field in names.items():
        if field not in declared:
            own: Schema = FILTER | {"description": f"only cases with this {field}; may be repeated"}
        else:
            own = field_schema(verb, field)
        found[name] = own if name == field else alias_schema(own, field)
    return found


def alias_schema(of_field: Schema, name: str) -> Schema:
    """A field under another name."""
    bare = {key: value for key, value in of_field.items() if key != "default"}
    return bare | {"description": f"another name of `{name}`"}


def components_of(verbs: Iterable[type[AnyOperation]]) -> dict[str, Schema]:
    """Every noun that a verb takes or answers, and the problem document, by name."""
    verbs = list(verbs)
    own = {verb.__name__ for verb in verbs}
    types = [*(result_type(verb) for verb in verbs), *verbs, Problem]
    _, found = msgspec.json.schema_components(types, ref_template=REF)
    kept = {name: _tidy(schema) for name, schema in sorted(found.items()) if name not in own}
    for name in GIVEN & kept.keys():
        kept[name] = _bounded(kept[name])
    selection = {"type": "object", "description": "The fields that `fields` chose, in its order; no others."}
    return kept | {"ProblemDocument": problem_document(), "Selection": selection}


def result_schema(verb: type[AnyOperation]) -> Schema:
    """What a verb answers, as a reference to components; an empty schema where it answers nothing."""
    kind = result_type(verb)
    if kind is type(None):
        return {}
    (reference,), _ = msgspec.json.schema_components([kind], ref_template=REF)
    return reference


def fields_name(noun: type[msgspec.Struct]) -> str:
    """The component that lists the fields of a noun."""
    return f"{noun.__name__}Field"


def fields_schema(noun: type[msgspec.Struct]) -> Schema:
    """The fields of a noun that can be chosen, nested ones dotted; of a map any key."""
    paths = field_paths(noun)
    maps = sorted(path.removesuffix(ANY_KEY) for path in paths if path.endswith("." + ANY_KEY))
    names: Schema = {"type": "string", "enum": [path for path in paths if not path.endswith("." + ANY_KEY)]}
    keys = [{"type": "string", "pattern": f"^{re.escape(path)}[A-Za-z0-9_-]+$"} for path in maps]
    described = {"description": f"A field of {noun.__name__}, nested ones dotted."}
    return described | ({"anyOf": [names, *keys]} if keys else names)


def selected_schema(kind: Any) -> Schema:
    """What a verb answers when only some fields were chosen."""
    selection = {"$ref": REF.format(name="Selection")}
    if get_origin(kind) is list:
        return {"type": "array", "items": selection}
    if kind is CasePage:
        return {
            "type": "object",
            "properties": {"items": {"type": "array", "items": selection}, "next": {"type": ["string", "null"]}},
            "required": ["items"],
        }
    return selection


def _tidy(schema: Schema) -> Schema:
    """A noun's schema: its docstring in one piece, times as `date-time`, and no defaults, since all is always told."""
    schema = deepcopy(schema)
    schema["description"] = paragraphs(schema.get("description", ""))
    schema.pop("title", None)
    for name, own in schema.get("properties", {}).items():
        own.pop("default", None)
        if name.endswith("_at") or name == "at":
            for one in (own, *own.get("anyOf", [])):
                if one.get("type") == "string":
                    one["format"] = "date-time"
    if not schema.get("required"):
        schema.pop("required", None)
    return schema


def problem_document() -> Schema:
    """How every refusal is told (RFC 9457)."""
    text: Schema = {"type": "string"}
    return {
        "type": "object",
        "description": "A refusal, as RFC 9457 has it. Programs decide by `code`, people read `detail` and `hint`.",
        "properties": {
            "type": text | {"format": "uri-reference", "description": "`about:blank`, or a name of this refusal"},
            "title": text | {"description": "the kind of refusal in words"},
            "status": {"type": "integer", "minimum": 200, "maximum": 599},
            "detail": text | {"description": "what is refused, and where, in one line"},
            "code": text | {"description": "the kind of refusal, a stable word for programs"},
            "hint": text | {"description": "what to do next"},
            "problems": {
                "type": "array",
                "items": {"$ref": REF.format(name="Problem")},
                "description": "every single error of the input with its place",
            },
            "request_id": text | {"description": "names this request in the audit and the server's log"},
            "instance": text | {"format": "uri-reference", "description": "the path that was asked"},
        },
        "required": ["type", "title", "status", "detail", "code"],
    }


def paragraphs(docstring: str | None, options: Mapping[str, str] | None = None) -> str:
    """A docstring without its indentation, each paragraph one line; `options` of the command line become fields."""
    text = inspect.cleandoc(docstring or "")
    for option, field in (options or {}).items():
        text = text.replace(f"`{option}`", f"`{field}`")
    return re.sub(r"(?<!\n)\n(?!\n)", " ", text)
