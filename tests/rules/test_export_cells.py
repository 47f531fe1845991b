"""Cells of an export: no spreadsheet calculates one, no terminal obeys one, and each is read as what was written."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casectl.rules.export_cells import _field, from_cell, to_cell, value_of
from casectl.rules.text import escaped, safe_text, unescaped

HOSTILE = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=x", "  =x", "＝x", "'", "'=x", "''", "'\\x", "\\", "\\\\n", "\\x1b",  # noqa: RUF001
    "\x1b]52;c;x\x07", "\u202egpj.exe", "a\u200bb", "\x9b31m", 'a,b;"c"\n\nd\r\n', "", " ", " x ", "5", "-5", "1e9",
    "true", "null", "[1]", "{}", "\ufeffx", "😀\u200d🔥", "x" * 5000, "\U000e0041",
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


@given(TEXTS)
def test_an_escaped_text_is_safe_and_comes_back(text) -> None:
    assert unescaped(escaped(text)) == text
    assert safe_text(escaped(text), newlines=True) == escaped(text).replace("\t", "    ")


@pytest.mark.parametrize("cell", ["\\x", "\\", "\\x1", "\\q", "\\u12", "\\U00110000", "\\Uffffffff"])
def test_an_escape_that_is_none_is_refused(cell) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whoever reads a cell tells where it stands
        from_cell("'\\" + cell)
