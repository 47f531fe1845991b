"""The canonical text parses to the same tree, for whatever query."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from casectl.rules.query import QueryError, ast, parse
from casectl.rules.query.ast import And, Marker, Not, Or, Query, Range, SortKey, Span, Text
from casectl.rules.query.canonical import unparse
from casectl.rules.query.fields import FIELDS, IS_VALUES, SORT_KEYS
from casectl.rules.query.values import QueryContext

NOW = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)
CONTEXT = QueryContext(NOW, ZoneInfo("Europe/Berlin"), "ann")
LATER = QueryContext(NOW + timedelta(days=90), ZoneInfo("Asia/Tokyo"), "bob")


def without_columns(node):
    match node:
        case And() | Or():
            return type(node)(tuple(without_columns(item) for item in node.items))
        case Not():
            return Not(without_columns(node.item))
        case Text():
            return Text(node.words, node.phrase, node.prefix)
        case None:
            return None
    return ast.Test(node.field, node.operator, node.values, node.key)


def same(first, second):
    return without_columns(first.where) == without_columns(second.where) and first.sort == second.sort


PIECES = [
    *("a", "e-mail", "10:30", "x=5", "log*", '"on hold"', '"log in"*', r'"q\"\\x"', "text:OR", "text:=<5", "text:a*,b"),
    *("status:new,open", 'status:"on hold"', "status:!=new", "priority:>=high", "priority:low..high", "prio:..2"),
    *("is:mine", "is:any", "assignee:@me,none", 'assignee:"none"', 'team:"<x"', "tag:a,b", "id:>5", "id:3..9,12"),
    *(
        "created:<7d",
        "created:>7d",
        "created:2d..7d",
        "due:<2h",
        "due:any",
        "due:today,none",
        "closed:2026-11..,..today",
    ),
    *("updated:=now", "due:2026-11-23T10:00:00.25Z", "field.a:b", 'field.a:"1..2"', "field.a:1..2.5", "field.a:>1e-7"),
    *("OR", "OR", "NOT", "-", "(", ")", "(", ")", "sort:-due", "sort:id", "sort:priority,created", "contact:a@b.c"),
]


@given(st.lists(st.sampled_from(PIECES), max_size=14), st.randoms())
def test_round_trip_of_written_queries(pieces, random):
    text = "".join(piece if piece == "-" else piece + random.choice([" ", " ", "\t"]) for piece in pieces)
    try:
        query = parse(text, CONTEXT)
    except QueryError:
        assume(False)
    written = unparse(query)
    again = parse(written, LATER)
    assert same(again, query)
    assert unparse(again) == written


TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=12).filter(
    str.strip
)
INSTANTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
SPANS = st.one_of(
    st.builds(Span, INSTANTS, st.none()),
    st.builds(Span, st.none(), INSTANTS),
    st.tuples(INSTANTS, INSTANTS).map(lambda ends: Span(*sorted(ends))),
)
NUMBERS = st.integers(-(10**14), 10**14) | st.integers(-(10**7), 10**7).map(lambda n: n / 64)


def ranges(numbers):
    pair = st.tuples(numbers, numbers).map(lambda ends: Range(*sorted(ends)))
    return pair | st.builds(Range, numbers, st.none()) | st.builds(Range, st.none(), numbers)


def values(field):
    """A strategy of the typed values a field may hold."""
    own = {
        "name": TEXTS.map(str.strip),
        "form": TEXTS.map(str.strip) | ranges(NUMBERS),
        "state": st.sampled_from([*IS_VALUES]),
        "priority": st.integers(1, 4) | ranges(st.integers(1, 4)),
        "number": st.integers(0, 2**63 - 1) | ranges(st.integers(0, 2**63 - 1)),
        "past": SPANS,
        "future": SPANS,
    }[field.kind]
    markers = [Marker.NONE, Marker.ANY] * field.absent + [Marker.ME] * (field.source == "person")
    return own | st.sampled_from(markers) if markers else own


@st.composite
def field_tests(draw):
    field = draw(st.sampled_from([field for field in FIELDS if field.kind != "text"]))
    key = draw(st.from_regex(r"[A-Za-z0-9_.\-]{1,8}", fullmatch=True)) if field.kind == "form" else ""
    compared = {"priority": st.integers(1, 4), "number": st.integers(0, 99), "form": NUMBERS}.get(field.kind)
    if compared is not None and draw(st.booleans()):
        return ast.Test(field.name, draw(st.sampled_from(["<", "<=", ">", ">="])), (draw(compared),), key)
    return ast.Test(field.name, "=", tuple(draw(st.lists(values(field), min_size=1, max_size=3))), key)


LEAVES = field_tests() | st.builds(Text, TEXTS, st.just(True), st.booleans())
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        inner.map(ast.negated),
        st.lists(inner, min_size=2, max_size=4).map(ast.both),
        st.lists(inner, min_size=2, max_size=4).map(ast.either),
    ),
    max_leaves=12,
)
SORTS = st.lists(st.sampled_from([key for key in SORT_KEYS if key != "id"]), unique=True).map(
    lambda keys: (*(SortKey(key, descending=len(key) % 2 == 0) for key in keys), SortKey("id"))
)


@given(st.builds(Query, TREES | st.none(), SORTS | st.just(ast.DEFAULT_SORT)))
def test_round_trip_of_any_tree(query):
    assert same(parse(unparse(query), CONTEXT), query)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("prio:>=3   owner:@ME", "priority:>=high assignee:@me"),
        ("created:<7d", "created:>=2026-11-16T10:30:00Z"),
        ("NOT (a OR b) sort:-due,id", "-(a OR b) sort:-due"),
        ("a sort:-priority,due", "a"),
        ("(a OR b) sort:id", "a OR b sort:id"),
    ],
)
def test_canonical_text(text, canonical):
    assert unparse(parse(text, CONTEXT)) == canonical
