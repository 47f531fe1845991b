"""What a new tenant starts with: three case types with their forms, lifecycles and number patterns. Pure data.

Everything above model may import this module. All of it is configuration and may be changed; a status name means the
same category in every type, because statuses belong to the tenant.
"""

from __future__ import annotations

from typing import Any

import msgspec

from casectl.model.lifecycle import EscalationLevel, Lifecycle, LifecycleStatus, Transition


class DefaultType(msgspec.Struct, frozen=True, kw_only=True):
    """A case type as `init` makes it; `form_schema` passes check_form_schema, `lifecycle` check_lifecycle."""

    name: str
    title: str
    number_pattern: str
    form_schema: dict[str, Any]
    lifecycle: Lifecycle


_CATEGORY = {
    "new": "new",
    "active": "open",
    "in progress": "open",
    "under review": "open",
    "escalated": "open",
    "awaiting user": "pending",
    "awaiting approval": "on_hold",
    "awaiting vendor": "on_hold",
    "awaiting problem": "on_hold",
    "awaiting evidence": "on_hold",
    "resolved": "resolved",
    "fulfilled": "resolved",
    "rejected": "closed",
    "closed": "closed",
}

_ESCALATION = [EscalationLevel(status="escalated", raise_priority=1, assign_lead=True, notify=["team.lead"])]


def _statuses(*names: str) -> list[LifecycleStatus]:
    return [LifecycleStatus(name, _CATEGORY[name], name.capitalize()) for name in names]


def _edges(sources: tuple[str, ...], targets: tuple[str, ...], *required: str) -> list[Transition]:
    """Every edge from a source to another status of `targets`."""
    return [
        Transition(source, target, required_fields=list(required))
        for source in sources
        for target in targets
        if source != target
    ]


def _text(title: str, **rest: Any) -> dict[str, Any]:
    return {"type": "string", "title": title, "maxLength": 200} | rest


def _incident_form() -> dict[str, Any]:
    systems = ["crm", "erp", "mail", "network", "vpn", "printing", "identity", "website", "phone", "workstation"]
    return {
        "type": "object",
        "title": "Incident",
        "properties": {
            "system": _text("System", enum=[*systems, "other"], **{"x-filter": True}),
            "environment": _text("Environment", enum=["production", "staging", "test"]),
            "users_affected": {"type": "integer", "title": "Users affected", "minimum": 0, "maximum": 1_000_000},
            "workaround": _text("Workaround", maxLength=2000),
            "location": _text("Location", **{"x-filter": True}),
            "category": _text("Category", **{"x-filter": True}),
            "subcategory": _text("Subcategory", **{"x-filter": True}),
            "symptom": _text("Symptom", **{"x-filter": True}),
            "configuration_item": _text("Configuration item", **{"x-filter": True}),
            "close_code": _text("Close code", **{"x-filter": True}),
        },
        "x-sections": [
            {"title": "What is affected", "fields": ["system", "environment", "users_affected", "location"]},
            {"title": "Classification", "fields": ["category", "subcategory", "symptom", "configuration_item"]},
            {"title": "Outcome", "fields": ["workaround", "close_code"]},
        ],
    }


def _request_form() -> dict[str, Any]:
    return {
        "type": "object",
        "title": "Request",
        "properties": {
            "service": _text("Service", enum=["access", "hardware", "software", "data", "facility"])
            | {"x-filter": True},
            "justification": _text("Justification", minLength=3, maxLength=2000, description="why it is needed"),
            "needed_by": {"type": "string", "format": "date", "title": "Needed by"},
            "cost": {"type": "number", "title": "Estimated cost", "minimum": 0},
            "cost_center": _text("Cost center", pattern="^[0-9]{4}$", description="four digits"),
        },
        "required": ["justification"],
        "dependentRequired": {"cost": ["cost_center"]},
        "x-sections": [
            {"title": "What is asked for", "fields": ["service", "justification", "needed_by"]},
            {"title": "Cost", "fields": ["cost", "cost_center"]},
        ],
    }


def _complaint_form() -> dict[str, Any]:
    return {
        "type": "object",
        "title": "Complaint",
        "properties": {
            "product": _text("Product", minLength=1, **{"x-filter": True}),
            "received_on": {"type": "string", "format": "date", "title": "Received on"},
            "severity": _text("Severity", enum=["minor", "major", "safety"], **{"x-filter": True}),
            "order_number": _text("Order number", pattern="^[A-Z0-9-]{3,20}$"),
            "regulator_informed": {"type": "boolean", "title": "Regulator informed"},
            "remedy": _text("Remedy", enum=["refund", "replacement", "repair", "apology", "none"]),
        },
        "required": ["product", "received_on"],
        "if": {"properties": {"severity": {"const": "safety"}}, "required": ["severity"]},
        "then": {"required": ["regulator_informed"]},
        "x-sections": [
            {"title": "The complaint", "fields": ["product", "received_on", "severity", "order_number"]},
            {"title": "What was done", "fields": ["regulator_informed", "remedy"]},
        ],
    }


def _incident_lifecycle() -> Lifecycle:
    waiting = ("awaiting user", "awaiting vendor", "awaiting problem", "awaiting evidence")
    working = ("active", *waiting, "escalated")
    return Lifecycle(
        initial="new",
        statuses=_statuses("new", *working, "resolved", "closed"),
        transitions=[
            *_edges(("new", *working), working),
            *_edges(("new", *working), ("resolved",)),
            *_edges(("new", "active", "escalated", "resolved"), ("closed",)),
            *_edges(("resolved", "closed"), ("active",)),
        ],
        close_to="closed",
        reopen_to="active",
        resolve_to="resolved",
        escalate_to="escalated",
        escalation=_ESCALATION,
    )


def _request_lifecycle() -> Lifecycle:
    waiting = ("awaiting approval", "awaiting user", "awaiting vendor")
    working = ("in progress", *waiting, "escalated")
    return Lifecycle(
        initial="new",
        statuses=_statuses("new", *working, "fulfilled", "rejected", "closed"),
        transitions=[
            *_edges(("new", *working), working),
            *_edges(("in progress", "escalated", "awaiting user", "awaiting vendor"), ("fulfilled",)),
            *_edges(("new", "in progress", "awaiting approval"), ("rejected",)),
            *_edges(("new", "fulfilled"), ("closed",)),
            *_edges(("fulfilled", "rejected", "closed"), ("in progress",)),
        ],
        close_to="closed",
        reopen_to="in progress",
        resolve_to="fulfilled",
        escalate_to="escalated",
        escalation=_ESCALATION,
    )


def _complaint_lifecycle() -> Lifecycle:
    working = ("under review", "awaiting user", "awaiting evidence", "escalated")
    return Lifecycle(
        initial="new",
        statuses=_statuses("new", *working, "resolved", "rejected", "closed"),
        transitions=[
            *_edges(("new", *working), working),
            *_edges(("under review", "awaiting user", "escalated"), ("resolved",), "field.remedy"),
            *_edges(("new", "under review"), ("rejected",)),
            *_edges(("resolved",), ("closed",)),
            *_edges(("resolved", "rejected", "closed"), ("under review",)),
        ],
        close_to="closed",
        reopen_to="under review",
        resolve_to="resolved",
        escalate_to="escalated",
        escalation=_ESCALATION,
    )


CASE_TYPES: tuple[DefaultType, ...] = (
    DefaultType(
        name="incident",
        title="Incident",
        number_pattern="INC-{year}-{seq:05}",
        form_schema=_incident_form(),
        lifecycle=_incident_lifecycle(),
    ),
    DefaultType(
        name="request",
        title="Request",
        number_pattern="REQ-{year}-{seq:05}",
        form_schema=_request_form(),
        lifecycle=_request_lifecycle(),
    ),
    DefaultType(
        name="complaint",
        title="Complaint",
        number_pattern="CMP-{year}-{seq:05}",
        form_schema=_complaint_form(),
        lifecycle=_complaint_lifecycle(),
    ),
)
"""The types of a new tenant. An incident asks for nothing, a request and a complaint show required fields."""
