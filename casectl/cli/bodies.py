"""The long text of a verb's call, and the fields in its head. Only casectl.cli.execution imports this module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from casectl.cli.parameters import BODY_FILE, EDIT
from casectl.cli.text_input import CUT, STDIN, Body, read_body, write_in_editor
from casectl.errors import InvalidInput, UsageError

if TYPE_CHECKING:
    from casectl.cli.execution import Execution
    from casectl.desk import Desk
    from casectl.field_types import VerbField


def take_body(execution: Execution, desk: Desk) -> Body:
    """Read or ask for the long text of the verb and put it, and what its head says, into what was given.

    What stands on the command line goes before what a file's head says; an editor shows both, and has the last word.
    """
    from casectl.cli.standard_input import stream

    field = next((field for field in execution.fields if field.is_body), None)
    if field is None:
        return Body("")
    file = execution.option(BODY_FILE)
    if execution.option(EDIT):
        return _edited(execution, field, desk, file)
    body = read_body(execution.given.get(field.name), file, stream())
    if body is None and _opens_by_itself(execution, field):
        return _edited(execution, field, desk, None)
    if body is None:
        return Body("")
    execution.given[field.name] = body.text
    if file not in (None, STDIN) and execution.verb.cli.template:
        _take(execution, field, body.text, before=execution.given)
    return body


def _opens_by_itself(execution: Execution, field: VerbField) -> bool:
    """Whether the text must be there, and somebody is there to write it; of which case it is must be said."""
    lacks_a_case = any(field.name == "case" and "case" not in execution.given for field in execution.fields)
    return field.is_required and not field.is_short and not lacks_a_case and execution.options.can_ask()


def _edited(execution: Execution, field: VerbField, desk: Desk, file: str | None) -> Body:
    if file is not None or execution.options.no_input:
        other = "--file" if file is not None else "--no-input"
        raise UsageError(f"--edit and {other} exclude each other", hint="give one of them")
    from casectl.cli.templates import has_head

    given, template = execution.given, _template(execution)
    text = given.get(field.name) or ""
    body = write_in_editor(_about(execution, field), _head(template, given, desk) + (f"\n{text}" if text else ""))
    if has_head(body.text):  # else what stands on the command line holds: the editor has taken its place away
        for one in template:
            given.pop(one.name, None)
    try:
        _take(execution, field, body.text, before={} if has_head(body.text) else given)
    except InvalidInput as refusal:
        body.__exit__(type(refusal), refusal, None)  # tells where the text is kept
        raise
    return body


def _template(execution: Execution) -> list[VerbField]:
    by_name = {field.name: field for field in execution.fields}
    return [by_name[name] for name in execution.verb.cli.template]


def _head(template: list[VerbField], given: dict[str, Any], desk: Desk) -> str:
    from casectl.cli.templates import form_of, head_of
    from casectl.operations.create import USUAL_TYPE

    if not template:
        return ""
    has_form = any(field.kind == "map" for field in template)
    return head_of(template, given, form_of(desk, given.get("type", USUAL_TYPE)) if has_form else [])


def _take(execution: Execution, field: VerbField, text: str, *, before: dict[str, Any]) -> None:
    """What the head and the text say, behind what goes `before` them."""
    from casectl.cli.templates import has_head, read_head, read_headless

    template, text = _template(execution), text.partition(CUT)[0].rstrip()
    line = next((one for one in template if one.is_required and before.get(one.name) is None), None)
    headless = line is not None and not has_head(text)
    values, rest = read_headless(text, line) if line and headless else read_head(text, template)
    for name, value in values.items():
        known = before.get(name)
        if isinstance(value, dict):
            execution.given[name] = {**value, **(known or {})}
        elif known is None:
            execution.given[name] = value
    execution.given[field.name] = rest


def _about(execution: Execution, field: VerbField) -> str:
    case = execution.given.get("case", "")
    told = f"casectl {execution.verb.name} {case}".rstrip()
    return f"{told}\n{field.help or field.name}; a text that is empty or unchanged writes nothing"
