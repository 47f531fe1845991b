"""How columns, keys and foreign keys of the desk's tables are declared.

Only `store.tables` and `store.record_tables` import this module; it loads SQLModel, as they do.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLModel resolves the annotations at run time
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Integer,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import UserDefinedType
from sqlmodel import Field, SQLModel

BIG, INT, SMALL, TEXT, TIME, JSON = BigInteger, Integer, SmallInteger, Text, DateTime(timezone=True), JSONB
NOW, FALSE, TRUE = text("now()"), text("false"), text("true")
LIVE = text("deleted_at IS NULL")
ACTIVE = text("deleted_at IS NULL AND category < 5")
"""The predicate of every queue index; category 5 is resolved, 6 closed (rules.lifecycle)."""


def column(kind: Any, *, key: bool = False, null: bool = False, default: Any = None) -> Any:
    """A field with its Postgres type; `key` makes it part of the primary key."""
    # Ids come from `take_numbers`, never from a sequence of the column's own.
    return Field(sa_column=Column(kind, primary_key=key, nullable=null, server_default=default, autoincrement=False))


def belongs(to: str, *columns: str) -> ForeignKeyConstraint:
    """A composite foreign key to table `to` through tenant_id and `columns` (onto its id)."""
    return ForeignKeyConstraint(["tenant_id", *columns], [f"{to}.tenant_id", f"{to}.id"])


class Domain(SQLModel):
    """What every domain table carries: who changed the row last and when; the trigger reads both."""

    changed_by: int = Field(sa_type=INT, nullable=False)
    changed_at: datetime = Field(sa_type=TIME, nullable=False, sa_column_kwargs={"server_default": NOW})


class Xid8(UserDefinedType[int]):
    """The 64-bit transaction id, in which audit rows are ordered."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The type's name in DDL."""
        return "xid8"
