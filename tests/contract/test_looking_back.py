"""`show --at` and `diff`: a case as it was, rebuilt from the audit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec
import psycopg
import pytest
from msgspec import UNSET

from casectl.errors import Gone, InvalidInput, NotFound, NotPermitted
from casectl.operations.assign import Assign
from casectl.operations.close import Close
from casectl.operations.create import Create
from casectl.operations.delete import Delete
from casectl.operations.diff import Diff
from casectl.operations.escalate import Escalate
from casectl.operations.history import History
from casectl.operations.note import AddNote
from casectl.operations.reopen import Reopen
from casectl.operations.restore import Restore
from casectl.operations.show import Show
from casectl.operations.status import SetStatus
from casectl.operations.tenant_show import ShowTenant
from casectl.operations.update import Update

if TYPE_CHECKING:
    from tests.conftest import Database


ERASE = "UPDATE audit SET digest = coalesce(digest, audit_digest(payload, salt)), payload = NULL, salt = NULL"


@pytest.fixture
def case(desk: Any) -> Any:
    return desk.perform(
        Create(title="Login fails", description="one\ntwo\nthree", fields={"system": "crm"}, tags=["vip"],
               contact="rita@acme.example.com")
    )  # fmt: skip


def at(moment: datetime) -> str:
    return moment.isoformat()


def then(desk: Any, case: Any, moment: datetime) -> Any:
    """What `show --at` tells of an instant, without what it adds to that."""
    shown = desk.perform(Show(case=case.number, at=at(moment)))
    assert (shown.as_of, shown.redacted, shown.discrepancies) == (moment, [], [])
    return msgspec.structs.replace(shown, as_of=UNSET, redacted=UNSET, discrepancies=UNSET)


def as_superuser(database: Database, *statements: str) -> None:
    """Do what nobody may: no trigger fires, no policy binds."""
    with psycopg.connect(**database.superuser) as connection:
        connection.execute("SET search_path = desk")
        connection.execute("SET session_replication_role = replica")
        for statement in statements:
            connection.execute(statement)
        connection.execute("UPDATE configuration_stamps SET stamp = stamp + 1")  # as the trigger would have


def test_every_state_is_as_it_was_shown_then(desk: Any, case: Any) -> None:
    steps = [
        Update(
            case=case.number, title="Login fails for all", priority="high", due="2030-01-02", fields={"system": None}
        ),
        SetStatus(case=case.number, status="active"),
        AddNote(case=case.number, content="we are looking"),
        AddNote(case=case.number, content="the disk is full", is_internal=True),
        Assign(case=case.number, assignee="wanda", team="l1"),
        Update(case=case.number, tags=[], description="", contact="none", is_restricted=True),
        Close(case=case.number),
        Reopen(case=case.number),
        Escalate(case=case.number, reason="it happens again"),
        Delete(case=case.number),
        Restore(case=case.number),
    ]
    snapshots = [desk.perform(Show(case=case.number))]
    for step in steps:
        desk.perform(step)
        snapshots.append(desk.perform(Show(case=case.number)))
    for shown in snapshots:
        moments = [shown.updated_at, *(note.created_at for note in shown.notes)]
        assert then(desk, case, max(moments)) == shown
    assert then(desk, case, case.created_at).version == 1
    assert desk.perform(Show(case=case.number, at="now")).version == snapshots[-1].version == 10


def test_a_case_in_the_trash_then(desk: Any, case: Any) -> None:
    gone = desk.perform(Delete(case=case.number))
    back = desk.perform(Restore(case=case.number))
    assert then(desk, case, gone.updated_at).deleted_at == gone.deleted_at
    assert then(desk, case, gone.updated_at - timedelta(microseconds=1)).deleted_at is None
    assert then(desk, case, back.updated_at).deleted_at is None


def test_only_so_many_notes(desk: Any, case: Any) -> None:
    notes = [desk.perform(AddNote(case=case.number, content=str(number))) for number in range(4)]
    shown = desk.perform(Show(case=case.number, at=at(notes[2].created_at), notes=2))
    assert ([note.content for note in shown.notes], shown.more_notes) == (["1", "2"], 1)
    assert desk.perform(Show(case=case.number, at=at(notes[2].created_at), notes=0)).notes == []


def test_times_that_are_none(desk: Any, case: Any) -> None:
    none = ("soon", "", "-2h", "2h from now", "\x1b]52;c;eA==\x07", "[/]")
    wrong_ones = dict.fromkeys(none, "bad_time") | dict.fromkeys(("tomorrow", "2190-01-01"), "future")
    for wrong, code in wrong_ones.items():
        for verb, pointer in (
            (Show(case=case.number, at=wrong), "/at"),
            (Diff(case=case.number, since=wrong), "/since"),
            (Diff(case=case.number, since="now", until=wrong), "/until"),
        ):
            with pytest.raises(InvalidInput) as told:
                desk.perform(verb)
            assert [(one.pointer, one.code) for one in told.value.problems] == [(pointer, code)], wrong


def test_a_time_of_day_is_read_in_the_zone_that_a_refusal_names(desk: Any) -> None:
    old = desk.perform(Create(title="Old"), historic_at=datetime(2024, 5, 6, 7, 8, tzinfo=UTC))
    zone = ZoneInfo(desk.perform(ShowTenant()).timezone)
    shown = desk.perform(Show(case=old.number, at="yesterday 14:30"))
    assert shown.as_of.astimezone(zone).strftime("%H:%M") == "14:30"
    with pytest.raises(InvalidInput) as told:
        desk.perform(Show(case=old.number, at="half past two"))
    assert told.value.hint.endswith(f"; without a zone it is {zone}")


def test_before_its_creation_it_was_not_there(desk: Any, case: Any) -> None:
    just_before = at(case.created_at - timedelta(microseconds=1))
    for early in ("2h", "2h ago", "P1D", "yesterday", "1999-12", just_before):
        for verb in (Show(case=case.number, at=early), Diff(case=case.number, since=early)):
            with pytest.raises(NotFound, match="it was created at") as told:
                desk.perform(verb)
            assert case.created_at.isoformat() in told.value.message


def test_a_month_and_a_day_are_their_beginning(desk: Any) -> None:
    old = desk.perform(Create(title="Old"), historic_at=datetime(2024, 5, 6, 7, 8, tzinfo=UTC))
    desk.perform(Update(case=old.number, title="Older"), historic_at=datetime(2024, 6, 1, tzinfo=UTC))
    titles = [desk.perform(Show(case=old.number, at=word)).title for word in ("2024-05-31", "2024-06", "2024-06-01")]
    assert titles == ["Old", "Older", "Older"]
    assert desk.perform(Show(case=old.number, at="2024-05-06T09:08+02:00")).title == "Old"


# Who sees what


def test_a_reporter_sees_then_what_he_sees_now(desk: Any, case: Any) -> None:
    desk.perform(AddNote(case=case.number, content="kumquat suspicion", is_internal=True))
    said = desk.perform(AddNote(case=case.number, content="we are looking"))
    parent = desk.perform(Create(title="Secret", is_restricted=True))
    desk.perform(Update(case=case.number, parent=parent.number))
    desk.perform(Update(case=case.number, parent=None))
    rita = desk.as_user("rita")
    shown = rita.perform(Show(case=case.number, at=at(said.created_at)))
    assert [note.content for note in shown.notes] == ["we are looking"]
    assert shown.more_notes == 0
    history = desk.perform(History(case=case.number))
    hidden = rita.perform(Show(case=case.number, at=at(history[-2].at)))
    assert hidden.parent is None
    assert desk.perform(Show(case=case.number, at=at(history[-2].at))).parent.number == parent.number
    found = rita.perform(Diff(case=case.number, since=at(case.created_at), until=at(history[-2].at)))
    assert {one.field: one.after for one in found.changes}["parent"] == "(hidden)"
    assert "kumquat" not in msgspec.json.encode([shown, found]).decode()
    assert parent.number not in msgspec.json.encode([shown, hidden, found]).decode()


def test_what_is_hidden_now_was_not_there_then(desk: Any, case: Any) -> None:
    open_then = desk.perform(Show(case=case.number)).updated_at
    desk.perform(Update(case=case.number, is_restricted=True, reporter=None))
    for login in ("wanda", "rita"):
        other = desk.as_user(login)
        for verb in (Show(case=case.number, at=at(open_then)), Diff(case=case.number, since=at(open_then))):
            with pytest.raises(NotFound, match="there is no case"):
                other.perform(verb)


def test_who_may_not_read_history_may_not_look_back(desk: Any, case: Any, prepared_database: Database) -> None:
    as_superuser(prepared_database, "UPDATE roles SET rights = array_remove(rights, 'history:read')")
    wanda = desk.as_user("wanda")
    assert wanda.perform(Show(case=case.number)).title == "Login fails"
    for verb in (Show(case=case.number, at="now"), Diff(case=case.number, since="now")):
        with pytest.raises(NotPermitted, match="history:read"):
            wanda.perform(verb)


# What differs


def test_a_diff_tells_what_differs_and_who_did_it_last(desk: Any, case: Any) -> None:
    desk.perform(Update(case=case.number, title="Wrong", fields={"location": "rome", "system": "erp"}))
    desk.as_user("wanda").perform(Assign(case=case.number, assignee="wanda"))
    last = desk.perform(Update(case=case.number, title="Login fails for all", description="one\n2\nthree", tags=[]))
    note = desk.as_user("wanda").perform(AddNote(case=case.number, content="done"))
    found = desk.perform(Diff(case=case.number, since=at(case.created_at)))
    told = {one.field: (one.before, one.after, one.actor, one.operation) for one in found.changes}
    assert told.pop("first_response_at")[2:] == ("wanda", "note")
    assert told == {
        "title": ("Login fails", "Login fails for all", "admin", "update"),
        "description": ("one\ntwo\nthree", "one\n2\nthree", "admin", "update"),
        "assignee": (None, "wanda", "wanda", "assign"),
        "tags": (["vip"], [], "admin", "update"),
        "fields.location": (None, "rome", "admin", "update"),
        "fields.system": ("crm", "erp", "admin", "update"),
    }
    assert {one.field: one.at for one in found.changes}["title"] == last.updated_at
    assert [one.content for one in found.notes] == ["done"]
    assert (found.number, found.since) == (case.number, case.created_at)
    later = desk.perform(Diff(case=case.number, since=at(note.created_at), until="now"))
    assert (later.changes, later.notes, later.more_notes) == ([], [], 0)


def test_what_came_back_does_not_differ(desk: Any, case: Any) -> None:
    desk.perform(Update(case=case.number, title="Other"))
    desk.perform(Update(case=case.number, title="Login fails"))
    assert desk.perform(Diff(case=case.number, since=at(case.created_at))).changes == []


def test_the_second_time_is_not_the_earlier_one(desk: Any, case: Any) -> None:
    with pytest.raises(InvalidInput, match="earlier"):
        desk.perform(Diff(case=case.number, since="now", until=at(case.created_at)))


# What is not as it should be


def test_what_was_erased_is_not_guessed(desk: Any, case: Any, prepared_database: Database) -> None:
    first = desk.perform(Update(case=case.number, title="Personal", description="secret", tags=["ill"]))
    desk.perform(Update(case=case.number, title="Harmless", priority="high"))
    erase = f"{ERASE} WHERE object = 'case' AND case_id = {case.id} AND seq <= "
    as_superuser(prepared_database, erase + "(SELECT min(seq) FROM audit WHERE object = 'case')")
    shown = desk.perform(Show(case=case.number, at=at(case.created_at)))
    assert (shown.title, shown.tags, shown.redacted) == ("Login fails", ["vip"], [])
    assert shown.version == 1
    as_superuser(prepared_database, erase + "(SELECT max(seq) - 1 FROM audit WHERE object = 'case')")
    shown = desk.perform(Show(case=case.number, at=at(first.updated_at)))
    assert (shown.title, shown.priority, shown.tags, shown.version) == ("Personal", 2, ["ill"], 2)
    with pytest.raises(Gone, match="erased"):
        desk.perform(Show(case=case.number, at=at(case.created_at)))
    found = desk.perform(Diff(case=case.number, since=at(case.created_at)))
    assert found.changes == []
    assert {"title", "status", "version"} <= set(found.redacted)


def test_who_changed_it_last_may_be_erased(desk: Any, case: Any, prepared_database: Database) -> None:
    desk.perform(Update(case=case.number, title="Second"))
    desk.perform(Update(case=case.number, priority="high"))
    as_superuser(prepared_database, f"{ERASE} WHERE payload ? 'title' AND action = 'update'")
    found = desk.perform(Diff(case=case.number, since=at(case.created_at)))
    assert [(one.field, one.actor) for one in found.changes] == [("title", None), ("priority", "admin")]


def test_a_contradiction_is_told(desk: Any, case: Any, prepared_database: Database) -> None:
    first = desk.perform(Update(case=case.number, title="Second"))
    second = desk.perform(Update(case=case.number, title="Third"))
    as_superuser(
        prepared_database,
        "UPDATE audit SET payload = jsonb_set(payload, '{title,1}', '\"Forged\"')"
        " WHERE payload->'title'->>1 = 'Second'",
        "UPDATE cases SET priority = 4",
    )
    shown = desk.perform(Show(case=case.number, at=at(first.updated_at)))
    assert shown.title == "Forged"
    assert [(one.field, one.at) for one in shown.discrepancies] == [("title", second.updated_at), ("priority", None)]
    assert desk.perform(Diff(case=case.number, since=at(first.updated_at))).discrepancies == shown.discrepancies


def test_who_began_first_and_waited_wrote_on_top(desk: Any, case: Any, prepared_database: Database) -> None:
    """A transaction's time is its beginning: the lock, and not that time, says what was written on what."""
    with psycopg.connect(**prepared_database.app) as early:
        early.execute("SELECT enter_as(1, 1, 'test', '')")
        began = early.execute("SELECT now()").fetchone()[0]
        between = desk.perform(Update(case=case.number, title="Second"))
        early.execute(
            "UPDATE cases SET title = 'Third', version = version + 1, changed_by = 1, changed_at = now() WHERE id = %s",
            (case.id,),
        )
    assert began < between.updated_at
    assert then(desk, case, began).title == "Login fails"
    after = then(desk, case, between.updated_at)
    assert (after.title, after.version, after.updated_at) == ("Third", 3, began)


def test_an_edited_note_reads_as_it_did(desk: Any, case: Any, prepared_database: Database) -> None:
    note = desk.perform(AddNote(case=case.number, content="first"))
    with psycopg.connect(**prepared_database.app) as connection:
        connection.execute("SELECT enter_as(1, 1, 'test', '')")
        connection.execute(
            "UPDATE notes SET content = 'second', is_internal = true, changed_by = 1, changed_at = now() WHERE id = %s",
            (note.id,),
        )
    (shown,) = then(desk, case, note.created_at).notes
    assert (shown.id, shown.content, shown.is_internal, shown.author) == (note.id, "first", False, note.author)
    assert desk.perform(Show(case=case.number, at="now")).notes[0].content == "second"
    as_superuser(prepared_database, f"{ERASE} WHERE object = 'note' AND action = 'update'")
    assert then(desk, case, note.created_at).notes[0].content == "(redacted)"


def test_more_entries_than_are_read_at_once(desk: Any, case: Any, prepared_database: Database) -> None:
    with psycopg.connect(**prepared_database.app) as connection:
        for number in range(1_100):
            connection.execute("SELECT enter_as(1, 1, 'test', '')")
            connection.execute(
                "UPDATE cases SET title = %s, version = version + 1, changed_by = 1, changed_at = now() WHERE id = %s",
                (f"Title {number}", case.id),
            )
            connection.commit()
    history = desk.perform(History(case=case.number, limit=2_000))
    for place in (0, 1, 499, 500, 501, 1_000, 1_100):
        shown = then(desk, case, history[place].at)
        assert (shown.title, shown.version) == (f"Title {place - 1}" if place else "Login fails", place + 1)
