"""Users changed, deactivated and let in again: nobody gives or takes what he lacks, and somebody always remains."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from casectl.errors import Conflict, InvalidInput, NotAllowed, NotFound, NotLoggedIn, NotPermitted
from casectl.model.people import User
from casectl.operations.assign import Assign
from casectl.operations.create import Create
from casectl.operations.key_create import CreateKey
from casectl.operations.key_list import ListKeys
from casectl.operations.key_rotate import RotateKey
from casectl.operations.list import ListCases
from casectl.operations.role_add import AddRole
from casectl.operations.role_change import ChangeRole
from casectl.operations.role_deactivate import DeactivateRole
from casectl.operations.session_list import ListSessions
from casectl.operations.show import Show
from casectl.operations.team_show import ShowTeam
from casectl.operations.update import Update
from casectl.operations.user_activate import ActivateUser
from casectl.operations.user_add import AddUser
from casectl.operations.user_change import ChangeUser
from casectl.operations.user_deactivate import DeactivateUser
from casectl.operations.user_list import ListUsers
from casectl.operations.user_password import SetPassword
from casectl.operations.user_show import ShowUser
from casectl.rules.rights import ROLES
from tests.contract.test_keys import log_in, rows

HOSTILE = "\x1b]52;c;eA==\x07[/]\u202eevil"
ADMIN = sorted(ROLES["Tenant Admin"])


def manager(desk: Any, *more: str, login: str = "molly") -> Any:
    """Somebody who may manage users, and little else."""
    desk.perform(AddRole(role=f"Manager {login}", rights=["user:read", "user:manage", *more]))
    desk.perform(AddUser(login=login, roles=[f"Manager {login}"]))
    return desk.as_user(login)


def second_admin(desk: Any) -> Any:
    desk.perform(AddUser(login="ada", roles=["Tenant Admin"]))
    return desk.as_user("ada")


def logins(users: list[Any]) -> list[str]:
    return [user.login for user in users]


def test_a_user_is_changed(desk: Any, prepared_database: Any) -> None:
    before = desk.perform(ShowUser(user="walt"))
    changed = desk.perform(
        ChangeUser(user="walt", login="Walter", full_name="Walt Fox", email="fox@example.com", os_user="walter",
                   add_roles=["reporter"], remove_roles=["CASE WORKER"])
    )  # fmt: skip
    assert (changed.id, changed.login, changed.name, changed.email, changed.os_user, changed.roles) == (
        before.id, "walter", "Walt Fox", "fox@example.com", "walter", ["Reporter"],
    )  # fmt: skip
    cleared = desk.perform(ChangeUser(user="walter", email=None, os_user=None))
    assert (cleared.email, cleared.os_user, cleared.name) == (None, None, "Walt Fox")
    assert desk.perform(ChangeUser(user="walter", add_roles=["Reporter"], full_name="Walt Fox")) == cleared
    audited = rows(
        prepared_database,
        "SELECT object, action, actor_id, payload FROM audit WHERE operation = 'user change' ORDER BY seq",
    )
    assert [(row[0], row[1], row[2]) for row in audited] == [
        ("user", "update", 1), ("user_role", "insert", 1), ("user_role", "delete", 1), ("user", "update", 1),
    ]  # fmt: skip
    assert audited[0][3]["login"] == ["walt", "walter"]


def test_a_change_of_roles_counts_at_once(desk: Any) -> None:
    rita = desk.as_user("rita")
    with pytest.raises(NotPermitted):
        rita.perform(ListUsers())
    desk.perform(ChangeUser(user="rita", add_roles=["Case Worker"]))
    assert rita.perform(ListUsers())
    desk.perform(ChangeUser(user="rita", remove_roles=["Case Worker"]))
    with pytest.raises(NotPermitted):
        rita.perform(ListUsers())


def test_all_that_is_wrong_with_a_change_of_a_user(desk: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        desk.perform(ChangeUser(user="walt", login="1", full_name="a\nb", email="nope", os_user=""))
    assert {one.pointer for one in caught.value.problems} == {"/login", "/full_name", "/email", "/os_user"}
    with pytest.raises(InvalidInput, match="nothing to change"):
        desk.perform(ChangeUser(user="walt"))
    with pytest.raises(InvalidInput) as unknown:
        desk.perform(ChangeUser(user="walt", add_roles=["Case Werker", "Emperor"]))
    assert [(one.pointer, one.code) for one in unknown.value.problems] == [
        ("/add_roles/0", "unknown_role"), ("/add_roles/1", "unknown_role"),
    ]  # fmt: skip
    assert "Case Worker" in unknown.value.hint
    with pytest.raises(InvalidInput, match="added and removed"):
        desk.perform(ChangeUser(user="walt", add_roles=["Reporter"], remove_roles=["reporter"]))
    with pytest.raises(NotFound):
        desk.perform(ChangeUser(user="nobody", full_name="x"))
    for taken in ({"login": "wanda"}, {"email": "WANDA@acme.example.com"}, {"login": "rita@acme.example.com"}):
        with pytest.raises(Conflict, match=r"wanda|rita"):
            desk.perform(ChangeUser(user="walt", **taken))
    desk.perform(ChangeUser(user="walt", login="walt", email="walt@acme.example.com"))


@pytest.mark.parametrize("login", ["wanda", "rita", "apic"])
def test_who_may_not_manage_users_changes_none(desk: Any, login: str) -> None:
    for verb in (ChangeUser(user=login, full_name="x"), DeactivateUser(user="walt"), ActivateUser(user="walt")):
        with pytest.raises(NotPermitted):
            desk.as_user(login).perform(verb)


def test_another_tenants_user_is_not_there(desk: Any) -> None:
    other = desk.as_user("admin", tenant="globex").perform(AddUser(login="gwen"))
    for verb in (ChangeUser(user="gwen", full_name="x"), DeactivateUser(user="gwen"), ActivateUser(user="gwen")):
        with pytest.raises(NotFound):
            desk.perform(verb)
    for number in (str(other.id), str(other.id + 1000)):
        with pytest.raises(NotFound):
            desk.perform(DeactivateUser(user=number))
    with pytest.raises(NotFound):
        desk.perform(DeactivateUser(user="walt", reassign_to="gwen"))


def test_a_manager_of_users_does_not_become_an_admin(desk: Any) -> None:
    molly = manager(desk)
    takeovers = (
        ChangeUser(user="admin", os_user="molly"), ChangeUser(user="admin", email="molly@evil.example"),
        ChangeUser(user="admin", login="gone"), ChangeUser(user="molly", add_roles=["Tenant Admin"]),
        ChangeUser(user="molly", add_roles=["Reporter"]), DeactivateUser(user="admin"),
    )  # fmt: skip
    for verb in takeovers:
        with pytest.raises(NotPermitted):
            molly.perform(verb)
    role_manager = manager(desk, "role:manage", "role:read", login="max")
    for verb in (
        ChangeUser(user="max", add_roles=["Tenant Admin"]),
        ChangeUser(user="max", add_roles=["Reporter"]),
        ChangeUser(user="rita", remove_roles=["Reporter"]),
        ChangeRole(role="Manager max", add_rights=["case:purge"]),
        AddRole(role="Mine", rights=["case:purge"]),
    ):
        with pytest.raises(NotPermitted, match=r"case:|type:"):
            role_manager.perform(verb)


def test_hole_a_manager_of_users_made_keys_and_passwords_for_those_who_may_more(desk: Any) -> None:
    molly = manager(desk, "key:create", "account:manage", "case:read_restricted", "case:read_any", "case:read")
    for verb in (
        CreateKey(key="x", as_user="admin", rights=["case:read"]),
        CreateKey(key="x", as_user="admin"),
        SetPassword(user="admin", password="tulip over nine bridges"),
    ):
        with pytest.raises(NotPermitted, match="may do what molly may not"):
            molly.perform(verb)
    old = desk.perform(CreateKey(key="small", rights=["case:read"]))
    with pytest.raises(NotPermitted, match="may do what molly may not"):
        molly.perform(RotateKey(key=str(old.id)))
    desk.perform(AddRole(role="Less", rights=["case:read"]))
    desk.perform(AddUser(login="lesser", roles=["Less"]))
    assert molly.perform(CreateKey(key="y", as_user="lesser")).rights == ["case:read"]
    assert desk.perform(RotateKey(key=str(old.id))).rights == ["case:read"]


def test_hole_a_deactivated_role_did_not_count_when_its_holder_was_changed(desk: Any, prepared_database: Any) -> None:
    """Its rights come back when it is activated: who gets at the account meanwhile would have them then."""
    desk.perform(AddRole(role="Purger", rights=["case:purge", "case:read"]))
    desk.perform(AddUser(login="strong", email="strong@example.com", roles=["Purger"]))
    desk.perform(DeactivateRole(role="Purger"))
    molly = manager(desk, "account:manage")
    before = desk.perform(ShowUser(user="strong"))
    for verb in (
        ChangeUser(user="strong", os_user="molly"), ChangeUser(user="strong", email="molly@example.com"),
        DeactivateUser(user="strong"), ActivateUser(user="strong"),
        SetPassword(user="strong", password="a long phrase"),
    ):  # fmt: skip
        with pytest.raises(NotPermitted, match="case:purge"):
            molly.perform(verb)
    assert desk.perform(ShowUser(user="strong")) == before
    assert rows(prepared_database, "SELECT count(*) FROM passwords p JOIN users u USING (tenant_id)"
                " WHERE u.id = p.user_id AND u.login = 'strong'") == [(0,)]  # fmt: skip
    assert desk.perform(ChangeUser(user="strong", full_name="Strong")).name == "Strong"


def test_a_user_is_deactivated_and_let_in_again(desk: Any, prepared_database: Any) -> None:
    key = desk.perform(CreateKey(key="walts", as_user="walt"))
    log_in(prepared_database, "walt")
    sessions = len(desk.perform(ListSessions(of_user="walt")))
    keys = len([one for one in desk.perform(ListKeys(of_user="walt")) if one.state == "active"])
    done = desk.perform(DeactivateUser(user="walt"))
    assert (done.user.login, done.user.is_active, done.sessions, done.keys) == ("walt", False, sessions, keys)
    assert ([team.name for team in done.leads], done.open_cases, done.reassigned) == (["l2"], 0, 0)
    assert desk.perform(ListSessions(of_user="walt")) == []
    assert {one.state for one in desk.perform(ListKeys(of_user="walt"))} == {"revoked"}
    with pytest.raises(NotLoggedIn):
        desk.as_user("walt").perform(ListCases())
    again = desk.perform(DeactivateUser(user="walt"))
    assert (again.sessions, again.keys, again.user.is_active) == (0, 0, False)
    assert "walt" not in logins(desk.perform(ListUsers()))
    assert "walt" in logins(desk.perform(ListUsers(include_inactive=True)))
    back = desk.perform(ActivateUser(user="walt"))
    assert (back.is_active, back.roles, back.teams) == (True, ["Case Worker"], ["l2"])
    assert desk.perform(ActivateUser(user="walt")) == back
    assert {one.state for one in desk.perform(ListKeys(of_user="walt")) if one.id == key.id} == {"revoked"}


def test_nobody_new_is_given_to_who_has_left(desk: Any) -> None:
    case = desk.perform(Create(title="x"))
    desk.perform(DeactivateUser(user="walt"))
    for verb in (
        Assign(case=case.number, assignee="walt"),
        Update(case=case.number, reporter="walt"),
        Create(title="y", assignee="walt"),
        DeactivateUser(user="wanda", reassign_to="walt"),
        DeactivateUser(user="wanda", reassign_to="wanda"),
    ):
        with pytest.raises(InvalidInput, match="no longer active"):
            desk.perform(verb)
    with pytest.raises(NotFound) as unknown:
        desk.perform(Assign(case=case.number, assignee="waltt"))
    assert "walt" not in unknown.value.hint.replace("waltt", "")


def test_open_cases_are_told_and_stay(desk: Any) -> None:
    mine = [desk.perform(Create(title=f"case {n}", assignee="walt", priority=p)) for n, p in enumerate(("low", "high"))]
    closed = desk.perform(Create(title="closed", assignee="walt"))
    desk.perform(Update(case=closed.number, status="closed"))
    done = desk.perform(DeactivateUser(user="walt"))
    assert (done.open_cases, done.reassigned, done.reassigned_to) == (2, 0, None)
    assert [(line.number, line.title) for line in done.cases] == [(case.number, case.title) for case in mine[::-1]]
    assert desk.perform(Show(case=mine[0].number)).assignee.login == "walt"


def test_open_cases_and_teams_go_to_somebody_else(desk: Any, prepared_database: Any) -> None:
    case = desk.perform(Create(title="x", assignee="walt"))
    tried = desk.perform(DeactivateUser(user="walt", reassign_to="wanda", lead_to="wanda"), dry_run=True)
    assert (tried.open_cases, tried.reassigned_to.login, tried.user.is_active) == (1, "wanda", False)
    assert desk.perform(ShowUser(user="walt")).is_active
    done = desk.perform(DeactivateUser(user="walt", reassign_to="wanda", lead_to="wanda"))
    assert (done.reassigned, done.reassigned_to.login, done.leads) == (1, "wanda", [])
    after = desk.perform(Show(case=case.number))
    assert (after.assignee.login, after.version) == ("wanda", case.version + 1)
    team = desk.perform(ShowTeam(team="l2"))
    assert (team.lead.login, "wanda" in logins(team.members)) == ("wanda", True)
    requests = rows(prepared_database, "SELECT DISTINCT request_id FROM audit WHERE operation = 'user deactivate'")
    assert len(requests) == 1, "one transaction"


def test_none_frees_cases_and_teams(desk: Any) -> None:
    case = desk.perform(Create(title="x", assignee="walt"))
    done = desk.perform(DeactivateUser(user="walt"))
    assert done.open_cases == 1
    freed = desk.perform(DeactivateUser(user="walt", reassign_to=None, lead_to=None))
    assert (freed.reassigned, freed.reassigned_to, freed.leads) == (1, None, [])
    assert desk.perform(Show(case=case.number)).assignee is None
    assert desk.perform(ShowTeam(team="l2")).lead is None


def test_more_cases_than_one_bulk_takes_are_handed_over(desk: Any, prepared_database: Any) -> None:
    desk.perform(Create(title="one of many", assignee="walt"))
    rows(
        prepared_database,
        "INSERT INTO cases (tenant_id, id, number, title, case_type_id, type_revision, status_id, category, priority,"
        " assignee_id, created_by, changed_by) SELECT tenant_id, n, 'INC-1-' || n, title, case_type_id, type_revision,"
        " status_id, category, priority, assignee_id, 0, 0 FROM cases, generate_series(1001, 3100) n"
        " WHERE tenant_id = 1 AND title = 'one of many'",
    )
    done = desk.perform(DeactivateUser(user="walt", reassign_to="wanda"))
    assert (done.open_cases, done.reassigned, len(done.cases)) == (2101, 2101, 100)
    told = rows(prepared_database, "SELECT DISTINCT assignee_id, version FROM cases WHERE tenant_id = 1 AND id > 1000")
    assert told == [(desk.perform(ShowUser(user="wanda")).id, 2)]


def test_cases_that_may_not_be_handed_over_refuse_the_whole(desk: Any) -> None:
    case = desk.perform(Create(title="x", assignee="rita"))
    rights = ("case:create", "case:read", "case:read_any", "note:create", "history:read", "type:read", "account:manage")
    molly = manager(desk, *rights, "case:bulk_update", "case:assign", "case:update")
    with pytest.raises(NotPermitted, match=case.number):
        molly.perform(DeactivateUser(user="rita", reassign_to="molly"))
    assert desk.perform(ShowUser(user="rita")).is_active
    assert molly.perform(DeactivateUser(user="rita")).open_cases == 1


def test_a_repeated_request_answers_as_the_first(desk: Any) -> None:
    first = desk.perform(DeactivateUser(user="walt"), idempotency_key="k")
    assert desk.perform(DeactivateUser(user="walt"), idempotency_key="k") == first
    assert first.user.is_active is False


def test_a_program_is_no_person(desk: Any) -> None:
    from casectl.operations.client_add import AddClient

    desk.perform(AddClient(client="robot", rights=["case:read"]))
    for verb in (DeactivateUser(user="robot"), ActivateUser(user="robot"), ChangeUser(user="robot", full_name="x")):
        with pytest.raises(NotAllowed, match="program"):
            desk.perform(verb)


def test_the_last_tenant_admin_stays(desk: Any) -> None:
    for verb in (
        DeactivateUser(user="admin"),
        DeactivateUser(user="@me"),
        ChangeUser(user="admin", remove_roles=["Tenant Admin"]),
        ChangeUser(user="admin", remove_roles=["Tenant Admin"], add_roles=["Case Worker"]),
    ):
        with pytest.raises(NotAllowed, match="nobody could manage users and roles"):
            desk.perform(verb)
    ada = second_admin(desk)
    ada.perform(ChangeUser(user="admin", remove_roles=["Tenant Admin"], add_roles=["Case Worker"]))
    with pytest.raises(NotPermitted):
        desk.perform(DeactivateUser(user="ada"))
    with pytest.raises(NotAllowed, match="nobody"):
        ada.perform(DeactivateUser(user="ada"))
    ada.perform(ChangeUser(user="admin", add_roles=["Tenant Admin"]))
    assert desk.perform(DeactivateUser(user="ada")).user.is_active is False
    with pytest.raises(NotAllowed, match="nobody"):
        desk.perform(DeactivateUser(user="admin"))


@pytest.mark.parametrize("leave", [lambda login: DeactivateUser(user=login),
                                   lambda login: ChangeUser(user=login, remove_roles=["Tenant Admin"])])  # fmt: skip
def test_the_last_two_tenant_admins_leave_at_once(desk: Any, leave: Any) -> None:
    both = {"admin": desk, "ada": second_admin(desk)}
    for one in both.values():
        one.perform(ShowUser(user="@me"))
    told: list[type] = []
    begin = threading.Barrier(len(both))

    def go(login: str) -> None:
        begin.wait()
        try:
            both[login].perform(leave(login))
            told.append(User)
        except NotAllowed:
            told.append(NotAllowed)

    threads = [threading.Thread(target=go, args=[login]) for login in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert set(told) == {User, NotAllowed}


def test_roles_that_together_administer_are_counted_together(desk: Any) -> None:
    desk.perform(AddRole(role="Half", rights=["user:manage"]))
    desk.perform(AddRole(role="Other half", rights=["role:manage"]))
    desk.perform(ChangeUser(user="walt", add_roles=["Half", "Other half"]))
    desk.perform(ChangeUser(user="admin", remove_roles=["Tenant Admin"]))
    walt = desk.as_user("walt")
    for verb in (
        DeactivateRole(role="Half"), ChangeRole(role="Other half", remove_rights=["role:manage"]),
        ChangeUser(user="walt", remove_roles=["Half"]), DeactivateUser(user="walt"),
    ):  # fmt: skip
        with pytest.raises(NotAllowed, match="nobody"):
            walt.perform(verb)


def test_users_are_found_by_prefix_role_and_team(desk: Any) -> None:
    assert logins(desk.perform(ListUsers(prefix="WA"))) == ["walt", "wanda"]
    assert logins(desk.perform(ListUsers(prefix="rita@"))) == ["rita"]
    assert logins(desk.perform(ListUsers(prefix="%"))) == []
    assert logins(desk.perform(ListUsers(role="case worker"))) == ["walt", "wanda"]
    assert logins(desk.perform(ListUsers(role="case worker", team="L2"))) == ["walt"]
    assert logins(desk.as_user("wanda").perform(ListUsers(team="l1"))) == ["wanda"]
    for wish in ({"role": "Emperor"}, {"team": "nothing"}):
        with pytest.raises(NotFound):
            desk.perform(ListUsers(**wish))


def test_hostile_names_are_kept_and_told_as_they_are(desk: Any) -> None:
    changed = desk.perform(ChangeUser(user="walt", full_name=HOSTILE))
    assert changed.name == HOSTILE
    assert desk.perform(DeactivateUser(user="walt")).user.name == HOSTILE
