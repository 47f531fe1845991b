"""`create`: numbers, people, forms, and what is refused."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from casectl.errors import Conflict, InvalidInput, NotFound, NotPermitted
from casectl.model.case import Case
from casectl.operations.create import Create
from casectl.operations.history import History
from casectl.operations.show import Show


def case_of(desk: Any, reference: str) -> Case:
    """The case as it is now, without its notes."""
    shown = desk.perform(Show(case=reference))
    return Case(**{name: getattr(shown, name) for name in Case.__struct_fields__})


def pointers(refusal: InvalidInput) -> set[str]:
    return {problem.pointer for problem in refusal.problems}


def test_a_title_is_enough(desk: Any) -> None:
    case = desk.perform(Create(title="  Login fails  "))
    year = datetime.now(UTC).year
    assert re.fullmatch(rf"INC-{year}-\d{{5}}", case.number)
    assert (case.title, case.type.name, case.status.name, case.status.category) == (
        "Login fails", "incident", "new", "new",
    )  # fmt: skip
    assert (case.priority, case.priority_name, case.version, case.channel) == (2, "medium", 1, "cli")
    assert case.assignee is case.team is case.contact is case.due_at is case.deleted_at is None
    assert case_of(desk, case.number) == case
    assert case_of(desk, str(case.id)) == case


def test_numbers_follow_each_other_within_their_type(desk: Any) -> None:
    first, second = (desk.perform(Create(title=title)) for title in ("one", "two"))
    assert int(second.number.rsplit("-")[-1]) == int(first.number.rsplit("-")[-1]) + 1
    request = desk.perform(Create(title="three", type="request", fields={"justification": "needed"}))
    assert request.number.startswith("REQ-")


def test_all_that_can_be_given(desk: Any) -> None:
    parent = desk.perform(Create(title="parent"))
    case = desk.perform(
        Create(
            title="CRM slow", description="since\nMonday", type="incident", priority="P1", assignee="walt", team="L2",
            contact="Ann Lee <Ann@Example.com>", tags=["vip", "VIP", " crm "], due="2h", parent=parent.number,
            fields={"system": "CRM", "users_affected": "12", "location": "north"}, is_restricted=True,
            channel="phone", external_id="X-1",
        )
    )  # fmt: skip
    assert (case.priority_name, case.assignee.login, case.team.name) == ("critical", "walt", "l2")
    assert (case.contact.name, case.contact.email) == ("Ann Lee", "Ann@Example.com")
    assert case.tags == ["vip", "crm"]
    assert case.fields == {"system": "crm", "users_affected": 12, "location": "north"}
    assert case.description == "since\nMonday"
    assert (case.is_restricted, case.channel, case.external_id, case.parent.number) == (
        True, "phone", "X-1", parent.number,
    )  # fmt: skip
    assert abs((case.due_at - case.created_at).total_seconds() - 7200) < 60


def test_a_contact_is_found_again_by_its_address(desk: Any) -> None:
    first = desk.perform(Create(title="one", contact="ann@example.com"))
    again = desk.perform(Create(title="two", contact="ANN@example.com"))
    by_id = desk.perform(Create(title="three", contact=str(first.contact.id)))
    assert first.contact == again.contact == by_id.contact
    assert first.contact.name == "ann"
    with pytest.raises(NotFound, match="contact"):
        desk.perform(Create(title="four", contact="Somebody Unknown"))


def test_the_contacts_user_is_the_reporter(desk: Any) -> None:
    case = desk.as_user("wanda").perform(Create(title="for rita", contact="Rita@Acme.Example.com"))
    assert case.reporter.login == "rita"
    assert desk.as_user("rita").perform(Show(case=case.number)).number == case.number


def test_a_reporter_reports_in_his_own_name(desk: Any) -> None:
    rita = desk.as_user("rita")
    assert rita.perform(Create(title="mine")).reporter.login == "rita"
    assert rita.perform(Create(title="mine", contact="rita@acme.example.com", reporter="@me")).contact.name == "rita"
    for other in ({"reporter": "wanda"}, {"contact": "boss@example.com"}, {"assignee": "walt"}, {"team": "l1"}):
        with pytest.raises(NotPermitted):
            rita.perform(Create(title="not mine", **other))


def test_a_worker_may_give_himself_a_case_but_restrict_none(desk: Any) -> None:
    wanda = desk.as_user("wanda")
    assert wanda.perform(Create(title="mine", assignee="@me")).assignee.login == "wanda"
    assert wanda.perform(Create(title="his", assignee="walt@acme.example.com", team="l2")).assignee.login == "walt"
    with pytest.raises(NotPermitted, match="restricted"):
        wanda.perform(Create(title="secret", is_restricted=True))


def test_every_missing_field_of_the_form_is_named(desk: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        desk.perform(Create(title="broken toaster", type="complaint"))
    assert pointers(caught.value) == {"/fields/product", "/fields/received_on"}
    assert {problem.code for problem in caught.value.problems} == {"required"}


def test_what_a_form_requires_in_a_case(desk: Any) -> None:
    given = {"product": "toaster", "received_on": "2026-03-01", "severity": "safety"}
    with pytest.raises(InvalidInput) as caught:
        desk.perform(Create(title="fire", type="complaint", fields=given))
    assert pointers(caught.value) == {"/fields/regulator_informed"}
    case = desk.perform(Create(title="fire", type="complaint", fields=given | {"regulator_informed": "yes"}))
    assert case.fields["regulator_informed"] is True


def test_all_that_is_wrong_is_told_at_once(desk: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        desk.perform(
            Create(title="two\nlines", priority="urgentest", tags=["a b", "fine", ""], description="a\x00b",
                   fields={"users_affected": "many", "sistem": "crm"})
        )  # fmt: skip
    assert pointers(caught.value) >= {"/title", "/priority", "/tags/0", "/tags/2", "/description"}
    assert any(pointer.startswith("/fields/") for pointer in pointers(caught.value))


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"title": " "}, "/title"),
        ({"title": "x" * 301}, "/title"),
        ({"title": "a\x00b"}, "/title"),
        ({"title": "half \ud800"}, "/title"),
        ({"description": "x" * 100_001}, "/description"),
        ({"tags": ["x" * 65]}, "/tags/0"),
        ({"tags": ["a,b"]}, "/tags/0"),
        ({"tags": [f"t{number}" for number in range(51)]}, "/tags"),
        ({"due": "whenever"}, "/due"),
        ({"contact": "no address@"}, "/contact"),
        ({"fields": {"system": "abacus"}}, "/fields/system"),
        ({"fields": {"sistem": "crm"}}, "/fields/sistem"),
        ({"fields": {"location": "a\x00"}}, "/fields/location"),
    ],
)
def test_what_no_case_may_hold(desk: Any, wrong: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        desk.perform(Create(**({"title": "fine"} | wrong)))
    assert pointer in pointers(caught.value)


def test_unknown_names_are_told_with_near_ones(desk: Any) -> None:
    for wrong, near in (({"assignee": "wandaa"}, "wanda"), ({"team": "l22"}, "l2"), ({"type": "incidnt"}, "incident")):
        with pytest.raises(NotFound) as caught:
            desk.perform(Create(title="x", **wrong))
        assert near in caught.value.hint


def test_an_external_id_is_taken_once_per_channel(desk: Any) -> None:
    case = desk.perform(Create(title="mail", channel="mail", external_id="<1@x>"))
    with pytest.raises(Conflict, match=case.number):
        desk.perform(Create(title="mail again", channel="mail", external_id="<1@x>"))
    assert desk.perform(Create(title="form", channel="form", external_id="<1@x>")).external_id == "<1@x>"


def test_a_refused_case_leaves_no_contact_behind(desk: Any) -> None:
    with pytest.raises(InvalidInput):
        desk.perform(Create(title="", contact="ghost@example.com"))
    with pytest.raises(NotFound):
        desk.perform(Create(title="x", contact="ghost@example.com", parent="INC-1999-00001"))
    case = desk.perform(Create(title="y", contact="first@example.com"))
    assert desk.perform(Create(title="z", contact="second@example.com")).contact.id == case.contact.id + 1


def test_the_audit_has_the_first_values(desk: Any) -> None:
    case = desk.as_user("wanda").perform(Create(title="audited", assignee="walt"), request_id="r-1")
    entry = next(one for one in desk.perform(History(case=case.number)) if one.object == "case")
    assert (entry.actor, entry.operation, entry.request_id, entry.action) == ("wanda", "create", "r-1", "insert")
    values = {change.field: change.after for change in entry.changes}
    assert (values["title"], values["status"], values["assignee"]) == ("audited", "new", "walt")


def test_the_same_key_makes_one_case(desk: Any) -> None:
    first = desk.perform(Create(title="once"), idempotency_key="k1")
    assert desk.perform(Create(title="once"), idempotency_key="k1") == first
    with pytest.raises(Conflict):
        desk.perform(Create(title="other"), idempotency_key="k1")
