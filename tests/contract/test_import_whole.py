"""Whole cases of an export through the verb `import changes`, on all desks: the same cases, once, or a reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import psycopg
import pytest

from casectl.errors import InvalidInput, NotFound, NotPermitted
from casectl.model.export import NOBODY as NOBODY_LOGIN
from casectl.model.imports import ChangeRecord, CreateOptions, ParentLink
from casectl.operations.create import Create
from casectl.operations.delete import Delete
from casectl.operations.export_cases import ExportCases
from casectl.operations.history import History
from casectl.operations.import_changes import ImportChanges
from casectl.operations.list import ListCases
from casectl.operations.note import AddNote
from casectl.operations.purge import Purge
from casectl.operations.role_add import AddRole
from casectl.operations.show import Show
from casectl.operations.status import SetStatus
from casectl.operations.update import Update
from casectl.operations.user_add import AddUser
from casectl.operations.user_show import ShowUser
from casectl.rules.import_values import whole_record
from casectl.store import checks
from tests.contract.test_export import HOSTILE, take_away

NOBODY = CreateOptions(contacts=True)
EVERYBODY = CreateOptions(users=True, teams=True, contacts=True)


def export(desk, **options):
    return desk.perform(ExportCases(notes=True, trash=True, **options)).items


def records(cases):
    return [
        whole_record(line, msgspec.to_builtins(case), is_csv=False) for line, case in enumerate(cases, 1)
    ]  # fmt: skip


def take_in(desk, cases, **options):
    options = {"source": "s", "run_id": "r", "create": NOBODY} | options
    return desk.perform(ImportChanges(records=records(cases), **options))


def filled(desk):
    """A desk with a bit of everything."""
    parent = desk.perform(Create(title="Parent", tags=["a", "B"]))
    case = desk.perform(
        Create(
            title=HOSTILE, description=HOSTILE, priority="critical", assignee="wanda", team="l2", reporter="rita",
            contact="Ann Lee <ann@example.com>", due="2030-01-02T10:00", parent=parent.number, channel="email",
            external_id="x-1", is_restricted=True, fields={"system": "erp", "users_affected": 3},
        )
    )  # fmt: skip
    desk.perform(AddNote(case=case.number, content=HOSTILE, is_internal=True))
    desk.perform(AddNote(case=case.number, content="=public"))
    desk.perform(SetStatus(case=case.number, status="active"))
    gone = desk.perform(Create(title="Gone", type="request", fields={"justification": "  x"}))
    desk.perform(Delete(case=gone.number))
    late = desk.perform(Create(title="Its parent came behind it"))
    behind = desk.perform(Create(title="Behind"))
    desk.perform(Update(case=late.number, parent=behind.number))
    return export(desk)


def copy_of(desk):
    return desk.as_user("admin", "globex")


def same(cases):
    return [msgspec.structs.replace(case, version=1) for case in cases]


def findings(database):
    """What the check of the database finds."""
    with psycopg.connect(**database.owner) as connection:
        return checks.run_checks(connection, app_role="desk_app", read_role="desk_read")


def test_the_copy_is_the_original(desk, prepared_database) -> None:
    cases = filled(desk)
    copy = copy_of(desk)
    result = take_in(copy, cases)
    assert (result.rows, result.created, result.outcomes) == (len(cases), len(cases), [])
    assert [(link.number, link.parent) for link in result.waiting] == [(cases[3].number, cases[4].number)]
    done = copy.perform(ImportChanges(source="s", run_id="r", records=[], links=result.waiting))
    assert (done.rows, done.incomplete) == (0, 0)
    assert same(export(copy)) == same(cases)
    assert {case.version for case in export(copy)} == {1, 2}
    assert not [found for found in findings(prepared_database) if found.tenant]


def test_its_history_begins_when_and_by_whom_it_was_opened(desk) -> None:
    case = next(case for case in filled(desk) if case.title == HOSTILE)
    copy = copy_of(desk)
    take_in(copy, [case])
    entries = copy.perform(History(case=case.number))
    assert [(entry.at, entry.actor, entry.object, entry.action, entry.historic) for entry in entries] == [
        (case.created_at, "admin", "case", "insert", True),
        *((note.created_at, "admin", "note", "insert", True) for note in case.notes),
    ]  # fmt: skip


def test_twice_is_once_and_other_content_is_refused(desk) -> None:
    cases = filled(desk)
    copy = copy_of(desk)
    take_in(copy, cases)
    again = take_in(copy, cases, run_id="r2")
    assert (again.seen, again.created, len(again.waiting)) == (len(cases), 0, 1)
    changed = [msgspec.structs.replace(cases[0], title="Other")]
    assert [one.reason for one in take_in(copy, changed, run_id="r3").outcomes] == [
        "it was imported before with other content"
    ]
    assert take_in(copy, cases, run_id="r4").seen == len(cases)
    assert len(export(copy)) == len(cases)


def test_a_parent_that_waits_is_found_by_a_later_run(desk) -> None:
    cases = filled(desk)
    copy = copy_of(desk)
    first = take_in(copy, cases[:4])
    assert len(first.waiting) == 1
    missing = copy.perform(ImportChanges(source="s", run_id="r", records=[], links=first.waiting))
    assert [(one.line, one.result) for one in missing.outcomes] == [(4, "incomplete")]
    assert "was imported without" in missing.outcomes[0].reason
    again = take_in(copy, cases, run_id="r2")
    copy.perform(ImportChanges(source="s", run_id="r2", records=[], links=again.waiting))
    assert export(copy)[3].parent == cases[4].number
    third = take_in(copy, cases, run_id="r3")
    assert third.waiting == []


def test_links_close_no_circle_and_touch_nothing_else(desk) -> None:
    copy = copy_of(desk)
    a, b = (case for case in export_of_two(desk))
    result = take_in(copy, [msgspec.structs.replace(a, parent=b.number), msgspec.structs.replace(b, parent=a.number)])
    done = copy.perform(ImportChanges(source="s", run_id="r", records=[], links=result.waiting))
    assert [one.reason for one in done.outcomes] == [f"its parent {b.number} descends from it: it was imported without"]
    own = copy.perform(Create(title="own"))
    waiting = result.waiting[0]
    for forged in (
        ParentLink(line=1, line_key=waiting.line_key + "x", number=own.number, parent=a.number),
        ParentLink(line=1, line_key=waiting.line_key, number=own.number, parent=waiting.parent),
        ParentLink(line=1, line_key=waiting.line_key, number=own.number, parent=waiting.number),
        ParentLink(line=1, line_key=waiting.line_key, number=waiting.number, parent=own.number),
    ):
        copy.perform(ImportChanges(source="s", run_id="r", records=[], links=[forged]))
    assert copy.perform(Show(case=own.number)).parent is None
    assert copy.perform(Show(case=waiting.number)).parent is None


def export_of_two(desk):
    desk.perform(Create(title="a"))
    desk.perform(Create(title="b"))
    return export(desk)


def test_numbers_are_kept_and_never_given_again(desk, prepared_database) -> None:
    (case,) = (desk.perform(Create(title="x")), *export(desk))[1:]
    year = case.created_at.year
    copy = copy_of(desk)
    take_in(copy, [msgspec.structs.replace(case, number=f"INC-{year}-00017")])
    assert copy.perform(Create(title="next")).number > f"INC-{year}-00017"
    take_in(copy, [msgspec.structs.replace(case, number=f"INC-{year}-00003")], run_id="r2")
    assert copy.perform(Create(title="next")).number > f"INC-{year}-00018"
    taken = [msgspec.structs.replace(case, number=f"inc-{year}-00017", title="other")]
    assert take_in(copy, taken, run_id="r3", source="t").outcomes[0].reason.endswith("cannot be taken")


def test_the_number_of_a_purged_case_stays_taken(desk) -> None:
    (case,) = (desk.perform(Create(title="x")), *export(desk))[1:]
    desk.perform(Delete(case=case.number))
    desk.perform(Purge(cases=[case.number], confirm=[case.number]))
    assert take_in(desk, [case]).outcomes[0].reason == f"the number {case.number} cannot be taken"


NOON = datetime(2020, 5, 4, 12, tzinfo=UTC)
FUTURE = datetime.now(UTC) + timedelta(days=400)
REFUSED = [
    ({"type": "nothing"}, "there is no case type nothing"),
    ({"status": "nonsense"}, "unknown status"),
    ({"status": "closed"}, "it has no time of resolution"),
    ({"resolved_at": datetime(2026, 1, 1, tzinfo=UTC)}, "it has a time of resolution"),
    ({"priority": 5}, "unknown priority"),
    ({"fields": {"system": "toaster"}}, "must be one of"),
    ({"fields": {"nothing": "x"}}, "unknown field"),
    ({"assignee": "ghost"}, "there is no user ghost"),
    ({"created_by": "ghost"}, "there is no user ghost"),
    ({"team": "ghosts"}, "there is no team ghosts"),
    ({"title": "x" * 301}, "301 characters"),
    ({"title": "a\nb"}, "one line"),
    ({"tags": ["a b"]}, "is no tag"),
    ({"number": "123"}, "cannot be a number"),
    ({"number": "../x"}, "cannot be a number"),
    ({"number": "INC-2026-999999999"}, "leave few"),
    ({"updated_at": FUTURE}, "lies in the future"),
    ({"updated_at": datetime(2020, 1, 1, tzinfo=UTC)}, "changed before it was opened"),
    ({"created_at": datetime(1800, 1, 1, tzinfo=UTC)}, "not all of the years"),
    ({"channel": ""}, "the channel is empty"),
    ({"contact_email": "nonsense"}, "no mail address"),
]


def test_what_a_desk_cannot_have_is_refused_whole_and_nothing_else(desk) -> None:
    desk.perform(Create(title="good"))
    (good,) = export(desk)
    bad = [
        msgspec.structs.replace(good, **{"number": f"BAD-{line}a"} | values) for line, (values, _) in enumerate(REFUSED)
    ]
    copy = copy_of(desk)
    result = take_in(copy, [*bad, msgspec.structs.replace(good, number="SELF-1a", parent="SELF-1a"), good])
    for outcome, (_, reason) in zip(result.outcomes, REFUSED, strict=False):
        assert reason in outcome.reason
    assert result.outcomes[-1].reason == "its parent is the case itself"
    assert (result.created, result.refused) == (1, len(REFUSED) + 1)
    assert [case.number for case in export(copy)] == [good.number]


def test_an_external_id_is_one_case_s(desk) -> None:
    desk.perform(Create(title="x", channel="email", external_id="m-1"))
    (case,) = export(desk)
    again = take_in(desk, [msgspec.structs.replace(case, number="OTHER-1a")])
    assert again.outcomes[0].reason == "the external id m-1 of the channel email cannot be taken"


def test_people_are_made_where_that_is_wished(desk) -> None:
    desk.perform(Create(title="x"))
    (case,) = export(desk)
    cases = [msgspec.structs.replace(case, assignee="newbie", team="new team", contact="Zoe", updated_by="casectl")]
    copy = copy_of(desk)
    assert take_in(copy, cases, create=EVERYBODY).created == 1
    assert same(export(copy)) == same(cases)


def test_a_dry_run_tells_the_same_and_writes_nothing(desk) -> None:
    cases = filled(desk)
    copy = copy_of(desk)
    first = take_in(copy, cases[:4], dry_run=True)
    second = take_in(copy, cases[4:], dry_run=True, carried=first.carried)
    assert [one.number for one in first.planned] == [case.number for case in cases[:4]]
    assert first.planned[1].assignee == "wanda"
    assert (first.created, second.created) == (4, 1)
    carried = first.carried | second.carried
    done = copy.perform(
        ImportChanges(source="s", run_id="r", records=[], links=first.waiting, dry_run=True, carried=carried)
    )
    assert done.outcomes == []
    assert copy.perform(ListCases(query=["is:all"])).items == []


@pytest.mark.parametrize("login", ["wanda", "rita"])
def test_nobody_but_an_admin_may(desk, login) -> None:
    desk.perform(Create(title="x"))
    cases = export(desk)
    with pytest.raises(NotPermitted):
        take_in(desk.as_user(login), cases)


def test_who_may_not_see_all_cases_may_not_bring_any(desk, prepared_database) -> None:
    desk.perform(Create(title="x", is_restricted=True))
    cases = export(desk)
    take_away(prepared_database, "case:read_restricted")
    assert "case:read_restricted is missing" in take_in(desk, cases).outcomes[0].reason
    take_away(prepared_database, "case:read_any")
    with pytest.raises(NotPermitted, match="case:read_any"):
        take_in(desk, cases)


def test_too_many_links_are_refused(desk) -> None:
    many = [ParentLink(line=1, line_key="k", number="A-1", parent="A-2")] * 1_001
    with pytest.raises(InvalidInput):
        desk.perform(ImportChanges(source="s", run_id="r", records=[], links=many))


def test_no_import_makes_users_who_may_more_than_its_actor(desk) -> None:
    """Who may import, and no more, must not get an administrator by naming the role in the map."""
    desk.perform(AddRole(role="Importer", rights=["case:create", "case:read", "case:read_any", "import:run"]))
    desk.perform(AddUser(login="otto", roles=["Importer"]))
    desk.perform(Create(title="Parent", assignee="wanda"))
    [case] = export(desk)
    stranger = msgspec.structs.replace(case, number="OLD-1", created_by="mallory")
    change = ChangeRecord(
        line=1, line_key="1", digest=b"1", external_id="x", at=case.created_at, by="mallory", type="incident"
    )
    otto = desk.as_user("otto")
    for role in ("Tenant Admin", "Case Worker"):
        for dry_run in (True, False):
            made = CreateOptions(users=True, role=role)
            with pytest.raises(NotPermitted, match="without having them"):
                take_in(otto, [stranger], create=made, dry_run=dry_run)
            with pytest.raises(NotPermitted, match="without having them"):
                otto.perform(ImportChanges(source="c", run_id="r", records=[change], create=made, dry_run=dry_run))
    with pytest.raises(NotFound):
        desk.perform(ShowUser(user="mallory"))
    assert take_in(desk, [stranger], create=CreateOptions(users=True)).created == 1
    known = msgspec.structs.replace(case, number="OLD-2")
    assert take_in(otto, [known], source="k", create=CreateOptions(users=True, role="Tenant Admin")).created == 1


def test_casectl_itself_has_no_case_and_writes_no_note(desk) -> None:
    """Whoever is said to be nobody in a file made by hand must not break the import of the rest."""
    case = desk.perform(Create(title="x", assignee="wanda"))
    desk.perform(AddNote(case=case.number, content="hello"))
    [case] = export(desk)
    notes = [msgspec.structs.replace(case.notes[0], author=NOBODY_LOGIN)]
    forged = msgspec.structs.replace(
        case, number="OLD-4", assignee=NOBODY_LOGIN, reporter=NOBODY_LOGIN, created_by=NOBODY_LOGIN, notes=notes
    )
    assert take_in(desk, [forged]).created == 1
    made = next(one for one in export(desk) if one.number == "OLD-4")
    assert (made.assignee, made.reporter, made.created_by) == (None, None, NOBODY_LOGIN)
    assert [note.author for note in made.notes] == [None]


def test_hole_a_hidden_case_refused_a_whole_batch_and_told_that_it_exists(desk) -> None:
    """A line whose number or external id is a restricted case's is refused like any bad one, the others come in."""
    secret = desk.perform(Create(title="secret", is_restricted=True, channel="email", external_id="m-1"))
    (hidden,) = export(desk)
    free = msgspec.structs.replace(hidden, number="OLD-1", external_id=None, is_restricted=False)
    lines = [
        msgspec.structs.replace(free, number=f" {secret.number.lower()}"),
        msgspec.structs.replace(free, number="OLD-2", external_id="m-1"),
        free,
        msgspec.structs.replace(free, number="OLD-3", parent=secret.number),
    ]
    desk.perform(AddRole(role="Importer", rights=["case:create", "case:read", "case:read_any", "import:run"]))
    desk.perform(AddUser(login="otto", roles=["Importer"]))
    for dry_run in (True, False):
        told = take_in(desk.as_user("otto"), lines, dry_run=dry_run)
        assert [(one.line, one.reason) for one in told.outcomes] == [
            (1, f"the number {secret.number.lower()} cannot be taken"),
            (2, "the external id m-1 of the channel email cannot be taken"),
        ]
        assert told.created == 2
    links = ImportChanges(source="s", run_id="r", records=[], links=told.waiting)
    assert "is not there" in desk.as_user("otto").perform(links).outcomes[0].reason


def test_hole_a_parent_that_came_late_was_linked_in_the_name_of_somebody_else(desk) -> None:
    """The history tells who linked and when, not whoever changed the case last, years ago on another desk."""
    desk.perform(Create(title="child", assignee="wanda"))
    desk.perform(Create(title="parent"))
    child, parent = export(desk)
    before = datetime.now(UTC)
    was = {"created_at": NOON, "updated_at": NOON + timedelta(hours=1), "created_by": "rita", "updated_by": "wanda"}
    child = msgspec.structs.replace(child, parent=parent.number, **was)
    copy = copy_of(desk)
    result = take_in(copy, [child, parent])
    copy.perform(ImportChanges(source="s", run_id="r", records=[], links=result.waiting))
    *_, linked = copy.perform(History(case=child.number))
    assert (linked.actor, linked.operation, linked.changes[0].field) == ("admin", "import changes", "parent")
    assert linked.at > before - timedelta(seconds=5)
    after = next(case for case in export(copy) if case.number == child.number)
    assert (after.parent, after.updated_by, after.updated_at) == (parent.number, "wanda", child.updated_at)
