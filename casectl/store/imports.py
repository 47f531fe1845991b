"""The lines that imports have read, in Postgres. Only `store.unit` imports this module."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from casectl.store.context import Context


class StoredImports:
    """See `casectl.unit.Imports`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def seen(self, source: str, line_keys: Sequence[str]) -> dict[str, tuple[bytes, str, str]]:
        """See `casectl.unit.Imports.seen`."""
        rows = await self._context.sql.rows(
            "SELECT line_key, digest, result, reason FROM import_rows"
            " WHERE tenant_id = %s AND source = %s AND line_key = ANY(%s)",
            (self._context.tenant_id, source, list(line_keys)),
        )
        return {key: (bytes(digest), result, reason) for key, digest, result, reason in rows}

    async def record(self, source: str, rows: Sequence[tuple[str, bytes, int | None, str, str]]) -> None:
        """See `casectl.unit.Imports.record`."""
        keys, digests, cases, results, reasons = (list(values) for values in zip(*rows, strict=True))
        await self._context.sql.run(
            "INSERT INTO import_rows (tenant_id, source, line_key, digest, case_id, result, reason)"
            " SELECT %s, %s, * FROM unnest(%s::text[], %s::bytea[], %s::bigint[], %s::text[], %s::text[])"
            " ON CONFLICT (tenant_id, source, line_key) DO UPDATE SET digest = excluded.digest,"
            " case_id = excluded.case_id, result = excluded.result, reason = excluded.reason",
            (self._context.tenant_id, source, keys, digests, cases, results, reasons),
        )
