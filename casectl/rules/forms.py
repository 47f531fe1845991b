"""Intake forms: the fields of a case type, what they must hold, what still has to be asked.

Everything above model may import this module. A form is a JSON Schema (2020-12) that passed `check_form_schema`; `{}`
is no form and takes any text fields. Fields a form does not name are refused unless it says
`additionalProperties: true`; then they are text. A value of None is an empty field.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

import msgspec

from casectl.errors import InvalidInput, Problem
from casectl.model.form import FieldKind, FormField
from casectl.rules.form_schema import FIELD_NAME, check_form_schema, validator
from casectl.rules.text import did_you_mean, json_pointer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from jsonschema_rs import ValidationError

__all__ = ["check_form_schema", "fields_of", "from_text", "missing", "validate_form"]

MAX_FREE_FIELDS = 200
MOST_TOLD = 50
"""Wrong names of fields that are told one by one: to look for near ones takes its time."""

MAX_FREE_TEXT = 10_000
"""Characters of a field that no form describes."""

_NO_TEXT = "[\x00\ud800-\udfff]"
"""What Postgres cannot store."""
_INTEGER = r"[+-]?[0-9]{1,18}"
_NUMBER = r"[+-]?[0-9]{1,18}(\.[0-9]{1,18})?"
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_BOOLEANS = {"yes": True, "true": True, "no": False, "false": False}

_KINDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "yes or no",
    "array": "a list",
    "date": "a date (2026-12-31)",
    "date-time": "a time with its zone (2026-12-31T17:00:00Z)",
    "email": "a mail address",
    "uri": "an address with its scheme (https://...)",
}

_MESSAGES = {
    "required": "is required",
    "minimum": "must be at least {limit}",
    "maximum": "must be at most {limit}",
    "exclusiveMinimum": "must be more than {limit}",
    "exclusiveMaximum": "must be less than {limit}",
    "multipleOf": "must be a multiple of {multiple_of}",
    "minLength": "must have at least {limit} characters",
    "maxLength": "must have at most {limit} characters",
    "pattern": "does not have the form {pattern}",
    "const": "must be {expected_value}",
    "minItems": "must have at least {limit} entries",
    "maxItems": "must have at most {limit} entries",
    "uniqueItems": "names an entry twice",
    "falseSchema": "must not be given here",
}


def validate_form(schema: Mapping[str, Any], values: Mapping[str, Any], *, partial: bool = False) -> list[Problem]:
    """Everything that is wrong with `values`, each problem once, at pointers like `/fields/system`.

    With `partial` only the given values are looked at, each for itself: nothing is required and no rule between fields
    applies. An update therefore checks the merged values, and `partial` serves where those are not known.
    """
    given = {name: value for name, value in values.items() if value is not None}
    free = _free_names(schema, given)
    problems = [*_bad_text(given), *_bad_names(schema, given, free)]
    bad = {problem.pointer for problem in problems}
    known = {name: value for name, value in given.items() if name not in free}
    sound = {name: value for name, value in known.items() if json_pointer("fields", name) not in bad}
    found = [_problem(schema, error) for error in _errors(schema, sound, partial=partial)]
    # A value that was refused already is neither missing nor worth a second complaint.
    problems += [problem for problem in found if problem.pointer not in bad]
    return list({(problem.pointer, problem.code): problem for problem in problems}.values())


def _free_names(schema: Mapping[str, Any], values: Mapping[str, Any]) -> set[str]:
    return set(values) - set(schema.get("properties", {}))


def _bad_text(values: Mapping[str, Any]) -> Iterator[Problem]:
    for name, value in values.items():
        texts = value if isinstance(value, list) else [value]
        if any(isinstance(text, str) and re.search(_NO_TEXT, text) for text in texts):
            yield _fault(name, "text", f"{name} holds characters that are no text (NUL or half a character)")


def _bad_names(schema: Mapping[str, Any], values: Mapping[str, Any], free: set[str]) -> Iterator[Problem]:
    """Fields that the form does not name: unknown ones, or, where they are allowed, ones that are no short text."""
    names = list(schema.get("properties", {}))
    if _is_open(schema) and len(free) > MAX_FREE_FIELDS:
        yield Problem(message=f"more than {MAX_FREE_FIELDS} fields", pointer="/fields", code="too_many")
    for name in sorted(free)[: MAX_FREE_FIELDS if _is_open(schema) else MOST_TOLD]:
        value = values[name]
        if not _is_open(schema):
            hint = did_you_mean(name, names) or f"fields of this form: {', '.join(names)}"
            yield _fault(name, "unknown_field", f"unknown field {name!r}", hint, names)
        elif not re.fullmatch(FIELD_NAME, name):
            hint = "a lower-case letter, then letters, digits and _, 63 characters at most"
            yield _fault(name, "field_name", f"{name!r} is no name of a field", hint)
        elif not isinstance(value, str) or len(value) > MAX_FREE_TEXT:
            yield _fault(name, "type", f"{name} must be text of at most {MAX_FREE_TEXT:,} characters")


def _is_open(schema: Mapping[str, Any]) -> bool:
    return schema.get("additionalProperties") is True or not schema


def _fault(
    name: str, code: str, message: str, hint: str = "", allowed: list[Any] | tuple[Any, ...] = (), *inner: str
) -> Problem:
    pointer = json_pointer("fields", name, *inner)
    return Problem(message=message, pointer=pointer, code=code, hint=hint, allowed=[str(value) for value in allowed])


def _errors(
    schema: Mapping[str, Any], values: Mapping[str, Any], *, partial: bool = False
) -> Iterator[ValidationError]:
    if not schema.get("properties"):
        return iter(())
    if partial:
        schema = {key: schema[key] for key in ("$defs", "properties") if key in schema}
    # Unknown names were told apart before; the schema's own list would name them all in one sentence.
    closed = {key: value for key, value in schema.items() if key != "additionalProperties"}
    return validator(closed).iter_errors(dict(values))


def _problem(schema: Mapping[str, Any], error: ValidationError) -> Problem:
    kind = error.kind.as_dict()
    code = error.kind.name or "falseSchema"
    # What is required lacks a place of its own; the only places below a field are the entries of a list.
    name, *index = [str(part) for part in error.instance_path] or [kind["property"]]
    field = resolved(schema, name)
    hint = str(field.get("description", "")) if code in ("required", "pattern") else ""
    if code == "enum":
        options = kind["options"]
        hint = did_you_mean(str(error.instance), map(str, options))
        return _fault(name, code, f"{name} must be one of: {', '.join(map(str, options))}", hint, options, *index)
    if code in ("type", "format"):
        wanted = kind["format"] if code == "format" else kind["types"][0]
        return _fault(name, code, f"{name} must be {_KINDS[wanted]}", hint, (), *index)
    allowed = _options(field) if code == "required" else ()
    return _fault(name, code, f"{name} {_MESSAGES[code].format(**kind)}", hint, allowed, *index)


def fields_of(schema: Mapping[str, Any]) -> list[FormField]:
    """The fields of the form in the order in which they are asked: by section, then those in no section."""
    sections = {
        name: str(section.get("title", "")) for section in schema.get("x-sections", []) for name in section["fields"]
    }
    properties = schema.get("properties", {})
    required = schema.get("required", [])
    ordered = [*sections, *(name for name in properties if name not in sections)]
    return [_field(resolved(schema, name), name, name in required, sections.get(name, "")) for name in ordered]


def resolved(schema: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The description of one field with its `$ref` into `$defs` filled in; {} of a field the form does not name."""
    own = schema.get("properties", {}).get(name, {})
    target = str(own.get("$ref", "")).removeprefix("#/$defs/")
    return {**schema["$defs"][target], **own} if target else own


def _field(own: dict[str, Any], name: str, required: bool, section: str) -> FormField:
    return FormField(
        name=name,
        title=own.get("title", name.replace("_", " ")),
        kind=cast("FieldKind", own.get("format", own["type"])),
        required=required,
        enum=_options(own),
        default=own.get("default"),
        help=own.get("description", ""),
        section=section,
        filter=own.get("x-filter", False),
    )


def _options(own: dict[str, Any]) -> list[Any]:
    return cast("list[Any]", own.get("enum") or own.get("items", {}).get("enum", []))


def missing(schema: Mapping[str, Any], values: Mapping[str, Any]) -> list[FormField]:
    """The fields that must still be filled, given the `values` so far; to be asked again after each answer.

    Those required in any case come first: an answer to them may settle whether the others (`if`/`then`,
    `dependentRequired`) are needed at all.
    """
    names = schema.get("properties", {})
    given = {name: value for name, value in values.items() if value is not None and name in names}
    given = {name: value for name, value in given.items() if not list(_bad_text({name: value}))}
    needed = {error.kind.as_dict()["property"] for error in _errors(schema, given) if error.kind.name == "required"}
    found = [msgspec.structs.replace(field, required=True) for field in fields_of(schema) if field.name in needed]
    always = schema.get("required", [])
    return sorted(found, key=lambda field: field.name not in always)


def from_text(schema: Mapping[str, Any], key: str, text: str) -> Any:
    """What `--field KEY=TEXT` means by the type of the field; text for a field the form does not name.

    `none` empties the field, unless it is one of its values; a list is separated by commas; legal values are found
    whatever their case. Raises InvalidInput at `/fields/KEY`.
    """
    own = resolved(schema, key)
    options = _options(own)
    if text.strip().casefold() == "none" and "none" not in options:
        return None
    if not own:
        return text
    kind = str(own.get("format", own["type"]))
    reader = _READERS.get(kind, _read_text)
    value = reader([option for option in options if isinstance(option, str)], text)
    if value is None:
        problem = _fault(key, "type", f"{key} must be {_KINDS[kind]}, not {text!r}")
        raise InvalidInput(problem.message, problems=[problem])
    return value


def _read_text(options: list[str], text: str) -> str:
    """`text`, or the option that differs from it in case only."""
    return next((option for option in options if option.casefold() == text.strip().casefold()), text)


def _read_integer(_options: list[str], text: str) -> int | None:
    return int(text) if re.fullmatch(_INTEGER, text.strip()) else None


def _read_number(_options: list[str], text: str) -> int | float | None:
    whole = _read_integer([], text)
    return float(text) if whole is None and re.fullmatch(_NUMBER, text.strip()) else whole


def _read_boolean(_options: list[str], text: str) -> bool | None:
    return _BOOLEANS.get(text.strip().lower())


def _read_array(options: list[str], text: str) -> list[str]:
    return [_read_text(options, part.strip()) for part in text.split(",") if part.strip()]


def _read_date(_options: list[str], text: str) -> str | None:
    from datetime import date

    try:
        return date.fromisoformat(text.strip()).isoformat() if re.fullmatch(_DATE, text.strip()) else None
    except ValueError:
        return None


def _read_time(_options: list[str], text: str) -> str | None:
    """RFC 3339; a time without its zone means another instant to every reader."""
    from datetime import datetime

    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return at.isoformat() if at.tzinfo else None


_READERS: dict[str, Callable[[list[str], str], Any]] = {
    "integer": _read_integer,
    "number": _read_number,
    "boolean": _read_boolean,
    "array": _read_array,
    "date": _read_date,
    "date-time": _read_time,
}
