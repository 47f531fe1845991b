"""Cases between SQL and structs: the columns, their order, and how a row becomes a noun. Only `store` imports it."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from casectl.model.case import Case, CaseRef, ContactRef, PersonRef, StatusRef, TeamRef, TypeRef
from casectl.rules.priorities import priority_name
from casectl.unit import CaseRow

CATEGORIES = ("", "new", "open", "pending", "on_hold", "resolved", "closed")
CLOSED = 6
RESOLVED = 5
"""Categories from this number on are no longer active."""

CASE_COLUMNS = """
    c.id, c.number, c.title, c.priority, c.tags, c.fields, c.due_at, c.channel, c.external_id, c.is_restricted,
    c.created_at, c.changed_at, c.first_response_at, c.resolved_at, c.closed_at, c.deleted_at, c.version,
    s.id, s.name, s.category, t.id, t.name, a.id, a.name, a.login, a.email, r.id, r.name, r.login, r.email,
    g.id, g.name, k.id, k.name, k.email, p.id, p.number
"""

WIDTH = 37
"""How many CASE_COLUMNS there are; a description may follow them."""

CASE_JOINS = """
    JOIN statuses s ON s.tenant_id = c.tenant_id AND s.id = c.status_id
    JOIN case_types t ON t.tenant_id = c.tenant_id AND t.id = c.case_type_id
    LEFT JOIN users a ON a.tenant_id = c.tenant_id AND a.id = c.assignee_id
    LEFT JOIN users r ON r.tenant_id = c.tenant_id AND r.id = c.reporter_id
    LEFT JOIN teams g ON g.tenant_id = c.tenant_id AND g.id = c.team_id
    LEFT JOIN contacts k ON k.tenant_id = c.tenant_id AND k.id = c.contact_id
    LEFT JOIN cases p ON p.tenant_id = c.tenant_id AND p.id = c.parent_id
"""

ROW_COLUMNS = """
    id, number, title, description, case_type_id, type_revision, status_id, category, priority, assignee_id, team_id,
    reporter_id, contact_id, parent_id, tags, fields, due_at, channel, external_id, is_restricted, created_at,
    changed_at, first_response_at, resolved_at, closed_at, deleted_at, version
"""

_ROW_NAMES = CaseRow.__struct_fields__

COLUMN_TYPES = {
    "title": "text", "description": "text", "case_type_id": "int", "type_revision": "int", "status_id": "int",
    "category": "smallint", "priority": "smallint", "assignee_id": "int", "team_id": "int", "reporter_id": "int",
    "contact_id": "int", "parent_id": "bigint", "tags": "text[]", "fields": "jsonb", "due_at": "timestamptz",
    "is_restricted": "boolean", "first_response_at": "timestamptz", "resolved_at": "timestamptz",
    "closed_at": "timestamptz", "deleted_at": "timestamptz", "external_id": "text", "channel": "text",
}  # fmt: skip
"""What a verb may write on a case, and the type it is read as from JSON."""


def person(row: tuple[Any, ...], at: int) -> PersonRef | None:
    """The person in four columns (id, name, login, email) from `at`, None without id."""
    if row[at] is None:
        return None
    return PersonRef(id=row[at], name=row[at + 1], login=row[at + 2], email=row[at + 3])


def case_of(row: tuple[Any, ...]) -> Case:
    """A case from CASE_COLUMNS, with its description when that follows them."""
    return Case(
        id=row[0], number=row[1], title=row[2], priority=row[3], priority_name=priority_name(row[3]), tags=row[4],
        fields=row[5], due_at=row[6], channel=row[7], external_id=row[8], is_restricted=row[9], created_at=row[10],
        updated_at=row[11], first_response_at=row[12], resolved_at=row[13], closed_at=row[14], deleted_at=row[15],
        version=row[16],
        status=StatusRef(id=row[17], name=row[18], category=CATEGORIES[row[19]], is_closed=row[19] == CLOSED),
        type=TypeRef(id=row[20], name=row[21]),
        assignee=person(row, 22), reporter=person(row, 26),
        team=TeamRef(id=row[30], name=row[31]) if row[30] is not None else None,
        contact=ContactRef(id=row[32], name=row[33], email=row[34]) if row[32] is not None else None,
        parent=CaseRef(id=row[35], number=row[36]) if row[35] is not None else None,
        description=row[WIDTH] if len(row) > WIDTH else UNSET,
    )  # fmt: skip


def row_of(row: tuple[Any, ...]) -> CaseRow:
    """A case as rules work on it, from ROW_COLUMNS."""
    return CaseRow(**dict(zip(_ROW_NAMES, row, strict=True)))
