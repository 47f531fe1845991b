"""The settings of a tenant: what is stored, what counts, what is refused."""

from __future__ import annotations

import pytest

from casectl.errors import InvalidInput
from casectl.model.people import TenantSettings
from casectl.rules.tenant_settings import merged_settings, settings_of


def test_what_is_not_stored_has_its_default():
    assert settings_of({}) == TenantSettings(
        default_priority=2, auto_assign_initial_status=True, workflow_engine="queue"
    )
    assert settings_of({"default_priority": 4, "newer": [1]}).default_priority == 4


def test_a_change_keeps_the_rest_and_none_goes_back():
    stored = {"default_priority": 4, "newer": [1]}
    assert merged_settings(stored, {"workflow_engine": "sync"}) == stored | {"workflow_engine": "sync"}
    assert merged_settings(stored, {"default_priority": None}) == {"newer": [1]}
    assert merged_settings(stored, {"default_priority": "P1", "auto_assign_initial_status": False}) == stored | {
        "auto_assign_initial_status": False
    }
    assert stored == {"default_priority": 4, "newer": [1]}


def test_all_that_is_wrong_is_told_with_its_pointer():
    wished = {"default_priority": "urgent", "auto_assign_initial_status": "no", "workflow_engine": "sinc", "engine": 1}
    with pytest.raises(InvalidInput) as caught:
        merged_settings({}, wished)
    told = {problem.pointer: (problem.code, problem.hint) for problem in caught.value.problems}
    assert told["/default_priority"][0] == "unknown_priority"
    assert told["/auto_assign_initial_status"] == ("type", "")
    assert told["/workflow_engine"] == ("choice", "did you mean 'sync'?")
    assert told["/engine"][0] == "unknown"
    assert caught.value.problems[0].message == caught.value.message
