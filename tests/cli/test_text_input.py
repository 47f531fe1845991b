"""Long text: where it may come from, and that it is never lost."""

from __future__ import annotations

import io
import stat

import pytest

from casectl.cli.text_input import CUT, LONGEST, read_body, read_document, write_in_editor
from casectl.errors import Failure, InvalidInput, UsageError


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("VISUAL", raising=False)
    return tmp_path / "state" / "casectl" / "drafts"


def test_an_argument_a_file_and_standard_input(tmp_path):
    file = tmp_path / "note.md"
    file.write_text("from the file\n\nwith lines\n", encoding="utf-8-sig")
    assert read_body("typed", None, None).text == "typed"
    assert read_body(None, str(file), None).text == "from the file\n\nwith lines"
    assert read_body("-", None, io.StringIO("piped\n")).text == "piped"
    assert read_body(None, "-", io.StringIO("piped\n")).text == "piped"
    assert read_body(None, None, io.StringIO("not asked for")) is None


def test_two_texts_are_refused():
    with pytest.raises(UsageError, match="twice"):
        read_body("typed", "file", None)


def test_what_cannot_be_read_is_named(tmp_path):
    (tmp_path / "x.bin").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Failure, match="no-such-file: No such file"):
        read_body(None, str(tmp_path / "no-such-file"), None)
    with pytest.raises(InvalidInput, match="not text in UTF-8"):
        read_body(None, str(tmp_path / "x.bin"), None)
    with pytest.raises(InvalidInput, match="more than"):
        read_body("-", None, io.StringIO("x" * (LONGEST + 1)))


def test_a_piped_text_is_kept_until_it_is_written(state, capsys):
    with read_body("-", None, io.StringIO("precious")) as body:
        assert body.draft.read_text() == "precious"
        assert stat.S_IMODE(body.draft.stat().st_mode) == 0o600
        assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert list(state.iterdir()) == []
    with pytest.raises(Failure), read_body("-", None, io.StringIO("precious")):
        raise Failure("the write failed")
    (kept,) = state.iterdir()
    assert kept.read_text() == "precious"
    assert str(kept) in capsys.readouterr().err


def test_the_editor_gets_a_template_and_headings_stay(state, monkeypatch, tmp_path):
    monkeypatch.setenv("EDITOR", f'sh -c \'cp "$0" {tmp_path}/seen; printf "# Heading\\ntext\\n" > "$0"\'')
    body = write_in_editor("casectl note 7\nthe text")
    assert body.text == "# Heading\ntext"
    assert (tmp_path / "seen").read_text() == f"\n\n{CUT}\n# casectl note 7\n# the text\n"
    with body:
        assert list(state.iterdir()) == [body.draft]


def test_what_stands_below_the_cut_is_ignored(monkeypatch):
    monkeypatch.setenv("EDITOR", 'sh -c \'{ echo above; cat "$0"; } > "$0.new"; mv "$0.new" "$0"\'')
    body = write_in_editor("below")
    assert body.text == "above"


def test_an_empty_text_writes_nothing_and_leaves_nothing(state, monkeypatch):
    monkeypatch.setenv("EDITOR", "true")
    with pytest.raises(InvalidInput, match="empty"):
        write_in_editor("about")
    assert list(state.iterdir()) == []


def test_a_text_that_is_as_it_was_writes_nothing(state, monkeypatch):
    monkeypatch.setenv("EDITOR", "true")
    with pytest.raises(InvalidInput, match="unchanged"):
        write_in_editor("about", "---\ntitle:\n---\n")
    assert list(state.iterdir()) == []


def test_an_editor_may_have_arguments(monkeypatch, tmp_path):
    program = tmp_path / "my editor"
    program.write_text('#!/bin/sh\n[ "$1" = --wait ] && echo text > "$2"\n')
    program.chmod(0o755)
    monkeypatch.setenv("VISUAL", f"'{program}' --wait")
    monkeypatch.setenv("EDITOR", "false")
    assert write_in_editor("about").text == "text"


def test_an_editor_that_fails_loses_nothing(state, monkeypatch, capsys):
    monkeypatch.setenv("EDITOR", "sh -c 'echo precious > \"$0\"; exit 3'")
    with pytest.raises(Failure, match="code 3"):
        write_in_editor("about")
    (kept,) = state.iterdir()
    assert kept.read_text() == "precious\n"
    assert str(kept) in capsys.readouterr().err


def test_an_editor_that_is_not_there_is_named(state, monkeypatch):
    monkeypatch.setenv("EDITOR", "no-such-editor-at-all")
    with pytest.raises(Failure, match="no-such-editor-at-all"):
        write_in_editor("about")
    assert list(state.iterdir()) == []


def test_json_of_a_document(tmp_path, state):
    (tmp_path / "x.json").write_text('{"a": [1]}')
    assert read_document(str(tmp_path / "x.json"), "/form").value == {"a": [1]}
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(InvalidInput, match=r"x\.json:1:2: not JSON: ") as caught:
        read_document(str(tmp_path / "x.json"), "/form")
    assert caught.value.problems[0].pointer == "/form"
    assert not state.exists()
