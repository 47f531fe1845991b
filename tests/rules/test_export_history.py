"""The history of an exported case: a chain of states, or the place where it is none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from casectl.errors import InvalidInput
from casectl.model.case import Change
from casectl.model.export import HIDDEN, ExportedCase, ExportedEvent, ExportedNote
from casectl.rules.export_history import LONGEST_WAIT, contact_told, named_in, steps_of

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
NOW = NOON + timedelta(days=9)
OPENED: dict[str, Any] = {
    "number": "INC-1a", "title": "x", "description": "", "type": "incident", "type_revision": 1, "status": "new",
    "priority": 2, "assignee": "wanda", "tags": [], "fields": {"a": 1}, "channel": "cli", "is_restricted": False,
    "created_by": "admin", "created_at": NOON.isoformat(),
}  # fmt: skip


def event(hours: float, *changes: tuple[str, Any, Any], **values: Any) -> ExportedEvent:
    told = [Change(field=field, before=before, after=after) for field, before, after in changes]
    found = {"at": NOON + timedelta(hours=hours), "actor": "walt", "operation": "update", "request_id": "",
             "object": "case", "action": "update", "historic": False, "changes": told}  # fmt: skip
    return ExportedEvent(**(found | values))


def opened(**values: Any) -> ExportedEvent:
    return event(0, *((name, None, value) for name, value in (OPENED | values).items()), action="insert")


def case(*events: ExportedEvent, **values: Any) -> ExportedCase:
    """A case as it was opened, but for `values`."""
    found = dict.fromkeys(ExportedCase.__struct_fields__) | OPENED | {
        "category": "", "priority_name": "", "version": 1, "updated_at": NOON.isoformat(), "updated_by": "admin",
        "notes": [], "history": msgspec.to_builtins([opened(), *events]),
    }  # fmt: skip
    return msgspec.convert(found | values, ExportedCase)


def refusal(wrong: ExportedCase) -> str:
    with pytest.raises(InvalidInput) as refused:
        steps_of(wrong, NOW)
    return refused.value.message


def test_steps_are_what_each_entry_leaves_otherwise() -> None:
    events = (event(1, ("title", "x", "y"), ("parent", None, HIDDEN)), event(2, ("fields", {"a": 1}, {})))
    steps, notes = steps_of(case(*events, title="y", fields={}), NOW)
    assert [step.values for step in steps[1:]] == [{"title": "y"}, {"fields": {}}]
    assert steps[0].values == OPENED | {"created_at": NOON}
    assert (steps[1].at, steps[1].actor, steps[1].operation, notes) == (NOON + timedelta(hours=1), "walt", "update", [])


def test_an_entry_of_what_nobody_may_see_is_no_step() -> None:
    steps, _ = steps_of(case(event(1, ("parent", None, HIDDEN)), event(2, ("title", "x", "y")), title="y"), NOW)
    assert [step.values for step in steps[1:]] == [{"title": "y"}]


def test_values_are_told_apart_as_the_database_does() -> None:
    assert "the fields before is not what" in refusal(case(event(1, ("fields", {"a": True}, {})), fields={}))
    steps, _ = steps_of(case(event(1, ("fields", {"a": 1.0}, {"a": [True]})), fields={"a": [True]}), NOW)
    assert steps[1].values == {"fields": {"a": [True]}}
    assert "the fields is another" in refusal(case(event(1, ("fields", {"a": 1}, {"a": [1]})), fields={"a": [True]}))


def test_a_command_that_waited_may_be_a_little_earlier() -> None:
    minutes = LONGEST_WAIT.total_seconds() / 3600
    late = event(1, ("title", "x", "y"))
    assert len(steps_of(case(late, event(1 - minutes, ("title", "y", "x"))), NOW)[0]) == 3
    assert "/history/2/at: its time" in refusal(case(late, event(0.99 - minutes, ("title", "y", "x"))))
    assert "/history/1/at: its time" in refusal(case(event(-0.01, ("title", "x", "x"))))


def test_a_history_begins_with_all_that_a_case_has() -> None:
    first = opened()
    part = msgspec.structs.replace(first, changes=[one for one in first.changes if one.field != "status"])
    assert refusal(msgspec.structs.replace(case(), history=[part])) == "/history/0/changes: it does not tell the status"
    assert "/history/0/action" in refusal(msgspec.structs.replace(case(), history=[event(0, ("title", "x", "y"))]))
    note = event(1, ("content", None, "hello"), object="note", action="insert")
    assert "/history/0/action" in refusal(msgspec.structs.replace(case(), history=[note]))
    assert steps_of(case(history=msgspec.to_builtins([opened(created_by=HIDDEN)])), NOW)[0][0].values["created_by"]


def test_equal_notes_are_taken_one_by_one_in_their_order() -> None:
    told = (("content", None, "again"), ("is_internal", None, True), ("channel", None, "cli"),
            ("created_at", None, NOON.isoformat()), ("case_id", None, 7))  # fmt: skip
    note = ExportedNote(created_at=NOON, author=None, channel="cli", is_internal=True, content="again")
    entries = [event(1, *told, object="note", action="insert")] * 2
    steps, notes = steps_of(case(*entries, notes=msgspec.to_builtins([note, note])), NOW)
    assert ([step.note for step in steps], notes) == ([None, 0, 1], [note, note])
    assert "does not tell all of its notes" in refusal(case(entries[0], notes=msgspec.to_builtins([note, note])))
    late = event(1, *told[:3], ("created_at", None, "2199-01-01T00:00:00Z"), object="note", action="insert")
    assert "lies in the future" in refusal(msgspec.structs.replace(case(late), notes=msgspec.UNSET))


def test_what_is_nested_too_deeply_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(990):
        deep = {"a": deep}
    wrong = msgspec.structs.replace(case(), history=[opened(fields=deep)])
    assert refusal(wrong) == "/history: its fields are nested too deeply"


def test_whom_a_history_names() -> None:
    found = case(event(1, ("assignee", "wanda", "bo"), ("contact", None, "Ann <a@b>"), ("parent", None, HIDDEN)),
                 event(2, ("team", None, "l1"), ("title", "x", 5)))  # fmt: skip
    assert set(named_in(found)) == {
        ("user", "walt"), ("user", "admin"), ("user", "wanda"), ("user", "bo"), ("contact", "Ann <a@b>"),
        ("team", "l1"),
    }  # fmt: skip
    assert contact_told(case(contact="Ann", contact_email="a@b")) == "Ann <a@b>"
    assert (contact_told(case(contact="Ann")), contact_told(case())) == ("Ann", None)
