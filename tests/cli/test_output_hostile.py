"""Stored text cannot command a terminal, a spreadsheet or a shell, in any format."""

from __future__ import annotations

import csv
import io
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nouns import HOSTILE, STEERING, TICKETS, Person, Remark, State, Ticket

from casectl.cli.encoding import csv_line, json_bytes, tsv_line

EVERYWHERE = Ticket(
    number=HOSTILE,
    title=HOSTILE,
    status=State(HOSTILE, HOSTILE),
    priority_name=HOSTILE,
    assignee=Person(HOSTILE, HOSTILE),
    tags=[HOSTILE],
    fields={HOSTILE: HOSTILE},
    description=f"{HOSTILE}\n{HOSTILE}",
    remarks=[Remark(Person(HOSTILE), HOSTILE)],
)


@pytest.mark.parametrize("kind", ["table", "json", "jsonl", "csv", "tsv", "id"])
@pytest.mark.parametrize("single", [True, False])
def test_no_format_lets_steering_characters_through(writes, kind, single):
    def act(output):
        if single:
            output.emit_one(EVERYWHERE, TICKETS)
        else:
            output.emit_many([EVERYWHERE], TICKETS)

    text = writes(act, kind)
    assert "evil" in text
    assert not [character for character in STEERING if character in text]


@pytest.mark.parametrize(
    "options",
    [
        {"template": "{title} {fields}"},
        {"select": "title"},
        {"select": "fields"},
        {"select": "[title, number]"},
        {"fields": "title,fields.\x1b[1m"},
        {"fields": "tags,remarks"},
    ],
)
def test_no_option_lets_them_through(writes, options):
    text = writes(lambda output: output.emit_one(EVERYWHERE, TICKETS), **options)
    assert "evil" in text
    assert not [character for character in STEERING if character in text]


def test_json_says_the_same_to_every_parser(writes):
    text = writes(lambda output: output.emit_many([EVERYWHERE], TICKETS), "json")
    assert json.loads(text) == [msgspec.to_builtins(EVERYWHERE)]
    assert "\\u202e" in text
    assert "\\u009b" in text
    assert "\\udb40\\udc41" in text


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_json_of_any_text_reads_back(text):
    encoded = json_bytes({"a": text, text: 1})
    assert json.loads(encoded)[text] == 1 or text == "a"
    assert not [character for character in STEERING if character in encoded.decode()]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf"])), min_size=2))
def test_csv_of_any_text_reads_back(values):
    # Apostrophes before formulas are the one thing added to harmless text.
    back = next(csv.reader(io.StringIO(csv_line(values).decode(), newline="")))
    was = [shown(value) for value in values]
    assert [cell.replace("'", "") for cell in back][1:] == [cell.replace("'", "") for cell in was][1:]
    assert all(cell.count("'") >= text.count("'") for cell, text in zip(back, was, strict=True))


def shown(value):
    from casectl.rules.text import safe_text

    return safe_text(value, newlines=True)


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\uff1d1", "=HYPERLINK(1)"]
)
def test_no_cell_is_a_formula(text):
    cell = next(csv.reader(io.StringIO(csv_line([text, "x"]).decode(), newline="")))[0]
    assert cell.startswith("'")
    assert tsv_line([text, "x"]).startswith(b"'")


def test_numbers_stay_numbers():
    assert csv_line([-5, 1.5, True, None, "", "-5"]) == b"-5,1.5,true,,,'-5\n"


def test_wide_and_joined_characters_pass(writes):
    text = "日本 👩‍👩‍👧 é"
    assert text in writes(lambda output: output.emit_many([Ticket(title=text)], TICKETS), "json")
