from __future__ import annotations

import contextlib
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casectl.errors import InvalidInput
from casectl.rules.forms import MAX_FREE_FIELDS, check_form_schema, fields_of, from_text, missing, validate_form

FORM = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "x-sections": [
        {"title": "What", "fields": ["severity", "system"]},
        {"title": "Who", "fields": ["reporter_mail"]},
    ],
    "$defs": {"level": {"type": "string", "enum": ["low", "high"], "description": "how bad it is"}},
    "properties": {
        "system": {"type": "string", "title": "System", "minLength": 2, "maxLength": 8, "pattern": "^[a-z]+$"},
        "severity": {"$ref": "#/$defs/level", "x-filter": True},
        "impact": {"type": "string", "description": "who suffers"},
        "users": {"type": "integer", "minimum": 1, "maximum": 100, "multipleOf": 1},
        "loss": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 10},
        "outage": {"type": "boolean", "default": False},
        "areas": {
            "type": "array",
            "items": {"type": "string", "enum": ["Mail", "Web", "none"]},
            "minItems": 1,
            "maxItems": 2,
            "uniqueItems": True,
        },
        "since": {"type": "string", "format": "date"},
        "seen_at": {"type": "string", "format": "date-time"},
        "reporter_mail": {"type": "string", "format": "email"},
        "link": {"type": "string", "format": "uri"},
        "kind": {"type": "string", "const": "it"},
    },
    "required": ["system", "severity"],
    "dependentRequired": {"link": ["since"]},
    "allOf": [
        {
            "if": {"required": ["severity"], "properties": {"severity": {"const": "high"}}},
            "then": {"required": ["impact"]},
            "else": {"properties": {"impact": False}},
        }
    ],
}
GOOD = {"system": "crm", "severity": "low"}


def told(problems):
    return [(problem.pointer, problem.code, problem.message) for problem in problems]


def test_the_form_of_these_tests_is_a_form():
    check_form_schema(FORM)
    assert validate_form(FORM, GOOD) == []


@pytest.mark.parametrize(
    ("values", "pointer", "code", "message"),
    [
        ({"system": "x"}, "/fields/system", "minLength", "system must have at least 2 characters"),
        ({"system": "abcdefghi"}, "/fields/system", "maxLength", "system must have at most 8 characters"),
        ({"system": "CRM"}, "/fields/system", "pattern", "system does not have the form ^[a-z]+$"),
        ({"system": None}, "/fields/system", "required", "system is required"),
        ({"system": "a\x00b"}, "/fields/system", "text", "system holds characters that are no text"),
        ({"system": "a\ud800b"}, "/fields/system", "text", "system holds characters that are no text"),
        ({"severity": "hihg"}, "/fields/severity", "enum", "severity must be one of: low, high"),
        ({"severity": "high"}, "/fields/impact", "required", "impact is required"),
        ({"impact": "all"}, "/fields/impact", "falseSchema", "impact must not be given here"),
        ({"users": "3"}, "/fields/users", "type", "users must be a whole number"),
        ({"users": True}, "/fields/users", "type", "users must be a whole number"),
        ({"users": 0}, "/fields/users", "minimum", "users must be at least 1"),
        ({"users": 101}, "/fields/users", "maximum", "users must be at most 100"),
        ({"loss": 0}, "/fields/loss", "exclusiveMinimum", "loss must be more than 0"),
        ({"loss": 10}, "/fields/loss", "exclusiveMaximum", "loss must be less than 10"),
        ({"loss": "x"}, "/fields/loss", "type", "loss must be a number"),
        ({"outage": "yes"}, "/fields/outage", "type", "outage must be yes or no"),
        ({"areas": "Mail"}, "/fields/areas", "type", "areas must be a list"),
        ({"areas": []}, "/fields/areas", "minItems", "areas must have at least 1 entries"),
        ({"areas": ["Mail", "Mail"]}, "/fields/areas", "uniqueItems", "areas names an entry twice"),
        ({"areas": ["Web", "Mail", "none"]}, "/fields/areas", "maxItems", "areas must have at most 2 entries"),
        ({"areas": ["Web", "mial"]}, "/fields/areas/1", "enum", "areas must be one of: Mail, Web, none"),
        ({"areas": ["Web", "a\x00"]}, "/fields/areas", "text", "areas holds characters that are no text"),
        ({"since": "2026-02-30"}, "/fields/since", "format", "since must be a date (2026-12-31)"),
        ({"seen_at": "2026-02-03T10:00:00"}, "/fields/seen_at", "format", "seen_at must be a time with its zone"),
        ({"reporter_mail": "me"}, "/fields/reporter_mail", "format", "reporter_mail must be a mail address"),
        ({"link": "x", "since": "2026-01-01"}, "/fields/link", "format", "link must be an address with its scheme"),
        ({"link": "https://a.test/"}, "/fields/since", "required", "since is required"),
        ({"kind": "hr"}, "/fields/kind", "const", "kind must be it"),
        ({"systm": "crm"}, "/fields/systm", "unknown_field", "unknown field 'systm'"),
        ({"a/b": 1}, "/fields/a~1b", "unknown_field", "unknown field 'a/b'"),
    ],
)
def test_what_is_wrong_is_told_in_words_at_its_place(values, pointer, code, message):
    (problem,) = validate_form(FORM, GOOD | values)
    assert (problem.pointer, problem.code) == (pointer, code)
    assert problem.message.startswith(message)


def test_multiple_of():
    schema = {"type": "object", "properties": {"n": {"type": "number", "multipleOf": 0.5}}}
    assert told(validate_form(schema, {"n": 0.7})) == [("/fields/n", "multipleOf", "n must be a multiple of 0.5")]


def test_all_problems_are_told_at_once():
    problems = validate_form(FORM, {"severity": "hihg", "users": 0, "colour": "red", "link": "https://a.test"})
    assert {problem.pointer for problem in problems} == {
        "/fields/system",
        "/fields/severity",
        "/fields/users",
        "/fields/colour",
        "/fields/since",
    }


def test_hints_and_legal_values_help():
    by_pointer = {problem.pointer: problem for problem in validate_form(FORM, {"sytem": "crm"})}
    assert by_pointer["/fields/sytem"].hint == "did you mean 'system'?"
    assert by_pointer["/fields/severity"].hint == "how bad it is"
    assert by_pointer["/fields/severity"].allowed == ["low", "high"]
    (unlike,) = validate_form(FORM, GOOD | {"zzz": 1})
    assert unlike.hint.startswith("fields of this form: system, severity")
    (wrong,) = validate_form(FORM, GOOD | {"severity": "hihg"})
    assert (wrong.hint, wrong.allowed) == ("did you mean 'high'?", ["low", "high"])


def test_a_field_required_by_two_rules_is_told_once():
    schema = FORM | {"then": {"required": ["system"]}, "if": {}}
    assert told(validate_form(schema, {"severity": "low"})) == [("/fields/system", "required", "system is required")]


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ({}, []),
        ({"severity": "high"}, []),
        ({"users": 0, "link": "https://a.test/"}, ["minimum"]),
        ({"severity": "x", "nope": 1}, ["unknown_field", "enum"]),
        ({"system": None}, []),
    ],
)
def test_a_part_of_the_fields_is_checked_each_for_itself(values, codes):
    assert [problem.code for problem in validate_form(FORM, values, partial=True)] == codes


OPEN = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": True}


@pytest.mark.parametrize("schema", [{}, OPEN])
@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("system", "crm", None),
        ("system", None, None),
        ("System", "crm", "field_name"),
        ("a b", "crm", "field_name"),
        ("x" * 64, "crm", "field_name"),
        ("system", 3, "type"),
        ("system", ["crm"], "type"),
        ("system", "x" * 10_001, "type"),
        ("system", "a\x00", "text"),
    ],
)
def test_free_fields_are_short_text(schema, name, value, code):
    values = {name: value} if not schema else {name: value, "a": 1}
    assert [problem.code for problem in validate_form(schema, values)] == ([code] if code else [])


def test_free_fields_are_not_without_number():
    values = {f"f{number}": "x" for number in range(MAX_FREE_FIELDS + 1)}
    assert told(validate_form({}, values)) == [("/fields", "too_many", "more than 200 fields")]


def test_declared_fields_of_an_open_form_are_checked():
    assert [problem.message for problem in validate_form(OPEN, {"b": "x"})] == ["a is required"]


def test_a_form_without_fields_takes_none():
    assert [problem.code for problem in validate_form({"type": "object"}, {"a": "x"})] == ["unknown_field"]


def test_the_fields_come_in_the_order_of_their_sections():
    fields = {field.name: field for field in fields_of(FORM)}
    assert list(fields)[:4] == ["severity", "system", "reporter_mail", "impact"]
    assert len(fields) == len(FORM["properties"])
    severity = fields["severity"]
    assert (severity.kind, severity.enum, severity.required, severity.section) == (
        "string",
        ["low", "high"],
        True,
        "What",
    )
    assert (severity.help, severity.filter, severity.title) == ("how bad it is", True, "severity")
    assert (fields["reporter_mail"].kind, fields["reporter_mail"].title) == ("email", "reporter mail")
    assert fields["areas"].enum == ["Mail", "Web", "none"]
    assert fields["outage"].default is False
    assert fields["impact"].section == ""
    assert fields_of({}) == []


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({}, ["severity", "system"]),
        ({"severity": "low"}, ["system"]),
        ({"severity": "high"}, ["system", "impact"]),
        ({"severity": "high", "system": "crm", "impact": "all"}, []),
        (GOOD | {"link": "https://a.test"}, ["since"]),
        (GOOD | {"unknown": "x"}, []),
        (GOOD | {"system": None}, ["system"]),
        (GOOD | {"system": "\ud800"}, ["system"]),
        (GOOD | {"users": 0}, []),
    ],
)
def test_what_is_missing_follows_the_answers_so_far(values, names):
    fields = missing(FORM, values)
    assert [field.name for field in fields] == names
    assert all(field.required for field in fields)


def test_nothing_is_missing_where_there_is_no_form():
    assert missing({}, {}) == []


def test_what_is_required_in_any_case_is_asked_first():
    schema = {
        "type": "object",
        "properties": {"b": {"type": "string"}, "a": {"type": "string"}},
        "required": ["a"],
        "if": {"properties": {"a": {"const": "x"}}},
        "then": {"required": ["b"]},
    }
    assert [field.name for field in missing(schema, {})] == ["a", "b"]
    assert [field.name for field in missing(schema, {"a": "y"})] == []


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("system", " crm ", " crm "),
        ("system", "none", None),
        ("system", " NONE ", None),
        ("severity", "HIGH", "high"),
        ("severity", "other", "other"),
        ("users", "42", 42),
        ("users", "-3", -3),
        ("loss", "2", 2),
        ("loss", "2.50", 2.5),
        ("outage", "Yes", True),
        ("outage", "true", True),
        ("outage", "no", False),
        ("outage", "FALSE", False),
        ("areas", "mail, Web,,", ["Mail", "Web"]),
        ("areas", "none", ["none"]),
        ("areas", "", []),
        ("since", " 2026-03-01", "2026-03-01"),
        ("seen_at", "2026-03-01T10:00Z", "2026-03-01T10:00:00+00:00"),
        ("seen_at", "2026-03-01 10:00:00+02:00", "2026-03-01T10:00:00+02:00"),
        ("reporter_mail", "a@b.test", "a@b.test"),
        ("unknown", "7", "7"),
        ("unknown", "none", None),
    ],
)
def test_text_from_a_command_line_becomes_a_value(key, text, value):
    result = from_text(FORM, key, text)
    assert (result, type(result)) == (value, type(value))


@pytest.mark.parametrize(
    ("key", "text", "words"),
    [
        ("users", "four", "users must be a whole number, not 'four'"),
        ("users", "1.5", "a whole number"),
        ("users", "9" * 30, "a whole number"),
        ("users", "٣", "a whole number"),
        ("loss", "nan", "a number"),
        ("loss", "1e5", "a number"),
        ("outage", "maybe", "yes or no"),
        ("since", "2026-02-30", "a date"),
        ("since", "20260301", "a date"),
        ("since", "tomorrow", "a date"),
        ("seen_at", "2026-03-01T10:00", "a time with its zone"),
        ("seen_at", "soon", "a time with its zone"),
    ],
)
def test_text_that_is_no_value_of_the_field_is_refused(key, text, words):
    with pytest.raises(InvalidInput) as caught:
        from_text(FORM, key, text)
    (problem,) = caught.value.problems
    assert problem.pointer == f"/fields/{key}"
    assert words in problem.message


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(list(FORM["properties"])), st.text(max_size=20)))
def test_values_read_from_any_text_are_judged_without_a_fault(texts):
    values = {}
    for key, text in texts.items():
        with contextlib.suppress(InvalidInput):
            values[key] = from_text(FORM, key, text)
    assert all(problem.pointer.startswith("/fields") for problem in validate_form(FORM, values))


def test_a_type_without_a_form_loads_no_json_schema():
    code = (
        "import sys; from casectl.rules.forms import validate_form, missing, from_text;"
        "validate_form({}, {'a': 'x'}); missing({}, {}); from_text({}, 'a', 'x');"
        "print(sorted({'jsonschema_rs', 'difflib', 'unicodedata', 'datetime'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "jsonschema_rs" not in done.stdout
    assert "difflib" not in done.stdout
