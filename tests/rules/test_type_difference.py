"""How two forms of a case type differ, and what that means to the cases that are open."""

from __future__ import annotations

from typing import Any

import pytest

from casectl.rules.type_difference import OpenCases, _field_effects, fields_touched, forms_differ

OLD: dict[str, Any] = {
    "properties": {
        "system": {"type": "string"}, "gone": {"type": "string"}, "was": {"type": "integer"},
        "kept": {"type": "string", "title": "Kept"},
    },
    "required": ["system", "kept"],
}  # fmt: skip
NEW: dict[str, Any] = {
    "properties": {
        "system": {"type": "string", "maxLength": 3}, "is": {"type": "integer", "x-renamed-from": "was"},
        "kept": {"type": "string", "title": "Still kept"}, "fresh": {"$ref": "#/$defs/x"},
    },
    "required": ["is", "fresh", "kept"],
}  # fmt: skip


def test_every_difference_of_a_form_is_told_once() -> None:
    told = [(one.what, one.change) for one in forms_differ(OLD, NEW)]
    assert len(told) == len(set(told))
    for wanted in (
        ("field gone", "removed"), ("field is", "renamed"), ("field fresh", "added"), ("field is: required", "changed"),
        ("field system: required", "changed"),
    ):  # fmt: skip
        assert wanted in told
    assert forms_differ(OLD, OLD) == []


def test_an_added_field_is_told_with_its_kind_and_whether_it_is_required() -> None:
    found = {one.what: one.after for one in forms_differ(OLD, NEW) if one.change == "added"}
    assert found["field fresh"] == "#/$defs/x, required"


def test_the_cases_that_a_form_means_something_to_are_counted() -> None:
    holding = {"system": 5, "gone": 2, "was": 4, "kept": 6}
    found = {one.what: one for one in _field_effects(OLD, NEW, OpenCases(total=9, by_status={}, holding=holding))}
    assert {name: one.cases for name, one in found.items()} == {"system": 5, "gone": 2, "was": 4, "is": 5, "fresh": 9}
    assert found["gone"].remedy == "--drop-field gone"
    assert found["fresh"].remedy == "--fill fresh=VALUE"
    assert "called is" in found["was"].message
    assert "judged anew" in found["system"].message


@pytest.mark.parametrize("after", [{}, {"additionalProperties": True}])
def test_a_field_that_an_open_form_no_longer_names_means_nothing(after: dict[str, Any]) -> None:
    assert list(_field_effects(OLD, after, OpenCases(total=9, by_status={}, holding={"gone": 2}))) == []


def test_only_fields_that_differ_are_counted() -> None:
    assert set(fields_touched(OLD, NEW)) == {"system", "gone", "was", "kept", "is", "fresh"}
    assert fields_touched(OLD, OLD) == []
