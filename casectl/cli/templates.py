"""The head of a text in an editor: fields of the verb as `name: value` between two lines `---`, above the text itself.

Only casectl.cli.bodies imports this module. Lines that begin with `#` explain a field and are left out; a field without
a value keeps its default. The fields of a case type's form are called `field.NAME`, as in a query.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from casectl.cli.parameters import value_of
from casectl.errors import InvalidInput, NotFound, Problem
from casectl.rules.text import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from casectl.desk import Desk
    from casectl.field_types import VerbField
    from casectl.model.form import FormField

RULE = "---"
_FORM = "field."
_LINE = r"(?P<name>[\w.\-]+):(?:\s+(?P<value>.*))?"
_FLAGS = {"yes": True, "true": True, "no": False, "false": False}


def head_of(fields: Sequence[VerbField], given: Mapping[str, Any], form: Iterable[FormField]) -> str:
    """The head with what is given already filled in; `form` are the fields of the case type."""
    lines = [RULE]
    for field in fields:
        if field.kind == "map":
            lines += _form_lines(form, given.get(field.name, {}))
            continue
        lines += [f"# {field.help}"] if field.help else []
        lines.append(f"{_name(field)}: {_shown(field, given.get(field.name))}".rstrip())
    return "\n".join([*lines, RULE, ""])


def _form_lines(form: Iterable[FormField], values: Mapping[str, Any]) -> Iterator[str]:
    rest = dict(values)
    for field in form:
        legal = ", ".join(map(str, field.enum))
        told = [field.help or field.title, legal, "required" if field.required else ""]
        yield "# " + "; ".join(" ".join(word.split()) for word in told if word)
        yield f"{_FORM}{field.name}: {rest.pop(field.name, '')}".rstrip()
    yield from (f"{_FORM}{name}: {value}" for name, value in rest.items())


def _name(field: VerbField) -> str:
    return field.name.removeprefix("is_")


def _shown(field: VerbField, value: Any) -> str:
    if field.kind == "flag":
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(value)
    return "" if value is None else str(value)


def read_headless(text: str, field: VerbField) -> tuple[dict[str, Any], str]:
    """A text without a head: its first line is the value of `field`, as in a commit message, the rest the text.

    Raises InvalidInput for a head that has no end.
    """
    first, _, rest = text.strip().partition("\n")
    if first.rstrip() == RULE:
        raise _refused("line 1: the head has no end", f"end it with a line {RULE}")
    return {field.name: first.strip()}, rest.strip("\n")


def has_head(text: str) -> bool:
    """Whether a text begins with a head."""
    lines = [line.rstrip() for line in text.split("\n")]
    return lines[0] == RULE and RULE in lines[1:]


def read_head(text: str, fields: Sequence[VerbField]) -> tuple[dict[str, Any], str]:
    """The values in the head of a text, and the text below it; a text without a head is all text.

    Raises InvalidInput with every line that is wrong.
    """
    if not has_head(text):
        return {}, text
    lines = text.split("\n")
    end = next(number for number, line in enumerate(lines[1:], 1) if line.rstrip() == RULE)
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for number, line in enumerate(lines[1:end], 2):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            _take(line, {_name(field): field for field in fields}, values)
        except InvalidInput as refusal:
            problems += [_placed(problem, number) for problem in refusal.problems]
    if problems:
        hint = "a text that only looks as if it had a head comes by standard input: --file -"
        raise InvalidInput("; ".join(problem.message for problem in problems), hint=hint, problems=problems)
    return values, "\n".join(lines[end + 1 :]).strip("\n")


def _take(line: str, fields: Mapping[str, VerbField], values: dict[str, Any]) -> None:
    found = re.fullmatch(_LINE, line.rstrip())
    if found is None:
        raise _refused(f"{line.strip()[:40]!r} is not NAME: value", "")
    name, value = found["name"], found["value"] or ""
    form = next((field for field in fields.values() if field.kind == "map"), None)
    if form is not None and name.startswith(_FORM):
        if value:
            key = name.removeprefix(_FORM)
            values[form.name] = {**values.get(form.name, {}), **value_of(form, [f"{key}={value}"])}
        return
    if name not in fields or fields[name] is form:
        raise _refused(f"there is no field {name!r}", did_you_mean(name, fields) or f"fields: {', '.join(fields)}")
    field = fields[name]
    if field.kind == "flag":
        if value.lower() not in {*_FLAGS, ""}:
            raise _refused(f"{name} is yes or no, not {value!r}", "")
        values[field.name] = _FLAGS.get(value.lower(), False)
    elif value:
        values[field.name] = value_of(field, [value] if field.kind == "list" else value)


def _refused(message: str, hint: str) -> InvalidInput:
    return InvalidInput(message, problems=[Problem(message=message, code="head", hint=hint)])


def _placed(problem: Problem, line: int) -> Problem:
    return Problem(
        message=f"line {line}: {problem.message}", pointer=problem.pointer, code=problem.code, hint=problem.hint,
        allowed=problem.allowed,
    )  # fmt: skip


def form_of(desk: Desk, case_type: str) -> list[FormField]:
    """The fields of a case type's form, in the order in which they are asked; none of a type that is not there."""
    from casectl.operations.type_show import ShowType
    from casectl.rules.forms import fields_of

    try:
        return fields_of(desk.perform(ShowType(type=case_type)).form_schema)
    except NotFound:
        return []
