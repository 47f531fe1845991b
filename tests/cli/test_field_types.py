"""Fields of verbs: what kind each is, and building a verb from what came from outside."""

# ruff: noqa: RUF012 - msgspec copies the defaults of fields

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from msgspec import UNSET, Meta, UnsetType

from casectl.errors import InvalidInput
from casectl.field_types import build, describe
from casectl.operation import Operation


class Order(Operation[None], frozen=True, kw_only=True):
    """Order a thing."""

    name = "order"
    thing: Annotated[str, Meta(description="what", min_length=1)]
    count: Annotated[int, Meta(ge=1, le=9)] = 1
    note: Annotated[str, Meta(description="long", extra={"text": True})] | UnsetType | None = UNSET
    priority: Annotated[str, Meta(max_length=8)] | int | UnsetType = UNSET
    size: Literal["small", "large"] = "small"
    is_gift: bool = False
    cases: Annotated[list[Annotated[str, Meta(min_length=1)]], Meta(extra={"stdin": True})] = []
    fields: dict[str, Any] = {}


FIELDS = {field.name: field for field in describe(Order)}


def test_kinds_follow_from_types():
    assert {name: field.kind for name, field in FIELDS.items()} == {
        "thing": "text", "count": "number", "note": "text", "priority": "text", "size": "text", "is_gift": "flag",
        "cases": "list", "fields": "map",
    }  # fmt: skip


def test_annotations_inside_unions_are_found():
    assert FIELDS["thing"].help == "what"
    assert FIELDS["note"].is_body
    assert FIELDS["note"].is_nullable
    assert not FIELDS["thing"].is_nullable
    assert FIELDS["cases"].takes_stdin
    assert FIELDS["size"].choices == ("small", "large")
    assert [field.name for field in FIELDS.values() if field.is_required] == ["thing"]


def test_hidden_fields_are_left_out():
    assert "fields" not in [field.name for field in describe(Order, ["fields"])]


def test_a_type_that_words_cannot_give_is_refused():
    class Odd(Operation[None], frozen=True, kw_only=True):
        pair: tuple[int, int]

    with pytest.raises(TypeError, match="pair"):
        describe(Odd)


def test_build_keeps_absent_and_null_apart():
    assert build(Order, {"thing": "x"}).note is UNSET
    assert build(Order, {"thing": "x", "note": None}).note is None


def test_everything_wrong_is_told_at_once():
    with pytest.raises(InvalidInput) as caught:
        build(Order, {"count": 10, "size": "huge", "cases": ["a", ""], "priority": "x" * 9, "colour": "red"})
    found = {problem.pointer: (problem.code, problem.message) for problem in caught.value.problems}
    assert found == {
        "/colour": ("unknown", "order has no field 'colour'"),
        "/thing": ("required", "thing is required"),
        "/count": ("invalid", "count must be <= 9"),
        "/size": ("invalid", "size cannot be 'huge'"),
        "/cases/1": ("invalid", "cases must not be empty"),
        "/priority": ("invalid", "priority may have at most 8 characters"),
    }
    assert next(one for one in caught.value.problems if one.pointer == "/size").allowed == ["small", "large"]
    assert all(problem.message in caught.value.message for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"thing": 5}, "thing must be text, not a whole number"),
        ({"thing": "x", "count": "5"}, "count must be a whole number, not text"),
        ({"thing": "x", "is_gift": "yes"}, "is gift must be true or false, not text"),
        ({"thing": "x", "cases": "INC-1"}, "cases must be a list, not text"),
        ({"thing": "x", "fields": ["a"]}, "fields must be an object, not a list"),
        ({"thing": ""}, "thing must not be empty"),
    ],
)
def test_sentences_say_what_a_value_must_be(values, message):
    with pytest.raises(InvalidInput) as caught:
        build(Order, values)
    assert caught.value.message == message
