from __future__ import annotations

import time

import pytest

from casectl.errors import InvalidInput
from casectl.rules.form_schema import MAX_BYTES, MAX_DEPTH, MAX_FIELDS, check_form_schema
from casectl.rules.forms import validate_form

TEXT = {"type": "string"}


def form(**more):
    return {"type": "object", "properties": {"a": TEXT, "b": TEXT}} | more


def field(**more):
    return form(properties={"a": TEXT | more, "b": TEXT})


def refused(schema):
    with pytest.raises(InvalidInput) as caught:
        check_form_schema(schema)
    assert caught.value.problems
    return caught.value.problems


@pytest.mark.parametrize(
    "schema",
    [
        {},
        form(),
        form(title="Form", description="x", **{"$comment": "y", "x-colour": 3}),
        form(required=["a"], dependentRequired={"a": ["b"]}, additionalProperties=True),
        field(minLength=1, maxLength=9, pattern="^(x|y)+$", title="A", description="d", examples=["x"]),
        field(enum=["x", "y"], default="x", **{"x-filter": False}),
        field(format="date", default="2026-01-01"),
        form(properties={"a": {"$ref": "#/$defs/t"}}, **{"$defs": {"t": {"type": "integer", "minimum": 2}}}),
        form(properties={"a": {"$ref": "#/$defs/t", "default": 3}}, **{"$defs": {"t": {"type": "integer"}}}),
        form(properties={"a": {"type": "array", "items": {"type": "string", "enum": ["x"]}}}),
        form(**{"if": {"not": {"anyOf": [{"required": ["a"]}]}}, "then": {"properties": {"b": {"const": "x"}}}}),
        form(**{"if": {"properties": {"a": True}}, "else": {"if": {"required": ["a"]}, "then": {"required": ["b"]}}}),
        form(allOf=[{"if": {"oneOf": [{"required": ["a"]}]}, "then": {"properties": {"b": False}}}]),
        form(**{"x-sections": [{"title": "One", "fields": ["b", "a"]}, {"title": "Two", "fields": []}]}),
    ],
)
def test_forms_that_can_be_used(schema):
    check_form_schema(schema)
    assert isinstance(validate_form(schema, {"a": "x"}), list)


@pytest.mark.parametrize(
    ("schema", "pointer", "words"),
    [
        ([], "", "a form is a JSON object"),
        ("x", "", "a form is a JSON object"),
        (None, "", "a form is a JSON object"),
        ({"title": "x"}, "/type", "type object"),
        (form(type="array"), "/type", "type object"),
        (form(title="\ud800"), "", "is not JSON"),
        (form(title=object()), "", "is not JSON"),
        (form(**{"$schema": "http://json-schema.org/draft-07/schema#"}), "/$schema", "2020-12"),
        (form(additionalProperties=TEXT), "/additionalProperties", "true or false"),
        (form(required=["c"]), "/required", "no field 'c'"),
        (form(required="a"), "/required", "array"),
        (form(required=[1]), "/required/0", "string"),
        (form(dependentRequired={"c": ["a"]}), "/dependentRequired/c", "no field 'c'"),
        (form(dependentRequired={"a": ["c"]}), "/dependentRequired/a", "no field 'c'"),
        (form(dependentRequired={"a": "b"}), "/dependentRequired/a", "array"),
        (form(dependentRequired=1), "/dependentRequired", "object"),
        (form(requird=["a"]), "/requird", "'requird' is not supported"),
        (form(**{"$id": "http://evil.test/"}), "/$id", "not supported"),
        (form(**{"$dynamicRef": "#x"}), "/$dynamicRef", "not supported"),
        (form(**{"$ref": "http://evil.test/"}), "/$ref", "not supported"),
        (form(patternProperties={"(": TEXT}), "/patternProperties", "not supported"),
        (form(anyOf=[{"required": ["a"]}]), "/anyOf", "not supported"),
        (form(then={"not": {}}), "/then/not", "not supported"),
        (form(**{"if": True}), "/if", "a rule of a form is an object"),
        (form(allOf=[3]), "/allOf/0", "a rule of a form is an object"),
        (form(allOf=3), "/allOf", "array"),
        (form(then={"required": ["c"]}), "/then/required", "no field 'c'"),
        (form(then={"properties": {"c": TEXT}}), "/then/properties/c", "no field 'c'"),
        (form(then={"properties": {"a": 3}}), "/then/properties/a", "described by an object"),
        (form(then={"properties": {"a": {"type": "x"}}}), "/then/properties/a/type", "one of the types"),
        (form(**{"if": {"properties": {"a": {"pattern": "("}}}}), "/if/properties/a/pattern", "cannot be used"),
        (form(properties=[]), "/properties", "object"),
        (form(properties={"A": TEXT}), "/properties/A", "no name of a field"),
        (form(properties={"a/b": TEXT}), "/properties/a~1b", "no name of a field"),
        (form(properties={"x" * 64: TEXT}), "/properties/" + "x" * 64, "no name of a field"),
        (form(properties={"a": True}), "/properties/a", "described by an object"),
        (form(properties={"a": {}}), "/properties/a/type", "one of the types"),
        (field(type="object"), "/properties/a/type", "one of the types"),
        (field(type=["string", "null"]), "/properties/a/type", "one of the types"),
        (field(type="strin"), "/properties/a/type", "one of the types"),
        (field(minlength=3), "/properties/a/minlength", "not supported"),
        (field(minLength=-1), "/properties/a/minLength", "minimum of 0"),
        (field(minLength="x"), "/properties/a/minLength", "integer"),
        (field(format="ipv4"), "/properties/a/format", "unknown format 'ipv4'"),
        (field(type="integer", format="date"), "/properties/a/format", "only a string"),
        (field(enum=[]), "/properties/a/enum", "at least one"),
        (field(enum="x"), "/properties/a/enum", "array"),
        (field(pattern=3), "/properties/a/pattern", "string"),
        (field(pattern="("), "/properties/a/pattern", "cannot be used"),
        (field(pattern="(?=a)b"), "/properties/a/pattern", "cannot be used"),
        (field(pattern=r"(a)\1"), "/properties/a/pattern", "cannot be used"),
        (field(pattern="((a{1,100}){1,100}){1,100}"), "/properties/a/pattern", "cannot be used"),
        (field(pattern="a" * 501), "/properties/a/pattern", "at most 500"),
        (field(default=3), "/properties/a/default", "the default does not fit"),
        (field(**{"x-filter": "yes"}), "/properties/a/x-filter", "true or false"),
        (field(**{"$ref": "http://evil.test/x"}), "/properties/a/$ref", "does not lead"),
        (field(**{"$ref": "#/properties/b"}), "/properties/a/$ref", "does not lead"),
        (field(**{"$ref": "#/$defs/gone"}), "/properties/a/$ref", "does not lead"),
        (field(**{"$ref": "#/$defs/t"}) | {"$defs": {"t": {}}}, "/$defs/t/type", "one of the types"),
        (form(**{"$defs": {"t": {"$ref": "#/$defs/t"}}}), "/$defs/t/$ref", "cannot refer"),
        (form(**{"$defs": {"t": 3}}), "/$defs/t", "described by an object"),
        (field(type="array"), "/properties/a/items", "a list holds strings"),
        (field(items={"type": "integer"}), "/properties/a/items", "a list holds strings"),
        (field(type="array", items={"type": "string", "pattern": "("}), "/properties/a/items/pattern", "cannot"),
        (form(**{"x-sections": {}}), "/x-sections", "is a list"),
        (form(**{"x-sections": [3]}), "/x-sections/0", "a title and a list"),
        (form(**{"x-sections": [{"title": 3, "fields": []}]}), "/x-sections/0", "a title and a list"),
        (form(**{"x-sections": [{"title": "x", "fields": "a"}]}), "/x-sections/0", "a title and a list"),
        (form(**{"x-sections": [{"title": "x", "fields": [3]}]}), "/x-sections/0", "a title and a list"),
        (form(**{"x-sections": [{"title": "x", "fields": ["c"]}]}), "/x-sections/0/fields", "no field 'c'"),
        (form(**{"x-sections": [{"title": "x", "fields": ["a", "a"]}]}), "/x-sections/0/fields", "two sections"),
    ],
)
def test_what_cannot_be_a_form_is_refused_at_its_place(schema, pointer, words):
    problems = refused(schema)
    assert [problem.pointer for problem in problems] == [pointer]
    assert words in problems[0].message


def test_all_problems_are_told_at_once_and_each_once():
    schema = {
        "type": "object",
        "properties": {"a": {"type": "strin", "minLength": -1}, "B": TEXT},
        "required": ["c", "c"],
        "requird": [],
    }
    pointers = [problem.pointer for problem in refused(schema)]
    assert sorted(set(pointers)) == [
        "/properties/B",
        "/properties/a/minLength",
        "/properties/a/type",
        "/requird",
        "/required",
    ]


def test_a_slip_of_the_pen_is_recognised():
    assert refused(form(requird=["a"]))[0].hint == "did you mean 'required'?"
    assert refused(form(required=["zzz"]))[0].hint == ""


def test_the_number_of_fields_has_a_bound():
    many = {f"f{number}": TEXT for number in range(MAX_FIELDS + 1)}
    assert refused(form(properties=many))[0].message == "a form has at most 200 fields"


def nested(depth):
    """`then` in `then`, each object one level."""
    schema = {}
    for _ in range(depth - 1):
        schema = {"then": schema}
    return schema | {"type": "object"}


def test_the_depth_has_a_bound():
    check_form_schema(nested(MAX_DEPTH))
    assert "deeper than 12" in refused(nested(MAX_DEPTH + 2))[0].message
    bottomless = []
    bottomless.append(bottomless)
    assert "deeper than 12" in refused(form(default=bottomless))[0].message


def test_the_size_has_a_bound():
    assert "64 KB" in refused(form(description="x" * MAX_BYTES))[0].message


def test_a_pattern_that_hangs_other_engines_is_harmless():
    schema = field(pattern="^(a+)+$")
    check_form_schema(schema)
    begun = time.perf_counter()
    assert [problem.code for problem in validate_form(schema, {"a": "a" * 5000 + "!"})] == ["pattern"]
    assert time.perf_counter() - begun < 30  # other engines would take longer than the world stands
