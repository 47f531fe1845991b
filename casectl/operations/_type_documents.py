"""What a case type may be: name, title, number pattern, form and lifecycle, judged together. Only verbs import it.

All problems are told at once, each with its pointer into the input: whoever has the documents in files finds the lines.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, get_args

import msgspec
from msgspec import UNSET, Meta
from msgspec.structs import fields

from casectl import typed
from casectl.errors import InvalidInput, Problem
from casectl.field_types import told_place
from casectl.model.lifecycle import CATEGORIES, Lifecycle
from casectl.rules import case_input
from casectl.rules.form_schema import check_form_schema
from casectl.rules.lifecycle import status_key
from casectl.rules.lifecycle_document import check_lifecycle
from casectl.rules.numbering import check_pattern
from casectl.rules.text import did_you_mean, json_pointer
from casectl.unit import CaseRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from casectl.model.configuration import CaseType
    from casectl.unit import Unit

LONGEST_NAME = 40
PARTS = ("title", "number_pattern", "form_schema", "lifecycle")

Title = Annotated[str, Meta(description="name as people read it")]
NumberPattern = Annotated[str, Meta(description="how numbers look: INC-{year}-{seq:05}")]
FormSchema = Annotated[dict[str, Any], Meta(description="form: JSON Schema, as JSON or TOML", extra={"json": True})]
LifecycleDocument = Annotated[
    dict[str, Any], Meta(description="statuses and transitions, as JSON or TOML", extra={"json": True})
]

_REQUIRABLE = {*CaseRow.__struct_fields__, "assignee", "team", "reporter", "contact", "parent", "status", "type", "due"}
"""What a transition may require beside fields of the form (operations._plan.facts_after)."""


def given_parts(verb: Any) -> dict[str, Any]:
    """What was given of a type's parts."""
    return {name: getattr(verb, name) for name in PARTS if getattr(verb, name) is not UNSET}


def parts_of(known: CaseType) -> dict[str, Any]:
    """The parts of a type as it is."""
    return {name: getattr(known, name) for name in PARTS}


def complete(given: dict[str, Any]) -> dict[str, Any]:
    """The parts of a new type. Refuses one that lacks something; a form is not required."""
    lacking = [name for name in PARTS if name not in given and name != "form_schema"]
    case_input.refuse_all([
        Problem(message=f"{name.replace('_', ' ')} is required", pointer=json_pointer(name), code="required")
        for name in lacking
    ])  # fmt: skip
    return {"form_schema": {}} | given


async def checked(unit: Unit, name: str, wished: dict[str, Any]) -> dict[str, Any]:
    """The parts of a type as they are to be written. Raises InvalidInput with all that is wrong with any of them."""
    form, document = wished["form_schema"], wished["lifecycle"]
    problems: list[Problem] = []
    checks: tuple[Callable[[], object], ...] = (
        lambda: check_name(name),
        lambda: case_input.one_line(wished["title"], "title", "/title"),
        lambda: check_pattern(wished["number_pattern"]),
        lambda: _placed("/form_schema", lambda: check_form_schema(form)),
        lambda: case_input.refuse_all([*_unstorable(form, "form_schema")]),
        lambda: case_input.refuse_all([*_unstorable(document, "lifecycle")]),
        lambda: _check_fillable(sound_lifecycle(document), form),
    )
    for check in checks:
        try:
            check()
        except InvalidInput as refusal:
            problems += refusal.problems
    case_input.refuse_all(problems)
    lifecycle = read_lifecycle(document)
    case_input.refuse_all(list(contradictions(lifecycle, await unit.configuration.statuses())))
    return wished | {"title": wished["title"].strip(), "lifecycle": msgspec.to_builtins(lifecycle)}


def check_name(name: str) -> None:
    """Refuse a name that no type may have."""
    letters = name.replace("-", "").replace("_", "")
    sound = letters.isascii() and letters.isalnum() and letters == letters.lower() and not name.isdigit()
    if not sound or len(name) > LONGEST_NAME:
        hint = f"lower-case letters, digits, - and _, {LONGEST_NAME} characters at most"
        case_input.refuse(f"{name[:80]!r} cannot be the name of a type", "/type", "name", hint)


def sound_lifecycle(document: Any) -> Lifecycle:
    """A lifecycle read and judged by itself. Raises InvalidInput with all that is wrong."""
    lifecycle = read_lifecycle(document)
    _placed("/lifecycle", lambda: check_lifecycle(lifecycle))
    return lifecycle


def read_lifecycle(document: Any) -> Lifecycle:
    """The document as a lifecycle. Raises InvalidInput for every place that does not have the shape of one."""
    case_input.refuse_all(list(_misfits(Lifecycle, document, "lifecycle")))
    return typed.convert(document, Lifecycle)


def _misfits(kind: type[msgspec.Struct], value: Any, *place: str | int) -> Iterator[Problem]:
    """Where a document has not the shape of a struct; msgspec itself would stop at the first place."""
    if not isinstance(value, dict):
        yield _misfit("an object belongs here", *place)
        return
    known = {field.name: field for field in fields(kind)}
    for name in value:
        if name not in known:
            hint = did_you_mean(name, known) or f"known here: {', '.join(known)}"
            yield _misfit(f"there is no {name[:80]!r} here", *place, name, hint=hint)
    for name, field in known.items():
        if name in value:
            yield from _misfits_of(field.type, value[name], *place, name)
        elif field.required:
            yield _misfit(f"{name} is missing", *place)


def _misfits_of(kind: Any, value: Any, *place: str | int) -> Iterator[Problem]:
    inner = get_args(kind)
    if inner and isinstance(value, list):
        for index, one in enumerate(value):
            yield from _misfits_of(inner[0], one, *place, index)
    elif isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield from _misfits(kind, value, *place)
    else:
        try:
            typed.convert(value, kind)
        except msgspec.ValidationError as error:
            yield _misfit(f"{place[-1]} {told_place(str(error))[1]}", *place)


def _misfit(message: str, *place: str | int, hint: str = "") -> Problem:
    return Problem(message=message, pointer=json_pointer(*place), code="lifecycle", hint=hint)


def _check_fillable(lifecycle: Lifecycle, form: Any) -> None:
    """Refuse transitions that require what no case of the type can have: nobody could ever take them."""
    if not isinstance(form, dict) or not isinstance(form.get("properties", {}), dict):
        return  # what is wrong with the form is told by its own check
    known = form.get("properties", {})
    is_open = not form or form.get("additionalProperties") is True
    problems = []
    for index, edge in enumerate(lifecycle.transitions):
        for number, name in enumerate(edge.required_fields):
            kind, _, key = name.partition(".")
            in_form = kind == "field" and (key in known or (is_open and bool(key)))
            if not in_form and name not in _REQUIRABLE:
                hint = did_you_mean(name, [*(f"field.{one}" for one in known), *sorted(_REQUIRABLE)])
                place = ("lifecycle", "transitions", index, "required_fields", number)
                problems.append(_misfit(f"no case has {name!r} to be filled", *place, hint=hint))
    case_input.refuse_all(problems)


def _placed(pointer: str, check: Callable[[], None]) -> None:
    """Run a check whose pointers begin inside the document at `pointer`."""
    try:
        check()
    except InvalidInput as refusal:
        placed = [msgspec.structs.replace(one, pointer=pointer + one.pointer) for one in refusal.problems]
        raise InvalidInput(refusal.message, hint=refusal.hint, problems=placed) from None


def _unstorable(value: Any, *place: str | int) -> Iterator[Problem]:
    """Texts in a document that hold what no column of Postgres can."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _unstorable(key, *place)
            yield from _unstorable(inner, *place, key)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _unstorable(inner, *place, index)
    elif isinstance(value, str) and re.search("[\x00\ud800-\udfff]", value):
        message = "a text may not hold U+0000 or half a surrogate pair"
        yield Problem(message=message, pointer=json_pointer(*place), code="character")


def contradictions(lifecycle: Lifecycle, known: Mapping[str, tuple[int, int]]) -> Iterator[Problem]:
    """Statuses that another type spells differently or means differently."""
    by_key = {status_key(name): (name, CATEGORIES[number - 1]) for name, (_, number) in known.items()}
    for index, status in enumerate(lifecycle.statuses):
        name, category = by_key.get(status_key(status.name), (status.name, status.category))
        pointer = json_pointer("lifecycle", "statuses", index)
        if name != status.name:
            yield Problem(message=f"status {status.name!r} is known as {name!r}", pointer=pointer, code="lifecycle")
        if category != status.category:
            message = f"status {name!r} is of category {category} in another type, it cannot be {status.category} here"
            yield Problem(message=message, pointer=pointer, code="lifecycle", allowed=[category])
