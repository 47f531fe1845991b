"""Random forms within the grammar, sound ones and ones with a flaw, and values for their fields."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

NAMES = ["a", "size", "b_2", "note", "kind", "at", "tags_1"]
WORDS = ["", "x", "X", "crm", "it's", "a,b", "none", "2026-02-28", "2026-02-30", "a@b.example", "https://x.example/y",
         "2026-03-01T10:00:00Z", "é", "\u202e", "\x00", "5", "a" * 30]  # fmt: skip
PATTERNS = ["^[a-z]+$", "^x", "[0-9]{2,3}", "^(a+)+$", "^(a|a)*$", "^(x+x+)+y$", "\\d", "^\\p{L}*$", "é|x", "a{1,9999}"]
BAD_PATTERNS = ["(", "(?=x)", "(a)\\1", "[z-a]", "(a{1,999}){1,999}", "*", "\\", "(?i)crm"]
HOSTILE = ["a" * 5_000 + "!", "x" * 5_000, "(" * 2_000]
"""Texts that make a backtracking engine run for ages on some of the patterns."""


def field() -> st.SearchStrategy[dict[str, Any]]:
    """One field of any type, with what its type may ask."""
    text = st.fixed_dictionaries({"type": st.just("string")}, optional={
        "minLength": st.integers(0, 3), "maxLength": st.integers(3, 40), "pattern": st.sampled_from(PATTERNS),
        "title": st.sampled_from(WORDS[1:5]), "x-filter": st.booleans(), "description": st.just("say it"),
    })  # fmt: skip
    chosen = st.fixed_dictionaries({"type": st.just("string"), "enum": st.lists(
        st.sampled_from(WORDS), min_size=1, max_size=3, unique=True)})  # fmt: skip
    dated = st.fixed_dictionaries({
        "type": st.just("string"), "format": st.sampled_from(["date", "date-time", "email", "uri"])})  # fmt: skip
    counted = st.fixed_dictionaries({"type": st.sampled_from(["integer", "number"])}, optional={
        "minimum": st.integers(-5, 5), "maximum": st.integers(5, 50), "exclusiveMinimum": st.integers(-5, 0),
        "multipleOf": st.sampled_from([1, 2, 5]), "const": st.integers(0, 9),
    })  # fmt: skip
    listed = st.fixed_dictionaries(
        {"type": st.just("array"), "items": st.just({"type": "string"}) | chosen},
        optional={"minItems": st.integers(0, 2), "maxItems": st.integers(2, 4), "uniqueItems": st.booleans()},
    )
    return st.one_of(text, chosen, dated, counted, listed, st.just({"type": "boolean"}))


@st.composite
def sound(draw: st.DrawFn) -> dict[str, Any]:
    """A form that can be filled in, perhaps with a condition between its fields."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=5, unique=True))
    form: dict[str, Any] = {"type": "object", "properties": {name: draw(field()) for name in names}}
    some = st.lists(st.sampled_from(names), max_size=2, unique=True)
    if draw(st.booleans()):
        form["required"] = draw(some)
    if draw(st.booleans()):
        form["dependentRequired"] = {draw(st.sampled_from(names)): draw(some)}
    if draw(st.booleans()):
        form["additionalProperties"] = draw(st.booleans())
    if draw(st.booleans()):
        form["x-sections"] = [{"title": "One", "fields": draw(some)}]
    if draw(st.booleans()):
        name = draw(st.sampled_from(names))
        test = {"required": [name]} if draw(st.booleans()) else {"properties": {name: {"const": draw(values())}}}
        form |= {"if": test, "then": {"required": draw(some)}, "else": {"required": draw(some)}}
    if draw(st.booleans()):
        form["$defs"] = {"shared": draw(field())}
        form["properties"]["shared"] = {"$ref": "#/$defs/shared", "title": "Shared"}
    return form


FLAWS: list[tuple[str, Any]] = [
    ("type", "strin"), ("type", "object"), ("type", ["string", "null"]), ("minimum", "3"), ("maxLength", -1),
    ("enum", []), ("enum", "x"), ("format", "ipv4"), ("pattern", "a" * 600), ("items", {"type": "integer"}),
    ("$ref", "https://evil.example/schema.json"), ("$ref", "#/properties/a"), ("$ref", "#/$defs/nothing"),
    ("anyOf", [{}]), ("x-filter", "yes"), ("default", {"a": 1}), ("default", 10**30), ("properties", {}),
    ("multipleOf", 0), ("uniqueItems", 1), ("title", 5), ("const", None), *(("pattern", bad) for bad in BAD_PATTERNS),
]  # fmt: skip
ROOT_FLAWS: list[tuple[str, Any]] = [
    ("type", "array"), ("type", None), ("$schema", "http://json-schema.org/draft-07/schema#"), ("required", "a"),
    ("required", ["nowhere"]), ("required", [1]), ("properties", []), ("properties", {"Bad Name": {"type": "string"}}),
    ("properties", {"a": True}), ("properties", {"a": {}}), ("dependentRequired", {"x": ["y"]}),
    ("if", 5), ("if", True), ("then", {"properties": {"nowhere": {}}}), ("allOf", [{"not": {"required": ["a"]}}]),
    ("allOf", {}), ("$defs", []),
    ("x-sections", "One"), ("x-sections", [{"title": 1}]), ("x-sections", [{"title": "x", "fields": ["nowhere"]}]),
    ("additionalProperties", {"type": "string"}), ("$ref", "#"), ("$id", "https://evil.example/"),
    ("patternProperties", {}), ("unevaluatedProperties", False), ("$dynamicRef", "#x"),
]  # fmt: skip


@st.composite
def flawed(draw: st.DrawFn) -> dict[str, Any]:
    """A sound form after one or two careless or hostile edits; some of them do no harm."""
    form = draw(sound())
    for _ in range(draw(st.integers(1, 2))):
        properties = form.get("properties")
        if draw(st.booleans()) and isinstance(properties, dict) and properties:
            name = draw(st.sampled_from(sorted(properties)))
            key, value = draw(st.sampled_from(FLAWS))
            if isinstance(properties[name], dict):
                properties[name] = properties[name] | {key: value}
        else:
            key, value = draw(st.sampled_from(ROOT_FLAWS))
            form[key] = value
    return form


def values() -> st.SearchStrategy[Any]:
    """Something for a field: fitting, of another type, or hostile."""
    plain = st.sampled_from([None, True, False, 0, 1, 5, -3, 2.5, 10**20, 1e300])
    texts = st.sampled_from(WORDS + HOSTILE)
    return st.one_of(plain, texts, texts, st.lists(st.sampled_from(WORDS), max_size=4))


def filled(form: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Values for some of the form's fields, and now and then for one that it does not have."""
    names = sorted(form["properties"])
    return st.dictionaries(st.sampled_from([*names, *names, "nowhere", "Bad Name"]), values(), max_size=6)
