"""Roles made, changed, deactivated: rights by name, none that one lacks, and Tenant Admin always administers."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from casectl.errors import Conflict, InvalidInput, NotAllowed, NotFound, NotPermitted
from casectl.operations.create import Create
from casectl.operations.list import ListCases
from casectl.operations.role_activate import ActivateRole
from casectl.operations.role_add import AddRole
from casectl.operations.role_change import ChangeRole
from casectl.operations.role_deactivate import DeactivateRole
from casectl.operations.role_list import ListRoles
from casectl.operations.role_show import ShowRole
from casectl.operations.user_add import AddUser
from casectl.operations.user_change import ChangeUser
from casectl.operations.user_show import ShowUser
from casectl.operations.whoami import AskWhoAmI
from casectl.rules.rights import RIGHTS, ROLES
from tests.contract.test_keys import rows

HOSTILE = "\x1b]52;c;eA==\x07[/]\u202eevil"


def names(roles: list[Any]) -> list[str]:
    return [role.name for role in roles]


def test_the_roles_of_a_new_tenant(desk: Any) -> None:
    roles = desk.perform(ListRoles())
    assert names(roles) == sorted(ROLES)
    assert all(role.is_built_in and role.is_active for role in roles)
    assert {role.name: role.users for role in roles} == {
        "API Client": 1, "Case Worker": 2, "Reporter": 1, "Tenant Admin": 1,
    }  # fmt: skip
    shown = desk.perform(ShowRole(role="CASE worker"))
    assert set(shown.rights) == ROLES["Case Worker"]
    assert [holder.login for holder in shown.holders] == ["walt", "wanda"]
    assert desk.perform(ShowRole(role=str(shown.id))) == shown
    assert names(desk.perform(ListRoles(having="case:delete"))) == ["Tenant Admin"]
    assert names(desk.perform(ListRoles(having=" CASE:TAKE "))) == ["Case Worker", "Tenant Admin"]


def test_a_role_is_made_given_and_changed(desk: Any, prepared_database: Any) -> None:
    made = desk.perform(AddRole(role="Auditor", rights=["history:read", "case:read", "CASE:READ_ANY"]))
    assert (made.rights, made.is_built_in, made.users, made.holders) == (
        ["case:read", "case:read_any", "history:read"], False, 0, [],
    )  # fmt: skip
    desk.perform(AddUser(login="otto", roles=["auditor"]))
    otto = desk.as_user("otto")
    desk.perform(Create(title="x"))
    assert len(otto.perform(ListCases()).items) == 1
    changed = desk.perform(
        ChangeRole(role="auditor", new_name="Auditors", add_rights=["audit:read"], remove_rights=["case:read_any"])
    )
    assert (changed.name, changed.rights) == ("Auditors", ["audit:read", "case:read", "history:read"])
    assert [holder.login for holder in changed.holders] == ["otto"]
    assert otto.perform(ListCases()).items == []
    same = desk.perform(ChangeRole(role="Auditors", add_rights=["audit:read"], remove_rights=["case:purge"]))
    assert same == changed
    payloads = rows(prepared_database, "SELECT payload FROM audit WHERE operation = 'role change'")
    assert len(payloads) == 1, "what changes nothing leaves no trace"
    assert payloads[0][0]["name"] == ["Auditor", "Auditors"]


def test_a_deactivated_role_gives_no_rights(desk: Any) -> None:
    desk.perform(AddRole(role="Extra", rights=["case:delete"]))
    desk.perform(ChangeUser(user="wanda", add_roles=["Extra"]))
    wanda = desk.as_user("wanda")
    off = desk.perform(DeactivateRole(role="extra"))
    assert (off.is_active, [holder.login for holder in off.holders]) == (False, ["wanda"])
    assert desk.perform(ShowUser(user="wanda")).roles == ["Case Worker"]
    who = wanda.perform(AskWhoAmI())
    assert (who.roles, "case:delete" in who.rights) == (["Case Worker"], False)
    assert "Extra" not in names(desk.perform(ListRoles()))
    assert "Extra" in names(desk.perform(ListRoles(include_inactive=True)))
    for verb in (ChangeUser(user="walt", add_roles=["Extra"]), AddUser(login="new", roles=["Extra"])):
        with pytest.raises(InvalidInput, match="no longer active"):
            desk.perform(verb)
    assert desk.perform(DeactivateRole(role="extra")) == off
    assert desk.perform(ActivateRole(role="extra")).is_active
    assert "case:delete" in wanda.perform(AskWhoAmI()).rights
    desk.perform(DeactivateRole(role="extra"))
    desk.perform(ChangeUser(user="wanda", remove_roles=["extra"]))
    assert desk.perform(ActivateRole(role="extra")).users == 0


def test_the_reporter_may_be_deactivated_too(desk: Any) -> None:
    desk.perform(DeactivateRole(role="Reporter"))
    with pytest.raises(NotPermitted):
        desk.as_user("rita").perform(ListCases())
    with pytest.raises(InvalidInput) as refused:
        desk.perform(AddUser(login="new"))
    assert refused.value.hint == "casectl role activate Reporter"


def test_all_that_is_wrong_with_a_role(desk: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        desk.perform(AddRole(role="x", rights=["case:reed", "kase:read", "fly"]))
    assert len(caught.value.problems) == 3
    assert "case:read" in caught.value.problems[0].allowed
    for wrong in ("12", "none", "", "a\nb"):
        with pytest.raises(InvalidInput):
            desk.perform(AddRole(role=wrong))
    for verb in (AddRole(role="REPORTER"), ChangeRole(role=desk.perform(AddRole(role="x")).name, new_name="reporter")):
        with pytest.raises(Conflict, match=r"REPORTER|reporter"):
            desk.perform(verb)
    with pytest.raises(InvalidInput, match="nothing to change"):
        desk.perform(ChangeRole(role="x"))
    with pytest.raises(InvalidInput, match="added and removed"):
        desk.perform(ChangeRole(role="x", add_rights=["case:read"], remove_rights=["case:read"]))
    with pytest.raises(NotFound) as unknown:
        desk.perform(ShowRole(role="Reportr"))
    assert "Reporter" in unknown.value.hint
    with pytest.raises(InvalidInput):
        desk.perform(ListRoles(having="case:reed"))


def test_built_in_roles_keep_their_names(desk: Any) -> None:
    for role in ROLES:
        with pytest.raises(NotAllowed, match="built-in"):
            desk.perform(ChangeRole(role=role, new_name="Boss"))
    assert desk.perform(ChangeRole(role="case worker", new_name="Case Worker")).name == "Case Worker"


def test_tenant_admin_never_loses_what_keeps_the_tenant_administrable(desk: Any) -> None:
    desk.perform(AddRole(role="Twin", rights=sorted(RIGHTS)))
    desk.perform(AddUser(login="ada", roles=["Twin"]))
    for verb in (
        DeactivateRole(role="Tenant Admin"),
        ChangeRole(role="tenant admin", remove_rights=["user:manage"]),
        ChangeRole(role="tenant admin", remove_rights=["case:purge", "role:manage"]),
    ):
        with pytest.raises(NotAllowed, match="could give rights"):
            desk.perform(verb)
    changed = desk.perform(ChangeRole(role="tenant admin", remove_rights=["case:purge"]))
    assert set(changed.rights) == set(RIGHTS) - {"case:purge"}
    with pytest.raises(NotPermitted, match="case:purge"):
        desk.perform(ChangeRole(role="tenant admin", add_rights=["case:purge"]))
    for verb in (DeactivateRole(role="Twin"), ChangeRole(role="Twin", remove_rights=["case:purge"])):
        with pytest.raises(NotPermitted, match="case:purge"):
            desk.perform(verb)
    back = desk.as_user("ada").perform(ChangeRole(role="tenant admin", add_rights=["case:purge"]))
    assert set(back.rights) == set(RIGHTS)


def test_nobody_activates_rights_he_lacks(desk: Any) -> None:
    desk.perform(AddRole(role="Extra", rights=["case:delete"]))
    desk.perform(DeactivateRole(role="Extra"))
    desk.perform(AddRole(role="Max", rights=["role:read", "role:manage"]))
    desk.perform(AddUser(login="max", roles=["Max"]))
    with pytest.raises(NotPermitted, match="case:delete"):
        desk.as_user("max").perform(ActivateRole(role="Extra"))


@pytest.mark.parametrize("login", ["wanda", "rita", "apic"])
def test_who_may_not_manage_roles_does_not(desk: Any, login: str) -> None:
    for verb in (
        ListRoles(), ShowRole(role="Reporter"), AddRole(role="x"), ChangeRole(role="Reporter", new_name="x"),
        DeactivateRole(role="Reporter"), ActivateRole(role="Reporter"),
    ):  # fmt: skip
        with pytest.raises(NotPermitted):
            desk.as_user(login).perform(verb)


def test_another_tenants_role_is_not_there(desk: Any) -> None:
    other = desk.as_user("admin", tenant="globex").perform(AddRole(role="Foreign", rights=["case:read"]))
    for verb in (
        ShowRole(role="Foreign"), ChangeRole(role="Foreign", new_name="x"), DeactivateRole(role="Foreign"),
        ActivateRole(role="Foreign"), ShowRole(role=str(other.id)),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            desk.perform(verb)
    assert "Foreign" not in names(desk.perform(ListRoles(include_inactive=True)))


def test_a_dry_run_and_a_repeated_request(desk: Any) -> None:
    assert desk.perform(AddRole(role="x"), dry_run=True).name == "x"
    assert desk.perform(DeactivateRole(role="Reporter"), dry_run=True).is_active is False
    assert names(desk.perform(ListRoles())) == sorted(ROLES)
    made = desk.perform(AddRole(role="x", rights=["case:read"]), idempotency_key="k")
    assert desk.perform(AddRole(role="x", rights=["case:read"]), idempotency_key="k") == made


def test_two_changes_of_one_role_both_count(desk: Any) -> None:
    desk.perform(AddRole(role="x"))
    desk.perform(AddUser(login="ada", roles=["Tenant Admin"]))
    ada = desk.as_user("ada")
    ada.perform(ShowRole(role="x"))
    begin = threading.Barrier(2)

    def change(actor: Any, right: str) -> None:
        begin.wait()
        actor.perform(ChangeRole(role="x", add_rights=[right]))

    threads = [
        threading.Thread(target=change, args=(actor, right))
        for actor, right in ((desk, "case:read"), (ada, "case:take"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert desk.perform(ShowRole(role="x")).rights == ["case:read", "case:take"]


def test_a_hostile_name_is_one_word_of_a_shell_in_hints(desk: Any) -> None:
    made = desk.perform(AddRole(role=HOSTILE + "; rm -rf ~"))
    assert made.name == HOSTILE + "; rm -rf ~"
    with pytest.raises(Conflict) as taken:
        desk.perform(AddRole(role=made.name))
    assert taken.value.hint == f"casectl role show '{made.name}'"
