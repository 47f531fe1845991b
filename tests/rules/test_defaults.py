"""The configuration a new tenant starts with."""

from __future__ import annotations

import pytest

from casectl.errors import InvalidInput, NotAllowed
from casectl.rules.defaults import CASE_TYPES
from casectl.rules.form_schema import check_form_schema
from casectl.rules.forms import fields_of, validate_form
from casectl.rules.lifecycle import allowed_targets, category, check_transition
from casectl.rules.lifecycle_document import check_lifecycle
from casectl.rules.numbering import check_pattern
from casectl.rules.rights import ROLES

BY_NAME = {kind.name: kind for kind in CASE_TYPES}
WORKER = ROLES["Case Worker"]

LOG_EDGES = """
    new>active new>awaiting user new>awaiting problem new>resolved
    active>awaiting problem active>awaiting user active>awaiting vendor active>resolved
    awaiting evidence>resolved
    awaiting problem>active awaiting problem>awaiting user awaiting problem>resolved
    awaiting user>active awaiting user>awaiting evidence awaiting user>awaiting problem
    awaiting user>awaiting vendor awaiting user>resolved
    awaiting vendor>active awaiting vendor>awaiting evidence awaiting vendor>awaiting user
    resolved>active resolved>closed
"""
"""Every change of state in the incident log, its first row counted from `new`."""


def log_edges() -> list[tuple[str, str]]:
    words = LOG_EDGES.replace("awaiting ", "awaiting_").split()
    pairs = [word.replace("_", " ").split(">") for word in words]
    return [(source, target) for source, target in pairs]


@pytest.mark.parametrize("kind", CASE_TYPES, ids=lambda kind: kind.name)
def test_each_type_is_one_a_tenant_may_have(kind):
    check_lifecycle(kind.lifecycle)
    check_form_schema(kind.form_schema)
    check_pattern(kind.number_pattern)
    named = [name for section in kind.form_schema["x-sections"] for name in section["fields"]]
    assert sorted(named) == sorted(kind.form_schema["properties"])
    assert {field.name for field in fields_of(kind.form_schema)} == set(named)


def test_a_status_name_has_one_category_in_all_types():
    seen: dict[str, str] = {}
    for kind in CASE_TYPES:
        for status in kind.lifecycle.statuses:
            assert seen.setdefault(status.name, status.category) == status.category


@pytest.mark.parametrize(("source", "target"), log_edges(), ids=str)
def test_the_incident_lifecycle_allows_what_a_real_desk_did(source, target):
    assert target in allowed_targets(BY_NAME["incident"].lifecycle, source, WORKER)


@pytest.mark.parametrize(
    ("source", "target"), [("resolved", "awaiting user"), ("closed", "resolved"), ("active", "new")]
)
def test_the_incident_lifecycle_refuses_what_makes_no_sense(source, target):
    with pytest.raises(NotAllowed) as refusal:
        check_transition(BY_NAME["incident"].lifecycle, source, target, WORKER, {})
    assert refusal.value.hint.startswith("allowed: ")


@pytest.mark.parametrize("kind", CASE_TYPES, ids=lambda kind: kind.name)
def test_the_verbs_targets_can_be_reached(kind):
    lifecycle = kind.lifecycle
    fields = {"field.remedy": "refund"}
    check_transition(lifecycle, lifecycle.reopen_to, lifecycle.resolve_to, WORKER, fields)
    check_transition(lifecycle, lifecycle.resolve_to, lifecycle.close_to, WORKER, fields)
    for status in lifecycle.statuses:
        if category(lifecycle, status.name) in ("resolved", "closed"):
            check_transition(lifecycle, status.name, lifecycle.reopen_to, WORKER, fields)
        elif status.name != lifecycle.escalate_to:
            check_transition(lifecycle, status.name, lifecycle.escalate_to, WORKER, fields)
    assert [level.status for level in lifecycle.escalation] == ["escalated"]


def test_a_complaint_is_resolved_with_a_remedy_only():
    with pytest.raises(InvalidInput) as refusal:
        check_transition(BY_NAME["complaint"].lifecycle, "under review", "resolved", WORKER, {"field.remedy": None})
    assert [problem.pointer for problem in refusal.value.problems] == ["/fields/remedy"]


def wrong_fields(kind: str, values: dict[str, object]) -> list[str]:
    return sorted(problem.pointer for problem in validate_form(BY_NAME[kind].form_schema, values))


def test_the_forms_ask_for_what_they_need():
    assert wrong_fields("incident", {}) == []
    assert wrong_fields("incident", {"system": "crm"}) == []
    assert wrong_fields("complaint", {"product": "Kettle", "received_on": "2026-03-01"}) == []
    assert wrong_fields("request", {"cost": 12.5}) == ["/fields/cost_center", "/fields/justification"]
    assert wrong_fields("complaint", {"product": "Kettle"}) == ["/fields/received_on"]
    safety = {"product": "Kettle", "received_on": "2026-03-01", "severity": "safety"}
    assert wrong_fields("complaint", safety) == ["/fields/regulator_informed"]
