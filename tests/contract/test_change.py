"""`update`, `status`, `assign`, `take`, `close`, `reopen`: one plan, one version step, all or nothing."""

from __future__ import annotations

from typing import Any

import pytest

from casectl.errors import Conflict, InvalidInput, NotAllowed, NotFound, NotPermitted, VersionConflict
from casectl.model.case import Case
from casectl.operations.assign import Assign
from casectl.operations.close import Close
from casectl.operations.create import Create
from casectl.operations.history import History
from casectl.operations.note import AddNote
from casectl.operations.reopen import Reopen
from casectl.operations.show import Show
from casectl.operations.status import SetStatus
from casectl.operations.take import Take
from casectl.operations.update import Update


def case_of(desk: Any, reference: str) -> Case:
    """The case as it is now, without its notes."""
    shown = desk.perform(Show(case=reference))
    return Case(**{name: getattr(shown, name) for name in Case.__struct_fields__})


@pytest.fixture
def case(desk: Any) -> Any:
    return desk.perform(Create(title="Login fails", fields={"system": "crm"}, tags=["vip"]))


def complaint(desk: Any) -> Any:
    return desk.perform(
        Create(title="toaster", type="complaint", fields={"product": "toaster", "received_on": "2026-03-01"})
    )


def test_an_update_is_one_step(desk: Any, case: Any) -> None:
    after = desk.perform(
        Update(case=case.number, title="Login fails for all", priority="high", assignee="walt", team="l2",
               due="2026-12-24 17:00", add_tags=["crm"], remove_tags=["VIP"], contact="ann@example.com",
               fields={"users_affected": "7"}, status="active", description="all", is_restricted=True)
    )  # fmt: skip
    assert after.version == case.version + 1
    assert (after.title, after.priority_name, after.assignee.login, after.team.name) == (
        "Login fails for all", "high", "walt", "l2",
    )  # fmt: skip
    assert (after.tags, after.fields) == (["crm"], {"system": "crm", "users_affected": 7})
    assert (after.status.name, after.contact.email, after.is_restricted) == ("active", "ann@example.com", True)
    assert after.due_at.isoformat() == "2026-12-24T17:00:00+00:00"
    entries = [one for one in desk.perform(History(case=case.number)) if one.object == "case"]
    assert len(entries) == 2
    told = {change.field: (change.before, change.after) for change in entries[-1].changes}
    assert told["priority"] == (2, 3)
    assert told["assignee"] == (None, "walt")
    assert told["status"] == ("new", "active")
    assert told["tags"] == (["vip"], ["crm"])


def test_none_clears(desk: Any) -> None:
    full = desk.perform(
        Create(title="full", assignee="walt", team="l2", due="2h", contact="ann@example.com", fields={"system": "crm"})
    )
    after = desk.perform(
        Update(case=full.number, assignee="none", team=None, due="None", contact=None, fields={"system": "none"})
    )
    assert after.assignee is after.team is after.due_at is after.contact is None
    assert after.fields == {}


def test_what_is_so_already_changes_nothing(desk: Any, case: Any) -> None:
    same = desk.perform(
        Update(case=case.number, title="Login fails", priority="2", status="new", tags=["vip"], assignee="none",
               fields={"system": "crm"})
    )  # fmt: skip
    assert same == case
    assert len(desk.perform(History(case=case.number))) == 1


def test_an_empty_update_is_refused(desk: Any, case: Any) -> None:
    with pytest.raises(InvalidInput, match="nothing to change") as caught:
        desk.perform(Update(case=case.number))
    assert "--priority" in caught.value.hint


def test_a_refused_part_refuses_all(desk: Any, case: Any) -> None:
    for part in ({"status": "closed2"}, {"fields": {"system": "abacus"}}, {"priority": "x"}):
        with pytest.raises(InvalidInput):
            desk.perform(Update(case=case.number, **({"title": "changed"} | part)))
    resolved = desk.perform(SetStatus(case=case.number, status="resolved"))
    with pytest.raises(NotAllowed):
        desk.perform(Update(case=case.number, title="changed", status="awaiting user"))
    assert case_of(desk, case.number) == resolved


def test_an_expected_version_is_checked_under_the_lock(desk: Any, case: Any) -> None:
    changed = desk.perform(Update(case=case.number, priority="high"), expected_version=1)
    assert changed.version == 2
    for late in (Update(case=case.number, priority="low"), Take(case=case.number), Close(case=case.number),
                 AddNote(case=case.number, content="late")):  # fmt: skip
        with pytest.raises(VersionConflict, match=r"version 2, not 1") as caught:
            desk.perform(late, expected_version=1)
        assert case.number in caught.value.hint
    assert desk.perform(Show(case=case.number)).priority_name == "high"


def test_an_unknown_case(desk: Any) -> None:
    for missing in ("INC-1999-00001", "999999", "x", "1" * 40, "'; DROP TABLE cases; --", ""):
        with pytest.raises(NotFound, match="there is no case"):
            desk.perform(Update(case=missing, priority="low"))


def test_a_status_that_is_no_step_is_refused_with_those_that_are(desk: Any, case: Any) -> None:
    desk.perform(SetStatus(case=case.number, status="resolved"))
    with pytest.raises(NotAllowed, match="resolved cannot become awaiting user") as caught:
        desk.perform(SetStatus(case=case.number, status="awaiting user"))
    assert caught.value.problems[0].allowed == ["active", "closed"]
    assert "active, closed" in caught.value.hint
    with pytest.raises(InvalidInput, match="unknown status") as unknown:
        desk.perform(SetStatus(case=case.number, status="activ"))
    assert "active" in unknown.value.hint


def test_status_names_are_read_as_people_write_them(desk: Any, case: Any) -> None:
    assert desk.perform(SetStatus(case=case.number, status="Awaiting-User")).status.name == "awaiting user"
    assert desk.perform(SetStatus(case=case.number, status="ACTIVE")).status.category == "open"


def test_the_times_of_resolving_and_closing(desk: Any, case: Any) -> None:
    resolved = desk.perform(SetStatus(case=case.number, status="resolved"))
    assert resolved.resolved_at is not None
    assert resolved.closed_at is None
    closed = desk.perform(Close(case=case.number))
    assert closed.resolved_at == resolved.resolved_at
    assert closed.closed_at is not None
    assert closed.status.is_closed
    reopened = desk.perform(Reopen(case=case.number))
    assert (reopened.status.name, reopened.resolved_at, reopened.closed_at) == ("active", None, None)
    assert reopened.version == case.version + 3


def test_closing_names_the_way(desk: Any, case: Any) -> None:
    desk.perform(SetStatus(case=case.number, status="awaiting user"))
    with pytest.raises(NotAllowed, match=r"(active|resolved|escalated) → closed") as caught:
        desk.perform(Close(case=case.number))
    assert caught.value.hint.startswith(f"first: casectl status {case.number} ")


def test_closing_twice_changes_nothing(desk: Any, case: Any) -> None:
    closed = desk.perform(Close(case=case.number, fields={"close_code": "fixed"}))
    assert closed.fields["close_code"] == "fixed"
    assert desk.perform(Close(case=case.number)) == closed


def test_only_what_is_over_can_be_reopened(desk: Any, case: Any) -> None:
    with pytest.raises(NotAllowed, match="only a resolved or closed case") as caught:
        desk.perform(Reopen(case=case.number))
    assert f"casectl actions {case.number}" in caught.value.hint


def test_an_edge_asks_for_its_fields(desk: Any) -> None:
    case = complaint(desk)
    desk.perform(SetStatus(case=case.number, status="under review"))
    with pytest.raises(InvalidInput, match="remedy") as caught:
        desk.perform(SetStatus(case=case.number, status="resolved"))
    assert caught.value.problems[0].pointer == "/fields/remedy"
    done = desk.perform(SetStatus(case=case.number, status="resolved", fields={"remedy": "Refund"}))
    assert (done.status.name, done.fields["remedy"]) == ("resolved", "refund")


def test_a_form_is_judged_as_a_whole(desk: Any) -> None:
    case = complaint(desk)
    with pytest.raises(InvalidInput) as caught:
        desk.perform(Update(case=case.number, fields={"product": "none", "severity": "huge", "order_number": "?"}))
    assert {problem.pointer for problem in caught.value.problems} == {
        "/fields/product", "/fields/severity", "/fields/order_number",
    }  # fmt: skip


def test_a_new_type_keeps_the_number_and_maps_the_status(desk: Any) -> None:
    case = desk.perform(Create(title="not an incident"))
    desk.perform(SetStatus(case=case.number, status="active"))
    wishes = {"product": "toaster", "received_on": "2026-03-01"}
    with pytest.raises(InvalidInput) as caught:
        desk.perform(Update(case=case.number, type="complaint", status="under review"))
    assert {problem.pointer for problem in caught.value.problems} == {"/fields/product", "/fields/received_on"}
    with pytest.raises(NotAllowed, match="no status for active") as unmapped:
        desk.perform(Update(case=case.number, type="request", fields={"justification": "needed"}))
    assert "in progress" in unmapped.value.hint
    moved = desk.perform(Update(case=case.number, type="complaint", status="under review", fields=wishes))
    assert (moved.number, moved.type.name, moved.status.name) == (case.number, "complaint", "under review")
    assert moved.version == 3


def test_a_field_the_new_form_has_not_must_be_cleared(desk: Any, case: Any) -> None:
    wishes = {"justification": "needed"}
    with pytest.raises(InvalidInput) as caught:
        desk.perform(Update(case=case.number, type="request", fields=wishes))
    assert caught.value.problems[0].pointer == "/fields/system"
    moved = desk.perform(Update(case=case.number, type="request", fields=wishes | {"system": None}))
    assert moved.fields == wishes


def test_parents_make_no_circle(desk: Any) -> None:
    first, second, third = (desk.perform(Create(title=title)) for title in "abc")
    assert desk.perform(Update(case=second.number, parent=first.number)).parent.number == first.number
    desk.perform(Update(case=third.number, parent=second.number))
    for child, parent in ((first, first), (first, second), (first, third)):
        with pytest.raises(InvalidInput, match="descends"):
            desk.perform(Update(case=child.number, parent=parent.number))
    assert desk.perform(Update(case=second.number, parent="none")).parent is None
    assert desk.perform(Update(case=first.number, parent=third.number)).parent.number == third.number


def test_taking(desk: Any, case: Any) -> None:
    wanda, walt = desk.as_user("wanda"), desk.as_user("walt")
    taken = wanda.perform(Take(case=case.number))
    assert (taken.assignee.login, taken.version) == ("wanda", 2)
    assert wanda.perform(Take(case=case.number)) == taken
    with pytest.raises(Conflict, match="taken by wanda") as caught:
        walt.perform(Take(case=case.number))
    assert f"casectl assign {case.number} @me" in caught.value.hint


def test_assigning(desk: Any, case: Any) -> None:
    assert desk.perform(Assign(case=case.number, assignee="Wanda", team="l1")).assignee.login == "wanda"
    after = desk.perform(Assign(case=case.number, assignee="none"))
    assert after.assignee is None
    assert after.team.name == "l1"
    with pytest.raises(InvalidInput, match="nothing to change"):
        desk.perform(Assign(case=case.number))
    with pytest.raises(NotFound, match="nobody"):
        desk.perform(Assign(case=case.number, assignee="nobody"))


def test_a_worker_changes_what_is_his(desk: Any, case: Any) -> None:
    wanda = desk.as_user("wanda")
    with pytest.raises(NotPermitted) as caught:
        wanda.perform(Update(case=case.number, priority="high"))
    assert f"casectl take {case.number}" in caught.value.hint
    own_team = desk.perform(Create(title="of l1", team="l1"))
    assert wanda.perform(Update(case=own_team.number, priority="high")).priority == 3
    his = desk.perform(Create(title="walt's", assignee="walt"))
    with pytest.raises(NotPermitted):
        wanda.perform(SetStatus(case=his.number, status="active"))
    assert wanda.perform(Update(case=case.number, assignee="@me", status="active")).status.name == "active"


def test_every_field_without_a_right_is_named(desk: Any) -> None:
    own = desk.perform(Create(title="of l1", team="l1"))
    with pytest.raises(NotPermitted) as caught:
        desk.as_user("wanda").perform(Update(case=own.number, is_restricted=True, priority="high"))
    assert [problem.pointer for problem in caught.value.problems] == ["/is_restricted"]


def test_a_note_is_the_first_response_and_steps_no_version(desk: Any) -> None:
    case = desk.perform(Create(title="rita's", contact="rita@acme.example.com", team="l1"))
    wanda, rita = desk.as_user("wanda"), desk.as_user("rita")
    rita.perform(AddNote(case=case.number, content="any news?"))
    wanda.perform(AddNote(case=case.number, content="to ourselves", is_internal=True))
    assert desk.perform(Show(case=case.number)).first_response_at is None
    note = wanda.perform(AddNote(case=case.number, content="we are on it"))
    wanda.perform(AddNote(case=case.number, content="still"))
    shown = desk.perform(Show(case=case.number))
    assert shown.first_response_at == note.created_at
    assert shown.version == case.version
    assert [one.content for one in shown.notes] == ["any news?", "to ourselves", "we are on it", "still"]
    assert (note.author.login, note.is_internal) == ("wanda", False)
    assert (note.case.number, note.case.title) == (case.number, "rita's")


def test_notes_that_are_refused(desk: Any, case: Any) -> None:
    with pytest.raises(InvalidInput, match="empty"):
        desk.perform(AddNote(case=case.number, content=" \n"))
    with pytest.raises(InvalidInput, match="100,000"):
        desk.perform(AddNote(case=case.number, content="x" * 100_001))
    with pytest.raises(InvalidInput, match="NUL"):
        desk.perform(AddNote(case=case.number, content="a\x00"))
    with pytest.raises(NotPermitted) as caught:
        desk.as_user("wanda").perform(AddNote(case=case.number, content="not hers"))
    assert "casectl take" in caught.value.hint
    assert desk.perform(Show(case=case.number)).notes == []


def test_the_newest_notes_are_shown(desk: Any, case: Any) -> None:
    for number in range(5):
        desk.perform(AddNote(case=case.number, content=f"note {number}"))
    shown = desk.perform(Show(case=case.number, notes=2))
    assert [note.content for note in shown.notes] == ["note 3", "note 4"]
    assert shown.more_notes == 3
    assert desk.perform(Show(case=case.number, notes=0)).notes == []


def test_a_note_tells_how_it_came_in(desk: Any, case: Any) -> None:
    assert desk.perform(AddNote(case=case.number, content="said on the phone", channel="phone")).channel == "phone"
    assert desk.perform(AddNote(case=case.number, content="typed")).channel == "cli"
    with pytest.raises(InvalidInput) as refused:
        desk.perform(AddNote(case=case.number, content="x", channel="a\nb"))
    assert refused.value.problems[0].pointer == "/channel"
