"""Whatever form is written: it is accepted and then judges values as JSON Schema does, or every flaw is told with its
place; and no pattern and no value makes either run for long."""

from __future__ import annotations

import time
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from form_documents import BAD_PATTERNS, HOSTILE, NAMES, PATTERNS, filled, flawed, sound, values
from hypothesis import event, given, settings
from hypothesis import strategies as st

from casectl.errors import InvalidInput
from casectl.model.form import FormField
from casectl.rules.form_schema import check_form_schema
from casectl.rules.forms import fields_of, from_text, missing, validate_form

pytestmark = pytest.mark.no_cover
"""What is run here many times is measured where it runs once."""

BOUNDED = settings(derandomize=True, deadline=None, database=None, max_examples=80)
LONGEST = 30.0
"""Seconds that judging one value may take on a busy machine; a pattern that backtracks would take years."""


def refusal_of(form: Any) -> InvalidInput | None:
    """How a form was refused, None when it was not."""
    try:
        check_form_schema(form)
    except InvalidInput as refusal:
        return refusal
    return None


def leads_somewhere(form: Any, pointer: str) -> bool:
    """Whether a JSON pointer leads to something in the form, or to where something is missing in it."""
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    for at, part in enumerate(parts):
        if isinstance(form, dict) and part in form:
            form = form[part]
        elif isinstance(form, list) and part.isdigit() and int(part) < len(form):
            form = form[int(part)]
        else:
            return at == len(parts) - 1 and isinstance(form, dict | list)
    return True


def stored(value: Any) -> bool:
    """Whether Postgres can hold a value's text."""
    texts = value if isinstance(value, list) else [value]
    return not any(isinstance(text, str) and "\x00" in text for text in texts)


@BOUNDED
@given(sound())
def test_a_sound_form_is_accepted(form: dict[str, Any]) -> None:
    assert refusal_of(form) is None
    fields = fields_of(form)
    assert {one.name for one in fields} == set(form["properties"])
    assert all(isinstance(one, FormField) for one in fields)


@BOUNDED
@given(flawed())
def test_a_form_is_accepted_or_explained(form: dict[str, Any]) -> None:
    refusal = refusal_of(form)
    event("accepted" if refusal is None else "refused")
    if refusal is None:
        jsonschema_rs.Draft202012Validator(form, offline=True)
        fields_of(form)
        assert validate_form(form, {}) is not None
        return
    assert refusal.problems
    for problem in refusal.problems:
        assert problem.message
        assert problem.code == "form"
        assert leads_somewhere(form, problem.pointer), problem.pointer
        assert "Traceback" not in problem.message


@BOUNDED
@given(st.data())
def test_values_are_judged_as_json_schema_does(data: st.DataObject) -> None:
    """Empty fields and unknown names aside, which the desk judges itself."""
    form = data.draw(sound())
    given_values = data.draw(filled(form))
    begun = time.monotonic()
    problems = validate_form(form, given_values)
    assert time.monotonic() - begun < LONGEST
    known = {name: value for name, value in given_values.items() if value is not None and name in form["properties"]}
    judged = {key: value for key, value in form.items() if key != "additionalProperties"}
    oracle = jsonschema_rs.Draft202012Validator(
        judged, validate_formats=True, offline=True, pattern_options=jsonschema_rs.RegexOptions()
    )
    free = {name: value for name, value in given_values.items() if name not in form["properties"] and value is not None}
    is_open = form.get("additionalProperties") is True
    free_fit = all(is_open and name in [*NAMES, "nowhere"] and isinstance(value, str) and len(value) <= 10_000
                   for name, value in free.items())  # fmt: skip
    fits = oracle.is_valid(known) and all(map(stored, given_values.values())) and free_fit
    assert (problems == []) == fits
    for problem in problems:
        assert problem.pointer.startswith("/fields")
        assert problem.message
        assert problem.code
    assert len({(one.pointer, one.code) for one in problems}) == len(problems)


@BOUNDED
@given(st.data())
def test_what_is_missing_is_what_is_refused_as_required(data: st.DataObject) -> None:
    """The fields that a prompt asks for are those without which the values are refused."""
    form = data.draw(sound())
    given_values = {name: value for name, value in data.draw(filled(form)).items() if stored(value)}
    asked = {field.name for field in missing(form, given_values)}
    refused = {one.pointer.removeprefix("/fields/") for one in validate_form(form, given_values)
               if one.code == "required"}  # fmt: skip
    assert asked == refused


@BOUNDED
@given(st.data())
def test_any_text_is_a_value_or_is_refused(data: st.DataObject) -> None:
    form = data.draw(sound())
    name = data.draw(st.sampled_from([*form["properties"], "nowhere"]))
    text = data.draw(st.text(max_size=20) | st.sampled_from(HOSTILE))
    try:
        value = from_text(form, name, text)
    except InvalidInput as refused:
        told = [one.pointer for one in refused.problems]
    else:
        told = [one.pointer for one in validate_form(form, {name: value})]
        msgspec.json.encode(value) if stored(value) else None
    assert all(pointer.startswith("/fields") for pointer in told)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_no_accepted_pattern_hangs(pattern: str) -> None:
    form = {"type": "object", "properties": {"a": {"type": "string", "pattern": pattern}}}
    assert refusal_of(form) is None
    for text in (*HOSTILE, "a" * 100_000, "x" * 100_000 + "y"):
        begun = time.monotonic()
        validate_form(form, {"a": text})
        assert time.monotonic() - begun < LONGEST


@pytest.mark.parametrize("pattern", BAD_PATTERNS)
def test_a_pattern_that_could_hang_is_refused_at_its_place(pattern: str) -> None:
    refusal = refusal_of({"type": "object", "properties": {"a": {"type": "string", "pattern": pattern}}})
    assert refusal is not None
    assert "/properties/a/pattern" in {one.pointer for one in refusal.problems}


KEYWORDS = st.sampled_from(["type", "properties", "a", "items", "$ref", "if", "allOf", "enum"])


@BOUNDED
@given(st.recursive(values(), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYWORDS, inner, max_size=3)))
def test_no_json_is_too_odd_to_be_judged(document: Any) -> None:
    refusal = refusal_of(document)
    assert refusal is None or refusal.problems
