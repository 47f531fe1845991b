from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casectl.rules.text import cut, did_you_mean, display_width, json_pointer, near, plural, safe_text

ANY_TEXT = st.text(st.characters(exclude_categories=()))
VISIBLE_FORMAT = set("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2")
PERSIAN = "\u0645\u06cc\u200c\u062e\u0648"
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


@pytest.mark.parametrize(
    ("raw", "safe"),
    [
        ("plain", "plain"),
        ("", ""),
        ("Grüße 漢字 🙂", "Grüße 漢字 🙂"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x1b]52;c;ZXZpbA==\x07", r"\x1b]52;c;ZXZpbA==\x07"),
        ("\x9b2J", r"\x9b2J"),
        ("a\x7fb\x00", r"a\x7fb\x00"),
        ("over\rwritten", r"over\x0dwritten"),
        ("two\nlines\tand tab\r\nmore", "two lines and tab more"),
        ("user\u202etxt.exe", r"user\u202etxt.exe"),
        ("\u2066a\u2069\u200e\u200f\u061c", r"\u2066a\u2069\u200e\u200f\u061c"),
        ("ad\u200bmin\ufeff\xad", r"ad\u200bmin\ufeff\xad"),
        ("ad\u200dmin", r"ad\u200dmin"),
        ("a\u200d\u200d\u200db", r"a\u200d\u200d\u200db"),
        (FAMILY, FAMILY),
        (PERSIAN, PERSIAN),
        ("é\u200cx", r"é\u200cx"),
        ("❤\ufe0f", "❤\ufe0f"),
        ("x\U000e0041", r"x\U000e0041"),
        ("half\ud800", r"half\ud800"),
        ("line\u2028sep\u3164", r"line\u2028sep\u3164"),
    ],
)
def test_safe_text_shows_what_would_steer_or_hide(raw, safe):
    assert safe_text(raw) == safe


def test_safe_text_keeps_lines_where_they_are_wanted():
    assert safe_text("a\r\n\tb\nc\x1b\r", newlines=True) == "a\n    b\nc\\x1b\\x0d"


@settings(deadline=None)
@given(ANY_TEXT, st.booleans())
def test_safe_text_never_lets_a_control_character_through(text, newlines):
    result = safe_text(text, newlines=newlines)
    for character in result.replace("\n", "") if newlines else result:
        category = unicodedata.category(character)
        assert category not in ("Cc", "Cs", "Zl", "Zp")
        if category == "Cf" and ord(character) < 0x10000:
            assert character in VISIBLE_FORMAT | {"\u200c", "\u200d"}


@settings(deadline=None)
@given(ANY_TEXT)
def test_safe_text_of_safe_text_is_the_same(text):
    assert safe_text(safe_text(text)) == safe_text(text)


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("", 0),
        ("abc", 3),
        ("é", 1),
        ("e\u0301", 1),
        ("漢字", 4),
        ("🙂", 2),
        ("❤\ufe0f", 2),
        ("漢\ufe0f", 2),
        ("\u0301", 0),
        ("각", 2),
        ("\u1100\u1161\u11a8", 2),
    ],
)
def test_display_width(text, width):
    assert display_width(text) == width


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("abcd", 1, "…"),
        ("abcd", 0, ""),
        ("abcd", -1, ""),
        ("漢字", 4, "漢字"),
        ("漢字", 3, "漢…"),
        ("漢字漢", 4, "漢…"),
        ("e\u0301e\u0301e\u0301", 2, "e\u0301…"),
        (FAMILY + "abc", 7, FAMILY + "…"),
        (FAMILY + "abc", 6, "…"),
    ],
)
def test_cut(text, width, expected):
    assert cut(text, width) == expected


@settings(deadline=None)
@given(ANY_TEXT.map(safe_text), st.integers(-2, 30))
def test_cut_never_exceeds_the_width_and_keeps_what_fits(text, width):
    result = cut(text, width)
    assert display_width(result) <= max(width, 0)
    if width > 0 and display_width(text) <= width:
        assert result == text


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("hgih", ["high"]),
        ("CRIT", ["Critical"]),
        ("m", ["medium", "mild", "mad"]),
        ("", []),
        ("zzz", []),
        ("low" * 1000, []),
    ],
)
def test_near_finds_what_was_meant(word, found):
    assert near(word, ["low", "medium", "mild", "mad", "high", "Critical"]) == found


def test_near_names_at_most_n():
    assert near("sta", ["status", "stats", "start", "stay"], n=2) == ["status", "stats"]


def test_near_puts_beginnings_before_likenesses_and_names_each_once():
    assert near("statu", ["stats", "status"]) == ["status", "stats"]


@pytest.mark.parametrize(
    ("word", "hint"),
    [("hgih", "did you mean 'high'?"), ("lo", "did you mean 'low' or 'lot'?"), ("zzz", "")],
)
def test_did_you_mean(word, hint):
    assert did_you_mean(word, ["low", "high", "lot"]) == hint


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((1, "case"), "1 case"),
        ((0, "case"), "0 cases"),
        ((2, "entry", "entries"), "2 entries"),
        ((10_000, "case"), "10,000 cases"),
    ],
)
def test_plural(arguments, text):
    assert plural(*arguments) == text


def test_json_pointer_escapes_as_rfc_6901_says():
    assert json_pointer("fields", "a/b~c", 0) == "/fields/a~1b~0c/0"
    assert json_pointer() == ""
