"""What kinds of fields verbs have: one table that fronts read to make an option, a widget or a schema of a field.

At the level of `operation`; fronts and the registry may import it, verbs need not. `describe` tells the fields of a
verb, `build` makes the verb of words and numbers that came from outside and reports all that is wrong at once.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec

from casectl import typed
from casectl.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from msgspec.structs import FieldInfo

    from casectl.operation import Operation

Kind = Literal["text", "flag", "number", "decimal", "list", "map"]

AnyVerb = TypeVar("AnyVerb", bound="Operation[Any]")


class FieldType(msgspec.Struct, frozen=True):
    """How a kind of field is given from outside: the Python type a parameter of it has, and what stands for its value.

    Later fronts add their column here (the widget of the dashboard), so that a kind is complete in one row.
    """

    parameter: Any
    metavar: str


FIELD_TYPES: dict[Kind, FieldType] = {
    "text": FieldType(str, "TEXT"),
    "flag": FieldType(bool, ""),
    "number": FieldType(int, "N"),
    "decimal": FieldType(float, "N"),
    "list": FieldType(list[str], "TEXT"),
    "map": FieldType(list[str], "KEY=VALUE"),
}

_KINDS: dict[Any, Kind] = {str: "text", bool: "flag", int: "number", float: "decimal", list: "list", dict: "map"}


class VerbField(msgspec.Struct, frozen=True, kw_only=True):
    """One input of a verb.

    `is_nullable`: None clears. `choices` are the legal words of a Literal. `is_body` is long text that may come from
    a file or an editor (`Meta(extra={"text": True})`), or, if `is_short`, is asked in one line (`{"text": "line"}`).
    `takes_stdin` is a list of case references (`Meta(extra={"stdin": True})`), `is_query` words of the query language
    (`Meta(extra={"query": True})`), `is_json` a document (`Meta(extra={"json": True})`), `is_secret` what is asked
    without an echo and never stands on a command line (`Meta(extra={"secret": True})`).
    """

    name: str
    kind: Kind
    type: Any
    help: str = ""
    is_required: bool = False
    is_nullable: bool = False
    default: Any = msgspec.UNSET
    choices: tuple[str, ...] = ()
    is_body: bool = False
    is_short: bool = False
    takes_stdin: bool = False
    is_query: bool = False
    is_json: bool = False
    is_secret: bool = False


@cache
def fields_of(struct: type[msgspec.Struct]) -> tuple[FieldInfo, ...]:
    """What msgspec tells of a struct's fields, asked once: it reads annotations, which is most of a server's start."""
    from msgspec.structs import fields

    return fields(struct)


def describe(verb: type[Operation[Any]], hidden: Iterable[str] = ()) -> list[VerbField]:
    """The fields of a verb in order, without the `hidden` ones. Raises TypeError for a type no row stands for."""
    return [_describe(field) for field in fields_of(verb) if field.name not in hidden]


def _describe(field: Any) -> VerbField:
    metas: list[msgspec.Meta] = []
    alternatives = list(_unwrap(field.type, metas))
    types = [one for one in alternatives if one not in (type(None), msgspec.UnsetType)]
    if str in types:
        types = [str]  # words can say the other alternatives as well: `priority: str | int`
    if len(types) != 1:
        raise TypeError(f"field {field.name}: cannot be given by words: {field.type}")
    extra = {key: value for meta in metas for key, value in (meta.extra or {}).items()}
    is_choice = get_origin(types[0]) is Literal
    kind = "text" if is_choice else _KINDS.get(get_origin(types[0]) or types[0])
    if kind is None:
        raise TypeError(f"field {field.name}: no kind of field has the type {types[0]}")
    return VerbField(
        name=field.name,
        kind=kind,
        type=field.type,
        help=next((meta.description for meta in metas if meta.description), ""),
        is_required=field.required,
        is_nullable=type(None) in alternatives,
        default=_default(field),
        choices=tuple(str(word) for word in get_args(types[0])) if is_choice else (),
        is_body=bool(extra.get("text")),
        is_short=extra.get("text") == "line",
        takes_stdin=bool(extra.get("stdin")),
        is_query=bool(extra.get("query")),
        is_json=bool(extra.get("json")),
        is_secret=bool(extra.get("secret")),
    )


def _unwrap(annotation: Any, metas: list[msgspec.Meta]) -> Iterable[Any]:
    """The alternatives of a type without their annotations, which are added to `metas`."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *notes = get_args(annotation)
        metas.extend(note for note in notes if isinstance(note, msgspec.Meta))
        yield from _unwrap(inner, metas)
    elif origin is Union or type(annotation).__name__ == "UnionType":
        for one in get_args(annotation):
            yield from _unwrap(one, metas)
    else:
        yield annotation


def _default(field: Any) -> Any:
    if field.default is not msgspec.NODEFAULT:
        return field.default
    return msgspec.UNSET if field.default_factory is msgspec.NODEFAULT else field.default_factory()


_MOST_TOLD = 50
"""Unknown fields that are told one by one."""


def build(verb: type[AnyVerb], values: Mapping[str, Any]) -> AnyVerb:
    """The verb with these values of its fields; what is absent keeps its default.

    Raises InvalidInput with a Problem for every field that is unknown, missing (code `required`) or wrong: msgspec
    itself would stop at the first.
    """
    try:
        built: AnyVerb = typed.convert(values, verb)
    except msgspec.ValidationError:  # tells only the first error
        return _build_by_field(verb, values)
    return built


def _build_by_field(verb: type[AnyVerb], values: Mapping[str, Any]) -> AnyVerb:
    known = {field.name: field for field in fields_of(verb)}
    problems = [
        Problem(pointer=f"/{name}", code="unknown", message=f"{verb.name} has no field {name!r}", allowed=[*known])
        for name in [name for name in values if name not in known][:_MOST_TOLD]
    ]
    converted: dict[str, Any] = {}
    for name, field in known.items():
        if name not in values:
            if field.required:
                problems.append(Problem(pointer=f"/{name}", code="required", message=f"{_spoken(name)} is required"))
            continue
        try:
            converted[name] = typed.convert(values[name], field.type)
        except msgspec.ValidationError as error:
            problems.append(_problem(field, str(error)))
    if problems:
        raise InvalidInput(_sentence(problems), problems=problems)
    return verb(**converted)


def _sentence(problems: list[Problem]) -> str:
    if len(problems) == 1:
        return problems[0].message
    return "; ".join(problem.message for problem in problems)


def _spoken(name: str) -> str:
    return name.replace("_", " ")


_WHERE = r" - at `\$(?P<path>[^`]*)`$"
_STEP = r"\.([^.\[]+)|\[(\d+|\.\.\.)\]"
_SENTENCES = (
    (r"Expected `(?:str|array|object)` of length >= 1$", r"must not be empty"),
    (r"Expected `str` of length >= (\d+)$", r"needs at least \1 characters"),
    (r"Expected `str` of length <= (\d+)$", r"may have at most \1 characters"),
    (r"Expected `array` of length >= (\d+)$", r"needs at least \1 values"),
    (r"Expected `array` of length <= (\d+)$", r"may have at most \1 values"),
    (r"Expected `(?:int|float)` ([<>]=?) (\S+)$", r"must be \1 \2"),
    (r"Expected `str` matching regex '(.*)'$", r"must match \1"),
    (r"Invalid enum value '(.*)'$", r"cannot be '\1'"),
    (r"Object missing required field `(.*)`$", r"lacks '\1'"),
    (r"Object contains unknown field `(.*)`$", r"has no '\1'"),
)
_WORDS = {"str": "text", "int": "a whole number", "float": "a number", "bool": "true or false", "array": "a list",
          "object": "an object", "null": "nothing"}  # fmt: skip


def _problem(field: Any, told: str) -> Problem:
    """What msgspec says of a value of a verb's field, as a sentence about the field."""
    place, reason = told_place(told)
    try:
        allowed = list(_describe(field).choices)
    except TypeError:  # no words can give this field, JSON can
        allowed = []
    return Problem(pointer=f"/{field.name}{place}", message=f"{_spoken(field.name)} {reason}", allowed=allowed)


def told_place(told: str) -> tuple[str, str]:
    """What msgspec says of a document, as JSON Pointer and the rest of a sentence (`must be text, not nothing`)."""
    found = re.search(_WHERE, told)
    steps = re.findall(_STEP, found["path"]) if found else []
    pointer = "".join("/" + (key or index) for key, index in steps)
    return pointer, _reason(told[: found.start()] if found else told)


def _reason(told: str) -> str:
    for pattern, sentence in _SENTENCES:
        matched = re.match(pattern, told, re.DOTALL)
        if matched:
            return matched.expand(sentence)
    types = re.match(r"Expected `(\w+)(?: \| \w+)*`, got `(\w+)`$", told)
    if types:
        wanted, given = (_WORDS.get(word, word) for word in types.groups())
        return f"must be {wanted}, not {given}"
    return f"is wrong: {told}"
