"""Many cases from few words and from lines of other programs."""

from __future__ import annotations

import pytest

from casectl.cli.case_references import expand_references
from casectl.errors import InvalidInput


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["7", "8"], ["7", "8"]),
        (["7,8", "7"], ["7", "8"]),
        (["INC-2026-00009..INC-2026-00011"], ["INC-2026-00009", "INC-2026-00010", "INC-2026-00011"]),
        (["7..9", "8"], ["7", "8", "9"]),
    ],
)
def test_words(words, expected):
    assert expand_references(words, ()) == expected


@pytest.mark.parametrize(
    "lines",
    [
        ["INC-1\n", "INC-2\n"],
        ["INC-1\n", "\n", "  INC-2  \n", "INC-1\n"],
        ["number,title\n", 'INC-1,"a, b"\n', "INC-2,c\n"],
        ["number\ttitle\n", "INC-1\ta\n", "INC-2\tb\n"],
        ["NUMBER  STATUS  TITLE\n", "INC-1   > open  x\n", "INC-2   > open  y\n"],
        ['{"number":"INC-1","id":4}\n', '{"number":"INC-2"}\n'],
        ["\ufeffINC-1\n", "INC-2"],
    ],
    ids=["ids", "blanks", "csv", "tsv", "table", "jsonl", "bom"],
)
def test_lines_of_standard_input(lines):
    assert expand_references(["-"], lines) == ["INC-1", "INC-2"]


def test_words_and_lines_together_keep_their_order():
    assert expand_references(["9", "-", "1"], ["5\n", "9\n"]) == ["9", "5", "1"]


@pytest.mark.parametrize(
    ("line", "told"), [("[\n", "line 1: no case in"), ('{"a":1}\n', "no case"), ("{x\n", "not JSON")]
)
def test_a_line_without_a_case_is_named(line, told):
    with pytest.raises(InvalidInput, match=told):
        expand_references(["-"], [line])


def test_a_range_that_is_none_is_refused():
    with pytest.raises(InvalidInput, match="range"):
        expand_references(["INC-1..REQ-2"], ())
