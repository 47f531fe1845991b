"""What a tenant has chosen for all who open cases counts on every desk."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import psycopg
import pytest

from casectl.errors import InvalidInput, NotAllowed, NotPermitted
from casectl.model.imports import ChangeRecord
from casectl.model.people import TenantSettings
from casectl.operations.create import Create
from casectl.operations.history import History
from casectl.operations.import_changes import ImportChanges
from casectl.operations.list import ListCases
from casectl.operations.show import Show
from casectl.operations.tenant_show import ShowTenant

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)


@pytest.fixture
def choose(prepared_database: Any) -> Any:
    """Writes settings of a tenant as its administration would."""

    def write(tenant: int = 1, **settings: Any) -> None:
        with psycopg.connect(**prepared_database.owner) as owner:
            for name, value in {"tenant": tenant, "actor": 0, "operation": "init", "scope": "admin"}.items():
                owner.execute("SELECT set_config('casectl.' || %s, %s, true)", (name, str(value)))
            owner.execute(
                "UPDATE tenants SET settings = %s, changed_by = 0, changed_at = now() WHERE tenant_id = %s",
                (msgspec.json.encode(settings).decode(), tenant),
            )

    return write


def test_they_are_shown_and_no_other_tenants(desk: Any, choose: Any) -> None:
    assert desk.perform(ShowTenant()).settings == TenantSettings()
    choose(default_priority=3, auto_assign_initial_status=False, workflow_engine="sync", of_a_newer_program=1)
    chosen = TenantSettings(default_priority=3, auto_assign_initial_status=False, workflow_engine="sync")
    assert desk.perform(ShowTenant()).settings == chosen
    assert desk.as_user("admin", "globex").perform(ShowTenant()).settings == TenantSettings()


def test_a_case_without_a_priority_gets_the_tenants(desk: Any, choose: Any) -> None:
    assert desk.perform(Create(title="before")).priority == 2
    choose(default_priority=4)
    assert desk.perform(Create(title="after")).priority == 4
    assert desk.as_user("rita").perform(Create(title="hers")).priority == 4
    assert desk.perform(Create(title="said", priority="low")).priority == 1
    assert desk.as_user("admin", "globex").perform(Create(title="elsewhere")).priority == 2


def test_where_no_status_is_given_by_itself_one_must_be_named(desk: Any, choose: Any) -> None:
    choose(auto_assign_initial_status=False)
    for user in ("admin", "wanda", "rita"):
        with pytest.raises(InvalidInput) as caught:
            desk.as_user(user).perform(Create(title="", type="incident"))
        told = {problem.pointer: problem for problem in caught.value.problems}
        assert told.keys() == {"/status", "/title"}
        assert told["/status"].code == "required"
        assert told["/status"].allowed[:2] == ["new", "active"]
        assert desk.as_user(user).perform(Create(title="named", status="NEW")).status.name == "new"
    assert desk.as_user("admin", "globex").perform(Create(title="elsewhere")).status.name == "new"


def test_a_case_may_begin_in_another_status_by_the_rules_of_every_change(desk: Any) -> None:
    case = desk.perform(Create(title="begun", assignee="@me", status="Active"))
    assert (case.status.name, case.version) == ("active", 2)
    assert [entry.operation for entry in desk.perform(History(case=case.number))] == ["create", "create"]
    solved = desk.perform(Create(title="solved on the phone", status="resolved", fields={"close_code": "phone"}))
    assert solved.status.category == "resolved"
    assert solved.resolved_at is not None
    by_id = desk.perform(Create(title="by id", status=str(case.status.id)))
    assert by_id.status == case.status


def test_no_status_comes_by_a_way_round(desk: Any) -> None:
    wanda, rita = desk.as_user("wanda"), desk.as_user("rita")
    assert wanda.perform(Create(title="mine", assignee="@me", status="active")).status.name == "active"
    with pytest.raises(NotPermitted):
        wanda.perform(Create(title="nobody's", status="active"))
    with pytest.raises(NotPermitted):
        rita.perform(Create(title="closed at once", status="closed"))
    given = {"product": "toaster", "received_on": "2026-03-01"}
    with pytest.raises(InvalidInput):
        desk.perform(Create(title="no remedy", type="complaint", fields=given, status="under"))
    with pytest.raises(NotAllowed):
        desk.perform(Create(title="no edge", type="request", fields={"justification": "why"}, status="fulfilled"))
    with pytest.raises(InvalidInput) as caught:
        desk.perform(Create(title="", status="acitve", priority="urgent"))
    assert {problem.pointer for problem in caught.value.problems} >= {"/title", "/priority"}
    assert [case.title for case in desk.perform(ListCases()).items] == ["mine"]


def test_an_import_opens_cases_in_the_same_way(desk: Any, choose: Any) -> None:
    choose(default_priority=1, auto_assign_initial_status=False)
    records = [
        ChangeRecord(
            line=line, external_id=f"A-{line}", line_key=f"k{line}", digest=b"d", type="incident", at=AT, **more
        )
        for line, more in ((1, {}), (2, {"status": "new"}), (3, {"status": "active"}))
    ]
    result = desk.perform(ImportChanges(source="log", run_id="r", records=records))
    assert (result.created, result.refused) == (2, 1)
    assert "names no status" in result.outcomes[0].reason
    assert desk.perform(Show(case="INC-2026-00001")).priority == 1
