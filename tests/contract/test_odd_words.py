"""Words that no column could hold are refused as input wherever they are given, and never reach the log as a fault."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from casectl.errors import InvalidInput, NotFound, Refusal
from casectl.operations.assign import Assign
from casectl.operations.bulk_update import BulkUpdate
from casectl.operations.contact_list import ListContacts
from casectl.operations.create import Create
from casectl.operations.show import Show
from casectl.operations.team_show import ShowTeam
from casectl.operations.type_show import ShowType
from casectl.operations.user_show import ShowUser

HALF, NUL = "\udcff", "a\x00b"


@pytest.mark.parametrize("word", [HALF, NUL])
@pytest.mark.parametrize(
    "verb",
    [
        lambda word: Show(case=word),
        lambda word: Create(title="x", assignee=word),
        lambda word: Create(title="x", team=word),
        lambda word: Create(title="x", type=word),
        lambda word: Create(title="x", parent=word),
        lambda word: Assign(case="1", assignee=word),
        lambda word: BulkUpdate(cases=[word], priority="low"),
        lambda word: ListContacts(prefix=word),
        lambda word: ShowTeam(team=word),
        lambda word: ShowType(type=word),
        lambda word: ShowUser(user=word),
    ],
)
def test_a_reference_that_is_no_text_is_invalid(desk: Any, verb: Any, word: str) -> None:
    desk.perform(Create(title="the first"))
    with pytest.raises(InvalidInput, match="no text"):
        desk.perform(verb(word))


@pytest.mark.parametrize("word", [HALF, NUL])
def test_so_is_a_tenant_or_a_login(desk: Any, word: str) -> None:
    for other in (desk.as_user(word), desk.as_user("admin", tenant=word)):
        with pytest.raises(InvalidInput, match="no text"):
            other.perform(Show(case="1"))


@pytest.mark.parametrize("key", ["", "  ", "a\nb", HALF, NUL, secrets.token_hex(3000)])
def test_a_key_that_could_not_be_kept_is_refused_before_anything_is_done(desk: Any, key: str) -> None:
    with pytest.raises(InvalidInput):
        desk.perform(Create(title="keyed"), idempotency_key=key)
    with pytest.raises(Refusal):
        desk.perform(Show(case="1"))


def test_a_revision_that_is_not_there_is_told_apart_from_a_type(desk: Any) -> None:
    with pytest.raises(NotFound, match="incident has no revision 99") as refusal:
        desk.perform(ShowType(type="incident", revision=99))
    assert refusal.value.hint == "its newest is 1"
    with pytest.raises(NotFound, match="no case type nothing"):
        desk.perform(ShowType(type="nothing", revision=1))


@pytest.mark.parametrize("query", ["", " ", "sort:created"])
def test_a_query_that_names_no_cases_changes_none(desk: Any, query: str) -> None:
    number = desk.perform(Create(title="untouched")).number
    with pytest.raises(InvalidInput):
        desk.perform(BulkUpdate(query=query, priority="low"))
    assert desk.perform(Show(case=number)).version == 1
