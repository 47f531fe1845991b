"""A tenant's admin changes title, time zone and settings of his own tenant, and of no other."""

from __future__ import annotations

from typing import Any

import pytest

from casectl.errors import InvalidInput, NotPermitted
from casectl.operations.create import Create
from casectl.operations.tenant_change import ChangeTenant
from casectl.operations.tenant_show import ShowTenant


def test_what_is_given_changes_and_all_else_stays(desk: Any) -> None:
    before = desk.perform(ShowTenant())
    changed = desk.perform(ChangeTenant(title=" Acme Ltd ", timezone="Europe/Vienna", default_priority="high"))
    assert (changed.title, changed.timezone, changed.settings.default_priority) == ("Acme Ltd", "Europe/Vienna", 3)
    assert (changed.name, changed.settings.workflow_engine) == (before.name, before.settings.workflow_engine)
    assert desk.perform(ShowTenant()) == changed
    assert desk.perform(Create(title="one")).priority_name == "high"
    other = desk.as_user("admin", tenant="globex").perform(ShowTenant())
    assert (other.title, other.timezone) == ("Globex", "UTC")
    back = desk.perform(ChangeTenant(default_priority=None))
    assert back.settings == before.settings
    assert desk.perform(Create(title="two")).priority_name == "medium"


def test_a_dry_run_changes_nothing(desk: Any) -> None:
    before = desk.perform(ShowTenant())
    assert desk.perform(ChangeTenant(title="Tried"), dry_run=True).title == "Tried"
    assert desk.perform(ShowTenant()) == before
    kept = [desk.perform(ChangeTenant(workflow_engine="sync"), idempotency_key="k") for _ in range(2)]
    assert kept[0] == kept[1]
    assert kept[0].settings.workflow_engine == "sync"


def test_all_that_is_wrong_is_told_at_once(desk: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        desk.perform(ChangeTenant(title="a\nb", timezone="Mars/Base", default_priority="enormous"))
    assert [problem.pointer for problem in caught.value.problems] == ["/title", "/timezone", "/default_priority"]
    for zone in ("../../etc/passwd", "", "\x00", "/etc/localtime"):
        with pytest.raises(InvalidInput):
            desk.perform(ChangeTenant(timezone=zone))
    with pytest.raises(InvalidInput, match="nothing to change"):
        desk.perform(ChangeTenant())


@pytest.mark.parametrize("login", ["wanda", "rita", "apic"])
def test_only_who_manages_the_tenant_may(desk: Any, login: str) -> None:
    with pytest.raises(NotPermitted):
        desk.as_user(login).perform(ChangeTenant(title="Mine"))
