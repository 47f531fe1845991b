"""Users, teams, contacts, case types and the tenant."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from casectl.errors import Conflict, InvalidInput, NotFound, NotPermitted
from casectl.operations.contact_add import AddContact
from casectl.operations.contact_list import ListContacts
from casectl.operations.contact_show import ShowContact
from casectl.operations.create import Create
from casectl.operations.show import Show
from casectl.operations.status import SetStatus
from casectl.operations.team_add import AddTeam
from casectl.operations.team_list import ListTeams
from casectl.operations.team_show import ShowTeam
from casectl.operations.tenant_show import ShowTenant
from casectl.operations.type_list import ListTypes
from casectl.operations.type_set import SetType
from casectl.operations.type_show import ShowType
from casectl.operations.update import Update
from casectl.operations.user_add import AddUser
from casectl.operations.user_list import ListUsers
from casectl.operations.user_show import ShowUser

LIFECYCLE = {
    "initial": "new",
    "statuses": [{"name": "new", "category": "new"}, {"name": "done", "category": "closed"}],
    "transitions": [{"source": "new", "target": "done"}, {"source": "done", "target": "new"}],
    "close_to": "done",
    "reopen_to": "new",
}


def type_of(lifecycle: dict[str, Any], **given: Any) -> SetType:
    return SetType(**({"type": "task", "title": "Task", "number_pattern": "T-{seq}", "lifecycle": lifecycle} | given))


def test_a_user_is_made_and_found(desk: Any) -> None:
    user = desk.perform(AddUser(login="Ann", full_name="Ann Lee", email="ann@example.com", roles=["case worker"]))
    assert (user.login, user.name, user.roles, user.is_active) == ("ann", "Ann Lee", ["Case Worker"], True)
    for reference in ("ann", "ANN@example.com", "Ann Lee", str(user.id)):
        assert desk.perform(ShowUser(user=reference)) == user
    assert user in desk.perform(ListUsers())
    assert desk.perform(ShowUser(user="@me")).login == "admin"
    assert desk.as_user("ann").perform(Create(title="hers")).number
    with pytest.raises(Conflict, match="ann"):
        desk.perform(AddUser(login="ANN"))


def test_a_user_without_a_role_is_a_reporter(desk: Any) -> None:
    user = desk.perform(AddUser(login="bob"))
    assert (user.name, user.roles) == ("bob", ["Reporter"])


def test_users_that_are_refused(desk: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        desk.perform(AddUser(login="123", email="nope", full_name="a\nb"))
    assert {problem.pointer for problem in caught.value.problems} == {"/login", "/email", "/full_name"}
    for login in ("none", "@me", "a b", "", "me", "-x", "x" * 65):
        with pytest.raises(InvalidInput):
            desk.perform(AddUser(login=login))
    with pytest.raises(InvalidInput, match="unknown role"):
        desk.perform(AddUser(login="bob", roles=["Emperor"]))
    with pytest.raises(NotFound) as unknown:
        desk.perform(ShowUser(user="wandaa"))
    assert "wanda" in unknown.value.hint
    with pytest.raises(NotPermitted):
        desk.as_user("wanda").perform(AddUser(login="eve", roles=["Tenant Admin"]))


def test_a_team_with_lead_and_members(desk: Any) -> None:
    team = desk.perform(AddTeam(team="billing", lead="walt", members=["wanda", "walt"]))
    assert team.lead.login == "walt"
    assert [member.login for member in team.members] == ["walt", "wanda"]
    assert desk.perform(ShowTeam(team="Billing")) == team
    assert {one.name for one in desk.perform(ListTeams())} == {"l1", "l2", "billing"}
    with pytest.raises(Conflict):
        desk.perform(AddTeam(team="BILLING"))
    for wrong in ("12", "none", ""):
        with pytest.raises(InvalidInput):
            desk.perform(AddTeam(team=wrong))
    with pytest.raises(NotFound):
        desk.perform(AddTeam(team="x", lead="nobody"))


def test_contacts(desk: Any) -> None:
    made = desk.perform(AddContact(contact="Ann Lee <ann@example.com>"))
    assert desk.perform(AddContact(contact="ANN@example.com")) == made
    assert desk.perform(ShowContact(contact="ann@example.com")) == made
    desk.perform(AddContact(contact="Zoe"))
    assert [one.name for one in desk.perform(ListContacts(prefix="z"))] == ["Zoe"]
    assert [one.name for one in desk.perform(ListContacts(prefix="%"))] == []
    assert len(desk.perform(ListContacts(limit=1))) == 1


def test_the_tenant(desk: Any) -> None:
    assert desk.perform(ShowTenant()).name == "acme"


def test_types_of_a_new_tenant(desk: Any) -> None:
    assert [one.name for one in desk.perform(ListTypes())] == ["complaint", "incident", "request"]
    incident = desk.perform(ShowType(type="INCIDENT"))
    assert incident.revision == 1
    assert desk.perform(ShowType(type=str(incident.id))) == incident


def test_a_type_is_made_and_used(desk: Any) -> None:
    made = desk.perform(type_of(LIFECYCLE))
    assert (made.revision, made.number_pattern) == (1, "T-{seq}")
    assert desk.perform(type_of(LIFECYCLE)) == made
    case = desk.perform(Create(title="x", type="task"))
    assert case.number == "T-1"
    assert desk.perform(SetStatus(case="t-1", status="done")).status.is_closed


def test_a_case_keeps_the_revision_it_was_made_under(desk: Any) -> None:
    desk.perform(type_of(LIFECYCLE))
    old = desk.perform(Create(title="old", type="task"))
    form = {"type": "object", "properties": {"size": {"type": "integer"}}, "required": ["size"]}
    assert desk.perform(type_of(LIFECYCLE, form_schema=form)).revision == 2
    with pytest.raises(InvalidInput):
        desk.perform(Create(title="new", type="task"))
    new = desk.perform(Create(title="new", type="task", fields={"size": "3"}))
    assert (new.number, new.fields) == ("T-2", {"size": 3})
    free = desk.perform(Update(case=old.number, fields={"anything": "goes"}))
    assert free.fields == {"anything": "goes"}
    assert desk.perform(Show(case=old.number)).fields == {"anything": "goes"}


def test_all_that_is_wrong_with_a_type(desk: Any) -> None:
    bad_form = {"type": "object", "properties": {"x": {"type": "strang"}}}
    bad_life = LIFECYCLE | {"initial": "nowhere"}
    with pytest.raises(InvalidInput) as caught:
        desk.perform(type_of(bad_life, type="No Good", number_pattern="X", form_schema=bad_form, title=""))
    pointers = {problem.pointer for problem in caught.value.problems}
    assert {"/type", "/number_pattern", "/lifecycle/initial", "/title"} <= pointers
    assert any(pointer.startswith("/form_schema/properties/x") for pointer in pointers)
    with pytest.raises(InvalidInput) as caught:
        desk.perform(type_of({"initial": 3}))
    assert "initial must be text, not a whole number" in [problem.message for problem in caught.value.problems]


def test_a_status_means_the_same_in_every_type(desk: Any) -> None:
    other = msgspec.json.decode(msgspec.json.encode(LIFECYCLE).replace(b'"done"', b'"resolved"'))
    with pytest.raises(InvalidInput, match="of category resolved in another type"):
        desk.perform(type_of(other))
    spelled = msgspec.json.decode(msgspec.json.encode(LIFECYCLE).replace(b'"done"', b'"awaiting-user"'))
    with pytest.raises(InvalidInput, match="known as 'awaiting user'"):
        desk.perform(type_of(spelled))


def test_what_is_not_given_of_a_type_stays(desk: Any) -> None:
    form = {"type": "object", "properties": {"room": {"type": "string"}}}
    made = desk.perform(type_of(LIFECYCLE, form_schema=form))
    titled = desk.perform(SetType(type="task", title="Chore"))
    assert (titled.title, titled.number_pattern, titled.form_schema) == ("Chore", "T-{seq}", made.form_schema)
    assert (titled.lifecycle, titled.revision) == (made.lifecycle, 2)
    emptied = desk.perform(SetType(type="task", form_schema={}))
    assert (emptied.title, emptied.form_schema, emptied.revision) == ("Chore", {}, 3)
    with pytest.raises(InvalidInput) as caught:
        desk.perform(SetType(type="other", title="Other"))
    assert {problem.pointer for problem in caught.value.problems} == {"/number_pattern", "/lifecycle"}


def test_documents_that_cannot_be_stored_are_refused(desk: Any) -> None:
    form = {"type": "object", "properties": {"room": {"type": "string", "title": "a\0b"}}}
    life = LIFECYCLE | {"statuses": [{"name": "new", "category": "new", "title": "\0"}, LIFECYCLE["statuses"][1]]}
    with pytest.raises(InvalidInput) as caught:
        desk.perform(type_of(life, form_schema=form))
    assert {(problem.code, problem.pointer) for problem in caught.value.problems} == {
        ("character", "/form_schema/properties/room/title"),
        ("character", "/lifecycle/statuses/0/title"),
    }
