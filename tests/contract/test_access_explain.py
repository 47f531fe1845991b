"""`access explain` says what really happens: its verdict against the verb itself, for every verb, person and case."""

from __future__ import annotations

import random
from typing import Any

import psycopg
import pytest

from casectl.errors import InvalidInput, NotFound, NotPermitted, Refusal
from casectl.operations.access_explain import ExplainAccess
from casectl.operations.actions import Actions
from casectl.operations.assign import Assign
from casectl.operations.bulk_update import BulkUpdate
from casectl.operations.close import Close
from casectl.operations.create import Create
from casectl.operations.delete import Delete
from casectl.operations.diff import Diff
from casectl.operations.escalate import Escalate
from casectl.operations.history import History
from casectl.operations.note import AddNote
from casectl.operations.purge import Purge
from casectl.operations.reopen import Reopen
from casectl.operations.restore import Restore
from casectl.operations.role_add import AddRole
from casectl.operations.show import Show
from casectl.operations.status import SetStatus
from casectl.operations.take import Take
from casectl.operations.update import Update
from casectl.operations.user_add import AddUser
from casectl.rules.rights import RIGHTS

PEOPLE = ("admin", "wanda", "walt", "rita", "apic")
STATUSES = ("active", "resolved", "closed", "new", "nowhere")

PERFORM: dict[str, Any] = {
    "show": lambda case: Show(case=case),
    "history": lambda case: History(case=case),
    "diff": lambda case: Diff(case=case, since="now"),
    "actions": lambda case: Actions(case=case),
    "note": lambda case: AddNote(case=case, content="x"),
    "note internal": lambda case: AddNote(case=case, content="x", is_internal=True),
    "update": lambda case: Update(case=case, title="changed"),
    "bulk-update": lambda case: BulkUpdate(cases=[case], add_tags=["tried"]),
    "assign": lambda case: Assign(case=case, team="l2", assignee="admin"),
    "take": lambda case: Take(case=case),
    "escalate": lambda case: Escalate(case=case, reason="x"),
    "close": lambda case: Close(case=case),
    "reopen": lambda case: Reopen(case=case),
    "delete": lambda case: Delete(case=case),
    "restore": lambda case: Restore(case=case),
    "purge": lambda case: Purge(cases=[case], confirm=[case]),
}


@pytest.fixture
def cases(desk: Any) -> dict[str, str]:
    """Cases of every kind that the rules tell apart, by what is special about them."""
    wanda, walt = desk.as_user("wanda"), desk.as_user("walt")

    def made(who: Any = desk, **given: Any) -> str:
        number: str = who.perform(Create(title="one", **given)).number
        return number

    found = {
        "unassigned": made(),
        "wanda's": made(assignee="wanda"),
        "of wanda's team": made(team="l1", assignee="walt"),
        "of the team walt leads": made(team="l2"),
        "rita's": made(desk.as_user("rita")),
        "about rita": made(contact="rita@acme.example.com"),
        "restricted": made(is_restricted=True),
        "restricted of wanda": made(is_restricted=True, assignee="wanda"),
        "in the trash": made(assignee="wanda"),
        "rita's in the trash": made(desk.as_user("rita")),
        "resolved": made(assignee="walt"),
        "closed": made(assignee="wanda"),
        "complaint": made(type="complaint", assignee="wanda", fields={"product": "x", "received_on": "2026-11-01"}),
        "at the top": made(assignee="wanda", priority="critical"),
    }
    walt.perform(SetStatus(case=found["resolved"], status="resolved"))
    wanda.perform(Close(case=found["closed"]))
    wanda.perform(SetStatus(case=found["complaint"], status="under review"))
    wanda.perform(SetStatus(case=found["at the top"], status="escalated"))
    for name in ("in the trash", "rita's in the trash"):
        desk.perform(Delete(case=found[name]))
    return found


def really(desk: Any, login: str, operation: Any) -> tuple[bool, str]:
    """Whether somebody may, found by doing it and undoing it; what is still to be given is no refusal."""
    try:
        done = desk.as_user(login).perform(operation, dry_run=True)
    except InvalidInput as refusal:
        return True, f"given later: {refusal.message}"
    except Refusal as refusal:
        return False, refusal.message
    refused = [one.message for one in getattr(done, "outcomes", []) if one.result == "refused"]
    return not refused, refused[0] if refused else "done"


def differing(desk: Any, cases: dict[str, str], people: tuple[str, ...], *verbs: str) -> list[Any]:
    """Where explanation and deed are not the same."""
    found = []
    for name, number in cases.items():
        for login in people:
            for verb in verbs:
                told = desk.perform(ExplainAccess(
                    actor=login, verb=verb.split()[0], case=number, is_internal=verb == "note internal"))  # fmt: skip
                allowed, message = really(desk, login, PERFORM[verb](number))
                if told.allowed is not allowed:
                    found.append((name, login, verb, told, message))
                assert told.allowed is all(rule.holds for rule in told.rules)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("verb", PERFORM)
@pytest.mark.no_cover
@pytest.mark.parametrize("desk", ["sync"], indirect=True)
def test_what_is_told_is_what_happens(desk: Any, cases: dict[str, str], verb: str) -> None:
    assert differing(desk, cases, PEOPLE, verb) == []


@pytest.mark.slow
@pytest.mark.parametrize("to", STATUSES)
@pytest.mark.no_cover
@pytest.mark.parametrize("desk", ["sync"], indirect=True)
def test_so_it_is_with_every_status(desk: Any, cases: dict[str, str], to: str) -> None:
    for number in cases.values():
        for login in PEOPLE:
            allowed, message = really(desk, login, SetStatus(case=number, status=to))
            try:
                told = desk.perform(ExplainAccess(actor=login, verb="status", case=number, to=to))
            except InvalidInput:
                assert message != "done"
                continue
            assert told.allowed is allowed, (number, login, told, message)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.no_cover
@pytest.mark.parametrize("desk", ["sync"], indirect=True)
def test_so_it_is_with_roles_that_nobody_thought_of(desk: Any, cases: dict[str, str], seed: int) -> None:
    chance = random.Random(seed)
    rights = [right for right in RIGHTS if right.startswith(("case:", "note:", "history:"))]
    desk.perform(AddUser(login="odd", roles=["API Client"]))
    desk.perform(Update(case=cases["of the team walt leads"], assignee="odd"))
    for _ in range(40):
        held = chance.sample(rights, chance.randint(1, len(rights) - 1)) + ["case:read"] * chance.randint(0, 1)
        as_owner(desk, "UPDATE roles SET rights = %s, changed_by = %s, changed_at = now() WHERE name = 'API Client'",
                 sorted({*held}))  # fmt: skip
        name, verb = chance.choice([*cases]), chance.choice([*PERFORM])
        assert differing(desk, {name: cases[name]}, ("odd",), verb) == [], (name, verb, sorted(held))


def test_all_desks_explain_alike(desk: Any, cases: dict[str, str]) -> None:
    assert differing(desk, {"wanda's": cases["wanda's"]}, ("wanda", "rita"), "close", "note internal") == []
    told = desk.perform(ExplainAccess(actor="rita", verb="close", case=cases["rita's"]))
    assert not told.allowed
    assert told.because == "rita may not close cases: the right case:close is missing"
    rules = {rule.rule: rule for rule in told.rules}
    assert rules["visibility"].message == "sees the cases reported by himself"
    mine = desk.as_user("wanda").perform(ExplainAccess(actor="@me", verb="close", case=cases["wanda's"]))
    assert mine.allowed
    assert [rule.rule for rule in mine.rules] == [
        "right", "visibility", "trash", "ownership", "fields", "lifecycle",
    ]  # fmt: skip
    assert mine.rules[0].message == "case:close, given by Case Worker"
    assert mine == desk.perform(ExplainAccess(actor="wanda", verb="close", case=cases["wanda's"]))


def test_every_verb_on_one_case_is_tried_here() -> None:
    from casectl import registry

    of_one_case = {
        name for name, verb in registry.load_all().items()
        if {"case", "cases"} & set(verb.__struct_fields__) and not registry.ALL[name].hidden
        and verb is not ExplainAccess
    }  # fmt: skip
    assert {verb.split()[0] for verb in PERFORM} | {"status"} == of_one_case


def test_a_verb_about_no_case_needs_its_right(desk: Any) -> None:
    assert desk.perform(ExplainAccess(actor="admin", verb="user add")).allowed
    told = desk.perform(ExplainAccess(actor="wanda", verb="user add"))
    assert (told.allowed, told.case) == (False, None)
    assert told.rules[0].hint == "roles that have it: Tenant Admin"
    assert desk.perform(ExplainAccess(actor="wanda", verb="LS")).verb == "list"
    assert not desk.perform(ExplainAccess(actor="apic", verb="whoami")).allowed


def test_others_are_explained_only_to_who_may_read_users_and_roles(desk: Any, cases: dict[str, str]) -> None:
    for login, missing in (("wanda", "role:read"), ("rita", "user:read")):
        with pytest.raises(NotPermitted, match=missing):
            desk.as_user(login).perform(ExplainAccess(actor="walt", verb="list"))
    assert desk.as_user("rita").perform(ExplainAccess(actor="rita", verb="list")).allowed
    with pytest.raises(NotPermitted):
        desk.as_user("apic").perform(ExplainAccess(actor="@me", verb="list"))


def test_what_one_does_not_see_is_not_explained(desk: Any, cases: dict[str, str]) -> None:
    with pytest.raises(NotFound):
        desk.as_user("rita").perform(ExplainAccess(actor="rita", verb="show", case=cases["wanda's"]))
    with pytest.raises(NotFound):
        desk.as_user("admin", tenant="globex").perform(ExplainAccess(actor="admin", verb="show", case=cases["closed"]))
    with pytest.raises(NotFound):
        desk.perform(ExplainAccess(actor="nobody", verb="show"))
    told = desk.perform(ExplainAccess(actor="wanda", verb="show", case=cases["restricted"]))
    assert (told.allowed, told.rules[-1].rule) == (False, "visibility")


def test_the_look_through_anothers_eyes_leaves_nothing_behind(desk: Any, cases: dict[str, str]) -> None:
    desk.perform(ExplainAccess(actor="rita", verb="escalate", case=cases["unassigned"]))
    assert desk.perform(Show(case=cases["restricted"])).is_restricted
    changed = desk.perform(Update(case=cases["restricted"], title="still mine"))
    assert changed.title == "still mine"
    assert desk.perform(History(case=changed.number, newest_first=True))[0].actor == "admin"


def test_questions_that_make_no_sense(desk: Any, cases: dict[str, str]) -> None:
    number = cases["unassigned"]
    for asked, pointer in (
        (ExplainAccess(actor="@me", verb="lst"), "/verb"),
        (ExplainAccess(actor="@me", verb="../../etc/passwd\x1b]52;c;x\x07"), "/verb"),
        (ExplainAccess(actor="@me", verb="list", case=number), "/case"),
        (ExplainAccess(actor="@me", verb="close", case=number, to="closed"), "/to"),
        (ExplainAccess(actor="@me", verb="status", case=number, to="nowhere"), "/to"),
        (ExplainAccess(actor="@me", verb="close", is_internal=True), "/is_internal"),
    ):
        with pytest.raises(InvalidInput) as caught:
            desk.perform(asked)
        assert [problem.pointer for problem in caught.value.problems] == [pointer]


def test_who_has_left_may_nothing(desk: Any, cases: dict[str, str]) -> None:
    desk.perform(AddUser(login="old", roles=["Tenant Admin"]))
    as_owner(desk, "UPDATE users SET is_active = %s, changed_by = %s, changed_at = now() WHERE login = 'old'", False)
    told = desk.perform(ExplainAccess(actor="old", verb="show", case=cases["unassigned"]))
    assert (told.allowed, told.because) == (False, "old is no longer active")


def as_owner(desk: Any, statement: str, value: Any) -> None:
    """Change a row of the tenant in the admin's name."""
    with psycopg.connect(**desk.conninfo) as connection:
        row = connection.execute("SELECT user_id FROM enter('acme', 'admin', NULL, 'test', '')").fetchone()
        connection.execute(statement, (value, row[0]))


def test_a_case_is_explained_only_to_who_may_read_cases(desk: Any, cases: dict[str, str]) -> None:
    """A key for something else must not tell the state of cases, not even of one's own."""
    desk.perform(AddRole(role="Staff", rights=["user:read", "role:read", "account:manage"]))
    desk.perform(AddUser(login="otto", roles=["Staff"]))
    own = desk.perform(Create(title="x", reporter="otto"))
    for actor in ("@me", "wanda"):
        with pytest.raises(NotPermitted, match="case:read"):
            desk.as_user("otto").perform(ExplainAccess(actor=actor, verb="close", case=own.number))
    assert not desk.as_user("otto").perform(ExplainAccess(actor="@me", verb="close")).allowed
