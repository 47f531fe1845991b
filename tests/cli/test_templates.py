"""The head above a text in an editor: what it shows, what it says, and each line of it that is wrong."""

from __future__ import annotations

import pytest

from casectl.cli.templates import head_of, read_head
from casectl.errors import InvalidInput
from casectl.field_types import describe
from casectl.model.form import FormField
from casectl.operations.create import Create
from casectl.operations.note import AddNote

FIELDS = {field.name: field for field in describe(Create)}
CASE = [FIELDS[name] for name in Create.cli.template]
NOTE = [field for field in describe(AddNote) if field.name in AddNote.cli.template]
FORM = [
    FormField(name="system", title="System", enum=["crm", "erp"], required=True),
    FormField(name="place", title="Place", help="where it\nstands"),
]


def test_the_head_shows_what_is_given_and_what_may_be():
    given = {"title": "Login: fails", "tags": ["a", "b"], "fields": {"place": "Graz", "else": "x"}}
    lines = head_of(CASE, given, FORM).split("\n")
    assert lines[0] == "---"
    assert lines[-2:] == ["---", ""]
    assert "title: Login: fails" in lines
    assert "tags: a, b" in lines
    assert lines[lines.index("field.system:") - 1] == "# System; crm, erp; required"
    assert lines[lines.index("field.place: Graz") - 1] == "# where it stands"
    assert "field.else: x" in lines
    assert head_of(NOTE, {"is_internal": True}, []) == "---\n# hide it from reporters\ninternal: yes\n---\n"


def test_what_was_shown_is_read_as_it_was():
    given = {"title": "Login: fails", "tags": ["a", "b"], "fields": {"place": "Graz"}}
    assert read_head(head_of(CASE, given, FORM) + "\n# A heading\ntext\n", CASE) == (given, "# A heading\ntext")
    assert read_head(head_of(NOTE, {}, []), NOTE) == ({"is_internal": False}, "")


@pytest.mark.parametrize(
    "text", ["", "text", "--- \ntext", "---\ntext", "text\n---\ntitle: x\n---", "----\na: b\n---\n"]
)
def test_a_text_without_a_head_is_text(text):
    assert read_head(text, CASE) == ({}, text)


def test_values_are_read_as_on_the_command_line():
    text = "---\n#title: no\n\ntitle:   x: y  \ntags: vip,vpn\nfield.n: 3\nfield.empty:\ntype:\n---\n\n\nbody\n\nmore"
    values, body = read_head(text, CASE)
    assert values == {"title": "x: y", "tags": ["vip", "vpn"], "fields": {"n": "3"}}
    assert body == "body\n\nmore"
    assert read_head("---\r\ninternal: YES\r\n---\r\nx", NOTE) == ({"is_internal": True}, "x")


def test_every_wrong_line_is_named():
    text = "---\ntitel: x\nnonsense\ntags: a,,b\nfields: x\nparent: 3\n---\n"
    with pytest.raises(InvalidInput) as caught:
        read_head(text, CASE)
    told = [problem.message for problem in caught.value.problems]
    assert [message.partition(":")[0] for message in told] == ["line 2", "line 3", "line 4", "line 5", "line 6"]
    assert caught.value.problems[0].hint == "did you mean 'title'?"
    assert "standard input" in caught.value.hint
    with pytest.raises(InvalidInput, match="line 2: internal is yes or no, not 'perhaps'"):
        read_head("---\ninternal: perhaps\n---\n", NOTE)
