"""Every table of the desk, declared with SQLModel: the source of the migrations.

Only migrations, tests and what is off the shell's path import this module (SQLModel costs 370 ms). Keys and foreign
keys start with tenant_id, so that a tenant can be partitioned off, copied and moved whole. `KINDS` says of each table
what guards it: **domain** (audit and outbox by trigger), **record** (append-only, its own audit) or **bookkeeping**.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Boolean, CheckConstraint, Column, Computed, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from casectl.store import access_tables, record_tables, server_tables
from casectl.store.columns import (
    ACTIVE,
    BIG,
    FALSE,
    INT,
    JSON,
    LIVE,
    NOW,
    SMALL,
    TEXT,
    TIME,
    TRUE,
    Domain,
    belongs,
    column,
)


class Tenants(Domain, table=True):
    """Organisations; their own row is all a tenant sees."""

    __tablename__: ClassVar[str] = "tenants"
    tenant_id: int = column(INT, key=True)
    name: str = Field(sa_column=Column(TEXT, nullable=False, unique=True))
    title: str = column(TEXT)
    timezone: str = column(TEXT, default=text("'UTC'"))
    settings: dict[str, Any] = column(JSON, default=text("'{}'"))
    is_demo: bool = column(Boolean, default=FALSE)
    created_at: datetime = column(TIME, default=NOW)
    is_active: bool = column(Boolean, default=TRUE)


class Users(Domain, table=True):
    """People and programs that act on the desk."""

    __tablename__: ClassVar[str] = "users"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"]),
        Index("users_login", "tenant_id", text("lower(login)"), unique=True),
        Index("users_email", "tenant_id", text("lower(email)"), unique=True),
        Index("users_os_user", "tenant_id", "os_user", unique=True),
    )
    tenant_id: int = column(INT, key=True)
    id: int = column(INT, key=True)
    login: str = column(TEXT)
    name: str = column(TEXT)
    email: str | None = column(TEXT, null=True)
    os_user: str | None = column(TEXT, null=True)
    kind: str = column(TEXT, default=text("'user'"))
    is_active: bool = column(Boolean, default=TRUE)
    created_at: datetime = column(TIME, default=NOW)


class Roles(Domain, table=True):
    """Roles are data: a name and the rights it gives."""

    __tablename__: ClassVar[str] = "roles"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"]),
        Index("roles_name", "tenant_id", text("lower(name)"), unique=True),
    )
    tenant_id: int = column(INT, key=True)
    id: int = column(INT, key=True)
    name: str = column(TEXT)
    rights: list[str] = column(ARRAY(TEXT))
    is_active: bool = column(Boolean, default=TRUE)


class UserRoles(Domain, table=True):
    """Which user holds which role."""

    __tablename__: ClassVar[str] = "user_roles"
    __table_args__ = (belongs("users", "user_id"), belongs("roles", "role_id"))
    tenant_id: int = column(INT, key=True)
    user_id: int = column(INT, key=True)
    role_id: int = column(INT, key=True)


class Teams(Domain, table=True):
    """Groups of users that cases are handed to."""

    __tablename__: ClassVar[str] = "teams"
    __table_args__ = (
        belongs("users", "lead_id"),
        Index("teams_name", "tenant_id", text("lower(name)"), unique=True),
    )
    tenant_id: int = column(INT, key=True)
    id: int = column(INT, key=True)
    name: str = column(TEXT)
    lead_id: int | None = column(INT, null=True)
    is_active: bool = column(Boolean, default=TRUE)


class TeamMembers(Domain, table=True):
    """Which user works in which team."""

    __tablename__: ClassVar[str] = "team_members"
    __table_args__ = (
        belongs("teams", "team_id"),
        belongs("users", "user_id"),
        Index("team_members_user", "tenant_id", "user_id"),
    )
    tenant_id: int = column(INT, key=True)
    team_id: int = column(INT, key=True)
    user_id: int = column(INT, key=True)


class Contacts(Domain, table=True):
    """The people cases are about."""

    __tablename__: ClassVar[str] = "contacts"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"]),
        Index("contacts_email", "tenant_id", text("lower(email)"), unique=True),
        Index("contacts_name", "tenant_id", text("lower(name)")),
    )
    tenant_id: int = column(INT, key=True)
    id: int = column(INT, key=True)
    name: str = column(TEXT)
    email: str | None = column(TEXT, null=True)
    phone: str | None = column(TEXT, null=True)
    created_at: datetime = column(TIME, default=NOW)
    is_active: bool = column(Boolean, default=TRUE)


class Statuses(Domain, table=True):
    """Lifecycle states by name; `category` is 1 new, 2 open, 3 pending, 4 on hold, 5 resolved, 6 closed."""

    __tablename__: ClassVar[str] = "statuses"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"]),
        CheckConstraint("category BETWEEN 1 AND 6", name="statuses_category"),
        Index("statuses_name", "tenant_id", text("lower(name)"), unique=True),
    )
    tenant_id: int = column(INT, key=True)
    id: int = column(INT, key=True)
    name: str = column(TEXT)
    category: int = column(SMALL)


class CaseTypes(Domain, table=True):
    """Kinds of cases; form, lifecycle and number pattern are those of the current revision."""

    __tablename__: ClassVar[str] = "case_types"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"]),
        Index("case_types_name", "tenant_id", text("lower(name)"), unique=True),
    )
    tenant_id: int = column(INT, key=True)
    id: int = column(INT, key=True)
    name: str = column(TEXT)
    title: str = column(TEXT)
    revision: int = column(INT)
    number_pattern: str = column(TEXT)
    is_active: bool = column(Boolean, default=TRUE)


class CaseTypeRevisions(Domain, table=True):
    """Immutable revisions of a case type's form and lifecycle; a case keeps the one it was made under."""

    __tablename__: ClassVar[str] = "case_type_revisions"
    __table_args__ = (belongs("case_types", "case_type_id"),)
    tenant_id: int = column(INT, key=True)
    case_type_id: int = column(INT, key=True)
    revision: int = column(INT, key=True)
    form_schema: dict[str, Any] = column(JSON)
    lifecycle: dict[str, Any] = column(JSON)


class Cases(Domain, table=True):
    """The cases. `urgency` and `due_key` are `-priority` and the due date with absent last: one ascending sort."""

    __tablename__: ClassVar[str] = "cases"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "case_type_id", "type_revision"],
            [f"case_type_revisions.{name}" for name in ("tenant_id", "case_type_id", "revision")],
        ),
        belongs("statuses", "status_id"),
        belongs("users", "assignee_id"),
        belongs("users", "reporter_id"),
        belongs("teams", "team_id"),
        belongs("contacts", "contact_id"),
        belongs("cases", "parent_id"),
        CheckConstraint("priority BETWEEN 1 AND 4", name="cases_priority"),
        CheckConstraint("category BETWEEN 1 AND 6", name="cases_category"),
        Index("cases_number", "tenant_id", "number", unique=True),
        Index("cases_external_id", "tenant_id", "channel", "external_id", unique=True,
              postgresql_where=text("external_id IS NOT NULL")),
        Index("cases_queue", "tenant_id", "urgency", "due_key", "id", postgresql_where=ACTIVE),
        Index("cases_order", "tenant_id", "urgency", "due_key", "id", postgresql_where=LIVE),
        Index("cases_restricted", "tenant_id", "urgency", "due_key", "id",
              postgresql_where=text("deleted_at IS NULL AND is_restricted")),
        Index("cases_assignee", "tenant_id", "assignee_id", "urgency", "due_key", "id", postgresql_where=ACTIVE),
        Index("cases_team", "tenant_id", "team_id", "urgency", "due_key", "id", postgresql_where=ACTIVE),
        Index("cases_status", "tenant_id", "status_id", "urgency", "due_key", "id", postgresql_where=LIVE),
        Index("cases_type", "tenant_id", "case_type_id", "urgency", "due_key", "id", postgresql_where=ACTIVE),
        Index("cases_due", "tenant_id", "due_key", "id", postgresql_where=ACTIVE),
        Index("cases_contact", "tenant_id", "contact_id", "id"),
        Index("cases_reporter", "tenant_id", "reporter_id", "id"),
        Index("cases_parent", "tenant_id", "parent_id", postgresql_where=text("parent_id IS NOT NULL")),
        Index("cases_created", "tenant_id", "created_at", "id"),
        Index("cases_changed", "tenant_id", "changed_at", "id"),
        Index("cases_resolved", "tenant_id", "resolved_at", "id", postgresql_where=text("resolved_at IS NOT NULL")),
        Index("cases_closed", "tenant_id", "closed_at", "id", postgresql_where=text("closed_at IS NOT NULL")),
        Index("cases_trash", "tenant_id", "deleted_at", "id", postgresql_where=text("deleted_at IS NOT NULL")),
    )  # fmt: skip
    tenant_id: int = column(INT, key=True)
    id: int = column(BIG, key=True)
    number: str = column(TEXT)
    title: str = column(TEXT)
    description: str = column(TEXT, default=text("''"))
    case_type_id: int = column(INT)
    type_revision: int = column(INT)
    status_id: int = column(INT)
    category: int = column(SMALL)
    priority: int = column(SMALL)
    urgency: int = Field(sa_column=Column(SMALL, Computed("(- priority)", persisted=True), nullable=False))
    assignee_id: int | None = column(INT, null=True)
    team_id: int | None = column(INT, null=True)
    reporter_id: int | None = column(INT, null=True)
    contact_id: int | None = column(INT, null=True)
    parent_id: int | None = column(BIG, null=True)
    tags: list[str] = column(ARRAY(TEXT), default=text("'{}'"))
    fields: dict[str, Any] = column(JSON, default=text("'{}'"))
    due_at: datetime | None = column(TIME, null=True)
    due_key: datetime = Field(
        sa_column=Column(TIME, Computed("COALESCE(due_at, 'infinity'::timestamptz)", persisted=True), nullable=False)
    )
    channel: str = column(TEXT, default=text("'cli'"))
    external_id: str | None = column(TEXT, null=True)
    is_restricted: bool = column(Boolean, default=FALSE)
    created_by: int = column(INT)
    created_at: datetime = column(TIME, default=NOW)
    first_response_at: datetime | None = column(TIME, null=True)
    resolved_at: datetime | None = column(TIME, null=True)
    closed_at: datetime | None = column(TIME, null=True)
    deleted_at: datetime | None = column(TIME, null=True)
    version: int = column(INT, default=text("1"))


class Notes(Domain, table=True):
    """Notes on cases, public or internal."""

    __tablename__: ClassVar[str] = "notes"
    __table_args__ = (belongs("cases", "case_id"), Index("notes_case", "tenant_id", "case_id", "id"))
    tenant_id: int = column(INT, key=True)
    id: int = column(BIG, key=True)
    case_id: int = column(BIG)
    content: str = column(TEXT)
    is_internal: bool = column(Boolean, default=FALSE)
    author_id: int | None = column(INT, null=True)
    channel: str = column(TEXT, default=text("'cli'"))
    created_at: datetime = column(TIME, default=NOW)


METADATA = record_tables.Audit.metadata
"""Every table, those of record_tables included: what the migrations are compared with."""

KINDS: dict[str, tuple[str, ...]] = {
    "domain": (
        "tenants", "users", "roles", "user_roles", "teams", "team_members", "contacts",
        "statuses", "case_types", "case_type_revisions", "cases", "notes", *access_tables.DOMAIN,
    ),
    "record": ("audit", "purged_cases"),
    "bookkeeping": (
        "outbox", "counters", "case_tags", "case_fields", "case_search",
        "idempotency_keys", "import_rows", "desk_secrets", *access_tables.BOOKKEEPING,
        *server_tables.BOOKKEEPING,
    ),
}  # fmt: skip

WITHOUT_TENANT = {
    "desk_secrets": "one signing key serves the whole database",
    "alembic_version": "the schema's own",
    **server_tables.WITHOUT_TENANT,
}
