"""The tables beside the domain: the audit, the outbox, and bookkeeping such as search text and import lines.

Only `store.tables` imports this module, and belongs to it.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLModel resolves the annotations at run time
from typing import Any, ClassVar

from sqlalchemy import Boolean, CheckConstraint, Column, Double, Identity, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlmodel import Field, SQLModel

from casectl.store.columns import BIG, FALSE, INT, JSON, NOW, TEXT, TIME, Xid8, belongs, column


class Audit(SQLModel, table=True):
    """What happened, append-only. Followers read ordered by (xid, seq) below the snapshot's xmin (DECISIONS 12).

    Where a purge has erased payload and salt, `digest` is what `audit_digest` made of them (DECISIONS 17).
    """

    __tablename__: ClassVar[str] = "audit"
    __table_args__ = (
        Index("audit_case", "tenant_id", "case_id", "occurred_at", "seq"),
        Index("audit_order", "tenant_id", "xid", "seq"),
        Index("audit_object", "tenant_id", "object", "object_id", "seq"),
        CheckConstraint(
            "(payload IS NULL) = (salt IS NULL) AND (payload IS NOT NULL OR digest IS NOT NULL)", name="audit_redacted"
        ),
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
    payload: dict[str, Any] | None = column(JSON, null=True)
    salt: bytes | None = column(LargeBinary, null=True, default=text("uuid_send(gen_random_uuid())"))
    digest: bytes | None = column(LargeBinary, null=True)


class PurgedCases(SQLModel, table=True):
    """What is known of a case whose contents were erased; written by `purge_cases` alone."""

    __tablename__: ClassVar[str] = "purged_cases"
    __table_args__ = (Index("purged_cases_number", "tenant_id", text("lower(number)"), unique=True),)
    tenant_id: int = column(INT, key=True)
    case_id: int = column(BIG, key=True)
    number: str = column(TEXT)
    is_restricted: bool = column(Boolean)
    purged_by: int = column(INT)
    purged_at: datetime = column(TIME, default=NOW)


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
    __table_args__ = (Index("idempotency_keys_age", "tenant_id", "created_at"),)
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
