"""Cells of an export: no spreadsheet calculates one, no terminal obeys one, and each is read as what was written."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from casectl.cli.encoding import csv_line, csv_record
from casectl.rules.export_cells import _field, _json, from_cell, to_cell, value_of
from casectl.rules.formulas import harmless
from casectl.rules.text import escaped, safe_text, unescaped

HOSTILE = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=x", "  =x", "＝x", "'", "'=x", "''", "'\\x", "\\", "\\\\n", "\\x1b",  # noqa: RUF001
    "\x1b]52;c;x\x07", "\u202egpj.exe", "a\u200bb", "\x9b31m", 'a,b;"c"\n\nd\r\n', "", " ", " x ", "5", "-5", "1e9",
    "true", "null", "[1]", "{}", "a;=1+1;b", "a;\n-1", "x\n- one\n- two", 'q;"=1"', "\\;=1", "|+1", "t\t @x", "a;＝1",  # noqa: RUF001
    "a; b", "a,=1", 'x;"";=2', "\ufeffx", "😀\u200d🔥", "x" * 5000, "\U000e0041",
]  # fmt: skip
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_comes_back(text) -> None:
    check(text)


@given(TEXTS)
def test_any_text_comes_back(text) -> None:
    check(text)


def check(text) -> None:
    cell = to_cell(text)
    assert from_cell(cell) == text
    assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))
    assert safe_text(cell, newlines=True) == cell.replace("\t", "    ")
    assert value_of(_field(text)) == text
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\n").writerow([cell, "x"])
    assert next(csv.reader(io.StringIO(written.getvalue(), newline=""), strict=True)) == [cell, "x"]


@given(st.one_of(st.none(), st.integers(-(10**18), 10**18), st.booleans(), st.floats(allow_nan=False,
       allow_infinity=False), TEXTS, st.lists(TEXTS)))  # fmt: skip
def test_any_value_of_a_form_field_comes_back(value) -> None:
    found = value_of(_field(value))
    assert found == value
    assert isinstance(found, type(value)) or value == int(value)


PARTS = [
    "=1+1", "=", "-", "@x", "＝", ";", "|", "\t", "\n", "\r", '"', '""', " ", "'", "a", ",", "\\",  # noqa: RUF001
]  # fmt: skip
SPLIT = st.lists(st.sampled_from(PARTS), max_size=12).map("".join)
"""Texts that mean to be split."""


def read(written: str, delimiter: str) -> list[str]:
    """All cells as a spreadsheet has them that splits lines at the delimiter."""
    return [cell for row in csv.reader(io.StringIO(written, newline=""), delimiter=delimiter) for cell in row]


@settings(max_examples=500)
@example(one="a;=1+1;b", other="x\n=1+1")
@given(one=SPLIT, other=SPLIT)
def test_hole_no_spreadsheet_calculates_a_text_wherever_it_splits_lines(one, other) -> None:
    """One for semicolons, as in many countries, splits a file of commas there, and ends lines within quotes."""
    cells = [to_cell("INC-1"), to_cell(one), _field(other), _field([one, other]), _json({"a": other, "b": one})]
    for written in (csv_record(cells).decode(), csv_line(["INC-1", one, other, [one], {"a": other}]).decode()):
        for delimiter in ",;\t|":
            found = read(written, delimiter)
            assert [cell for cell in found if re.match(r"\s*[=+@＝-]", cell)] == [], written  # noqa: RUF001
    rejected = io.StringIO(newline="")
    csv.writer(rejected, lineterminator="\n").writerow(map(harmless, ["5", "reason", one, other]))
    for delimiter in ",;\t|":
        assert [cell for cell in read(rejected.getvalue(), delimiter) if re.match(r"\s*[=+@＝-]", cell)] == []  # noqa: RUF001
    assert [from_cell(cells[1]), value_of(cells[2]), value_of(cells[3])] == [one, other, [one, other]]
    assert json.loads(cells[4]) == {"a": other, "b": one}
    assert read(csv_record(cells).decode(), ",") == cells


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("a;=1+1;b", "'\\a;\\x3d1+1;b"),
        ("Steps:\n- one", "'\\Steps:\n\\x2d one"),
        ("a; b = c; d", "a; b = c; d"),
        ("=1;=2", "'\\=1;\\x3d2"),
    ],
)
def test_a_sign_that_a_reader_might_calculate_is_an_escape(text, cell) -> None:
    assert to_cell(text) == cell


@given(TEXTS)
def test_an_escaped_text_is_safe_and_comes_back(text) -> None:
    assert unescaped(escaped(text)) == text
    assert safe_text(escaped(text), newlines=True) == escaped(text).replace("\t", "    ")


@pytest.mark.parametrize("cell", ["\\x", "\\", "\\x1", "\\q", "\\u12", "\\U00110000", "\\Uffffffff"])
def test_an_escape_that_is_none_is_refused(cell) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whoever reads a cell tells where it stands
        from_cell("'\\" + cell)
