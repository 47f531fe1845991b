"""`CaseManager`: the document's example, every method on a server and on a local desk, threads, refusals."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import UNSET

from casectl.client import CaseManager
from casectl.desk.lent import LentDesks
from casectl.errors import (
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
    NotLoggedIn,
    NotPermitted,
    Unreachable,
    VersionConflict,
)
from casectl.model.case import Case, CaseDetail, Note
from casectl.model.export import ExportedCase
from casectl.operations.user_add import AddUser
from casectl.operations.user_list import ListUsers

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLE = """
from casectl.client import CaseManager

cm = CaseManager(api_key="your_api_key")

# Create high-priority case
case = cm.create_case(
    title="Server outage",
    description="Production server down",
    case_type="incident",
    priority=4,  # Critical
    contact="admin@company.com"
)

# Add timeline note
cm.add_note(
    case_id=case.id,
    content="Called provider, waiting for callback",
    is_internal=True
)

# Escalate case
cm.update_case(
    case_id=case.id,
    status="escalated",
    assigned_to="senior.support@company.com"
)
"""


def test_the_example_of_the_document_works_as_printed(
    served_desk: Any, remote_manager: CaseManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote_manager.perform(
        AddUser(login="senior", full_name="Senior", email="senior.support@company.com", roles=["Case Worker"])
    )
    monkeypatch.setenv("CASECTL_REMOTE_URL", served_desk.url)
    scope: dict[str, Any] = {}
    exec(EXAMPLE.replace("your_api_key", served_desk.token("acme", "admin")), scope)
    scope["cm"].close()
    case = remote_manager.get_case(scope["case"].id)
    assert (case.title, case.description) == ("Server outage", "Production server down")
    assert (case.type.name, case.priority_name, case.status.name) == ("incident", "critical", "escalated")
    assert case.contact is not None
    assert case.contact.email == "admin@company.com"
    assert case.assignee is not None
    assert case.assignee.login == "senior"
    assert [(note.content, note.is_internal) for note in case.notes] == [
        ("Called provider, waiting for callback", True)
    ]


def test_a_case_from_its_opening_to_its_end(manager: CaseManager) -> None:
    due = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    made = manager.create_case("Printer", "jammed", priority="high", tags=("floor-2",), due=due, assigned_to="@me")
    assert isinstance(made, Case)
    assert (made.title, made.description, made.priority, made.tags) == ("Printer", "jammed", 3, ["floor-2"])
    assert (made.due_at, made.channel) == (due, "api")
    note = manager.add_note(made.number, "on my way")
    assert isinstance(note, Note)
    changed = manager.update_case(made.id, title="Printer 4", add_tags=["vip"], due=None, assigned_to=None)
    assert (changed.title, changed.tags, changed.due_at, changed.assignee) == (
        "Printer 4",
        ["floor-2", "vip"],
        None,
        None,
    )
    taken = manager.take(made.id)
    assert taken.assignee is not None
    assert manager.assign(made.id, None).assignee is None
    team = manager.assign_team(made.id, "l1").team
    assert team is not None
    assert team.name == "l1"
    assert manager.escalate(made.id, "the director waits").status.name == "escalated"
    shown = manager.get_case(made.number)
    assert isinstance(shown, CaseDetail)
    assert [note.content for note in shown.notes][-1] == "on my way" or len(shown.notes) == 2
    assert manager.history(made.id)[0].operation == "create"
    before = manager.get_case(made.id, at=made.updated_at)
    assert (before.as_of, before.status, before.notes) == (made.updated_at, made.status, [])


def test_transitions_lead_to_the_end_and_back(manager: CaseManager) -> None:
    case = manager.create_case("x")
    possible = manager.transitions(case.id)
    assert "escalated" in possible
    assert "new" not in possible
    assert {f"status {name}" for name in possible} <= {choice.name for choice in manager.actions(case.id)}
    with pytest.raises(NotAllowed):
        manager.reopen_case(case.id)
    assert manager.close_case(case.id).status.is_closed
    assert manager.reopen_case(case.id).status.is_closed is False
    assert manager.delete_case(case.id).deleted_at is not None
    assert manager.restore_case(case.id).deleted_at is None


def test_lists_come_page_by_page_and_only_as_far_as_they_are_taken(manager: CaseManager) -> None:
    numbers = {manager.create_case(f"case {number}", priority=1 + number % 4).number for number in range(7)}
    assert {case.number for case in manager.list_cases(page_size=3)} == numbers
    assert len(list(manager.list_cases("is:all", sort="created", page_size=2))) == 7
    first = manager.list_cases(page_size=1)
    assert next(first).priority == 4
    assert {case.priority for case in manager.list_cases(priority=1)} == {1}
    assert list(manager.list_cases(assigned_to="@me")) == []
    assert len(list(manager.list_cases(assigned_to=None, status="new"))) == 7
    assert [case.title for case in manager.search("case 3")] == ["case 3"]


def test_an_export_gives_whole_cases_page_by_page(manager: CaseManager) -> None:
    made = [manager.create_case(f"case {number}", priority=1 + number % 4) for number in range(3)]
    manager.add_note(made[0].id, "hello", is_internal=True)
    manager.delete_case(made[1].id)
    assert [case.number for case in manager.export()] == [made[0].number, made[2].number]
    first = next(iter(manager.export(notes=True, history=True)))
    assert isinstance(first, ExportedCase)
    assert isinstance(first.notes, list)
    assert isinstance(first.history, list)
    assert [note.content for note in first.notes] == ["hello"]
    assert [(event.object, event.action) for event in first.history] == [("case", "insert"), ("note", "insert")]
    assert (first.number, first.title, first.created_by) == (made[0].number, "case 0", "admin")
    plain = list(manager.export(query="priority:medium", trash=True))
    assert [(case.title, case.notes, case.history) for case in plain] == [("case 1", UNSET, UNSET)]


@pytest.mark.parametrize("hostile", ['a"b', "a b", "x) or (status:new", "\\", "status:new", "ü,", "'; --"])
def test_no_value_of_a_filter_is_read_as_query(manager: CaseManager, hostile: str) -> None:
    manager.create_case("there")
    with pytest.raises((NotFound, InvalidInput)) as refusal:
        list(manager.list_cases(assigned_to=hostile))
    assert hostile in refusal.value.message or "assignee" in refusal.value.message


def test_many_change_at_once_and_each_refusal_is_told(manager: CaseManager) -> None:
    cases = [manager.create_case(f"case {number}") for number in range(3)]
    result = manager.bulk_update([case.id for case in cases] + [999_999], priority=4, add_tags=["storm"])
    assert (result.changed, result.refused, result.dry_run) == (3, 1, False)
    assert [outcome.code for outcome in result.outcomes if outcome.result == "refused"] == ["not_found"]
    tried = manager.bulk_update([cases[0].number], status="escalated", dry_run=True)
    assert (tried.changed, tried.dry_run) == (1, True)
    assert manager.get_case(cases[0].id).status.name == "new"
    assert manager.bulk_update([]).outcomes == []


def test_more_than_a_thousand_change_in_parts(manager: CaseManager) -> None:
    case = manager.create_case("one")
    result = manager.bulk_update([case.id, *range(500_000, 501_200)], add_tags=["x"], idempotency_key="storm")
    assert (result.changed, result.refused) == (1, 1_200)
    assert len(result.outcomes) == 1_201


def test_a_key_opens_one_case(manager: CaseManager) -> None:
    first = manager.create_case("once", idempotency_key="k")
    assert manager.create_case("once", idempotency_key="k") == first
    assert len(list(manager.list_cases())) == 1


def test_refusals_have_their_classes(manager: CaseManager) -> None:
    case = manager.create_case("x")
    with pytest.raises(NotFound):
        manager.get_case("INC-1999-1")
    with pytest.raises(InvalidInput) as refusal:
        manager.create_case("", priority="urgentest", case_type="incident")
    assert {problem.pointer for problem in refusal.value.problems} >= {"/title", "/priority"}
    manager.update_case(case.id, title="y")
    with pytest.raises(VersionConflict):
        manager.update_case(case.id, title="z", if_match=case.version)
    with pytest.raises(InvalidInput, match="time zone"):
        manager.update_case(case.id, due=datetime(2026, 1, 1))  # noqa: DTZ001 - that is what is refused


def test_a_wrong_keyword_is_no_silent_nothing(manager: CaseManager) -> None:
    unknown: dict[str, Any] = {"assignee": "wanda"}
    with pytest.raises(TypeError, match="assigned_to"):
        manager.create_case("x", **unknown)
    with pytest.raises(TypeError, match="'assignee'"):
        manager.update_case(1, **unknown)
    with pytest.raises(TypeError, match="'titel'"):
        manager.bulk_update([1], titel="x")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="'verify'"):
        CaseManager("x", "http://localhost:1", verify=False)  # type: ignore[call-arg]
    assert list(manager.list_cases()) == []


def test_any_verb_can_be_performed(manager: CaseManager) -> None:
    assert {user.login for user in manager.perform(ListUsers())} >= {"admin", "wanda"}


def test_threads_share_one_manager(manager: CaseManager) -> None:
    problems: list[Exception] = []

    def work(number: int) -> None:
        try:
            for _ in range(3):
                case = manager.create_case(f"of {number}")
                manager.add_note(case.id, "n")
                assert manager.get_case(case.id).title == f"of {number}"
        except Exception as error:  # noqa: BLE001 - told below
            problems.append(error)

    threads = [threading.Thread(target=work, args=[number]) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert problems == []
    assert len(list(manager.list_cases(page_size=4))) == 18


def test_local_desks_are_lent_again_and_closed_at_the_end(
    prepared_database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    class Counted:
        """A desk that only counts."""

        def perform(self, *_: Any) -> str:
            return "done"

        def close(self) -> None:
            made.append("closed")

    def make() -> Any:
        made.append("made")
        return Counted()

    desks = LentDesks(make)
    assert [desks.perform(ListUsers()) for _ in range(3)] == ["done"] * 3  # type: ignore[comparison-overlap]
    desks.close()
    assert made == ["made", "closed"]


def test_each_sees_his_own(manager_of: Callable[..., CaseManager]) -> None:
    wanda, rita = manager_of("wanda"), manager_of("rita")
    case = wanda.create_case("not Rita's")
    with pytest.raises(NotFound):
        rita.get_case(case.id)
    with pytest.raises(NotPermitted):
        rita.bulk_update([case.id], priority=4)
    with pytest.raises(NotFound):
        manager_of("admin", "globex").get_case(case.number)
    wanda.take(case.id)
    with pytest.raises(Conflict):
        manager_of("walt").take(case.id)


def test_a_wrong_key_and_a_server_that_is_away_are_told_apart(served_desk: Any) -> None:
    with pytest.raises(NotLoggedIn):
        CaseManager("ck_000000000001_" + "x" * 43, served_desk.url).get_case(1)
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:9"):
        CaseManager("x", "http://127.0.0.1:9").get_case(1)


@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/", "/v1/cases", "/v1/cases/"])
def test_the_address_of_the_cases_is_that_of_the_server(served_desk: Any, path: str) -> None:
    with CaseManager(served_desk.token("acme", "admin"), served_desk.url + path, timeout=20) as manager:
        assert list(manager.list_cases()) == []


def test_without_a_server_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInput, match="no server is named") as refusal:
        CaseManager(api_key="x")
    assert "CaseManager.local" in refusal.value.hint
    with pytest.raises(InvalidInput, match="not encrypted"):
        CaseManager("x", "http://desk.example.com")
    assert CaseManager("x", "http://desk.example.com", insecure_http=True)
    monkeypatch.setenv("CASECTL_REMOTE_URL", "https://desk.example.com")
    with pytest.raises(InvalidInput, match="server https://desk"):
        CaseManager.local()


def test_the_key_is_in_no_text(served_desk: Any) -> None:
    key = served_desk.token("acme", "admin")
    manager = CaseManager(key, served_desk.url)
    assert key not in repr(manager) + repr(vars(manager)) + repr(vars(manager._desk))
    assert list(manager.list_cases("is:all")) == []
    assert UNSET is not None


def test_the_command_line_is_not_loaded() -> None:
    code = (
        "import sys\nfrom casectl.client import CaseManager\n"
        "try: CaseManager('x', 'http://127.0.0.1:9').get_case(1)\n"
        "except Exception as error: print(type(error).__name__)\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    kind, loaded = done.stdout.split("\n", 1)
    assert kind == "Unreachable"
    assert not {"typer", "casectl.cli", "psycopg", "requests", "keyring", "rich"} & set(loaded.split())
