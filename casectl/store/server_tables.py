"""Tables that servers need beside the domain. Only `store.tables` imports this module, and belongs to it."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLModel resolves the annotations at run time
from typing import ClassVar

from sqlalchemy import Double, Index
from sqlmodel import SQLModel

from casectl.store.columns import TEXT, TIME, column

BOOKKEEPING: tuple[str, ...] = ("rate_buckets",)

WITHOUT_TENANT = {"rate_buckets": "requests are counted before a tenant is known"}


class RateBuckets(SQLModel, table=True):
    """Token buckets that all servers share, reached by `take_tokens` alone. UNLOGGED: a crash fills them."""

    __tablename__: ClassVar[str] = "rate_buckets"
    __table_args__ = (Index("rate_buckets_full", "full_at"), {"prefixes": ["UNLOGGED"]})
    bucket: str = column(TEXT, key=True)
    tokens: float = column(Double)
    filled_at: datetime = column(TIME)
    full_at: datetime = column(TIME)
