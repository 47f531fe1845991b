"""Postgres column types that SQLAlchemy does not know. Only `store.tables` imports this module."""

from __future__ import annotations

from typing import Any

from sqlalchemy.types import UserDefinedType


class Xid8(UserDefinedType[int]):
    """The 64-bit transaction id, in which audit rows are ordered."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The type's name in DDL."""
        return "xid8"
