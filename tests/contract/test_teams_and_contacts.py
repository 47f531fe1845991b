"""Teams and contacts changed, deactivated and back: what ends takes nothing new, and what it has stays found."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from casectl.errors import Conflict, InvalidInput, NotFound, NotPermitted
from casectl.operations.assign import Assign
from casectl.operations.contact_activate import ActivateContact
from casectl.operations.contact_add import AddContact
from casectl.operations.contact_change import ChangeContact
from casectl.operations.contact_deactivate import DeactivateContact
from casectl.operations.contact_list import ListContacts
from casectl.operations.contact_show import ShowContact
from casectl.operations.create import Create
from casectl.operations.list import ListCases
from casectl.operations.role_add import AddRole
from casectl.operations.show import Show
from casectl.operations.team_activate import ActivateTeam
from casectl.operations.team_add import AddTeam
from casectl.operations.team_change import ChangeTeam
from casectl.operations.team_deactivate import DeactivateTeam
from casectl.operations.team_list import ListTeams
from casectl.operations.team_show import ShowTeam
from casectl.operations.update import Update
from casectl.operations.user_add import AddUser
from casectl.operations.user_deactivate import DeactivateUser
from casectl.rules.rights import ROLES
from tests.contract.test_given_while_leaving import Act
from tests.contract.test_import_races import wait_for_lock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Database

ANN = "Ann <ann@example.com>"
HOSTILE = "\x1b]52;c;eA==\x07[/]\u202eevil"


def logins(people: list[Any]) -> list[str]:
    return [one.login for one in people]


def test_a_team_is_changed(desk: Any) -> None:
    changed = desk.perform(
        ChangeTeam(team="L2", new_name="second line", lead="wanda", add_members=["rita"], remove_members=["walt"])
    )
    assert (changed.name, changed.lead.login, logins(changed.members)) == ("second line", "wanda", ["rita", "wanda"])
    assert desk.perform(ChangeTeam(team="second LINE", lead=None)).lead is None
    assert logins(desk.perform(ShowTeam(team="second line")).members) == ["rita", "wanda"]
    assert [team.name for team in desk.perform(ListTeams(member="rita"))] == ["second line"]
    assert [team.name for team in desk.perform(ListTeams(member="walt"))] == []


def test_all_that_is_wrong_with_a_change_of_a_team(desk: Any) -> None:
    for wrong in ("12", "none", "", "a\nb"):
        with pytest.raises(InvalidInput):
            desk.perform(ChangeTeam(team="l1", new_name=wrong))
    for wish, told in (
        ({}, "nothing to change"),
        ({"remove_members": ["walt"]}, "walt leads the team"),
        ({"add_members": ["rita"], "remove_members": ["rita"]}, "rita is to be added and removed"),
        ({"lead": "rita", "remove_members": ["rita"]}, "rita leads"),
    ):
        with pytest.raises(InvalidInput, match=told):
            desk.perform(ChangeTeam(team="l2", **wish))
    with pytest.raises(Conflict, match="L1"):
        desk.perform(ChangeTeam(team="l2", new_name="L1"))
    assert desk.perform(ChangeTeam(team="l2", new_name="L2")).name == "L2"
    for wish in ({"lead": "nobody"}, {"add_members": ["nobody"]}, {"remove_members": ["nobody"]}):
        with pytest.raises(NotFound):
            desk.perform(ChangeTeam(team="l2", **wish))
    desk.perform(DeactivateUser(user="rita"))
    for wish in ({"lead": "rita"}, {"add_members": ["rita"]}):
        with pytest.raises(InvalidInput, match="no longer active"):
            desk.perform(ChangeTeam(team="l2", **wish))


def test_a_deactivated_team_is_given_nothing_new(desk: Any) -> None:
    case = desk.perform(Create(title="x", team="l1"))
    tried = desk.perform(DeactivateTeam(team="l1"), dry_run=True)
    assert (tried.team.is_active, tried.open_cases) == (False, 1)
    done = desk.perform(DeactivateTeam(team="l1"))
    assert (done.open_cases, done.reassigned, [line.number for line in done.cases]) == (1, 0, [case.number])
    for verb in (
        Create(title="y", team="l1"), Update(case=case.number, team="L1"), Assign(case=case.number, team="l1"),
        DeactivateTeam(team="l2", reassign_to="l1"), DeactivateTeam(team="l2", reassign_to="l2"),
    ):  # fmt: skip
        with pytest.raises(InvalidInput, match="no longer active"):
            desk.perform(verb)
    assert [team.name for team in desk.perform(ListTeams())] == ["l2"]
    assert [team.name for team in desk.perform(ListTeams(include_inactive=True))] == ["l1", "l2"]
    assert [one.number for one in desk.perform(ListCases(query=["team:l1"])).items] == [case.number]
    assert desk.as_user("wanda").perform(Update(case=case.number, title="still hers")).title == "still hers"
    assert desk.perform(ActivateTeam(team="l1")).is_active
    assert desk.perform(Create(title="z", team="l1")).team.name == "l1"


def test_the_cases_of_a_team_go_to_another(desk: Any) -> None:
    case = desk.perform(Create(title="x", team="l1", assignee="wanda"))
    done = desk.perform(DeactivateTeam(team="l1", reassign_to="L2"))
    assert (done.reassigned, done.reassigned_to.name) == (1, "l2")
    after = desk.perform(Show(case=case.number))
    assert (after.team.name, after.assignee.login) == ("l2", "wanda")
    freed = desk.perform(DeactivateTeam(team="l2", reassign_to=None))
    assert (freed.reassigned, freed.reassigned_to) == (1, None)
    assert desk.perform(Show(case=case.number)).team is None


@pytest.mark.parametrize("login", ["wanda", "rita", "apic"])
def test_who_may_not_manage_teams_does_not(desk: Any, login: str) -> None:
    for verb in (ChangeTeam(team="l1", lead="@me"), DeactivateTeam(team="l1"), ActivateTeam(team="l1")):
        with pytest.raises(NotPermitted):
            desk.as_user(login).perform(verb)


def test_hole_who_took_himself_into_a_team_read_its_restricted_cases(desk: Any) -> None:
    """Only who sees them already lets somebody in: as a member, or because he may read all restricted cases."""
    secret = desk.perform(Create(title="secret", team="l1", is_restricted=True)).number
    rights = ["case:read", "case:read_any", "team:read", "team:manage", "user:read", "user:manage", *ROLES["Reporter"]]
    desk.perform(AddRole(role="Lead", rights=rights))
    for login in ("tim", "tom"):
        desk.perform(AddUser(login=login, roles=["Lead"]))
    tim = desk.as_user("tim")
    desk.perform(ChangeTeam(team="l2", lead="rita"))
    for verb in (
        ChangeTeam(team="l1", add_members=["@me"]), ChangeTeam(team="l1", lead="tim"),
        ChangeTeam(team="l1", new_name="mine", add_members=["wanda", "tom"]),
        ChangeTeam(team="l2", add_members=["tim"]), DeactivateUser(user="rita", lead_to="tim"),
    ):  # fmt: skip
        with pytest.raises(NotPermitted, match="may let nobody into the team l"):
            tim.perform(verb)
    with pytest.raises(NotFound):
        tim.perform(Show(case=secret))
    assert tim.perform(ChangeTeam(team="l1", new_name="front", lead="wanda", add_members=["wanda"])).name == "front"
    assert logins(tim.perform(ChangeTeam(team="l2", lead=None, remove_members=["walt"])).members) == ["rita"]
    assert logins(tim.perform(AddTeam(team="own", lead="@me", members=["tom"])).members) == ["tim", "tom"]
    desk.perform(ChangeTeam(team="front", add_members=["tim"]))
    assert tim.perform(Show(case=secret)).title == "secret"
    assert logins(tim.perform(ChangeTeam(team="front", add_members=["tom"])).members) == ["tim", "tom", "wanda"]


def test_hole_a_member_who_reads_his_own_cases_only_let_in_who_reads_more(desk: Any) -> None:
    secret = desk.perform(Create(title="secret", team="l1", is_restricted=True)).number
    desk.perform(AddRole(role="Clerk", rights=["case:read", "team:read", "team:manage", "user:read"]))
    desk.perform(AddUser(login="clara", roles=["Clerk"]))
    desk.perform(ChangeTeam(team="l1", add_members=["clara"]))
    with pytest.raises(NotPermitted, match="may let nobody into"):
        desk.as_user("clara").perform(ChangeTeam(team="l1", add_members=["walt"]))
    with pytest.raises(NotFound):
        desk.as_user("walt").perform(Show(case=secret))


def test_a_contact_is_changed(desk: Any) -> None:
    made = desk.perform(AddContact(contact="Ann Lee <ann@example.com>"))
    changed = desk.perform(ChangeContact(contact="ann@example.com", full_name="Ann Fox", email="fox@example.com",
                                         phone="+39 06 1234"))  # fmt: skip
    assert (changed.id, changed.name, changed.email, changed.phone) == (
        made.id, "Ann Fox", "fox@example.com", "+39 06 1234",
    )  # fmt: skip
    cleared = desk.perform(ChangeContact(contact=str(made.id), email=None, phone=None))
    assert (cleared.email, cleared.phone) == (None, None)
    assert desk.perform(ChangeContact(contact="Ann Fox", email="fox@example.com")).email == "fox@example.com"


def test_all_that_is_wrong_with_a_change_of_a_contact(desk: Any) -> None:
    desk.perform(AddContact(contact="Ann <ann@example.com>"))
    desk.perform(AddContact(contact="Bea <bea@example.com>"))
    with pytest.raises(Conflict, match="Ann"):
        desk.perform(ChangeContact(contact="Bea", email="ANN@example.com"))
    assert desk.perform(ChangeContact(contact="Bea", email="BEA@example.com")).email == "BEA@example.com"
    with pytest.raises(InvalidInput) as caught:
        desk.perform(ChangeContact(contact="Bea", email="nope", full_name="", phone="a\nb"))
    assert {one.pointer for one in caught.value.problems} == {"/email", "/full_name", "/phone"}
    with pytest.raises(InvalidInput, match="nothing to change"):
        desk.perform(ChangeContact(contact="Bea"))
    with pytest.raises(NotFound):
        desk.perform(ChangeContact(contact="nobody", phone="1"))


def test_a_deactivated_contact_is_offered_no_more_and_its_cases_stay(desk: Any) -> None:
    case = desk.perform(Create(title="x", contact="Ann <ann@example.com>"))
    off = desk.perform(DeactivateContact(contact="Ann"))
    assert off.is_active is False
    for contact in ("Ann", "ann@example.com", "Ann Again <ANN@example.com>", "ann"):
        with pytest.raises(InvalidInput) as refused:
            desk.perform(Create(title="y", contact=contact))
        assert (refused.value.problems[0].pointer, refused.value.problems[0].code) == ("/contact", "inactive")
        assert refused.value.hint == f"casectl contact activate {off.id}"
    with pytest.raises(InvalidInput, match="no longer active"):
        desk.perform(AddContact(contact="ann@example.com"))
    assert desk.perform(ListContacts()) == []
    assert desk.perform(ListContacts(include_inactive=True)) == [off]
    assert desk.perform(ShowContact(contact="ann@example.com")) == off
    assert desk.perform(Show(case=case.number)).contact.email == "ann@example.com"
    assert [one.number for one in desk.perform(ListCases(query=["contact:ann@example.com"])).items] == [case.number]
    assert desk.perform(Update(case=case.number, priority="high")).contact.id == off.id
    twin = desk.perform(AddContact(contact="Ann <other@example.com>"))
    assert desk.perform(Create(title="z", contact="Ann")).contact.id == twin.id
    assert desk.perform(ActivateContact(contact=str(off.id))).is_active
    assert desk.perform(Create(title="z", contact="ann@example.com")).contact.id == off.id


@pytest.mark.parametrize("login", ["rita", "apic"])
def test_who_may_not_write_contacts_does_not(desk: Any, login: str) -> None:
    desk.perform(AddContact(contact="Ann"))
    for verb in (
        ChangeContact(contact="Ann", phone="1"), DeactivateContact(contact="Ann"), ActivateContact(contact="Ann"),
    ):  # fmt: skip
        with pytest.raises(NotPermitted):
            desk.as_user(login).perform(verb)


def test_another_tenants_teams_and_contacts_are_not_there(desk: Any) -> None:
    there = desk.as_user("admin", tenant="globex")
    contact = there.perform(AddContact(contact="Gwen <gwen@example.com>"))
    there.perform(ChangeTeam(team="l1", new_name="foreign"))
    for verb in (
        ChangeTeam(team="foreign", lead="@me"), DeactivateTeam(team="foreign"), ActivateTeam(team="foreign"),
        DeactivateTeam(team="l1", reassign_to="foreign"), ChangeContact(contact="gwen@example.com", phone="1"),
        DeactivateContact(contact="Gwen"), ActivateContact(contact=str(contact.id)),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            desk.perform(verb)
    assert there.perform(ShowContact(contact="Gwen")).is_active


def test_a_repeated_request_and_a_dry_run(desk: Any) -> None:
    made = desk.perform(AddContact(contact="Ann"))
    assert desk.perform(DeactivateContact(contact="Ann"), dry_run=True).is_active is False
    assert desk.perform(ShowContact(contact="Ann")) == made
    first = desk.perform(ChangeContact(contact="Ann", full_name="Bea"), idempotency_key="k")
    assert desk.perform(ChangeContact(contact="Ann", full_name="Bea"), idempotency_key="k") == first
    team = desk.perform(DeactivateTeam(team="l1"), idempotency_key="t")
    assert desk.perform(DeactivateTeam(team="l1"), idempotency_key="t") == team


def test_hostile_names_are_kept_and_told_as_they_are(desk: Any) -> None:
    assert desk.perform(ChangeTeam(team="l1", new_name=HOSTILE)).name == HOSTILE
    desk.perform(AddContact(contact="Ann"))
    assert desk.perform(ChangeContact(contact="Ann", full_name=HOSTILE, phone=HOSTILE)).phone == HOSTILE


NAMING = {
    "create": (lambda _: Create(title="y", contact=ANN), lambda made: made.contact.id),
    "update": (lambda case: Update(case=case, contact=ANN), lambda made: made.contact.id),
    "contact add": (lambda _: AddContact(contact=ANN), lambda made: made.id),
}


@pytest.mark.parametrize("how", NAMING)
def test_hole_who_named_a_contact_was_refused_when_somebody_made_it_meanwhile(
    desk: Any, prepared_database: Database, how: str
) -> None:
    naming, id_of = NAMING[how]
    case = desk.perform(Create(title="x")).number
    with being_made(prepared_database):
        act = Act(desk, naming(case))
        wait_for_lock(prepared_database)
    assert id_of(act.ended()) == 5000
    assert [contact.id for contact in desk.perform(ListContacts())] == [5000]


def test_who_gives_a_contact_an_address_that_somebody_gives_meanwhile_is_told(
    desk: Any, prepared_database: Database
) -> None:
    desk.perform(AddContact(contact="Bob"))
    with being_made(prepared_database):
        act = Act(desk, ChangeContact(contact="Bob", email="ann@example.com"))
        wait_for_lock(prepared_database)
    assert "has this mail address" in act.ended().message


@contextmanager
def being_made(database: Database) -> Iterator[None]:
    """A contact that somebody is about to make; committed at the end."""
    with psycopg.connect(**database.superuser) as other:
        other.execute("SET session_replication_role = replica")
        other.execute(
            "INSERT INTO desk.contacts (tenant_id, id, name, email, changed_by)"
            " VALUES (1, 5000, 'Ann', 'Ann@example.com', 0)"
        )
        yield
