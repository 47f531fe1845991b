"""The query language: what each construct means, as the tree it makes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from casectl.rules.query import ast, parse
from casectl.rules.query.ast import And, Marker, Not, Or, Range, SortKey, Span, Text
from casectl.rules.query.canonical import unparse
from casectl.rules.query.fields import FIELDS, IS_VALUES, SORT, SORT_KEYS
from casectl.rules.query.values import QueryContext

NOW = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)
CONTEXT = QueryContext(NOW, ZoneInfo("Europe/Berlin"), "ann")
WEEK_AGO = NOW - timedelta(days=7)
MIDNIGHT = datetime(2026, 11, 22, 23, tzinfo=UTC)


def where(text):
    return parse(text, CONTEXT).where


def shape(node):
    """The tree in short: `(status = new)`, without columns."""
    match node:
        case And():
            return ["and", *map(shape, node.items)]
        case Or():
            return ["or", *map(shape, node.items)]
        case Not():
            return ["not", shape(node.item)]
        case Text():
            return node.words
    return f"{node.field}{'.' * bool(node.key)}{node.key}{node.operator}{','.join(str(v) for v in node.values)}"


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a b", ["and", "a", "b"]),
        ("a AND b", ["and", "a", "b"]),
        ("a OR b", ["or", "a", "b"]),
        ("a OR b c", ["or", "a", ["and", "b", "c"]]),
        ("(a OR b) c", ["and", ["or", "a", "b"], "c"]),
        ("a OR b OR (c OR d)", ["or", "a", "b", "c", "d"]),
        ("a (b (c d))", ["and", "a", "b", "c", "d"]),
        ("NOT a b", ["and", ["not", "a"], "b"]),
        ("-a OR b", ["or", ["not", "a"], "b"]),
        ("-(a OR b)", ["not", ["or", "a", "b"]]),
        ("NOT -a", "a"),
        ("--a", "a"),
        ("-team:l2", ["not", "team=l2"]),
        ("or and not", ["and", "or", "and", "not"]),
        ('"OR"', "OR"),
        ("e-mail(x)", ["and", "e-mail", "x"]),
        ("10:30 a=b a<b", ["and", "10:30", "a=b", "a<b"]),
        ("status:new,open", "status=new,open"),
        ('status:"on hold",new', "status=on hold,new"),
        ("status:!=new", ["not", "status=new"]),
        ("status!=new", ["not", "status=new"]),
        ("STATUS:New", "status=New"),
        ("priority:>=high", "priority>=3"),
        ("priority>=high", "priority>=3"),
        ("prio:low,P1,2", "priority=1,4,2"),
        ("is:Open,on-hold,any", "is=open,on_hold,all"),
        ("id:7", "id=7"),
        ("field.System:crm", "field.System=crm"),
        ("field.cost:>9.5", "field.cost>9.5"),
        ("field.code:007", "field.code=007"),
        ("number:INC-2026-00042", "number=INC-2026-00042"),
        ("contact:a@b.c", "contact=a@b.c"),
        ("text:a,b", ["or", "a", "b"]),
        ("text:!=a", ["not", "a"]),
        ("\n a\tb\u3000c ", ["and", "a", "b", "c"]),
    ],
)
def test_meaning(text, tree):
    assert shape(where(text)) == tree


def test_an_empty_query_finds_everything_most_urgent_first():
    assert parse(" ", CONTEXT) == ast.Query(None, ast.DEFAULT_SORT)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("login", Text("login")),
        ("log*", Text("log", prefix=True)),
        ('"login fails"', Text("login fails", phrase=True)),
        ('"login fai"*', Text("login fai", phrase=True, prefix=True)),
        ('"100*"', Text("100*", phrase=True)),
        (r'"say \"no\" in C:\\tmp\x"', Text(r'say "no" in C:\tmp\x', phrase=True)),
        ("text:none", Text("none", position=6)),
    ],
)
def test_words_and_phrases(text, words):
    assert where(text) == words


def test_markers_are_values_of_their_own_and_quoted_they_are_names():
    assert where("assignee:@me").values == (Marker.ME,)
    assert where("assignee:none,ann").values == (Marker.NONE, "ann")
    assert where("due:ANY").values == (Marker.ANY,)
    assert where("field.x:none").values == (Marker.NONE,)
    assert where('assignee:"none","@me"').values == ("none", "@me")
    assert where("team:@me").values == ("@me",)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("created:<7d", Span(WEEK_AGO, None)),
        ("created:<=7d", Span(WEEK_AGO, None)),
        ("created:>7d", Span(None, WEEK_AGO)),
        ("created:>=7d", Span(None, WEEK_AGO)),
        ("opened:<PT168H", Span(WEEK_AGO, None)),
        ("due:<2h", Span(None, NOW + timedelta(hours=2))),
        ("due:>2h", Span(NOW + timedelta(hours=2), None)),
        ("created:2d..7d", Span(WEEK_AGO, NOW - timedelta(days=2))),
        ("due:2d..7d", Span(NOW + timedelta(days=2), NOW + timedelta(days=7))),
        ("updated:today", Span(MIDNIGHT, MIDNIGHT + timedelta(days=1))),
        ("updated:<today", Span(None, MIDNIGHT)),
        ("updated:<=today", Span(None, MIDNIGHT + timedelta(days=1))),
        ("updated:>today", Span(MIDNIGHT + timedelta(days=1), None)),
        ("updated:>=today", Span(MIDNIGHT, None)),
        ("due:<now", Span(None, NOW)),
        ("closed:2026-11", Span(datetime(2026, 10, 31, 23, tzinfo=UTC), datetime(2026, 11, 30, 23, tzinfo=UTC))),
        ("closed:2026-11-23..", Span(MIDNIGHT, None)),
        ("closed:..2026-11-22", Span(None, MIDNIGHT)),
        ("closed:2026-11-23..2026-11-23", Span(MIDNIGHT, MIDNIGHT + timedelta(days=1))),
        ("closed:2026-11-23..<2026-11-24", Span(MIDNIGHT, MIDNIGHT + timedelta(days=1))),
        ("closed:1d..today", Span(NOW - timedelta(days=1), MIDNIGHT + timedelta(days=1))),
        ("responded:2026-11-23T10:00", Span(NOW - timedelta(minutes=90), NOW - timedelta(minutes=89))),
        ('responded:"2026-11-23 10:00"', Span(NOW - timedelta(minutes=90), NOW - timedelta(minutes=89))),
        ("responded:>=2026-11-23T10:30Z", Span(NOW, None)),
    ],
)
def test_times_become_spans_of_utc(text, span):
    assert where(text).values == (span,)
    assert where(text).operator == "="


def test_times_can_be_listed_and_negated():
    spans = where("created:today,2026-11-23T10:30:00Z").values
    assert spans == (Span(MIDNIGHT, MIDNIGHT + timedelta(days=1)), Span(NOW, NOW + timedelta(seconds=1)))
    assert where("created:!=today") == Not(where("created:=today").__class__("created", "=", spans[:1], "", 1, (11,)))


@pytest.mark.parametrize(
    ("text", "range_"),
    [
        ("priority:low..high", Range(1, 3)),
        ("priority:high..", Range(3, None)),
        ("id:..9", Range(None, 9)),
        ("field.cost:-1.5..2e3", Range(-1.5, 2000.0)),
    ],
)
def test_ranges_include_both_ends(text, range_):
    assert where(text).values == (range_,)


def test_a_range_of_words_in_a_form_field_is_text():
    assert where("field.path:a..b").values == ("a..b",)
    assert where('field.path:"1..2"').values == ("1..2",)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("", "-priority due id"),
        ("sort:-created", "-created id"),
        ("sort:due,-priority", "due -priority id"),
        ("sort:due a sort:-due,updated", "due updated id"),
        ("sort:opened,case_number,due", "created id"),
        ("sort:-id", "-id"),
    ],
)
def test_every_order_ends_with_the_id(text, keys):
    sort = parse(text, CONTEXT).sort
    assert sort == tuple(SortKey(key.removeprefix("-"), key.startswith("-")) for key in keys.split())


def test_sort_is_no_term():
    assert shape(where("a sort:due OR b")) == ["or", "a", "b"]


def test_columns_point_at_term_and_values():
    test = where('status:new,"on hold"')
    assert (test.position, test.value_positions) == (1, (8, 12))
    assert [leaf.position for leaf in ast.leaves(parse("a (-b OR team:x)", CONTEXT))] == [1, 5, 10]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        *[(text, True) for text in ("is:open", "-is:closed", "a (b OR status:x)", "is:all", "closed:<7d", "id:4")],
        *[(text, False) for text in ("", "login", "is:mine,overdue", "priority:high", "created:<7d")],
    ],
)
def test_the_default_state_gives_way_to_any_state_term(text, names):
    query = parse(text, CONTEXT)
    assert ast.names_state(query) is names
    active = parse(f"{text} is:active", CONTEXT)
    assert unparse(ast.active_by_default(query)) == unparse(query if names else active)


def test_the_default_state_holds_for_both_sides_of_or():
    query = ast.active_by_default(parse("a OR b", CONTEXT))
    assert unparse(query) == "(a OR b) is:active"


def test_only_a_query_that_says_so_sees_the_trash():
    assert ast.names_trash(parse("a -is:deleted", CONTEXT))
    assert not ast.names_trash(parse("is:all", CONTEXT))


@pytest.mark.parametrize("field", [*FIELDS, SORT], ids=lambda field: field.name)
def test_every_field_has_an_example_that_parses_and_aliases_that_mean_it(field):
    query = parse(field.example, CONTEXT)
    assert query.where is not None or field is SORT
    for alias in field.aliases:
        aliased = field.example.replace(f"{field.name}:", f"{alias}:")
        assert unparse(parse(aliased, CONTEXT)) == unparse(query)


def test_every_state_and_sort_key_parses():
    assert where("is:" + ",".join(IS_VALUES)).values == tuple(IS_VALUES)
    assert [key.key for key in parse("sort:" + ",".join(sorted(SORT_KEYS, key="id".__eq__)), CONTEXT).sort][-1] == "id"
