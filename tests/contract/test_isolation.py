"""Two tenants on one desk: nothing of one is seen, changed, linked, counted or guessed by the other."""

from __future__ import annotations

import msgspec
import pytest

from casectl.errors import NotFound
from casectl.operations.assign import Assign
from casectl.operations.bulk_update import BulkUpdate
from casectl.operations.create import Create
from casectl.operations.diff import Diff
from casectl.operations.history import History
from casectl.operations.list import ListCases
from casectl.operations.note import AddNote
from casectl.operations.search import Search
from casectl.operations.show import Show
from casectl.operations.update import Update


@pytest.fixture
def other(desk):
    """The admin of the other tenant on the same database."""
    return desk.as_user("admin", "globex")


@pytest.fixture
def theirs(desk, other):
    """A case of the other tenant whose id and number this tenant has no case of."""
    desk.perform(Create(title="Ours", contact="ada@example.com"))
    other.perform(Create(title="Filler"))
    return other.perform(Create(title="Theirs zebra", contact="bob@example.com", tags=["zebra"]))


@pytest.mark.parametrize("by", ["id", "number"])
def test_a_case_of_the_other_tenant_is_not_there(desk, theirs, by) -> None:
    reference = str(getattr(theirs, by))
    for verb in (
        Show(case=reference), Show(case=reference, at="1900"), Diff(case=reference, since="2h"),
        History(case=reference), AddNote(case=reference, content="x"),
        Update(case=reference, title="x"), Assign(case=reference, assignee="wanda"),
    ):  # fmt: skip
        with pytest.raises(NotFound) as refusal:
            desk.perform(verb)
        nowhere = "999" if by == "id" else "INC-1999-00001"
        missing = msgspec.structs.replace(verb, case=nowhere)
        with pytest.raises(NotFound) as unknown:
            desk.perform(missing)
        assert str(refusal.value).replace(reference, "?") == str(unknown.value).replace(nowhere, "?")


def test_lists_searches_and_counts_hold_ours_alone(desk, theirs) -> None:
    assert [case.title for case in desk.perform(ListCases(query=["is:all"])).items] == ["Ours"]
    assert desk.perform(Search(query=["zebra"])).items == []
    assert desk.perform(ListCases(query=["tag:zebra"])).items == []


def test_ids_and_numbers_count_per_tenant(desk, other, theirs) -> None:
    ours = desk.perform(Create(title="Second"))
    assert ours.id == 2
    assert theirs.id == 2
    assert ours.number == theirs.number


def test_nobody_of_the_other_tenant_can_be_named(desk, other) -> None:
    ours = desk.perform(Create(title="Ours"))
    with pytest.raises(NotFound):
        desk.perform(Assign(case=ours.number, assignee="wanda@globex.example.com"))


def test_a_bulk_refuses_what_is_not_ours(desk, other, theirs) -> None:
    done = desk.perform(BulkUpdate(cases=["INC-1999-00001", theirs.number], priority="critical"))
    assert done.changed == 0
    assert {outcome.code for outcome in done.outcomes} == {"not_found"}
    assert other.perform(Show(case=theirs.number)).priority == theirs.priority


def test_a_parent_must_be_ours(desk, theirs) -> None:
    with pytest.raises(NotFound):
        desk.perform(Create(title="Child", parent=theirs.number))
