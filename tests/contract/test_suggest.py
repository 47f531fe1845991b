"""What is suggested while somebody types: what begins so, what is possible, and nothing he may not read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from casectl.cli.questions import Questions
from casectl.errors import InvalidInput, NotFound, NotPermitted, Problem
from casectl.field_types import describe
from casectl.operations.close import Close
from casectl.operations.contact_add import AddContact
from casectl.operations.contact_deactivate import DeactivateContact
from casectl.operations.create import Create
from casectl.operations.delete import Delete
from casectl.operations.role_deactivate import DeactivateRole
from casectl.operations.status import SetStatus
from casectl.operations.suggest import Suggest
from casectl.operations.team_deactivate import DeactivateTeam
from casectl.operations.user_deactivate import DeactivateUser

if TYPE_CHECKING:
    from casectl.operation import Call


def texts(desk: Any, source: Any, prefix: str = "", **given: Any) -> list[str]:
    return [word.text for word in desk.perform(Suggest(source=source, prefix=prefix, **given))]


class Dry:
    """A desk as fronts have it, where all that is performed with a call is a dry run."""

    def __init__(self, desk: Any) -> None:
        self._desk = desk

    def perform(self, operation: Any, call: Call | None = None) -> Any:
        return self._desk.perform(operation, dry_run=call is not None and call.dry_run)


def test_who_may_go_to_no_status_is_told_why_and_asked_nothing(desk: Any) -> None:
    """What the command line asks with is tried on every desk."""
    case = desk.perform(Create(title="rita's", contact="rita@acme.example.com"))
    questions = Questions(SetStatus, describe(SetStatus), {"case": case.number})
    missing = Problem(message="status is required", pointer="/status", code="required")
    with pytest.raises(NotPermitted, match="the right case:update is missing"):
        questions.ask([missing], Dry(desk.as_user("rita")))


def test_cases_by_the_begin_of_their_number_the_newest_first(desk: Any) -> None:
    old, new = (desk.perform(Create(title=title)) for title in ("Old one", "New one"))
    closed = desk.perform(Create(title="Done"))
    desk.perform(Close(case=closed.number, fields={"close_code": "fixed"}))
    gone = desk.perform(Create(title="Gone"))
    desk.perform(Delete(case=gone.number))
    year = old.number[:9]
    assert texts(desk, "case", year.lower()) == [new.number, old.number, closed.number]
    assert texts(desk, "case") == [new.number, old.number, closed.number]
    assert texts(desk, "case", "XYZ") == []
    assert texts(desk, "case", limit=1) == [new.number]
    assert texts(desk, "closed", year) == [closed.number]
    assert texts(desk, "trash", year) == [gone.number]
    assert desk.perform(Suggest(source="case", prefix=new.number))[0].help == "new: New one"


def test_names_of_people_teams_contacts_types_roles_and_tags(desk: Any) -> None:
    desk.perform(AddContact(contact="Ann Lee <lee@example.com>"))
    desk.perform(Create(title="x", tags=["vip", "vpn", "other"]))
    desk.perform(Create(title="y", tags=["vip"]))
    assert texts(desk, "person", "WA") == ["walt", "wanda"]
    assert desk.perform(Suggest(source="person", prefix="wan"))[0].help == "Wanda of acme"
    assert texts(desk, "team", "L") == ["l1", "l2"]
    assert texts(desk, "contact", "ann") == texts(desk, "contact", "lee@") == ["lee@example.com"]
    assert texts(desk, "type", "INC") == ["incident"]
    assert texts(desk, "role", "case") == ["Case Worker"]
    assert texts(desk, "tag", "v") == ["vip", "vpn"]
    assert texts(desk, "tag") == ["other", "vip", "vpn"]
    assert texts(desk, "channel", "c") == ["cli"]


def test_who_and_what_was_deactivated_is_not_offered(desk: Any) -> None:
    desk.perform(AddContact(contact="Ann Lee <lee@example.com>"))
    desk.perform(DeactivateUser(user="walt"))
    desk.perform(DeactivateTeam(team="l1"))
    desk.perform(DeactivateRole(role="Case Worker"))
    desk.perform(DeactivateContact(contact="lee@example.com"))
    asked = {"person": "wal", "team": "l", "role": "case", "contact": "ann"}
    assert {source: texts(desk, source, prefix) for source, prefix in asked.items()} == {
        "person": [], "team": ["l2"], "role": [], "contact": [],
    }  # fmt: skip


def test_an_underscore_and_a_per_cent_sign_are_letters(desk: Any) -> None:
    assert texts(desk, "person", "w%") == texts(desk, "person", "w_") == texts(desk, "tag", "%") == []


def test_statuses_of_a_case_are_those_it_may_go_to_now(desk: Any) -> None:
    case = desk.perform(Create(title="x"))
    everywhere, here = texts(desk, "status"), texts(desk, "status", case=case.number)
    assert set(here) < set(everywhere)
    assert "new" not in here
    assert texts(desk, "status", "res", case=case.number) == [name for name in here if name.startswith("res")]
    with pytest.raises(NotFound):
        texts(desk, "status", case="INC-0000-1")


def test_fields_of_the_form_and_their_values(desk: Any) -> None:
    assert "system=" in texts(desk, "field", type="incident")
    assert "justification=" in texts(desk, "field", "just")
    assert "justification=" not in texts(desk, "field", "just", type="incident")
    case = desk.perform(Create(title="x"))
    assert texts(desk, "field", "system=", case=case.number) == texts(desk, "field", "system=", type="incident")
    assert all(word.startswith("system=") for word in texts(desk, "field", "system="))


def test_what_one_may_not_read_is_not_suggested(desk: Any) -> None:
    secret = desk.perform(Create(title="Secret", is_restricted=True, tags=["hush"]))
    desk.perform(AddContact(contact="ann@example.com"))
    worker, reporter = desk.as_user("walt"), desk.as_user("rita")
    assert secret.number in texts(desk, "case")
    assert texts(worker, "case", secret.number) == texts(worker, "tag", "hush") == []
    own = reporter.perform(Create(title="Mine"))
    assert texts(reporter, "case") == texts(reporter, "case", own.number[:3]) == [own.number]
    for source in ("person", "team", "contact", "role", "tag"):
        assert texts(reporter, source) == []
    assert texts(worker, "role") == []
    with pytest.raises(NotFound):
        texts(reporter, "status", case=secret.number)


def test_another_tenant_is_not_there(desk: Any) -> None:
    case = desk.perform(Create(title="x", tags=["ours"]))
    other = desk.as_user("admin", "globex")
    assert texts(other, "case") == texts(other, "tag") == []
    assert [word.help for word in other.perform(Suggest(source="person", prefix="walt"))] == ["Walt of globex"]
    with pytest.raises(NotFound):
        texts(other, "status", case=case.number)


def test_who_has_no_right_and_what_is_wrong(desk: Any) -> None:
    with pytest.raises(NotPermitted, match="no right at all"):
        texts(desk.as_user("apic"), "case")


def test_hostile_words_are_told_as_they_are(desk: Any) -> None:
    desk.perform(Create(title="\u202egnp", tags=["$(reboot)", "`reboot`"]))
    assert texts(desk, "tag") == ["$(reboot)", "`reboot`"]
    assert texts(desk, "case", "'; DROP TABLE cases; --") == []


def test_a_source_or_a_limit_that_is_none(desk: Any) -> None:
    from casectl.field_types import build

    with pytest.raises(InvalidInput, match="source cannot be 'secret'"):
        build(Suggest, {"source": "secret"})
    with pytest.raises(InvalidInput, match="limit must be <= 200"):
        build(Suggest, {"source": "case", "limit": 1000})
