"""`escalate`, `delete`, `restore`, `actions`."""

from __future__ import annotations

from typing import Any

import pytest

from casectl.errors import InvalidInput, NotAllowed, NotPermitted
from casectl.operations.actions import Actions
from casectl.operations.assign import Assign
from casectl.operations.close import Close
from casectl.operations.create import Create
from casectl.operations.delete import Delete
from casectl.operations.escalate import Escalate
from casectl.operations.history import History
from casectl.operations.list import ListCases
from casectl.operations.note import AddNote
from casectl.operations.restore import Restore
from casectl.operations.search import Search
from casectl.operations.show import Show
from casectl.operations.status import SetStatus
from casectl.operations.take import Take
from casectl.operations.type_set import SetType
from casectl.operations.type_show import ShowType
from casectl.operations.update import Update


def choices(desk: Any, number: str) -> dict[str, Any]:
    return {choice.name: choice for choice in desk.perform(Actions(case=number))}


def test_escalating_runs_the_default_level(desk: Any) -> None:
    case = desk.perform(Create(title="down", team="l2"))
    after = desk.perform(Escalate(case=case.number, reason="the whole site"), request_id="esc")
    assert (after.status.name, after.priority_name, after.assignee.login) == ("escalated", "high", "walt")
    assert after.version == 2
    note = desk.perform(Show(case=case.number)).notes[-1]
    assert (note.content, note.is_internal) == ("the whole site", True)
    entries = [entry for entry in desk.perform(History(case=case.number)) if entry.request_id == "esc"]
    assert {(entry.operation, entry.object) for entry in entries} == {("escalate", "case"), ("escalate", "note")}


def test_escalating_ends_where_nothing_is_left(desk: Any) -> None:
    case = desk.perform(Create(title="down", team="l2", priority="high"))
    assert desk.perform(Escalate(case=case.number, reason="1")).priority_name == "critical"
    with pytest.raises(NotAllowed, match="cannot be escalated further"):
        desk.perform(Escalate(case=case.number, reason="2"))
    assert len(desk.perform(Show(case=case.number)).notes) == 1
    assert not choices(desk, case.number)["escalate"].possible


def test_escalating_needs_a_reason_and_an_active_case(desk: Any) -> None:
    case = desk.perform(Create(title="down"))
    with pytest.raises(InvalidInput, match="reason is empty"):
        desk.perform(Escalate(case=case.number, reason=" "))
    desk.perform(Close(case=case.number))
    with pytest.raises(NotAllowed, match="only an active case") as caught:
        desk.perform(Escalate(case=case.number, reason="why"))
    assert caught.value.hint == f"casectl reopen {case.number}"


def test_a_path_of_two_levels(desk: Any) -> None:
    incident = desk.perform(ShowType(type="incident"))
    path = [
        {"status": "escalated", "raise_priority": 0, "assign_lead": False, "notify": []},
        {"status": "", "raise_priority": 2, "assign_lead": True, "notify": ["team.lead"]},
    ]
    desk.perform(
        SetType(type="incident", title="Incident", number_pattern=incident.number_pattern,
                form_schema=incident.form_schema, lifecycle=incident.lifecycle | {"escalation": path})
    )  # fmt: skip
    case = desk.perform(Create(title="down", team="l2"))
    first = desk.perform(Escalate(case=case.number, reason="1"))
    assert (first.status.name, first.priority, first.assignee) == ("escalated", 2, None)
    second = desk.perform(Escalate(case=case.number, reason="2"))
    assert (second.priority, second.assignee.login) == (4, "walt")


def test_the_trash_hides_and_gives_back(desk: Any) -> None:
    case = desk.perform(Create(title="zebra crossing", tags=["vip"]))
    gone = desk.perform(Delete(case=case.number))
    assert gone.deleted_at is not None
    assert case.number not in {one.number for one in desk.perform(ListCases(query=["is:all"])).items}
    assert not desk.perform(Search(query=["zebra"])).items
    assert [one.number for one in desk.perform(ListCases(query=["is:deleted"])).items] == [case.number]
    back = desk.perform(Restore(case=case.number))
    assert (back.deleted_at, back.tags, back.version) == (None, ["vip"], 3)
    assert [one.number for one in desk.perform(Search(query=["zebra"])).items] == [case.number]
    with pytest.raises(NotAllowed, match="not in the trash"):
        desk.perform(Restore(case=case.number))


def test_a_deleted_case_refuses_every_write(desk: Any) -> None:
    case = desk.perform(Create(title="gone"))
    desk.perform(Delete(case=case.number))
    number = case.number
    for write in (Update(case=number, priority="high"), SetStatus(case=number, status="active"), Take(case=number),
                  Assign(case=number, assignee="walt"), Close(case=number), Escalate(case=number, reason="x"),
                  AddNote(case=number, content="x"), Delete(case=number)):  # fmt: skip
        with pytest.raises(NotAllowed, match="in the trash") as caught:
            desk.perform(write)
        assert caught.value.hint == f"casectl restore {number}"
    assert {name for name, choice in choices(desk, number).items() if choice.possible} == {
        "show", "history", "restore", "purge",
    }  # fmt: skip


def test_actions_tell_what_then_really_happens(desk: Any) -> None:
    """Each status that is said to be possible is, and each other is refused with the reason told."""
    known = desk.perform(ShowType(type="incident")).lifecycle["statuses"]
    for status in ("new", "awaiting user", "resolved", "closed"):
        case = desk.perform(Create(title=status))
        if status != "new":
            desk.perform(SetStatus(case=case.number, status=status)) if status != "closed" else desk.perform(
                Close(case=case.number)
            )
        told = choices(desk, case.number)
        assert {f"status {one['name']}" for one in known} - {f"status {status}"} <= set(told)
        for name in sorted(name for name in told if name.startswith("status ") and not told[name].possible):
            with pytest.raises(NotAllowed) as caught:
                desk.perform(SetStatus(case=case.number, status=name.removeprefix("status ")))
            assert caught.value.message in told[name].reason


def test_actions_of_different_people(desk: Any) -> None:
    case = desk.perform(Create(title="x", contact="rita@acme.example.com", assignee="walt"))
    admin, wanda, walt, rita = (
        choices(desk.as_user(login), case.number) for login in ("admin", "wanda", "walt", "rita")
    )
    assert admin["delete"].possible
    assert "case:delete" in walt["delete"].reason
    assert walt["close"].possible
    assert not wanda["close"].possible
    assert "taken by walt" in wanda["take"].reason
    assert {name for name, choice in rita.items() if choice.possible} == {"show", "note", "history"}
    assert all(choice.reason for choice in rita.values() if not choice.possible)
    assert all(choice.command.startswith(f"casectl {name.split()[0]} {case.number}") for name, choice in admin.items())


def test_a_field_that_is_asked_for_is_told(desk: Any) -> None:
    fields = {"product": "toaster", "received_on": "2026-03-01"}
    case = desk.perform(Create(title="toaster", type="complaint", fields=fields))
    desk.perform(SetStatus(case=case.number, status="under review"))
    resolve = choices(desk, case.number)["status resolved"]
    assert resolve.possible
    assert resolve.command == f"casectl status {case.number} resolved --field remedy=..."


def test_only_admins_empty_or_refill(desk: Any) -> None:
    case = desk.perform(Create(title="x", assignee="wanda"))
    with pytest.raises(NotPermitted, match="case:delete"):
        desk.as_user("wanda").perform(Delete(case=case.number))
