"""`bulk-update`: the rules of one change for many, an outcome for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from casectl.errors import InvalidInput, NotFound, NotPermitted
from casectl.model.case import Case
from casectl.operations.bulk_update import BulkUpdate
from casectl.operations.close import Close
from casectl.operations.create import Create
from casectl.operations.delete import Delete
from casectl.operations.history import History
from casectl.operations.purge import Purge
from casectl.operations.show import Show
from tests.contract.test_trash import places

if TYPE_CHECKING:
    from tests.conftest import Database


def case_of(desk: Any, reference: str) -> Case:
    """The case as it is now, without its notes."""
    shown = desk.perform(Show(case=reference))
    return Case(**{name: getattr(shown, name) for name in Case.__struct_fields__})


@pytest.fixture
def numbers(desk: Any) -> list[str]:
    return [desk.perform(Create(title=f"case {index}", team="l1")).number for index in range(4)]


def outcomes(result: Any) -> dict[str, str]:
    return {one.number: one.result for one in result.outcomes}


def test_many_cases_one_request(desk: Any, numbers: list[str]) -> None:
    result = desk.perform(
        BulkUpdate(cases=numbers, status="active", priority="high", assignee="walt", team="l2", add_tags=["outage"],
                   fields={"system": "crm"}), request_id="bulk-1",
    )  # fmt: skip
    assert (result.changed, result.unchanged, result.refused, result.dry_run) == (4, 0, 0, False)
    assert [one.number for one in result.outcomes] == numbers
    for number in numbers:
        case = case_of(desk, number)
        assert (case.status.name, case.priority, case.assignee.login, case.team.name) == ("active", 3, "walt", "l2")
        assert (case.tags, case.fields, case.version) == (["outage"], {"system": "crm"}, 2)
        entry = desk.perform(History(case=number))[-1]
        assert (entry.operation, entry.request_id, entry.action) == ("bulk-update", "bulk-1", "update")
        assert {change.field: change.after for change in entry.changes}["status"] == "active"
    again = desk.perform(BulkUpdate(cases=numbers, status="active", add_tags=["OUTAGE"]))
    assert (again.changed, again.unchanged) == (0, 4)
    assert desk.perform(Show(case=numbers[0])).version == 2


def test_outcomes_tell_titles_of_cases_that_one_may_see(desk: Any) -> None:
    hostile = "\x1b]52;c;eA==\x07[/]\u202eevil"
    mine = desk.perform(Create(title=hostile)).number
    hidden = desk.perform(Create(title="secret", is_restricted=True))
    closed = desk.perform(Close(case=desk.perform(Create(title="closed")).number)).number
    named = [mine, hidden.number, closed, str(hidden.id)]
    worker = desk.as_user("wanda")
    told = worker.perform(BulkUpdate(cases=named, status="awaiting user"), idempotency_key="k")
    assert {one.number: one.title for one in told.outcomes} == {
        mine: hostile, closed: "closed", hidden.number: "", str(hidden.id): "",
    }  # fmt: skip
    assert "secret" not in str(told)
    assert worker.perform(BulkUpdate(cases=named, status="awaiting user"), idempotency_key="k") == told
    other = desk.as_user("admin", "globex").perform(BulkUpdate(cases=[mine], add_tags=["x"]))
    assert [one.title for one in other.outcomes] == [""]


def test_a_purged_case_leaves_no_title_in_answers(desk: Any, prepared_database: Database) -> None:
    case = desk.perform(Create(title="axolotl in the answer")).number
    bulk = BulkUpdate(cases=[case], add_tags=["x"])
    assert desk.perform(bulk, idempotency_key="bulk").outcomes[0].title == "axolotl in the answer"
    assert "idempotency_keys" in places(prepared_database, "axolotl in the answer")
    desk.perform(Delete(case=case))
    desk.perform(Purge(cases=[case], confirm=[case]))
    assert places(prepared_database, "axolotl in the answer") == set()


def test_the_refused_are_told_and_the_others_change(desk: Any, numbers: list[str]) -> None:
    desk.perform(Close(case=numbers[0]))
    desk.perform(Delete(case=numbers[1]))
    result = desk.perform(BulkUpdate(cases=[*numbers, "INC-1999-00009"], status="awaiting user"))
    assert (result.changed, result.refused) == (2, 3)
    told = {one.number: (one.result, one.code) for one in result.outcomes}
    assert told == {
        numbers[0]: ("refused", "not_allowed"),
        numbers[1]: ("refused", "not_allowed"),
        numbers[2]: ("ok", ""),
        numbers[3]: ("ok", ""),
        "INC-1999-00009": ("refused", "not_found"),
    }
    messages = {one.number: one.message for one in result.outcomes}
    assert "allowed: " in messages[numbers[0]]
    assert f"casectl restore {numbers[1]}" in messages[numbers[1]]
    assert desk.perform(Show(case=numbers[0])).status.name == "closed"


def test_a_dry_run_changes_nothing(desk: Any, numbers: list[str]) -> None:
    for result in (
        desk.perform(BulkUpdate(cases=numbers, priority="high", dry_run=True)),
        desk.perform(BulkUpdate(cases=numbers, priority="high"), dry_run=True),
    ):
        assert (result.changed, result.dry_run) == (4, True)
    case = case_of(desk, numbers[0])
    assert (case.priority, case.version) == (2, 1)


def test_by_query_ids_and_ranges(desk: Any, numbers: list[str]) -> None:
    desk.perform(Close(case=numbers[3]))
    found = desk.perform(BulkUpdate(query="team:l1", add_tags=["q"]))
    assert set(outcomes(found)) == set(numbers[:3])
    ranged = desk.perform(BulkUpdate(cases=[f"{numbers[0]}..{numbers[2]}", numbers[0].lower()], add_tags=["r"]))
    assert ranged.changed == 3
    ids = [str(desk.perform(Show(case=number)).id) for number in numbers]
    assert desk.perform(BulkUpdate(cases=ids[:2], remove_tags=["r", "q"])).changed == 2
    assert desk.perform(BulkUpdate(query="tag:nothing-has-it", priority="high")).outcomes == []


def test_what_is_refused_as_a_whole(desk: Any, numbers: list[str]) -> None:
    for wrong, match in (
        (BulkUpdate(cases=numbers), "nothing to change"),
        (BulkUpdate(priority="high"), "no case was given"),
        (BulkUpdate(query="  ", priority="high"), "no case was given"),
        (BulkUpdate(cases=numbers, query="team:l1", priority="high"), "not both"),
        (BulkUpdate(cases=numbers, priority="highest"), "priority"),
        (BulkUpdate(cases=numbers, status="activ"), "unknown status"),
        (BulkUpdate(cases=[str(number) for number in range(1, 1002)], priority="high"), "1,001"),
        (BulkUpdate(query="team:", priority="high"), "query"),
    ):
        with pytest.raises(InvalidInput, match=match):
            desk.perform(wrong)
    with pytest.raises(NotFound, match="nobody"):
        desk.perform(BulkUpdate(cases=numbers, assignee="nobody"))
    with pytest.raises(InvalidInput, match="version"):
        desk.perform(BulkUpdate(cases=numbers, priority="high"), expected_version=1)
    assert desk.perform(Show(case=numbers[0])).version == 1


def test_each_case_is_judged_for_the_actor(desk: Any, numbers: list[str]) -> None:
    others = desk.perform(Create(title="walt's", assignee="walt")).number
    secret = desk.perform(Create(title="secret", is_restricted=True)).number
    result = desk.as_user("wanda").perform(BulkUpdate(cases=[numbers[0], others, secret], priority="high"))
    assert {one.number: (one.result, one.code) for one in result.outcomes} == {
        numbers[0]: ("ok", ""), others: ("refused", "not_permitted"), secret: ("refused", "not_found"),
    }  # fmt: skip
    taken = desk.as_user("wanda").perform(BulkUpdate(cases=numbers, assignee="@me"))
    assert taken.changed == 4
    with pytest.raises(NotPermitted):
        desk.as_user("rita").perform(BulkUpdate(cases=numbers, priority="high"))
