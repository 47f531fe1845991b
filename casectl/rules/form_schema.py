"""What a JSON Schema must hold to be the intake form of a case type. Everything above model may import this module.

The accepted part of JSON Schema 2020-12 is a closed list of keywords: forms are written by people who administer a
desk, so nothing in them may be fetched, run for long, or mean something no prompt could ask. `x-sections` groups the
fields, `x-filter` lets lists filter by one, `x-renamed-from` says what a field was called in the revision before; other
`x-` keywords are left alone.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from casectl.errors import InvalidInput, Problem
from casectl.rules.text import did_you_mean, json_pointer, plural

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from jsonschema_rs import Draft202012Validator

MAX_DEPTH = 12
"""Nested objects and arrays."""
MAX_BYTES = 64 * 1024
"""Of the serialised schema."""
MAX_FIELDS = 200
MAX_PATTERN = 500
"""Characters of a pattern."""

FIELD_NAME = r"[a-z][a-z0-9_]{0,62}"

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TYPES = ("string", "integer", "number", "boolean", "array")
_FORMATS = ("date", "date-time", "email", "uri")
_RULE = frozenset(
    {"$comment", "title", "description", "type", "properties", "required", "dependentRequired"}
    | {"if", "then", "else", "allOf"}
)
_TEST = _RULE | {"anyOf", "oneOf", "not"}
"""Inside `if`, where nothing is reported; elsewhere these could not be told to people field by field."""
_ROOT = _RULE | {"$schema", "$defs", "additionalProperties"}
_FIELD = frozenset(
    {"$ref", "$comment", "title", "description", "examples", "type", "format", "enum", "const", "default"}
    | {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
    | {"minLength", "maxLength", "pattern", "items", "minItems", "maxItems", "uniqueItems"}
)


def validator(schema: Mapping[str, Any]) -> Draft202012Validator:
    """The compiled schema: linear-time patterns, formats checked, nothing fetched.

    A server judges many cases by the same few schemas, so the last ones are kept.
    """
    return _compiled(msgspec.json.encode(schema))


@lru_cache(maxsize=64)
def _compiled(schema: bytes) -> Draft202012Validator:
    from jsonschema_rs import Draft202012Validator, RegexOptions

    return Draft202012Validator(
        msgspec.json.decode(schema), validate_formats=True, ignore_unknown_formats=True,
        pattern_options=RegexOptions(), offline=True,
    )  # fmt: skip


def check_form_schema(schema: object) -> None:
    """Refuse a schema that cannot be a form; raises InvalidInput with all its problems. `{}` is no form, and fine."""
    _check_size(schema)
    check = _Check(schema)
    check.root()
    check.dialect()
    if not check.problems:
        check.defaults()
    if check.problems:
        raise InvalidInput(
            f"the form has {plural(len(check.problems), 'problem')}: {check.problems[0].message}",
            hint=check.problems[0].hint,
            problems=check.problems,
        )


def _check_size(schema: object) -> None:
    """Depth first: all that follows recurses."""
    message = ""
    if _is_deep(schema):
        message = f"the form is nested deeper than {MAX_DEPTH} levels"
    elif not isinstance(schema, dict):
        message = "a form is a JSON object"
    elif _size(schema) > MAX_BYTES:
        message = f"the form is larger than {MAX_BYTES // 1024} KB"
    if message:
        raise InvalidInput(message, problems=[Problem(message=message, code="form")])


def _size(schema: object) -> int:
    try:
        return len(msgspec.json.encode(schema))
    except (TypeError, ValueError) as error:
        message = f"the form is not JSON: {error}"
        raise InvalidInput(message, problems=[Problem(message=message, code="form")]) from error


def _is_deep(schema: object) -> bool:
    level = [schema]
    for _ in range(MAX_DEPTH + 1):
        level = [inner for node in level for inner in _inner(node)]
    return bool(level)


def _inner(node: object) -> Collection[object]:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()


def _mapping(value: object) -> dict[str, Any]:
    """`value` where it is an object; the dialect's own schema reports where it should have been one."""
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


class _Check:
    """One walk over a schema that collects what is wrong with it."""

    def __init__(self, schema: Any) -> None:
        self.schema: dict[str, Any] = schema
        self.fields = _mapping(schema.get("properties"))
        self.defs = _mapping(schema.get("$defs"))
        self.problems: list[Problem] = []

    def add(self, message: str, *place: str | int, hint: str = "", allowed: Collection[str] = ()) -> None:
        pointer = json_pointer(*place)
        self.problems.append(Problem(message=message, pointer=pointer, code="form", hint=hint, allowed=list(allowed)))

    def root(self) -> None:
        schema = self.schema
        if schema and schema.get("type") != "object":
            self.add("a form is a schema of type object", "type", hint='add "type": "object"')
        if schema.get("$schema", _DIALECT) != _DIALECT:
            self.add("forms are written in JSON Schema 2020-12", "$schema", hint=_DIALECT)
        if not isinstance(schema.get("additionalProperties", False), bool):
            self.add("additionalProperties is true or false", "additionalProperties")
        if len(self.fields) > MAX_FIELDS:
            self.add(f"a form has at most {MAX_FIELDS} fields", "properties")
        for name, field in self.defs.items():
            self.field(field, "$defs", name)
            if "$ref" in _mapping(field):
                self.add("a definition cannot refer to another one", "$defs", name, "$ref")
        for name, field in self.fields.items():
            if not re.fullmatch(FIELD_NAME, name):
                hint = "a lower-case letter, then letters, digits and _, 63 characters at most"
                self.add(f"{name!r} is no name of a field", "properties", name, hint=hint)
            self.field(field, "properties", name)
            self.renamed(_mapping(field).get("x-renamed-from"), name)
        self.rule(schema, _ROOT)
        self.sections()

    def keywords(self, node: dict[str, Any], known: Collection[str], place: tuple[str | int, ...]) -> None:
        for key in node:
            if key not in known and not key.startswith("x-"):
                hint = did_you_mean(key, known) or f"supported here: {', '.join(sorted(known))}"
                self.add(f"{key!r} is not supported in a form", *place, key, hint=hint)

    def rule(self, node: Any, known: Collection[str], *place: str | int) -> None:
        """The root, or a condition on it: what it says about fields, all of which the root must have."""
        if not isinstance(node, dict):
            self.add("a rule of a form is an object", *place)
            return
        self.keywords(node, known, place)
        for name in _list(node.get("required")):
            self.known(name, *place, "required")
        for name, others in _mapping(node.get("dependentRequired")).items():
            for other in (name, *_list(others)):
                self.known(other, *place, "dependentRequired", name)
        if place:
            self.narrowed(node, *place)
        inside = _TEST if known is _TEST else _RULE
        for key, names in (("if", _TEST), ("then", inside), ("else", inside), ("not", _TEST)):
            if key in node:
                self.rule(node[key], names, *place, key)
        for key in ("allOf", "anyOf", "oneOf"):
            for index, inner in enumerate(_list(node.get(key))):
                self.rule(inner, inside, *place, key, index)

    def narrowed(self, node: dict[str, Any], *place: str | int) -> None:
        for name, field in _mapping(node.get("properties")).items():
            self.known(name, *place, "properties", name)
            if not isinstance(field, bool):
                self.field(field, *place, "properties", name, typed=False)

    def known(self, name: Any, *place: str | int) -> None:
        if isinstance(name, str) and name not in self.fields:
            self.add(f"the form has no field {name!r}", *place, hint=did_you_mean(name, self.fields))

    def field(self, field: Any, *place: str | int, typed: bool = True) -> None:
        """One field, one definition, the items of a list, or (not `typed`) what a condition says about a field."""
        if not isinstance(field, dict):
            self.add("a field is described by an object", *place, hint='{"type": "string"}')
            return
        self.keywords(field, _FIELD, place)
        if "$ref" in field:
            self.reference(field["$ref"], *place, "$ref")
        if ("type" in field or (typed and "$ref" not in field)) and field.get("type") not in _TYPES:
            self.add("a field needs one of the types of a form", *place, "type", allowed=_TYPES)
        if field.get("format", "date") not in _FORMATS:
            self.add(f"unknown format {field['format']!r}", *place, "format", allowed=_FORMATS)
        if "format" in field and field.get("type", "string") != "string":
            self.add("only a string has a format", *place, "format")
        if not isinstance(field.get("x-filter", False), bool):
            self.add("x-filter is true or false", *place, "x-filter")
        if field.get("enum") == []:
            self.add("an enum names at least one value", *place, "enum")
        if isinstance(field.get("pattern"), str):
            self.pattern(field["pattern"], *place, "pattern")
        if "items" in field or field.get("type") == "array":
            self.items(field.get("items"), *place, "items")

    def renamed(self, before: Any, name: str) -> None:
        """What a field was called before: a name that no field has any more."""
        if before is None:
            return
        place = ("properties", name, "x-renamed-from")
        if not isinstance(before, str) or not re.fullmatch(FIELD_NAME, before):
            self.add("x-renamed-from is the name that the field had before", *place)
        elif before in self.fields:
            self.add(f"{before!r} is still a field of this form", *place)

    def items(self, items: Any, *place: str | int) -> None:
        if _mapping(items).get("type") != "string":
            self.add("a list holds strings", *place, hint='"items": {"type": "string", "enum": [...]}')
        else:
            self.field(items, *place)

    def reference(self, target: Any, *place: str | int) -> None:
        name = str(target).removeprefix("#/$defs/")
        if name == target or name not in self.defs:
            hint = "write #/$defs/NAME; nothing is fetched from elsewhere"
            self.add(f"$ref {target!r} does not lead to a definition of this form", *place, hint=hint)

    def pattern(self, pattern: str, *place: str | int) -> None:
        """A pattern must compile in an engine that takes linear time, so it can never hang."""
        if len(pattern) > MAX_PATTERN:
            self.add(f"a pattern has at most {MAX_PATTERN} characters", *place)
            return
        from jsonschema_rs import ValidationError

        try:
            validator({"pattern": pattern})
        except ValidationError:
            hint = "look-around, back references and very large repetitions are not supported"
            self.add(f"the pattern {pattern!r} cannot be used", *place, hint=hint)

    def sections(self) -> None:
        seen: set[str] = set()
        for index, section in enumerate(_list(self.schema.get("x-sections", []))):
            title, fields = _mapping(section).get("title"), _mapping(section).get("fields")
            if (
                not isinstance(title, str)
                or not isinstance(fields, list)
                or not all(isinstance(n, str) for n in fields)
            ):
                hint = '{"title": "...", "fields": ["..."]}'
                self.add("a section has a title and a list of fields", "x-sections", index, hint=hint)
                continue
            for name in fields:
                self.known(name, "x-sections", index, "fields")
                if name in seen:
                    self.add(f"field {name!r} stands in two sections", "x-sections", index, "fields")
                seen.add(name)
        if not isinstance(self.schema.get("x-sections", []), list):
            self.add("x-sections is a list", "x-sections")

    def dialect(self) -> None:
        """What JSON Schema itself says about the shape of each keyword, where nothing was found yet."""
        told = {problem.pointer for problem in self.problems}
        for error in validator({"$ref": _DIALECT}).iter_errors(self.schema):
            pointer = json_pointer(*error.instance_path)
            if pointer not in told:
                told.add(pointer)
                self.add(error.message, *error.instance_path)

    def defaults(self) -> None:
        for name, field in self.fields.items():
            if "default" in field:
                for error in validator({"$defs": self.defs, **field}).iter_errors(field["default"]):
                    self.add(f"the default does not fit: {error.message}", "properties", name, "default")
