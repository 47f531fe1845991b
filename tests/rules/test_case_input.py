"""What people write into a case, kept as it came or refused with a reason."""

from __future__ import annotations

import string
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casectl.errors import InvalidInput
from casectl.rules import case_input

BREAKS = "\n\r\v\f\x85\u2028\u2029"


def test_blanks_around_a_title_go_the_rest_stays() -> None:
    assert case_input.title("  \x1b[2J <b>x</b>\u202e ") == "\x1b[2J <b>x</b>\u202e"
    assert case_input.title("x" * case_input.MAX_TITLE) == "x" * case_input.MAX_TITLE


@pytest.mark.parametrize(
    "text", ["", " \t", "x" * 301, "x" * 300 + " ", "a\x00", "\ud800", *(f"a{line_break}b" for line_break in BREAKS)]
)
def test_what_is_no_title(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        case_input.title(text)
    assert [problem.pointer for problem in caught.value.problems] == ["/title"]


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=200))
def test_long_text_is_never_changed(text: str) -> None:
    assert case_input.long_text(text, "description", "/description") == text


def test_a_note_says_something() -> None:
    assert case_input.note_text(" x\n") == " x\n"
    with pytest.raises(InvalidInput, match="reason is empty"):
        case_input.note_text("\n \t", "reason", "/reason")


@given(st.lists(st.text(string.ascii_letters + "-_.:/äß😀", min_size=1, max_size=20)))
def test_tags_are_unique_whatever_their_case(values: list[str]) -> None:
    kept = case_input.tags(values)
    folded = [tag.casefold() for tag in kept]
    assert len(folded) == len(set(folded))
    assert set(folded) == {value.casefold() for value in values}
    assert set(kept) <= set(values)


def test_each_bad_tag_is_named() -> None:
    with pytest.raises(InvalidInput) as caught:
        case_input.tags(["fine", "two words", "a,b", "", "x" * 65, "a\x1bb", "\ud800"], "/add_tags")
    assert [problem.pointer for problem in caught.value.problems] == [f"/add_tags/{index}" for index in range(1, 7)]


def test_tags_come_and_go() -> None:
    assert case_input.merged_tags(["a", "B"], ["b", "c"], ["A"]) == ["B", "c"]
    many = [str(number) for number in range(60)]
    assert case_input.merged_tags(many, [], ["3"]) == [tag for tag in many if tag != "3"]
    with pytest.raises(InvalidInput, match="at most 50"):
        case_input.merged_tags(many[:50], ["x"], [])


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a@b.c", ("a@b.c", "a")),
        (" Ann.Lee@Example.com ", ("Ann.Lee@Example.com", "Ann.Lee")),
        ("Ann Lee <a@b.c>", ("a@b.c", "Ann Lee")),
        ('"Lee, Ann" <a@b.c>', ("a@b.c", "Lee, Ann")),
        ("<a@b.c>", ("a@b.c", "a")),
        ("Ann Lee", (None, "Ann Lee")),
        ("42", (None, "42")),
    ],
)
def test_contacts(text: str, read: tuple[str | None, str]) -> None:
    assert case_input.contact(text) == read


@pytest.mark.parametrize(
    "text", ["", "a@", "@b", "a@b@c", "Ann <a>", "a b@c", "a@b\nc@d", "Ann <a@b.c> x@y", "a" * 250 + "@b.cd"]
)
def test_what_is_no_contact(text: str) -> None:
    with pytest.raises(InvalidInput):
        case_input.contact(text)


def test_logins() -> None:
    assert case_input.login(" Ann.Lee-2 ") == "ann.lee-2"
    for wrong in ("", "1234", "me", "None", "a b", "-a", "é", "x" * 65):
        with pytest.raises(InvalidInput):
            case_input.login(wrong)


def test_words_that_clear() -> None:
    assert all(map(case_input.is_none, [None, "none", " NONE "]))
    assert not any(map(case_input.is_none, ["", "null", "nobody"]))


def test_zones() -> None:
    assert case_input.zone_of("UTC") is UTC
    assert case_input.zone_of("Europe/Berlin") == ZoneInfo("Europe/Berlin")
    assert case_input.zone_of("No/Where") is case_input.zone_of("../../etc/passwd") is UTC


def test_a_description_has_a_limit() -> None:
    with pytest.raises(InvalidInput, match="at most 100,000"):
        case_input.long_text("x" * 100_001, "description", "/description")
    assert case_input.long_text("x" * 100_000, "description", "/description")
