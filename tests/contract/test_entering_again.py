"""What a desk has learnt of people, teams and rights is never told or used after it has changed."""

from __future__ import annotations

from typing import Any

import pytest

from casectl.errors import NotLoggedIn, NotPermitted
from casectl.operations.contact_change import ChangeContact
from casectl.operations.create import Create
from casectl.operations.list import ListCases
from casectl.operations.note import AddNote
from casectl.operations.role_change import ChangeRole
from casectl.operations.show import Show
from casectl.operations.team_add import AddTeam
from casectl.operations.team_change import ChangeTeam
from casectl.operations.user_change import ChangeUser
from casectl.operations.user_deactivate import DeactivateUser
from casectl.operations.whoami import AskWhoAmI


def test_a_new_name_is_told_at_once_on_every_desk(desk: Any) -> None:
    desk.perform(AddTeam(team="Printers"))
    number = desk.perform(Create(title="x", assignee="wanda", team="Printers", contact="Cora <c@example.com>")).number
    wanda = desk.as_user("wanda")
    for one in (desk, wanda):
        shown = one.perform(Show(case=number))
        assert (shown.assignee.login, shown.team.name, shown.contact.name) == ("wanda", "Printers", "Cora")
    desk.perform(ChangeUser(user="wanda", full_name="Wanda the Second", email="w2@example.com"))
    desk.perform(ChangeTeam(team="Printers", new_name="Printing"))
    desk.perform(ChangeContact(contact="c@example.com", full_name="Cora B."))
    for one in (desk, wanda):
        listed, shown = one.perform(ListCases()).items[0], one.perform(Show(case=number))
        for case in (listed, shown):
            assert (case.assignee.name, case.assignee.email) == ("Wanda the Second", "w2@example.com")
            assert (case.team.name, case.contact.name) == ("Printing", "Cora B.")
    noted = wanda.perform(AddNote(case=number, content="seen"))
    assert (noted.author.name, noted.author.email) == ("Wanda the Second", "w2@example.com")
    (kept,) = desk.perform(Show(case=number)).notes
    assert (noted.id, noted.author, noted.created_at) == (kept.id, kept.author, kept.created_at)


def test_a_right_that_was_taken_or_given_counts_at_the_next_verb(desk: Any) -> None:
    walt = desk.as_user("walt")
    walt.perform(ListCases())
    desk.perform(ChangeRole(role="Case Worker", remove_rights=["case:create"]))
    with pytest.raises(NotPermitted):
        walt.perform(Create(title="x"))
    desk.perform(ChangeRole(role="Case Worker", add_rights=["case:create"]))
    walt.perform(Create(title="x"))
    desk.perform(ChangeUser(user="walt", remove_roles=["Case Worker"], add_roles=["Reporter"]))
    assert walt.perform(AskWhoAmI()).roles == ["Reporter"]
    assert walt.perform(ListCases()).items == [], "nothing that he reported"


def test_who_was_deactivated_does_nothing_more(desk: Any) -> None:
    walt = desk.as_user("walt")
    walt.perform(ListCases())
    desk.perform(DeactivateUser(user="walt"))
    with pytest.raises(NotLoggedIn):
        walt.perform(ListCases())
    with pytest.raises(NotLoggedIn):
        walt.perform(Create(title="x"))


def test_a_change_that_was_only_tried_changes_no_name(desk: Any) -> None:
    number = desk.perform(Create(title="x", assignee="wanda")).number
    desk.perform(ChangeUser(user="wanda", full_name="Nobody"), dry_run=True)
    assert desk.perform(Show(case=number)).assignee.name == desk.perform(ListCases()).items[0].assignee.name != "Nobody"


def test_a_contact_that_came_to_nothing_leaves_no_name_behind(desk: Any) -> None:
    desk.perform(Create(title="x", contact="Ann <ann@example.com>"), dry_run=True)
    number = desk.perform(Create(title="x", contact="Bob <bob@example.com>")).number
    assert desk.perform(Show(case=number)).contact.name == desk.perform(ListCases()).items[0].contact.name == "Bob"
