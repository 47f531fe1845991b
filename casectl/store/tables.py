"""Every table of the desk, declared with SQLModel: the source of the migrations.

Only migrations, tests and what is off the shell's path import this module (SQLModel costs 370 ms). Keys and foreign
keys start with tenant_id, so that a tenant can be partitioned off, copied and moved whole. `KINDS` says of each table
what guards it: **domain** (audit and outbox by trigger), **record** (append-only, its own audit) or **bookkeeping**.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    Double,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR
from sqlmodel import Field, SQLModel

from casectl.store.column_types import Xid8

BIG, INT, SMALL, TEXT, TIME, JSON = BigInteger, Integer, SmallInteger, Text, DateTime(timezone=True), JSONB
NOW, FALSE, TRUE = text("now()"), text("false"), text("true")
LIVE = text("deleted_at IS NULL")
ACTIVE = text("deleted_at IS NULL AND category < 5")
"""The predicate of every queue index; category 5 is resolved, 6 closed (rules.lifecycle)."""


def column(kind: Any, *, key: bool = False, null: bool = False, default: Any = None) -> Any:
    """A field with its Postgres type; `key` makes it part of the primary key."""
    autoincrement = False if key else "auto"
    return Field(
        sa_column=Column(kind, primary_key=key, nullable=null, server_default=default, autoincrement=autoincrement)
    )


def belongs(to: str, *columns: str) -> ForeignKeyConstraint:
    """A composite foreign key to table `to` through tenant_id and `columns` (onto its id)."""
    return ForeignKeyConstraint(["tenant_id", *columns], [f"{to}.tenant_id", f"{to}.id"])


class Domain(SQLModel):
    """What every domain table carries: who changed the row last and when; the trigger reads both."""

    changed_by: int = Field(sa_type=INT, nullable=False)
    changed_at: datetime = Field(sa_type=TIME, nullable=False, sa_column_kwargs={"server_default": NOW})  # type: ignore[call-overload]


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
    __table_args__ = (belongs("teams", "team_id"), belongs("users", "user_id"))
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
        Index("cases_assignee", "tenant_id", "assignee_id", "urgency", "due_key", "id", postgresql_where=ACTIVE),
        Index("cases_team", "tenant_id", "team_id", "urgency", "due_key", "id", postgresql_where=ACTIVE),
        Index("cases_status", "tenant_id", "status_id", "urgency", "due_key", "id", postgresql_where=LIVE),
        Index("cases_type", "tenant_id", "case_type_id", "urgency", "due_key", "id", postgresql_where=ACTIVE),
        Index("cases_due", "tenant_id", "due_at", "id", postgresql_where=ACTIVE),
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


class Audit(SQLModel, table=True):
    """What happened, append-only. Followers read ordered by (xid, seq) below the snapshot's xmin (DECISIONS 12)."""

    __tablename__: ClassVar[str] = "audit"
    __table_args__ = (
        Index("audit_case", "tenant_id", "case_id", "occurred_at", "seq"),
        Index("audit_order", "tenant_id", "xid", "seq"),
        Index("audit_object", "tenant_id", "object", "object_id", "seq"),
    )
    tenant_id: int = column(INT, key=True)
    seq: int = Field(sa_column=Column(BIG, Identity(always=True), primary_key=True))
    xid: Any = column(Xid8, default=text("pg_current_xact_id()"))
    occurred_at: datetime = column(TIME)
    recorded_at: datetime = column(TIME, default=text("clock_timestamp()"))
    actor_id: int = column(INT)
    operation: str = column(TEXT)
    request_id: str = column(TEXT)
    object: str = column(TEXT)
    object_id: int = column(BIG)
    case_id: int | None = column(BIG, null=True)
    action: str = column(TEXT)
    historic: bool = column(Boolean, default=FALSE)
    is_internal: bool = column(Boolean, default=FALSE)
    payload: dict[str, Any] = column(JSON)
    salt: bytes = column(LargeBinary, default=text("uuid_send(gen_random_uuid())"))


class Outbox(SQLModel, table=True):
    """Changes whose effects outside the transaction (rules, mail, webhooks) are still to come."""

    __tablename__: ClassVar[str] = "outbox"
    __table_args__ = (Index("outbox_created", "tenant_id", "created_at"),)
    tenant_id: int = column(INT, key=True)
    seq: int = column(BIG, key=True)
    case_id: int = column(BIG)
    object: str = column(TEXT)
    action: str = column(TEXT)
    created_at: datetime = column(TIME, default=NOW)


class Counters(SQLModel, table=True):
    """Where ids and case numbers come from; written by `take_numbers` alone, so that none is used twice."""

    __tablename__: ClassVar[str] = "counters"
    tenant_id: int = column(INT, key=True)
    name: str = column(TEXT, key=True)
    value: int = column(BIG)


class CaseTags(SQLModel, table=True):
    """Tags as plain columns: array containment hides its index under row-level security."""

    __tablename__: ClassVar[str] = "case_tags"
    __table_args__ = (belongs("cases", "case_id"), Index("case_tags_case", "tenant_id", "case_id"))
    tenant_id: int = column(INT, key=True)
    tag: str = column(TEXT, key=True)
    case_id: int = column(BIG, key=True)


class CaseFields(SQLModel, table=True):
    """Form fields as plain columns, for filters; `value` is the lower-case text, `number` the numeric value."""

    __tablename__: ClassVar[str] = "case_fields"
    __table_args__ = (
        belongs("cases", "case_id"),
        Index("case_fields_value", "tenant_id", "key", "value", "case_id"),
        Index("case_fields_number", "tenant_id", "key", "number", "case_id",
              postgresql_where=text("number IS NOT NULL")),
    )  # fmt: skip
    tenant_id: int = column(INT, key=True)
    case_id: int = column(BIG, key=True)
    key: str = column(TEXT, key=True)
    value: str = column(TEXT, key=True)
    number: float | None = column(Double, null=True)


class CaseSearch(SQLModel, table=True):
    """Search text of cases (note_id 0) and notes. The app role has no right here; `search_cases` reads it."""

    __tablename__: ClassVar[str] = "case_search"
    __table_args__ = (
        belongs("cases", "case_id"),
        Index("case_search_vector", "vector", postgresql_using="gin", postgresql_with={"fastupdate": "off"}),
    )
    tenant_id: int = column(INT, key=True)
    case_id: int = column(BIG, key=True)
    note_id: int = column(BIG, key=True)
    is_internal: bool = column(Boolean)
    vector: Any = column(TSVECTOR)


class IdempotencyKeys(SQLModel, table=True):
    """First answers of writes by key, kept 24 hours and written in the write's own transaction."""

    __tablename__: ClassVar[str] = "idempotency_keys"
    tenant_id: int = column(INT, key=True)
    actor_id: int = column(INT, key=True)
    key: str = column(TEXT, key=True)
    digest: bytes = column(LargeBinary)
    answer: dict[str, Any] = column(JSON)
    created_at: datetime = column(TIME, default=NOW)


class ImportRows(SQLModel, table=True):
    """Every line an import has read, so that a second run or `--resume` does it no second time."""

    __tablename__: ClassVar[str] = "import_rows"
    tenant_id: int = column(INT, key=True)
    source: str = column(TEXT, key=True)
    line_key: str = column(TEXT, key=True)
    digest: bytes = column(LargeBinary)
    case_id: int | None = column(BIG, null=True)
    result: str = column(TEXT)
    reason: str = column(TEXT, default=text("''"))


class DeskSecrets(SQLModel, table=True):
    """Keys of this database alone (cursor signatures); no tenant's, readable through `cursor_key()` only."""

    __tablename__: ClassVar[str] = "desk_secrets"
    name: str = column(TEXT, key=True)
    value: bytes = column(LargeBinary)


KINDS: dict[str, tuple[str, ...]] = {
    "domain": (
        "tenants", "users", "roles", "user_roles", "teams", "team_members", "contacts",
        "statuses", "case_types", "case_type_revisions", "cases", "notes",
    ),
    "record": ("audit",),
    "bookkeeping": (
        "outbox", "counters", "case_tags", "case_fields", "case_search",
        "idempotency_keys", "import_rows", "desk_secrets",
    ),
}  # fmt: skip

WITHOUT_TENANT = {"desk_secrets": "one signing key serves the whole database", "alembic_version": "the schema's own"}
