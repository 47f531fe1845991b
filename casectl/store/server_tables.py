"""Tables that servers need beside the domain. Only `store.tables` imports this module, and belongs to it."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLModel resolves the annotations at run time
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Double, Index, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import SQLModel

from casectl.store.columns import BIG, INT, JSON, NOW, TEXT, TIME, belongs, column

ZERO = text("0")

BOOKKEEPING: tuple[str, ...] = ("rate_buckets", "jobs", "configuration_stamps")

WITHOUT_TENANT = {"rate_buckets": "requests are counted before a tenant is known"}


class RateBuckets(SQLModel, table=True):
    """Token buckets that all servers share, reached by `take_tokens` alone. UNLOGGED: a crash fills them."""

    __tablename__: ClassVar[str] = "rate_buckets"
    __table_args__ = (Index("rate_buckets_full", "full_at"), {"prefixes": ["UNLOGGED"]})
    bucket: str = column(TEXT, key=True)
    tokens: float = column(Double)
    filled_at: datetime = column(TIME)
    full_at: datetime = column(TIME)


class ConfigurationStamps(SQLModel, table=True):
    """Stepped by every change of a tenant's types, statuses, people, teams and roles, by triggers alone."""

    __tablename__: ClassVar[str] = "configuration_stamps"
    tenant_id: int = column(INT, key=True)
    stamp: int = column(BIG)


class Jobs(SQLModel, table=True):
    """Bulks that go on after their answer. `attempt` fences; `lease_until` tells until when somebody works on it."""

    __tablename__: ClassVar[str] = "jobs"
    __table_args__ = (
        belongs("users", "actor_id"),
        CheckConstraint("state IN ('queued', 'running', 'done', 'failed', 'cancelled')", name="jobs_state"),
        Index("jobs_waiting", "lease_until", postgresql_where=text("finished_at IS NULL")),
        Index("jobs_finished", "finished_at", postgresql_where=text("finished_at IS NOT NULL")),
    )
    tenant_id: int = column(INT, key=True)
    id: int = column(BIG, key=True)
    kind: str = column(TEXT)
    state: str = column(TEXT, default=text("'queued'"))
    operation: dict[str, Any] = column(JSON)
    case_numbers: list[str] = column(ARRAY(TEXT))
    actor_id: int = column(INT)
    rights: list[str] = column(ARRAY(TEXT))
    request_id: str = column(TEXT)
    done: int = column(INT, default=ZERO)
    changed: int = column(INT, default=ZERO)
    unchanged: int = column(INT, default=ZERO)
    refused: int = column(INT, default=ZERO)
    outcomes: list[Any] = column(JSON, default=text("'[]'"))
    error: dict[str, Any] | None = column(JSON, null=True)
    attempt: int = column(INT, default=ZERO)
    tries: int = column(INT, default=ZERO)
    lease_until: datetime | None = column(TIME, null=True)
    created_at: datetime = column(TIME, default=NOW)
    started_at: datetime | None = column(TIME, null=True)
    finished_at: datetime | None = column(TIME, null=True)
