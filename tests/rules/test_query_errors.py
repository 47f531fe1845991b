"""Refused queries: the column, the hint, several at once, and never anything but QueryError."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from casectl.errors import InvalidInput
from casectl.rules.query import QueryError, parse
from casectl.rules.query.explain import MOST_PROBLEMS
from casectl.rules.query.fields import FIELDS, IS_VALUES, SORT_KEYS
from casectl.rules.query.parser import DEEPEST, LONGEST, MOST_TERMS
from casectl.rules.query.values import QueryContext
from casectl.rules.text import safe_text

CONTEXT = QueryContext(datetime(2026, 11, 23, 10, 30, tzinfo=UTC), UTC, "ann")


def error_of(text):
    try:
        parse(text, CONTEXT)
    except QueryError as error:
        return error
    return None


def refused(text, context=CONTEXT):
    with pytest.raises(QueryError) as caught:
        parse(text, context)
    return caught.value


@pytest.mark.parametrize(
    ("text", "column", "code", "hint"),
    [
        ("priorty:high", 1, "unknown_field", "did you mean 'priority'"),
        ("a title:x", 3, "unknown_field", "plain words"),
        ("http://x", 1, "unknown_field", "quote it"),
        ("field.:x", 1, "unknown_field", "field.system:crm"),
        ("is:opn", 4, "unknown_state", "did you mean 'open'"),
        ("priority:hihg", 10, "unknown_priority", "did you mean 'high'"),
        ("priority:5", 10, "unknown_priority", ""),
        ("sort:prioritty", 6, "unknown_sort_key", "did you mean 'priority'"),
        ("sort:-zzz", 6, "unknown_sort_key", "sort by priority"),
        ("sort:>due", 1, "bad_operator", "sort:-priority"),
        ("a (sort:due b)", 4, "misplaced_sort", "end"),
        ("-sort:due", 2, "misplaced_sort", "sort:-priority"),
        ("created:soon", 9, "bad_time", "2026-11-23"),
        ("created:90", 9, "bad_time", "created:<7d"),
        ("created:<7x", 10, "bad_time", "created:<7d"),
        ("created:2026-13", 9, "bad_time", "2026-11"),
        ("created:2026-02-30", 9, "bad_time", "2026-11"),
        ("created:<999999999w", 10, "bad_duration", "date"),
        ("created:7d", 9, "bad_operator", "created:<7d (younger)"),
        ("due:!=2h", 7, "bad_operator", "due:<2h (within)"),
        ("created:2026-02..2026-01", 9, "bad_range", "earlier"),
        ("due:3d..1d", 5, "bad_range", "earlier"),
        ("created:7d..7d", 9, "bad_range", "earlier"),
        ("priority:high..low", 10, "bad_range", "smaller"),
        ("priority:..", 10, "empty_value", "1..3"),
        ("priority:>1..2", 11, "bad_operator", "priority:1..2"),
        ("priority:>low,high", 15, "bad_operator", "priority:>=high"),
        ("team:<l2", 1, "bad_operator", "team:l2"),
        ("due:<none", 6, "bad_operator", "due:none"),
        ("status:none", 8, "bad_value", '"none"'),
        ("id:x", 4, "bad_number", "whole number"),
        ("id:99999999999999999999", 4, "bad_number", "whole number"),
        ("field.cost:>x", 13, "bad_number", "as numbers"),
        ("field.cost:>1e15", 13, "bad_number", "as numbers"),
        ("status:", 8, "empty_value", "no space"),
        ("status: open", 8, "empty_value", "no space"),
        ("status:new,", 12, "empty_value", "no space"),
        ('status:""', 8, "empty_value", "no space"),
        ("status:(new OR open)", 8, "empty_value", "commas"),
        ("*", 1, "empty_value", ""),
        ('" "', 1, "empty_value", ""),
        ("text:*", 6, "empty_value", ""),
        ('status:"a"b', 11, "syntax", "space"),
        ("status:a(b)", 9, "syntax", "space"),
        ('a "b', 3, "unbalanced_quote", "close"),
        ('status:"b', 8, "unbalanced_quote", "close"),
        ('"a\\"', 1, "unbalanced_quote", "close"),
        ("a (b", 3, "unbalanced_parenthesis", "close"),
        ("(", 1, "unbalanced_parenthesis", "close"),
        ("a) b", 2, "unbalanced_parenthesis", "remove"),
        (")", 1, "unbalanced_parenthesis", "remove"),
        ("a ()", 4, "missing_term", "remove"),
        ("OR a", 1, "missing_term", '"OR"'),
        ("a OR", 3, "missing_term", '"OR"'),
        ("a OR OR b", 3, "missing_term", '"OR"'),
        ("(a AND) b", 4, "missing_term", '"AND"'),
        ("a NOT", 3, "missing_term", '"NOT"'),
        ("a - b", 3, "misplaced_operator", "without a space"),
        ("a\x00b", 2, "bad_character", "leave"),
        ("a \ud800", 3, "bad_character", "leave"),
    ],
)
def test_refusal(text, column, code, hint):
    error = refused(text)
    problem = error.problems[0]
    assert (error.column, problem.column, problem.code) == (column, column, code)
    assert hint in problem.hint
    assert problem.pointer == "/query"
    assert f"column {column}: " in error.message


def test_the_legal_values_are_told():
    assert refused("is:x").problems[0].allowed == list(IS_VALUES)
    assert refused("sort:x").problems[0].allowed == list(SORT_KEYS)
    assert refused("xyz:x").problems[0].allowed == [field.name for field in FIELDS]


def test_several_problems_come_at_once_in_order():
    error = refused("priorty:high is:x,open created:soon OR")
    assert [problem.column for problem in error.problems] == [1, 17, 32, 37]
    assert error.message.endswith("(and 3 more)")
    assert len(refused("foo:x " * 100).problems) == MOST_PROBLEMS


def test_without_a_login_nothing_is_mine():
    nobody = QueryContext(CONTEXT.now, UTC)
    assert refused("assignee:@me", nobody).problems[0].code == "no_actor"
    assert refused("is:mine", nobody).problems[0].code == "no_actor"


def test_the_excerpt_has_its_caret_under_the_column():
    assert refused("a is:opn").excerpt() == "a is:opn\n     ^"
    assert refused("日本 is:opn").excerpt() == "日本 is:opn\n        ^"
    assert refused("a\nb is:opn").excerpt() == "a b is:opn\n       ^"
    error = refused("is:x is:y")
    assert [error.excerpt(problem.column).index("^") - 10 for problem in error.problems] == [3, 8]


def test_the_excerpt_of_a_long_query_is_a_window():
    text = "word " * 50 + "is:opn" + " word" * 50
    line, caret = refused(text).excerpt().split("\n")
    assert line.startswith("…")
    assert line.endswith("…")
    assert len(line) == 72
    assert line[caret.index("^") :].startswith("opn")


def test_bounds():
    parse("a" * LONGEST, CONTEXT)
    assert refused("a" * (LONGEST + 1)).problems[0].code == "too_long"
    parse("(" * DEEPEST + "a" + ")" * DEEPEST, CONTEXT)
    assert refused("(" * (DEEPEST + 1)).problems[0].code == "too_deep"
    assert refused("-" * 3_000 + "a").problems[0].code == "too_deep"
    assert refused("NOT " * 900 + "a").problems[0].code == "too_deep"
    parse("a " * MOST_TERMS, CONTEXT)
    assert refused("a " * (MOST_TERMS + 1)).problems[0].code == "too_many_terms"
    assert refused("tag:" + "a," * MOST_TERMS + "a").problems[0].code == "too_many_terms"


@pytest.mark.parametrize(
    "text",
    [
        "a" * LONGEST,
        '"' + "\\" * (LONGEST - 1),
        "a." * 2_000,
        '"\\"' * 1_300,
        "x:" * 2_000,
        "(" * LONGEST,
        "x=" * 2_000,
    ],
)
def test_no_text_takes_long(text):
    started = time.perf_counter()
    error = error_of(text)
    assert error is None or error.excerpt()
    assert time.perf_counter() - started < 10


PIECES = st.sampled_from(
    [
        *(field.name + ":" for field in FIELDS),
        *("field.x:", "sort:", "a", "-", "(", ")", '"', "\\", " ", ",", "..", "<", ">=", "!=", "=", "*", "OR ", "NOT "),
        *(
            "none",
            "@me",
            "7d",
            "today",
            "2026-11-23",
            "9999-12-31",
            "high",
            "1e9",
            "\x00",
            "\ud800",
            "\u202e",
            "\u2028",
        ),
    ]
)


@given(st.text() | st.lists(PIECES, max_size=25).map("".join))
@example("a\x1f:b")
@example("İ:x is:İ priority:² id:٣ sort:ſ")  # noqa: RUF001 - they look like others when lowered
@example("created:9999-12-31..0001-01-01")
def test_any_text_parses_or_is_refused_with_a_safe_excerpt(text):
    error = error_of(text)
    if error is None:
        return
    assert isinstance(error, InvalidInput)
    assert all(1 <= problem.column <= len(text) + 1 for problem in error.problems)
    line, caret = error.excerpt().split("\n")
    assert caret.strip() == "^"
    assert safe_text(line) == line
    assert error.message.isprintable()


@pytest.mark.parametrize("words", ["created:..", "created:..<"])
def test_a_range_of_times_needs_an_end(words):
    with pytest.raises(QueryError) as caught:
        parse(words, CONTEXT)
    assert caught.value.problems
