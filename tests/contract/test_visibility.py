"""What a Reporter, another worker or hostile text may not do, by any path."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from casectl.errors import InvalidInput, NotFound
from casectl.operations.actions import Actions
from casectl.operations.bulk_update import BulkUpdate
from casectl.operations.create import Create
from casectl.operations.diff import Diff
from casectl.operations.history import History
from casectl.operations.list import ListCases
from casectl.operations.note import AddNote
from casectl.operations.role_add import AddRole
from casectl.operations.search import Search
from casectl.operations.show import Show
from casectl.operations.update import Update
from casectl.operations.user_add import AddUser

HOSTILE = [
    "\x1b[2J\x1b]0;owned\x07",
    "[red]markup[/] [@click=app.quit]x[/]",
    '=HYPERLINK("http://x")',
    "'; DROP TABLE cases; --",
    "%s %(name)s {0} {x.__class__} $1",
    "\u202eesrever \u200b\ufeff",
    "../../etc/passwd",
    "<script>alert(1)</script>",
    "NULL \\N \\x00 none",
    "😀 ünïcödé 漢字 \u0301",
]


def test_a_reporter_sees_nothing_internal_by_any_path(desk: Any) -> None:
    case = desk.perform(Create(title="rita's", contact="rita@acme.example.com", team="l1"))
    desk.perform(AddNote(case=case.number, content="kumquat suspicion", is_internal=True))
    desk.perform(AddNote(case=case.number, content="we are looking"))
    rita = desk.as_user("rita")
    shown = rita.perform(Show(case=case.number))
    assert [note.content for note in shown.notes] == ["we are looking"]
    assert shown.more_notes == 0
    assert rita.perform(Show(case=case.number, notes=1)).more_notes == 0
    assert rita.perform(Search(query=["kumquat"])).items == []
    assert [one.number for one in rita.perform(Search(query=["looking"])).items] == [case.number]
    told = msgspec.json.encode(rita.perform(History(case=case.number))).decode()
    assert "kumquat" not in told
    assert "we are looking" in told
    assert len([one for one in rita.perform(History(case=case.number)) if one.object == "note"]) == 1
    assert len([one for one in desk.perform(History(case=case.number)) if one.object == "note"]) == 2


def test_a_reporter_sees_his_own_cases_only(desk: Any) -> None:
    other = desk.perform(Create(title="pomegranate", contact="boss@example.com"))
    own = desk.perform(Create(title="own", contact="rita@acme.example.com"))
    rita = desk.as_user("rita")
    assert [one.number for one in rita.perform(ListCases(query=["is:all"])).items] == [own.number]
    assert rita.perform(Search(query=["pomegranate"])).items == []
    for look in (Show(case=other.number), Show(case=str(other.id)), History(case=other.number),
                 Show(case=other.number, at="now"), Diff(case=other.number, since="now"),
                 Actions(case=other.number), AddNote(case=other.number, content="hello"),
                 Create(title="child", parent=other.number)):  # fmt: skip
        with pytest.raises(NotFound) as there:
            rita.perform(look)
        missing = "INC-1999-12345"
        with pytest.raises(NotFound) as absent:
            rita.perform(Show(case=missing))
        # Not yours and not there answer alike, so that nothing can be guessed.
        shown = there.value.message.replace(str(other.number), missing).replace(f"case {other.id}", f"case {missing}")
        assert shown == absent.value.message


def test_a_restricted_case_is_not_there_for_others(desk: Any) -> None:
    secret = desk.perform(Create(title="persimmon", is_restricted=True))
    wanda = desk.as_user("wanda")
    assert wanda.perform(ListCases(query=["is:all"])).items == []
    assert wanda.perform(Search(query=["persimmon"])).items == []
    for look in (Show(case=secret.number), Update(case=secret.number, priority="high")):
        with pytest.raises(NotFound):
            wanda.perform(look)
    assert wanda.perform(BulkUpdate(cases=[secret.number], priority="high")).outcomes[0].code == "not_found"
    desk.perform(Update(case=secret.number, assignee="wanda"))
    assert wanda.perform(Show(case=secret.number)).title == "persimmon"


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_stored_as_it_came(desk: Any, text: str) -> None:
    case = desk.perform(Create(title=text, description=text, fields={"location": text, "symptom": text}))
    note = desk.perform(AddNote(case=case.number, content=text))
    shown = desk.perform(Show(case=case.number))
    assert (shown.title, shown.description) == (text.strip(), text)
    assert shown.fields == {"location": text, "symptom": text}
    assert [written.content for written in shown.notes] == [text]
    assert note.content == text
    told = [change for entry in desk.perform(History(case=case.number)) for change in entry.changes]
    assert {change.after for change in told if change.field in ("title", "content")} == {text.strip(), text}
    updated = desk.perform(Update(case=case.number, title=f"{text} 2"))
    assert updated.title == f"{text} 2".strip()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_find_nothing(desk: Any, text: str) -> None:
    for look in (Show(case=text), History(case=text), Create(title="x", parent=text)):
        with pytest.raises(NotFound):
            desk.perform(look)


def test_a_reporter_is_told_no_names_he_did_not_give(desk):
    rita = desk.as_user("rita")
    for query in ("assignee:wandaa", "team:l3"):
        with pytest.raises(InvalidInput) as caught:
            rita.perform(ListCases(query=[query]))
        assert not caught.value.hint
        assert not caught.value.problems[0].allowed
        with pytest.raises(InvalidInput) as told:
            desk.perform(ListCases(query=[query]))
        assert told.value.hint


def test_a_reporter_s_history_hides_a_parent_he_may_not_see(desk):
    parent = desk.perform(Create(title="Secret", is_restricted=True))
    rita = desk.as_user("rita")
    own = rita.perform(Create(title="Mine"))
    desk.perform(Update(case=own.number, parent=parent.number))
    told = [change for entry in rita.perform(History(case=own.number)) for change in entry.changes]
    assert [change.after for change in told if change.field == "parent"] == ["(hidden)"]


def test_internal_notes_need_their_right_however_many_cases_are_seen(desk: Any) -> None:
    """A role or a key that sees all cases of the tenant, restricted ones too, but not what is written among workers."""
    desk.perform(AddRole(role="Auditor", rights=["case:read", "case:read_any", "history:read"]))
    desk.perform(AddRole(role="Chief", rights=["case:read", "case:read_any", "case:read_restricted", "history:read"]))
    desk.perform(AddUser(login="otto", roles=["Auditor"]))
    desk.perform(AddUser(login="carla", roles=["Chief"]))
    case = desk.perform(Create(title="x"))
    desk.perform(AddNote(case=case.number, content="kumquat suspicion", is_internal=True))
    desk.perform(AddNote(case=case.number, content="we are looking"))
    for login in ("otto", "carla"):
        one = desk.as_user(login)
        for look in (Show(case=case.number), Show(case=case.number, at="now"), History(case=case.number),
                     Diff(case=case.number, since=case.created_at.isoformat())):  # fmt: skip
            assert "kumquat" not in msgspec.json.encode(one.perform(look)).decode()
        assert [note.content for note in one.perform(Show(case=case.number)).notes] == ["we are looking"]
        assert one.perform(Search(query=["kumquat"])).items == []
        assert [found.number for found in one.perform(Search(query=["looking"])).items] == [case.number]
    assert "kumquat" in msgspec.json.encode(desk.as_user("wanda").perform(History(case=case.number))).decode()
    assert [found.number for found in desk.as_user("wanda").perform(Search(query=["kumquat"])).items] == [case.number]


def test_who_writes_internal_notes_need_not_read_those_of_others(desk: Any) -> None:
    rights = ["case:read", "case:read_any", "case:update", "case:update_any", "note:create", "note:create_internal"]
    desk.perform(AddRole(role="Sensor", rights=rights))
    desk.perform(AddUser(login="otto", roles=["Sensor"]))
    case = desk.perform(Create(title="x"))
    written = desk.as_user("otto").perform(AddNote(case=case.number, content="kumquat", is_internal=True))
    assert (written.content, written.is_internal) == ("kumquat", True)
    assert desk.as_user("otto").perform(Show(case=case.number)).notes == []
    assert [note.content for note in desk.perform(Show(case=case.number)).notes] == ["kumquat"]
