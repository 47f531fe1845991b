"""The examples of the OpenAPI document: requests as people send them, answers as the desk gives them.

Only `casectl.api.openapi` imports this module. A test holds every example against its schema.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from casectl.model.case import (
    ActionChoice,
    BulkOutcome,
    BulkResult,
    Case,
    CaseDetail,
    CaseDiff,
    CaseLine,
    CasePage,
    CaseRef,
    Change,
    ContactRef,
    FieldDiff,
    HistoryEntry,
    Note,
    PersonRef,
    StatusRef,
    TeamRef,
    TypeRef,
    WrittenNote,
)
from casectl.model.people import Contact, Role, RoleDetail, Team, TeamDeactivation, Tenant, User, UserDeactivation

REQUESTS: dict[str, dict[str, dict[str, Any]]] = {
    "create": {
        "by id": {
            "title": "Login issues",
            "description": "User cannot access system",
            "case_type_id": 1,
            "contact_id": 123,
        },
        "by name": {
            "title": "Server outage",
            "description": "Production server down",
            "type": "incident",
            "priority": "critical",
            "contact": "Ann Lee <ann@example.com>",
            "tags": ["outage"],
        },
    },
    "update": {
        "status by id": {"status_id": 3},
        "several at once": {"priority": "high", "assignee": "@me", "add_tags": ["vip"], "due": "2h"},
        "clear": {"assignee": None, "due": None},
    },
    "bulk-update": {
        "by id": {"case_ids": [41, 42], "update_fields": {"priority": 4}},
        "by query": {"query": "team:Network assignee:none", "assignee": "@me", "dry_run": True},
    },
    "note": {
        "public": {"content": "A restart helped, please try again"},
        "internal": {"content": "The disk of crm-db-2 is full", "is_internal": True},
    },
    "status": {"by name": {"status": "in progress"}},
    "assign": {"to a team": {"team": "Network"}, "to nobody": {"assignee": None}},
    "escalate": {"with a reason": {"reason": "the whole site is down"}},
    "close": {"with a form field": {"fields": {"close_code": "duplicate"}}},
    "user add": {"a case worker": {"login": "ann", "full_name": "Ann Lee", "roles": ["Case Worker"]}},
    "user change": {
        "another role": {"add_roles": ["Tenant Admin"], "remove_roles": ["Case Worker"]},
        "clear": {"os_user": None},
    },
    "user deactivate": {"hand over": {"reassign_to": "marek", "lead_to": None}},
    "team add": {"with a lead": {"team": "l3", "lead": "@me"}},
    "team change": {"another lead": {"lead": "marek", "add_members": ["@me"]}},
    "team deactivate": {"hand over": {"reassign_to": "Applications"}},
    "role add": {"to look": {"role": "Auditor", "rights": ["case:read", "case:read_any", "history:read"]}},
    "role change": {"one more right": {"add_rights": ["case:delete"]}},
    "contact change": {"another name": {"full_name": "Ann Lee", "phone": "+39 06 1234"}},
    "contact add": {"by address": {"contact": "Ann Lee <ann@example.com>"}},
    "user password": {"first": {"password": "tulip over nine bridges"}},
    "key create": {"to read": {"key": "nightly", "rights": ["case:read"], "expires": "90d"}},
    "key rotate": {"with a day's grace": {"grace": "1d"}},
    "client add": {"of a program": {"client": "monitoring", "rights": ["case:create", "case:read"]}},
    "job start": {"by query": {"bulk_update": {"query": "team:Network is:pending", "priority": "high"}}},
    "type set": {"another title": {"title": "Incident"}},
    "tenant change": {"zone and priority": {"timezone": "Europe/Vienna", "default_priority": "high"}},
    "type change": {"other numbers": {"number_pattern": "INC-{seq:06}"}},
    "type add": {
        "the smallest": {
            "type": "task",
            "title": "Task",
            "number_pattern": "T-{seq}",
            "lifecycle": {
                "initial": "new",
                "close_to": "closed",
                "reopen_to": "new",
                "statuses": [{"name": "new", "category": "new"}, {"name": "closed", "category": "closed"}],
                "transitions": [{"source": "new", "target": "closed"}, {"source": "closed", "target": "new"}],
            },
        }
    },
}
"""Bodies by verb and name of the example."""

IN_PATH = {"case": "42", "user": "ann", "team": "Network", "contact": "123", "type": "incident", "key": "nightly",
           "client": "monitoring", "session": "all", "job": 7, "role": "Auditor"}  # fmt: skip
"""Values of parameters in paths."""

QUERIES: dict[str, dict[str, Any]] = {
    "list": {"query": ["assignee:@me", "due:<2h"], "limit": 20, "sort": "-priority,due"},
    "search": {"query": ["printer", "type:incident"]},
    "contact list": {"prefix": "a"},
    "diff": {"since": "2h"},
}
"""Values of the query string by verb and parameter."""

_AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
_ANN = PersonRef(id=4, name="Ann Lee", login="ann", email="ann@example.com")
_CASE = Case(
    id=42,
    number="INC-2026-00042",
    title="Login issues",
    description="User cannot access system",
    type=TypeRef(id=1, name="incident"),
    status=StatusRef(id=2, name="in progress", category="open", is_closed=False),
    priority=3,
    priority_name="high",
    assignee=_ANN,
    team=TeamRef(id=2, name="Network"),
    contact=ContactRef(id=123, name="Bea Moss", email="bea@example.com"),
    tags=["vip"],
    fields={"system": "crm"},
    channel="api",
    created_at=_AT,
    updated_at=_AT,
    version=3,
)
_USER = User(
    id=4, login="ann", name="Ann Lee", email="ann@example.com", os_user=None, roles=["Case Worker"],
    teams=["Network"], is_active=True, created_at=_AT,
)  # fmt: skip
_TEAM = Team(id=2, name="Network", lead=_ANN, members=[_ANN], is_active=True)
_ROLE = RoleDetail(
    id=5, name="Auditor", rights=["case:read", "case:read_any", "history:read"], is_built_in=False, is_active=True,
    users=1, holders=[_ANN],
)  # fmt: skip
_LINE = CaseLine(id=42, number="INC-2026-00042", title="Login issues")
_NOTE = Note(
    id=7,
    case=CaseRef(id=42, number="INC-2026-00042"),
    content="A restart helped, please try again",
    is_internal=False,
    author=_ANN,
    channel="api",
    created_at=_AT,
)
_CHANGE = HistoryEntry(
    at=_AT,
    actor="ann",
    operation="update",
    request_id="9f2c4be1a07d3355",
    object="case",
    object_id=42,
    action="update",
    historic=False,
    changes=[Change(field="priority", before="medium", after="high")],
)
_BULK = BulkResult(
    changed=1,
    unchanged=0,
    refused=1,
    outcomes=[
        BulkOutcome(number="INC-2026-00041", title="Printer on fire", result="ok", version=4),
        BulkOutcome(number="43", result="refused", code="not_found", message="there is no case 43"),
    ],
)

RESULTS: dict[Any, Any] = {
    Case: _CASE,
    CaseDetail: CaseDetail(**msgspec.structs.asdict(_CASE), notes=[_NOTE]),
    CasePage: CasePage(items=[msgspec.structs.replace(_CASE, description=msgspec.UNSET)]),
    WrittenNote: WrittenNote(**{**msgspec.structs.asdict(_NOTE), "case": _LINE}),
    BulkResult: _BULK,
    list[HistoryEntry]: [_CHANGE],
    CaseDiff: CaseDiff(
        id=42, number="INC-2026-00042", since=_AT, until=_AT + timedelta(hours=2), notes=[_NOTE],
        changes=[FieldDiff(field="priority", before=2, after=3, at=_AT, actor="ann", operation="update")],
    ),
    list[ActionChoice]: [
        ActionChoice(name="note", command="casectl note INC-2026-00042", possible=True),
        ActionChoice(
            name="reopen", command="casectl reopen INC-2026-00042", possible=False, reason="the case is not closed"
        ),
    ],
    User: _USER,
    Team: _TEAM,
    list[Role]: [Role(**{name: getattr(_ROLE, name) for name in Role.__struct_fields__})],
    RoleDetail: _ROLE,
    UserDeactivation: UserDeactivation(
        user=msgspec.structs.replace(_USER, is_active=False), sessions=1, keys=2, open_cases=1, reassigned=1,
        reassigned_to=PersonRef(id=5, name="Marek Novak", login="marek"), cases=[_LINE], leads=[],
    ),
    TeamDeactivation: TeamDeactivation(
        team=msgspec.structs.replace(_TEAM, is_active=False), open_cases=1, reassigned=0, reassigned_to=None,
        cases=[_LINE],
    ),
    Contact: Contact(id=123, name="Bea Moss", email="bea@example.com", phone=None, is_active=True, created_at=_AT),
    Tenant: Tenant(id=1, name="northwind", title="Northwind", timezone="Europe/Vienna", created_at=_AT),
}  # fmt: skip
"""Answers by the type of a verb's result."""


def result_example(kind: Any) -> Any:
    """JSON of an answer of this type, UNSET when there is no example of it."""
    if kind in RESULTS:
        return msgspec.to_builtins(RESULTS[kind])
    if getattr(kind, "__origin__", None) is list and kind.__args__[0] in RESULTS:
        return [msgspec.to_builtins(RESULTS[kind.__args__[0]])]
    return msgspec.UNSET
