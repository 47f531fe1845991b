"""An export with histories through the verb `import changes`, on all desks: the same cases, and the same past."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from msgspec import UNSET

from casectl.errors import NotPermitted
from casectl.model.case import Change
from casectl.model.export import ExportedEvent
from casectl.operations.assign import Assign
from casectl.operations.close import Close
from casectl.operations.create import Create
from casectl.operations.delete import Delete
from casectl.operations.diff import Diff
from casectl.operations.escalate import Escalate
from casectl.operations.export_cases import ExportCases
from casectl.operations.history import History
from casectl.operations.import_changes import ImportChanges
from casectl.operations.list import ListCases
from casectl.operations.note import AddNote
from casectl.operations.purge import Purge
from casectl.operations.reopen import Reopen
from casectl.operations.restore import Restore
from casectl.operations.role_add import AddRole
from casectl.operations.show import Show
from casectl.operations.status import SetStatus
from casectl.operations.update import Update
from casectl.operations.user_add import AddUser
from tests.contract.test_export import HOSTILE, take_away
from tests.contract.test_import_whole import EVERYBODY, FUTURE, copy_of, findings, take_in

MOMENT = timedelta(milliseconds=1)


def export(desk, **options):
    return desk.perform(ExportCases(**{"notes": True, "history": True, "trash": True} | options)).items


def worked(desk):
    """Cases with a past of everything that verbs do."""
    parent = desk.perform(Create(title="Parent", tags=["a", "B"]))
    case = desk.perform(
        Create(
            title=HOSTILE, description=HOSTILE, priority="low", assignee="wanda", contact="Ann Lee <ann@example.com>",
            parent=parent.number, channel="email", external_id="x-1", fields={"system": "erp", "users_affected": 3},
        )
    ).number  # fmt: skip
    desk.perform(AddNote(case=case, content=HOSTILE, is_internal=True))
    desk.perform(AddNote(case=case, content="=public"))
    desk.as_user("wanda").perform(AddNote(case=case, content="mine"))
    desk.perform(
        Update(case=case, title="Other", due="2030-01-02T10:00:00.5", fields={"system": None}, contact="bo@example.com")
    )
    desk.perform(Update(case=case, is_restricted=True, add_tags=["vip"], parent="none", team="l2", reporter="rita"))
    desk.perform(Escalate(case=case, reason="it burns"))
    desk.perform(Assign(case=case, assignee="none"))
    desk.perform(Update(case=case, is_restricted=False))
    desk.perform(SetStatus(case=case, status="resolved"))
    desk.perform(Close(case=case))
    desk.perform(Reopen(case=case))
    desk.perform(Delete(case=case))
    desk.perform(Restore(case=case))
    behind = desk.perform(Create(title="Behind")).number
    desk.perform(Update(case=parent.number, parent=behind))
    desk.perform(Update(case=behind, type="request", fields={"justification": "  x"}))
    desk.perform(Delete(case=behind))
    return export(desk)


def moved(cases):
    """The cases as a copy has them: their history is one of the past, written by a request of that desk."""
    return [
        msgspec.structs.replace(case, history=[
            msgspec.structs.replace(event, historic=True, request_id="") for event in case.history
        ])
        for case in cases
    ]  # fmt: skip


def test_the_copy_has_the_history_of_the_original(desk, prepared_database) -> None:
    cases = worked(desk)
    copy = copy_of(desk)
    result = take_in(copy, cases)
    assert (result.created, result.outcomes, result.waiting) == (len(cases), [], [])
    again = export(copy)
    assert {event.historic for case in again for event in case.history} == {True}
    assert moved(again) == moved(cases)
    assert not [found for found in findings(prepared_database) if found.tenant]


def test_history_show_and_diff_tell_the_same_on_both(desk) -> None:
    cases = worked(desk)
    copy = copy_of(desk)
    take_in(copy, cases)
    for case in cases:
        told = [
            [(one.at, one.actor, one.operation, one.object, one.action, named(one.changes)) for one in entries]
            for entries in (there.perform(History(case=case.number)) for there in (desk, copy))
        ]
        assert told[0] == told[1]
        instants = sorted({at for event in case.history for at in (event.at, event.at - MOMENT)})
        for at in instants:
            if at >= case.created_at:
                assert past(desk, case.number, at) == past(copy, case.number, at)
        span = {"since": case.created_at.isoformat(), "until": case.updated_at.isoformat()}
        assert [
            (one.field, one.before, one.after, one.at, one.actor, one.operation)
            for one in desk.perform(Diff(case=case.number, **span)).changes
        ] == [
            (one.field, one.before, one.after, one.at, one.actor, one.operation)
            for one in copy.perform(Diff(case=case.number, **span)).changes
        ]


def named(changes):
    return [(one.field, one.before, one.after) for one in changes if one.field != "case_id"]


def past(desk, case, at):
    """What a case was, in words that hold on any desk."""
    then = desk.perform(Show(case=case, at=at.isoformat(), notes=100))
    assert (then.redacted, then.discrepancies) == ([], [])
    people = [found and found.login for found in (then.assignee, then.reporter, then.deleted_by or None)]
    found = {name: getattr(then, name) for name in (
        "number", "title", "description", "priority", "tags", "fields", "due_at", "is_restricted", "created_at",
        "first_response_at", "resolved_at", "closed_at", "deleted_at", "version", "channel", "external_id",
        "updated_at")}  # fmt: skip
    found |= {"type": then.type.name, "status": (then.status.name, then.status.category), "people": people}
    found |= {"team": then.team and then.team.name, "parent": then.parent and then.parent.number}
    found |= {"contact": then.contact and (then.contact.name, then.contact.email)}
    notes = [
        (note.created_at, note.author and note.author.login, note.content, note.is_internal) for note in then.notes
    ]
    return found | {"notes": notes}


def test_nothing_of_a_past_that_came_is_answered(desk, prepared_database) -> None:
    cases = worked(desk)
    copy = copy_of(desk)
    take_in(copy, cases)
    assert copy.perform(Show(case=cases[0].number)).version == cases[0].version
    count = "SELECT count(*) FROM desk.outbox o JOIN desk.tenants t USING (tenant_id) WHERE t.name = 'globex'"
    import psycopg

    with psycopg.connect(**prepared_database.superuser) as connection:
        assert connection.execute(count).fetchone() == (0,)


def test_the_notes_of_a_history_are_those_of_the_case(desk) -> None:
    worked(desk)
    cases = export(desk, notes=False)
    copy = copy_of(desk)
    assert take_in(copy, cases).created == len(cases)
    assert moved(export(copy)) == moved(export(desk))


def test_an_import_in_two_halves_waits_for_parents(desk, prepared_database) -> None:
    cases = worked(desk)
    copy = copy_of(desk)
    first = take_in(copy, cases[:2])
    assert [(link.number, link.parent) for link in first.waiting] == [(cases[0].number, cases[2].number)]
    take_in(copy, cases[2:])
    done = copy.perform(ImportChanges(source="s", run_id="r", records=[], links=first.waiting))
    assert done.outcomes == []
    last = export(copy)[0].history[-1]
    assert [(one.field, one.after) for one in last.changes] == [("parent", cases[2].number)]
    assert moved(export(copy))[1:] == moved(cases)[1:]
    again = take_in(copy, cases, run_id="r2")
    assert (again.seen, again.waiting) == (len(cases), [])
    assert not [found for found in findings(prepared_database) if found.tenant]


def test_parents_in_a_circle_are_not_linked(desk) -> None:
    cases = worked(desk)[:1]
    (one,) = cases
    parent = one.parent
    last = one.history[-1]
    other_last = msgspec.structs.replace(last, changes=[Change(field="parent", before=None, after=one.number)])
    creation = with_change(one.history[0], "number", None, parent)
    other = msgspec.structs.replace(
        one, number=parent, parent=one.number, notes=[], history=[creation, *one.history[1:-1], other_last]
    )
    copy = copy_of(desk)
    result = take_in(copy, [one, other])
    assert (result.created, [link.number for link in result.waiting]) == (2, [parent])
    done = copy.perform(ImportChanges(source="s", run_id="r", records=[], links=result.waiting))
    assert [outcome.reason for outcome in done.outcomes] == [
        f"its parent {one.number} descends from it: it was imported without"
    ]


def with_change(event, field, before, after):
    """The event with another value of a field."""
    changes = [one for one in event.changes if one.field != field]
    return msgspec.structs.replace(event, changes=[*changes, Change(field=field, before=before, after=after)])


def test_a_first_history_is_exported_in_the_order_it_was_written(desk) -> None:
    (case,) = (desk.perform(Create(title="x")), *export(desk))[1:]
    desk.perform(Update(case=case.number, priority="high"))
    (case,) = export(desk)
    early = msgspec.structs.replace(case.history[1], at=case.history[0].at)
    copy = copy_of(desk)
    assert take_in(copy, [msgspec.structs.replace(case, history=[case.history[0], early])]).created == 1
    assert [event.at for event in export(copy)[0].history] == [case.created_at, case.created_at]


def event_of(case, **values):
    found = {
        "at": case.updated_at, "actor": "admin", "operation": "update", "request_id": "", "object": "case",
        "action": "update", "historic": False, "changes": [Change(field="title", before="x", after="y")],
    }  # fmt: skip
    return ExportedEvent(**found | values)


HOSTILE_PASTS = [
    (
        {"changes": [Change(field="nonsense", before=None, after=1)]},
        "/history/1/changes/0/field: 'nonsense' is no field",
    ),
    ({"changes": [Change(field="changed_by", before=1, after=2)]}, "is no field"),
    ({"changes": [Change(field="number", before="a", after="b")]}, "never changes"),
    ({"changes": [Change(field="title", before="wrong", after="y")]}, "is not what the entries ahead of it left"),
    ({"changes": [Change(field="title", before="x", after=5)]}, "/history/1/changes/0/after: that is no title"),
    ({"changes": [Change(field="title", before="x", after=None)]}, "that is no title"),
    ({"changes": [Change(field="title", before="x", after=" y ")]}, "is not as a case has it"),
    ({"changes": [Change(field="title", before="x", after="y" * 301)]}, "301 characters"),
    ({"changes": [Change(field="priority", before=2, after=7)]}, "that is no priority"),
    ({"changes": [Change(field="due_at", before=None, after="soon")]}, "that is no due_at"),
    ({"changes": [Change(field="due_at", before=None, after="9999-01-01T00:00:00Z")]}, "not of the years"),
    ({"changes": [Change(field="tags", before=[], after=["a b"])]}, "is no tag"),
    ({"changes": []}, "it tells no change"),
    ({"changes": [Change(field="title", before="x", after="y")] * 2}, "told twice"),
    ({}, "its history does not end in this state: the title is another"),
    ({"changes": [Change(field="status", before="new", after="nonsense")]}, "does not end in this state"),
    ({"at": FUTURE}, "/history/1/at: its time"),
    ({"at": FUTURE.replace(year=1800)}, "not of the years"),
    ({"at": FUTURE.replace(year=2001)}, "before the case was opened"),
    ({"action": "delete"}, "delete of case is not a change of the case or a note"),
    ({"action": "insert"}, "insert of case is not"),
    ({"object": "user"}, "update of user is not"),
    ({"object": "note", "action": "insert"}, "it tells no note"),
    ({"operation": "a\nb"}, "/history/1/operation"),
    ({"operation": "x" * 65}, "65 characters"),
]


def test_a_history_that_is_none_is_refused_whole_with_its_place(desk) -> None:
    desk.perform(Create(title="x"))
    (good,) = export(desk)
    bad = []
    for line, (values, _) in enumerate(HOSTILE_PASTS):
        number = f"BAD-{line}a"
        opened = with_change(good.history[0], "number", None, number)
        bad.append(msgspec.structs.replace(good, number=number, history=[opened, event_of(good, **values)]))
    copy = copy_of(desk)
    result = take_in(copy, [*bad, good])
    for outcome, (_, reason) in zip(result.outcomes, HOSTILE_PASTS, strict=True):
        assert reason in outcome.reason
    assert (result.created, result.refused) == (1, len(HOSTILE_PASTS))
    assert [case.number for case in export(copy)] == [good.number]


def back_and_forth(case, changes, **values):
    """The case with changes and their inverses behind its history, so that it ends as it was."""
    back = [Change(field=one.field, before=one.after, after=one.before) for one in reversed(changes)]
    events = [event_of(case, changes=[one], **values) for one in [*changes, *back]]
    return msgspec.structs.replace(case, history=[*case.history, *events])


def test_what_a_history_names_must_be_there(desk, prepared_database) -> None:
    desk.perform(Create(title="x", assignee="wanda"))
    (case,) = export(desk)
    (type_of, status) = (case.type, case.status)
    copy = copy_of(desk)
    for line, (field, before, after, told) in enumerate([
        ("assignee", "wanda", "ghost", "there is no user ghost"), ("team", None, "ghosts", "there is no team ghosts"),
        ("type", type_of, "nothing", "the case type nothing"), ("status", status, "lost", "the status lost"),
    ]):  # fmt: skip
        odd = back_and_forth(case, [Change(field=field, before=before, after=after)])
        assert told in take_in(copy, [odd], source=f"s{line}").outcomes[0].reason
    assert (
        "there is no user eve" in take_in(copy, [back_and_forth(case, [titled("y")], actor="eve")]).outcomes[0].reason
    )
    assert export(copy) == []
    people = [
        Change(field="assignee", before="wanda", after="ghost"), Change(field="team", before=None, after="ghosts"),
        Change(field="contact", before=None, after="Zoe <zoe@example.com>"),
        Change(field="parent", before=None, after="X-1"),
    ]  # fmt: skip
    made = back_and_forth(case, people, actor="eve")
    assert take_in(copy, [made], source="t", create=EVERYBODY).created == 1
    (found,) = export(copy)
    assert [event.changes for event in found.history] == [
        event.changes for event in made.history if event.changes[0].field != "parent"
    ]
    assert {event.actor for event in found.history} == {"admin", "eve"}
    assert not [found for found in findings(prepared_database) if found.tenant]


def titled(after):
    return Change(field="title", before="x", after=after)


def test_two_words_for_one_are_no_change(desk, prepared_database) -> None:
    desk.perform(Create(title="x", team="l1"))
    (case,) = export(desk)
    odd = back_and_forth(case, [Change(field="team", before="l1", after="L1"), titled("y")])
    copy = copy_of(desk)
    assert take_in(copy, [odd]).created == 1
    (found,) = export(copy)
    assert ([event.changes[0].field for event in found.history[1:]], found.version) == (["title", "title"], 3)
    assert not [found for found in findings(prepared_database) if found.tenant]


def test_notes_and_history_must_agree(desk) -> None:
    made = desk.perform(Create(title="x"))
    desk.perform(AddNote(case=made.number, content="public"))
    (case,) = export(desk)
    copy = copy_of(desk)
    for odd, told in (
        (msgspec.structs.replace(case, notes=[]), "/history/1/changes: the note is none of the case"),
        (msgspec.structs.replace(case, notes=case.notes * 2), "/notes: its history does not tell all of its notes"),
        (msgspec.structs.replace(case, notes=UNSET, history=[case.history[0], case.history[-1]]), ""),
    ):
        result = take_in(copy, [odd], source=told or "fine")
        assert [outcome.reason for outcome in result.outcomes if told not in outcome.reason] == []
    unanswered = [event for event in case.history if event.object == "case"]
    odd = msgspec.structs.replace(case, notes=[], history=unanswered)
    assert "no public note" in take_in(copy_of(desk), [odd], source="u").outcomes[0].reason


def test_too_long_a_history_is_refused(desk) -> None:
    desk.perform(Create(title="x"))
    (case,) = export(desk)
    odd = msgspec.structs.replace(case, history=[*case.history, *[event_of(case)] * 5_000])
    assert take_in(copy_of(desk), [odd]).outcomes[0].reason == (
        "/history: it has 5,001 entries, at most 5,000 are taken in"
    )


def test_a_dry_run_judges_histories_and_writes_nothing(desk) -> None:
    cases = worked(desk)
    copy = copy_of(desk)
    result = take_in(copy, cases, dry_run=True)
    assert (result.created, result.waiting) == (len(cases), [])
    bad = [back_and_forth(cases[0], [titled("nonsense")])]
    assert take_in(copy, bad, dry_run=True, source="t").refused == 1
    assert copy.perform(ListCases(query=["is:all"])).items == []


def test_other_content_and_purged_numbers_are_refused(desk) -> None:
    desk.perform(Create(title="x"))
    cases = export(desk)
    copy = copy_of(desk)
    assert take_in(copy, cases).created == 1
    other = [back_and_forth(cases[0], [titled("y")])]
    assert take_in(copy, other).outcomes[0].reason == "it was imported before with other content"
    number = cases[0].number
    desk.perform(Delete(case=number))
    desk.perform(Purge(cases=[number], confirm=[number]))
    assert take_in(desk, cases).outcomes[0].reason == f"the number {number} cannot be taken"


@pytest.mark.parametrize("login", ["wanda", "rita"])
def test_nobody_but_an_admin_may_write_history(desk, login) -> None:
    desk.perform(Create(title="x"))
    with pytest.raises(NotPermitted):
        take_in(desk.as_user(login), export(desk))


def test_a_past_may_not_be_restricted_for_who_does_not_see_such(desk, prepared_database) -> None:
    number = desk.perform(Create(title="x")).number
    desk.perform(Update(case=number, is_restricted=True))
    desk.perform(Update(case=number, is_restricted=False))
    (case,) = export(desk)
    opened = with_change(case.history[0], "number", None, "OLD-1a")
    old = msgspec.structs.replace(case, number="OLD-1a", history=[opened, *case.history[1:]])
    take_away(prepared_database, "case:read_restricted")
    assert "case:read_restricted is missing" in take_in(desk, [old]).outcomes[0].reason


def test_no_history_makes_users_who_may_more_than_its_actor(desk) -> None:
    desk.perform(AddRole(role="Importer", rights=["case:create", "case:read", "case:read_any", "import:run"]))
    desk.perform(AddUser(login="otto", roles=["Importer"]))
    desk.perform(Create(title="x"))
    (case,) = export(desk)
    odd = back_and_forth(case, [titled("y")], actor="mallory")
    with pytest.raises(NotPermitted, match="without having them"):
        take_in(desk.as_user("otto"), [odd], create=EVERYBODY)
