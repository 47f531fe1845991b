"""Every way to come in as somebody else is closed to who could then see or do more than he may."""

from __future__ import annotations

from typing import Any

import pytest

from casectl.errors import InvalidInput, NotFound, NotPermitted
from casectl.operations.access_explain import ExplainAccess
from casectl.operations.client_add import AddClient
from casectl.operations.client_rotate import RotateClient
from casectl.operations.create import Create
from casectl.operations.key_create import CreateKey
from casectl.operations.key_list import ListKeys
from casectl.operations.key_rotate import RotateKey
from casectl.operations.role_add import AddRole
from casectl.operations.role_change import ChangeRole
from casectl.operations.session_list import ListSessions
from casectl.operations.show import Show
from casectl.operations.team_change import ChangeTeam
from casectl.operations.update import Update
from casectl.operations.user_activate import ActivateUser
from casectl.operations.user_add import AddUser
from casectl.operations.user_change import ChangeUser
from casectl.operations.user_deactivate import DeactivateUser
from casectl.operations.user_password import SetPassword
from casectl.operations.user_show import ShowUser
from casectl.rules.rights import RIGHTS
from tests.contract.test_keys import rows

PHRASE = "tulip over nine bridges"
EVERYBODYS = ("case:read_any", "case:read_restricted", "case:update_any")
KINDS = ("password", "os_user", "email", "login", "key", "small key", "rotated key")


def office(desk: Any, *lacking: str, login: str = "molly") -> Any:
    """Somebody with all rights but these."""
    desk.perform(AddRole(role=f"Office {login}", rights=sorted(set(RIGHTS) - set(lacking))))
    desk.perform(AddUser(login=login, roles=[f"Office {login}"]))
    return desk.as_user(login)


def way_in(desk: Any, kind: str, target: str) -> Any:
    """A verb that gives whoever performs it a login of the target."""
    if kind == "rotated key":
        return RotateKey(key=str(desk.perform(CreateKey(key="old", as_user=target, rights=["account:manage"])).id))
    return {
        "password": SetPassword(user=target, password=PHRASE),
        "os_user": ChangeUser(user=target, os_user="molly"),
        "email": ChangeUser(user=target, email="molly@example.com"),
        "login": ChangeUser(user=target, login="molly2"),
        "key": CreateKey(key="x", as_user=target),
        "small key": CreateKey(key="x", as_user=target, rights=["account:manage"]),
    }[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_hole_a_manager_of_users_came_in_as_somebody_who_reads_more(
    desk: Any, prepared_database: Any, kind: str
) -> None:
    """A member of a team reads its restricted cases, a person his own: by whom he is, and not by a right."""
    desk.perform(Create(title="of a team", team="l1", is_restricted=True))
    molly = office(desk, "case:read_restricted")
    way, before = way_in(desk, kind, "wanda"), desk.perform(ShowUser(user="wanda"))
    keys = desk.perform(ListKeys(of_user="wanda"))
    with pytest.raises(NotPermitted, match=r"as wanda may do what molly may not: case:read_restricted$"):
        molly.perform(way)
    assert desk.perform(ShowUser(user="wanda")) == before
    assert desk.perform(ListKeys(of_user="wanda")) == keys
    assert rows(prepared_database, "SELECT count(*) FROM passwords p JOIN users u USING (tenant_id)"
                " WHERE u.id = p.user_id AND login IN ('wanda', 'molly2') AND p.changed_by > 0") == [(0,)]  # fmt: skip
    assert desk.perform(way)


@pytest.mark.parametrize("lacking", EVERYBODYS)
@pytest.mark.parametrize("target", ["wanda", "rita"])
def test_it_is_refused_whether_there_are_such_cases_or_not(desk: Any, target: str, lacking: str) -> None:
    """The refusal would tell who has a restricted case; and he may be given one tomorrow."""
    molly = office(desk, lacking)
    told = []
    for _ in range(2):
        with pytest.raises(NotPermitted) as refused:
            molly.perform(SetPassword(user=target, password=PHRASE))
        told.append(refused.value.message)
        desk.perform(Create(title="his own", reporter=target, is_restricted=True))
    assert told[0] == told[1]
    assert lacking in told[0]
    desk.perform(ChangeRole(role="Office molly", add_rights=[lacking]))
    assert molly.perform(SetPassword(user=target, password=PHRASE)).user.login == target


def test_a_colleague_in_the_same_team_is_somebody_else(desk: Any) -> None:
    """His own restricted cases are not those of the team."""
    molly = office(desk, "case:read_restricted")
    desk.perform(ChangeTeam(team="l1", add_members=["molly", "rita"]))
    hidden = desk.perform(Create(title="about molly", reporter="rita", is_restricted=True)).number
    with pytest.raises(NotPermitted, match="as rita"):
        molly.perform(CreateKey(key="x", as_user="rita"))
    with pytest.raises(NotFound):
        molly.perform(Show(case=hidden))


def test_hole_who_managed_clients_came_in_as_one_that_reads_more(desk: Any) -> None:
    desk.perform(AddClient(client="intake", rights=["case:create", "case:read", "case:read_any"]))
    desk.perform(Create(title="its own", reporter="intake", is_restricted=True))
    molly = office(desk, "case:read_restricted")
    for verb in (RotateClient(client="intake"), CreateKey(key="x", client="intake")):
        with pytest.raises(NotPermitted, match="as intake may do what molly may not: case:read_restricted"):
            molly.perform(verb)
        assert desk.perform(verb).secret
    assert molly.perform(AddClient(client="hers", rights=["case:create", "case:read"])).secret
    desk.perform(AddClient(client="sensor", rights=["case:create"]))
    assert molly.perform(RotateClient(client="sensor")).secret


def test_what_is_no_way_in_stays_open(desk: Any) -> None:
    """Who manages users without reading restricted cases adds, names, and lets in and out as before."""
    molly = office(desk, "case:read_restricted", "case:update_any")
    assert molly.perform(ChangeUser(user="rita", full_name="Rita Fox", email=None, os_user=None)).name == "Rita Fox"
    assert molly.perform(AddUser(login="new", email="new@example.com", os_user="newbie")).os_user == "newbie"
    assert not molly.perform(DeactivateUser(user="rita")).user.is_active
    assert molly.perform(ActivateUser(user="rita")).is_active
    assert molly.perform(ListSessions(of_user="wanda")) is not None


def test_ones_own_login_needs_no_more_than_ones_rights(desk: Any) -> None:
    """His own restricted cases he sees already."""
    molly = office(desk, "case:read_restricted", "case:update_any")
    own = desk.perform(Create(title="x", reporter="molly", is_restricted=True)).number
    assert molly.perform(SetPassword(password=PHRASE)).user.login == "molly"
    assert molly.perform(ChangeUser(user="@me", email="molly@example.com")).email == "molly@example.com"
    key = molly.perform(CreateKey(key="hers"))
    assert molly.perform(RotateKey(key=str(key.id))).secret
    assert molly.perform(Show(case=own)).title == "x"


def test_who_gives_himself_the_rights_first_gets_none(desk: Any) -> None:
    """Role, team and case are no way around: each asks for what the login would open."""
    molly = office(desk, "case:read_restricted")
    hidden = desk.perform(Create(title="secret", team="l1", assignee="wanda", is_restricted=True)).number
    for verb in (
        ChangeUser(user="molly", add_roles=["Tenant Admin"]),
        ChangeRole(role="Office molly", add_rights=["case:read_restricted"]),
        ChangeTeam(team="l1", add_members=["molly"]),
        ChangeTeam(team="l1", lead="molly"),
        DeactivateUser(user="walt", lead_to="molly"),
        SetPassword(user="walt", password=PHRASE),
    ):
        with pytest.raises(NotPermitted):
            molly.perform(verb)
    with pytest.raises(NotFound):
        molly.perform(Update(case=hidden, assignee="molly"))
    desk.perform(ChangeUser(user="walt", remove_roles=["Case Worker"]))
    assert molly.perform(SetPassword(user="walt", password=PHRASE)).user.login == "walt"


def test_hole_a_role_was_given_the_name_by_which_a_provider_gives_another(desk: Any) -> None:
    """Whoever has the group of that name would hold all rights of the role at his next login."""
    molly = office(desk, "case:purge")
    desk.perform(AddRole(role="Bosses", rights=["case:purge", "case:read"]))
    molly.perform(ChangeRole(role="Office molly", new_name="Office"))
    with pytest.raises(NotPermitted, match="cannot give a role rights without having them: case:purge"):
        molly.perform(ChangeRole(role="Bosses", new_name="Office molly"))
    assert desk.perform(ChangeRole(role="Bosses", new_name="Office molly")).name == "Office molly"


@pytest.mark.no_cover
def test_access_explain_tells_what_becomes_of_it(desk: Any) -> None:
    """Its verdict is that of the verb, for everybody about everybody."""
    office(desk, "case:read_restricted")
    office(desk, "case:purge", login="max")
    desk.perform(AddUser(login="gone"))
    desk.perform(DeactivateUser(user="gone"))
    desk.perform(AddClient(client="sensor", rights=["case:create"]))
    people = ("admin", "molly", "max", "wanda", "rita", "apic")
    for verb, make in (("user password", _password), ("key create", _key)):
        for actor in people:
            for target in (*people, "gone", "sensor"):
                told = desk.perform(ExplainAccess(actor=actor, verb=verb, user=target))
                try:
                    desk.as_user(actor).perform(make(target), dry_run=True)
                    done = True
                except (NotPermitted, InvalidInput) as refusal:
                    done = "present password is required" in refusal.message
                assert told.allowed == done, (actor, verb, target, told)
    told = desk.perform(ExplainAccess(actor="molly", verb="user password", user="rita"))
    assert (told.allowed, told.rules[-1].rule) == (False, "login")
    assert told.because == "who comes in as rita may do what molly may not: case:read_restricted"
    assert desk.perform(ExplainAccess(actor="max", verb="key create", user="rita")).because == "every rule allows it"


def _password(target: str) -> SetPassword:
    return SetPassword(user=target, password=PHRASE)


def _key(target: str) -> CreateKey:
    return CreateKey(key="x", as_user=target)


def test_what_others_may_is_told_to_who_reads_users_and_roles_alone(desk: Any) -> None:
    worker = desk.as_user("wanda")
    assert worker.perform(ExplainAccess(actor="@me", verb="user password", user="@me")).allowed
    with pytest.raises(NotPermitted, match="role:read"):
        worker.perform(ExplainAccess(actor="@me", verb="user password", user="admin"))
    for verb in ("user change", "list"):
        with pytest.raises(InvalidInput, match="--user is for the verbs user password, key create"):
            desk.perform(ExplainAccess(actor="wanda", verb=verb, user="rita"))
    with pytest.raises(NotFound):
        desk.perform(ExplainAccess(actor="wanda", verb="key create", user="gwen"))
