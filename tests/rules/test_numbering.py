from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casectl.errors import InvalidInput
from casectl.rules.numbering import (
    MAX_LENGTH,
    MAX_RANGE,
    check_pattern,
    expand_numbers,
    render,
    render_template,
    sequence_name,
)

AT = datetime(2026, 3, 9, 12, tzinfo=UTC)

GOOD = [
    ("INC-{year}-{seq:05}", "INC-2026-00042", "inc-2026-{seq}"),
    ("INC{seq}", "INC42", "inc{seq}"),
    ("{type}-{seq:3}", "incident-042", "incident-{seq}"),
    ("C{yy}{month}{day}.{seq:04}", "C260309.0042", "c260309.{seq}"),
    ("{seq:06}-{yy}", "000042-26", "{seq}-26"),
    ("{year}_{month}_{seq}", "2026_03_42", "2026_03_{seq}"),
]


@pytest.mark.parametrize(("pattern", "number", "sequence"), GOOD)
def test_good_patterns(pattern, number, sequence):
    check_pattern(pattern)
    assert render(pattern, 42, AT, "incident") == number
    assert sequence_name(pattern, "incident", AT) == sequence
    prefix, width, suffix = render_template(pattern, AT, "incident")
    assert f"{prefix}{'42'.rjust(width, '0')}{suffix}" == number


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("INC", ["exactly once"]),
        ("", ["exactly once", "no digit"]),
        ("{seq}-{seq}", ["exactly once"]),
        ("{year}{seq}", ["no digit"]),
        ("INC-{sequence}", ["unknown placeholder {sequence}", "exactly once"]),
        ("INC-{seq:00}", ["unknown placeholder {seq:00}", "exactly once"]),
        ("INC-{seq:99}", ["at most 18 digits", "characters long"]),
        ("INC/{seq}", ["only the characters"]),
        ("INC {seq}", ["only the characters"]),
        ("İ-{seq}", ["only the characters"]),
        ("INC-{seq", ["exactly once", "only the characters"]),
        ("-{seq}", ["begin with"]),
        (".{seq}", ["begin with"]),
        ("INC-{seq}.", ["begin with"]),
        ("INC..{seq}", ["range"]),
        ("I" * 31 + "{seq}", ["41 characters"]),
        ("INC-{month}-{seq}", ["next year"]),
        ("INC-{year}-{day}-{seq}", ["{day} without"]),
        ("INC-{month}-{day}-{seq}", ["next year", "{day} without"]),
        ("-{type}{seq}", ["separator", "begin with"]),
        ("X{seq}{type}", ["separator"]),
    ],
)
def test_bad_patterns_are_refused_with_everything_that_is_wrong(pattern, words):
    with pytest.raises(InvalidInput) as caught:
        check_pattern(pattern, pointer="/types/0/pattern")
    problems = caught.value.problems
    assert len(problems) == len(words)
    for problem, word in zip(problems, words, strict=True):
        assert word in problem.message
        assert problem.pointer == "/types/0/pattern"
        assert problem.message in caught.value.message


def test_a_count_with_more_digits_than_its_width_is_never_cut():
    assert render("INC-{seq:03}", 12345, AT, "x") == "INC-12345"


def test_types_with_one_pattern_share_their_counter_and_a_new_width_goes_on():
    assert sequence_name("INC-{seq:05}", "incident", AT) == sequence_name("inc-{seq}", "request", AT)


def test_the_counter_restarts_with_the_smallest_part_of_the_date():
    later = AT.replace(month=4)
    assert sequence_name("I-{year}-{seq}", "t", AT) == sequence_name("I-{year}-{seq}", "t", later)
    assert sequence_name("I-{yy}{month}-{seq}", "t", AT) != sequence_name("I-{yy}{month}-{seq}", "t", later)


def test_the_name_of_a_type_is_made_fit_for_a_number():
    assert render("{type}-{seq}", 1, AT, "Störung / IT") == "St-rung---IT-1"
    longest = render("{type}-{year}-{seq}", 9_999_999_999, AT, "x" * 100)
    assert len(longest) == MAX_LENGTH


PATTERNS = st.sampled_from([pattern for pattern, _, _ in GOOD])


@settings(deadline=None)
@given(PATTERNS, st.integers(1, 10**9), st.integers(0, 50))
def test_a_range_of_rendered_numbers_expands_to_exactly_those(pattern, first, length):
    numbers = [render(pattern, seq, AT, "incident") for seq in range(first, first + length + 1)]
    assert expand_numbers([f"{numbers[0]}..{numbers[-1]}"]) == numbers


@settings(deadline=None)
@given(PATTERNS, PATTERNS, st.integers(1, 10**9), st.integers(1, 10**9))
def test_two_counts_of_one_sequence_never_make_one_number(left, right, one, other):
    same = sequence_name(left, "t", AT) == sequence_name(right, "t", AT)
    if same and one != other:
        assert render(left, one, AT, "t").lower() != render(right, other, AT, "t").lower()


@pytest.mark.parametrize(
    ("items", "numbers"),
    [
        ([], []),
        (["", "  "], []),
        (["12", " INC-2026-00001 "], ["12", "INC-2026-00001"]),
        (["INC-2026-00009..INC-2026-00011"], ["INC-2026-00009", "INC-2026-00010", "INC-2026-00011"]),
        (["7..9"], ["7", "8", "9"]),
        (["9..11"], ["9", "10", "11"]),
        (["A-5..A-5"], ["A-5"]),
        (["1-A-26..2-A-26"], ["1-A-26", "2-A-26"]),
        (["2", "1..3", "2"], ["2", "1", "3"]),
    ],
)
def test_expand_numbers(items, numbers):
    assert expand_numbers(items) == numbers


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ("INC-2026-00001..INC-2027-00003", "one count only"),
        ("INC-1..REQ-2", "one count only"),
        ("INC-1..", "one count only"),
        ("..INC-1", "one count only"),
        ("..", "one count only"),
        ("A..B", "one count only"),
        ("A..A", "one count only"),
        ("1..2..3", "one count only"),
        ("INC-1..2", "one count only"),
        ("٣..٤", "one count only"),
        ("9" * 60 + ".." + "9" * 61, "one count only"),
        ("INC-1..INC-0002", "padded differently"),
        ("INC-9..INC-2", "before it begins"),
        (f"1..{MAX_RANGE + 1}", "too long"),
        ("1..999999999999999999", "too long"),
    ],
)
def test_what_is_no_range_is_refused_at_its_place(item, words):
    with pytest.raises(InvalidInput) as caught:
        expand_numbers(["1", item])
    (problem,) = caught.value.problems
    assert problem.pointer == "/cases/1"
    assert words in problem.message
    assert len(problem.message) < 250


def test_all_ranges_together_may_name_so_many_numbers():
    assert len(expand_numbers([f"1..{MAX_RANGE}", "A-1"])) == MAX_RANGE + 1
    with pytest.raises(InvalidInput, match="too long"):
        expand_numbers([f"1..{MAX_RANGE}", "A-1..A-2"])
