"""Events: named, in order, none lost, none twice, none that the reader may not see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from casectl.errors import Gone, InvalidInput
from casectl.operations.assign import Assign
from casectl.operations.bulk_update import BulkUpdate
from casectl.operations.close import Close
from casectl.operations.create import Create
from casectl.operations.delete import Delete
from casectl.operations.escalate import Escalate
from casectl.operations.events import Events
from casectl.operations.note import AddNote
from casectl.operations.reopen import Reopen
from casectl.operations.restore import Restore
from casectl.operations.status import SetStatus
from casectl.operations.update import Update
from casectl.rules.event_names import EVENT_NAMES

PINNED = [
    "case.created", "case.deleted", "case.restored", "case.purged", "case.escalated", "case.closed", "case.resolved",
    "case.reopened", "case.status_changed", "case.assigned", "case.priority_changed", "case.updated",
    "note.added", "note.changed", "note.deleted",
]  # fmt: skip


def begin(desk: Any) -> str:
    """The place where nothing has happened yet."""
    return str(desk.perform(Events()).next)


def told(desk: Any, after: str, **fields: Any) -> list[Any]:
    """All events behind a place."""
    found: list[Any] = []
    while True:
        page = desk.perform(Events(after=after, **fields))
        found += page.items
        after = page.next
        if not page.more:
            return found


def test_the_names_are_a_contract() -> None:
    assert list(EVENT_NAMES) == PINNED


def test_every_change_has_its_name(desk: Any) -> None:
    start = begin(desk)
    case = desk.perform(Create(title="printer", contact="boss@example.com", team="l2"))
    desk.perform(AddNote(case=case.number, content="secret thought", is_internal=True))
    desk.perform(Update(case=case.number, priority="critical"))
    desk.perform(Assign(case=case.number, assignee="wanda"))
    desk.perform(SetStatus(case=case.number, status="active"))
    desk.perform(Escalate(case=case.number, reason="fire"))
    desk.perform(Update(case=case.number, title="printer on fire"))
    desk.perform(Delete(case=case.number))
    desk.perform(Restore(case=case.number))
    events = told(desk, start)
    names = [event.name for event in events]
    assert names == [
        "case.created", "note.added", "case.priority_changed", "case.assigned", "case.status_changed",
        "case.escalated", "note.added", "case.updated", "case.deleted", "case.restored",
    ]  # fmt: skip
    assert all({event.name, *event.also} <= set(PINNED) for event in events)
    assert {event.case.number for event in events} == {case.number}
    assert [event.is_internal for event in events if event.object == "note"] == [True, True]
    assert set(events[5].also) >= {"case.status_changed", "case.updated"}
    change = next(change for change in events[3].changes if change.field == "assignee")
    assert (change.before, change.after) == (None, "wanda")


def test_closing_and_reopening_have_names_of_their_own(desk: Any) -> None:
    case = desk.perform(Create(title="task"))
    start = begin(desk)
    desk.perform(SetStatus(case=case.number, status="active"))
    desk.perform(SetStatus(case=case.number, status="resolved"))
    desk.perform(Close(case=case.number))
    desk.perform(Reopen(case=case.number))
    names = [(event.name, "case.status_changed" in event.also) for event in told(desk, start)]
    assert names == [("case.status_changed", False), ("case.resolved", True), ("case.closed", True),
                     ("case.reopened", True)]  # fmt: skip


def test_pages_go_on_where_they_ended(desk: Any) -> None:
    start = begin(desk)
    cases = [desk.perform(Create(title=f"case {number}")) for number in range(7)]
    page = desk.perform(Events(after=start, limit=3))
    assert [event.case.number for event in page.items] == [case.number for case in cases[:3]]
    assert page.more
    assert page.next == page.items[-1].cursor
    assert [event.case.id for event in told(desk, page.next, limit=2)] == [case.id for case in cases[3:]]
    assert [event.case.id for event in told(desk, page.items[0].cursor)] == [case.id for case in cases[1:]]
    newest = desk.perform(Events(limit=2))
    assert [event.case.id for event in newest.items] == [case.id for case in cases[5:]]
    assert not newest.more
    assert told(desk, newest.next) == []


def test_a_time_is_a_place_to_begin(desk: Any) -> None:
    case = desk.perform(Create(title="old"))
    assert [event.case.id for event in desk.perform(Events(since="1h")).items] == [case.id]
    assert [event.case.id for event in desk.perform(Events(since="today")).items] == [case.id]
    page = desk.perform(Events(since="now"))
    assert page.items == []
    late = desk.perform(Create(title="late"))
    assert [event.case.id for event in told(desk, page.next)] == [late.id]
    for wrong in (Events(since="soon"), Events(after=page.next, since="1h")):
        with pytest.raises(InvalidInput):
            desk.perform(wrong)
    assert [event.case.id for event in desk.perform(Events(since=page.next)).items] == [late.id]


def test_a_query_picks_by_what_cases_are_now(desk: Any) -> None:
    start = begin(desk)
    one, other = (desk.perform(Create(title=title, team="l1")) for title in ("one", "other"))
    desk.perform(Update(case=other.number, team="l2"))
    page = desk.perform(Events(after=start, query=["team:l2"]))
    assert [(event.case.id, event.name) for event in page.items] == [
        (other.id, "case.created"), (other.id, "case.assigned"),
    ]  # fmt: skip
    assert told(desk, page.next) == []
    assert [event.case.id for event in told(desk, start, query=["team:l1"])] == [one.id]
    with pytest.raises(InvalidInput):
        desk.perform(Events(query=["colour:red"]))


def test_nothing_overtakes_an_older_transaction(desk: Any, prepared_database: Any) -> None:
    """What commits late, with an older transaction id, comes before what was held back for it, and nothing twice."""
    case = desk.perform(Create(title="slow"))
    start = begin(desk)
    with psycopg.connect(**prepared_database.app) as slow:
        slow.execute("SELECT problem FROM enter('acme', 'wanda', NULL, 'update', 'slow')")
        slow.execute(
            "UPDATE cases SET priority = 4, version = version + 1, changed_by = current_actor(), changed_at = now()"
            " WHERE tenant_id = current_tenant() AND id = %s",
            (case.id,),
        )
        fast = desk.perform(Create(title="fast"))
        page = desk.perform(Events(after=start))
        assert page.items == []
        slow.commit()
    events = told(desk, page.next)
    assert [(event.case.id, event.name) for event in events] == [
        (case.id, "case.priority_changed"), (fast.id, "case.created"),
    ]  # fmt: skip
    assert events == told(desk, start)


def test_a_reporter_is_told_of_his_own_cases_without_anything_internal(desk: Any) -> None:
    start = begin(desk)
    other = desk.perform(Create(title="not hers", contact="boss@example.com"))
    own = desk.perform(Create(title="hers", contact="rita@acme.example.com"))
    desk.perform(AddNote(case=own.number, content="kumquat", is_internal=True))
    desk.perform(AddNote(case=own.number, content="hello"))
    desk.perform(AddNote(case=other.number, content="pomegranate"))
    rita = desk.as_user("rita")
    seen = told(rita, start)
    assert [event.name for event in seen if event.object == "note"] == ["note.added"]
    assert {event.case.id for event in seen} == {own.id}
    text = msgspec.json.encode(seen).decode()
    assert "hello" in text
    assert "kumquat" not in text
    assert "pomegranate" not in text
    assert seen == told(rita, start, limit=1)


def test_a_restricted_case_is_told_to_nobody_else(desk: Any) -> None:
    start = begin(desk)
    desk.perform(Create(title="persimmon", is_restricted=True))
    assert told(desk.as_user("wanda"), start) == []
    assert [event.name for event in told(desk, start)] == ["case.created"]


def test_cursors_are_of_one_tenant_and_of_this_desk(desk: Any) -> None:
    desk.perform(Create(title="one"))
    start = begin(desk)
    globex = desk.as_user("admin", "globex")
    forged = start[:-2] + ("AA" if start[-2:] != "AA" else "BB")
    for other, cursor in ((globex, start), (desk, forged), (desk, "é"), (desk, "x" * 5000)):
        with pytest.raises(InvalidInput) as caught:
            other.perform(Events(after=cursor))
        assert caught.value.problems[0].code == "bad_cursor"
    assert globex.perform(Events()).items == []


def test_a_restore_makes_old_cursors_gone(desk: Any, prepared_database: Any) -> None:
    for number in range(3):
        desk.perform(Create(title=f"case {number}"))
    start = begin(desk)
    before = [event.case.id for event in desk.perform(Events()).items]
    with psycopg.connect(**prepared_database.owner) as owner:
        owner.execute("SELECT desk.begin_event_epoch()")
    with pytest.raises(Gone):
        desk.perform(Events(after=start))
    assert [event.case.id for event in desk.perform(Events()).items] == before
    anew = begin(desk)
    after = desk.perform(Create(title="after"))
    assert [event.case.id for event in told(desk, anew)] == [after.id]
    with psycopg.connect(**prepared_database.app) as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("SELECT desk.begin_event_epoch()")


def test_a_bulk_s_events_come_in_pages(desk: Any) -> None:
    numbers = [desk.perform(Create(title=f"case {number}")).number for number in range(12)]
    start = begin(desk)
    desk.perform(BulkUpdate(cases=numbers, priority="critical"))
    events = told(desk, start, limit=5)
    assert [event.case.number for event in events] == numbers
    assert {event.name for event in events} == {"case.priority_changed"}
    assert len({event.cursor for event in events}) == 12


def test_the_manual_tells_every_name() -> None:
    page = (Path(__file__).parents[2] / "casectl/manual/events.md").read_text(encoding="utf-8")
    assert [row for row in page.splitlines() if row.startswith(("| case.", "| note."))] == [
        f"| {name} | {meaning} |" for name, meaning in EVENT_NAMES.items()
    ]
