"""The verb `export cases` on all desks: everything of a case, nothing that the reader may not see, page by page."""

from __future__ import annotations

import psycopg
import pytest

from casectl.errors import InvalidInput, NotPermitted
from casectl.operations.create import Create
from casectl.operations.delete import Delete
from casectl.operations.export_cases import ExportCases
from casectl.operations.note import AddNote
from casectl.operations.update import Update
from casectl.store import exports

HOSTILE = '=HYPERLINK("x")\x1b]52;c;aGk=\x07\u202e[/]'


def export(desk, *query, **options):
    return desk.perform(ExportCases(query=list(query), **options)).items


def titles(desk, *query, **options):
    return [case.title for case in export(desk, *query, **options)]


def take_away(database, *rights) -> None:
    """Take rights from the Tenant Admins of acme."""
    with psycopg.connect(**database.superuser) as connection:
        connection.execute("SET session_replication_role = replica")
        for right in rights:
            connection.execute("UPDATE desk.roles SET rights = array_remove(rights, %s) WHERE tenant_id = 1", (right,))
        connection.execute("UPDATE desk.configuration_stamps SET stamp = stamp + 1")  # as the trigger would have


def test_all_of_a_case_is_in_it(desk) -> None:
    parent = desk.perform(Create(title="Parent"))
    made = desk.perform(
        Create(
            title=HOSTILE, description=f"{HOSTILE}\n  two\r\n", priority="high", assignee="wanda", team="l2",
            contact="Ann Lee <ann@example.com>", tags=["vpn", "=cmd"], due="2030-01-02T10:00", parent=parent.number,
            fields={"system": "erp"}, channel="email", external_id="x-1", is_restricted=True, reporter="rita",
        )
    )  # fmt: skip
    desk.perform(AddNote(case=made.number, content="seen", is_internal=True))
    first, case = export(desk, notes=True, history=True)
    assert (first.number, first.parent, first.notes) == (parent.number, None, [])
    assert (case.title, case.description) == (made.title, f"{HOSTILE}\n  two\r\n")
    assert (case.type, case.type_revision, case.status, case.category) == ("incident", 1, "new", "new")
    assert (case.priority, case.priority_name, case.assignee, case.team) == (3, "high", "wanda", "l2")
    assert (case.reporter, case.contact, case.contact_email) == ("rita", "Ann Lee", "ann@example.com")
    assert (case.tags, case.fields, case.parent) == (["vpn", "=cmd"], {"system": "erp"}, parent.number)
    assert (case.channel, case.external_id, case.is_restricted) == ("email", "x-1", True)
    assert (case.created_at, case.created_by, case.updated_by) == (made.created_at, "admin", "admin")
    assert (case.due_at, case.version, case.deleted_at) == (made.due_at, made.version, None)
    assert [(note.author, note.is_internal, note.content) for note in case.notes] == [("admin", True, "seen")]
    assert [(event.object, event.action, event.actor) for event in case.history] == [
        ("case", "insert", "admin"), ("note", "insert", "admin"),
    ]  # fmt: skip


def test_notes_and_history_come_on_request_only(desk) -> None:
    desk.perform(Create(title="One"))
    (case,) = export(desk)
    assert not case.notes
    assert not case.history


def test_pages_hold_every_case_once_in_order_of_ids(desk) -> None:
    made = [desk.perform(Create(title=f"n{number}", priority=number % 4 + 1)).number for number in range(7)]
    found, cursor = [], None
    while True:
        page = desk.perform(ExportCases(limit=3, **({"cursor": cursor} if cursor else {})))
        found += [case.number for case in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert found == made
    assert page.form_fields[:2] == desk.perform(ExportCases()).form_fields[:2] != []


def test_a_page_ends_where_its_cases_are_large(desk, monkeypatch) -> None:
    for number in range(3):
        desk.perform(Create(title=f"n{number}", description="x" * 1000))
    monkeypatch.setattr(exports, "FULLEST", 1500)
    first = desk.perform(ExportCases())
    assert [case.title for case in first.items] == ["n0"]
    assert [case.title for case in desk.perform(ExportCases(cursor=first.next)).items] == ["n1"]


def test_closed_ones_are_in_it_and_deleted_ones_on_request(desk) -> None:
    desk.perform(Create(title="kept"))
    gone = desk.perform(Create(title="gone"))
    desk.perform(Delete(case=gone.number))
    assert titles(desk) == ["kept"]
    assert titles(desk, trash=True) == ["kept", "gone"]
    assert titles(desk, "is:deleted") == ["gone"]
    (case,) = export(desk, "is:deleted")
    assert case.deleted_at is not None


def test_a_query_chooses(desk) -> None:
    desk.perform(Create(title="low", priority="low"))
    desk.perform(Create(title="high", priority="high", tags=["a"]))
    assert titles(desk, "priority:>=high", "tag:a") == ["high"]
    assert titles(desk, "-tag:a") == ["low"]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"query": ["sort:due"]}, "order of their ids"), ({"query": ["nothing:x"]}, "unknown field"),
        ({"query": ["team:nobody"]}, "no team nobody"), ({"limit": 501}, "a page has|limit"), ({"limit": 0}, "limit"),
        ({"cursor": "nonsense"}, "cursor"),
    ],
)  # fmt: skip
def test_what_cannot_be_exported_is_told(desk, wrong, told) -> None:
    with pytest.raises(InvalidInput, match=told):
        desk.perform(ExportCases(**wrong))


def test_a_cursor_of_another_tenant_is_none(desk) -> None:
    other = desk.as_user("admin", "globex")
    for title in ("a", "b"):
        other.perform(Create(title=title))
    page = other.perform(ExportCases(limit=1))
    with pytest.raises(InvalidInput, match="cursor"):
        desk.perform(ExportCases(cursor=page.next))


def test_of_another_tenant_nothing_is_in_it(desk) -> None:
    desk.as_user("admin", "globex").perform(Create(title="theirs", contact="b@example.com"))
    assert export(desk, notes=True, history=True, trash=True) == []


@pytest.mark.parametrize("login", ["wanda", "rita", "apic"])
def test_nobody_but_an_admin_may(desk, login) -> None:
    with pytest.raises(NotPermitted):
        desk.as_user(login).perform(ExportCases())


def test_what_the_reader_may_not_see_is_not_in_it(desk, prepared_database) -> None:
    secret = desk.perform(Create(title="secret", is_restricted=True))
    case = desk.perform(Create(title="open"))
    others = desk.as_user("walt")
    taken = others.perform(Create(title="child"))
    desk.perform(Update(case=secret.number, assignee="walt"))
    others.perform(Update(case=taken.number, assignee="walt", parent=secret.number))
    desk.perform(Update(case=secret.number, assignee=None))
    desk.perform(AddNote(case=case.number, content="for all"))
    desk.perform(AddNote(case=case.number, content="for few", is_internal=True))
    with psycopg.connect(**prepared_database.superuser) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE desk.cases SET reporter_id = NULL WHERE number = %s", (secret.number,))
    take_away(prepared_database, "case:read_restricted", "note:read_internal")
    found, child = export(desk, notes=True, history=True)
    assert [(found.title, child.title, child.parent)] == [("open", "child", None)]
    assert [note.content for note in found.notes] == ["for all"]
    assert "few" not in repr((found, child))
    assert secret.number not in repr((found, child))


def test_the_history_needs_its_own_right(desk, prepared_database) -> None:
    take_away(prepared_database, "history:read")
    assert export(desk) == []
    with pytest.raises(NotPermitted, match="history:read"):
        desk.perform(ExportCases(history=True))
