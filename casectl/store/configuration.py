"""Case types, statuses, roles and the tenant in Postgres. Only `store.unit` and `store.case_types` import it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from casectl.errors import NotFound
from casectl.model.configuration import CaseType
from casectl.model.people import Tenant
from casectl.rules.tenant_settings import merged_settings, settings_of
from casectl.rules.text import near
from casectl.store.case_rows import CATEGORIES
from casectl.store.known import known_to

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import LiteralString

    from casectl.store.context import Context

TYPE: LiteralString = """
    SELECT t.id, t.name, t.title, r.revision, t.number_pattern, r.form_schema, r.lifecycle, t.is_active
    FROM case_types t JOIN case_type_revisions r ON r.tenant_id = t.tenant_id AND r.case_type_id = t.id
    WHERE t.tenant_id = %s
"""


def case_type_of(row: tuple[Any, ...]) -> CaseType:
    """A type in one of its revisions, from the columns of TYPE."""
    return CaseType(
        id=row[0], name=row[1], title=row[2], revision=row[3], number_pattern=row[4], form_schema=row[5],
        lifecycle=row[6], is_active=row[7],
    )  # fmt: skip


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


class StoredConfiguration:
    """See `casectl.unit.Configuration`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def case_type(self, reference: str | int, revision: int | None = None) -> CaseType:
        """See `casectl.unit.Configuration.case_type`."""
        key = str(reference).lower()
        by_id = key.isascii() and key.isdigit()
        key = key.lstrip("0")[:20] if by_id else key  # one spelling: what is kept must not grow with what is asked
        known = known_to(self._context)
        if (key, revision) in known.types:
            return known.types[key, revision]
        rows = await self._context.sql.rows(
            TYPE + ("AND t.id = %s" if by_id else "AND lower(t.name) = lower(%s)")
            + " AND r.revision = coalesce(%s, t.revision)",
            (self._context.tenant_id, int(key or 0) if by_id else key, revision),
        )  # fmt: skip
        if rows:
            found = known.types[key, revision] = case_type_of(rows[0])
            return found
        if revision is not None:
            newest = await self.case_type(reference)
            raise NotFound(f"{newest.name} has no revision {revision}", hint=f"its newest is {newest.revision}")
        names = [known.name for known in await self.case_types()]
        raise NotFound(
            f"there is no case type {reference}", hint=f"known types: {', '.join(near(key, names) or names)}"
        )

    async def case_types(self) -> list[CaseType]:
        """See `casectl.unit.Configuration.case_types`."""
        rows = await self._context.sql.rows(
            TYPE + "AND r.revision = t.revision AND t.is_active ORDER BY t.name", (self._context.tenant_id,)
        )
        return [case_type_of(row) for row in rows]

    async def put_case_type(
        self, *, name: str, title: str, number_pattern: str, form_schema: Any, lifecycle: Any
    ) -> CaseType:
        """See `casectl.unit.Configuration.put_case_type`."""
        context = self._context
        context.stamp = None
        await self._ensure_statuses(lifecycle["statuses"])
        rows = await context.sql.rows(
            TYPE + "AND r.revision = t.revision AND lower(t.name) = lower(%s)", (context.tenant_id, name)
        )
        known = case_type_of(rows[0]) if rows else None
        wished = (title, number_pattern, form_schema, lifecycle)
        if known and (known.title, known.number_pattern, known.form_schema, known.lifecycle) == wished:
            return known
        revision = known.revision + 1 if known else 1
        case_type_id = known.id if known else await context.take("case_types.id")
        values = {
            "tenant": context.tenant_id, "id": case_type_id, "name": name, "title": title, "pattern": number_pattern,
            "revision": revision, "form": _json(form_schema), "lifecycle": _json(lifecycle),
            "by": context.changed_by, "at": context.changed_at,
        }  # fmt: skip
        if known:
            await context.sql.run(
                "UPDATE case_types SET title = %(title)s, number_pattern = %(pattern)s, revision = %(revision)s,"
                " changed_by = %(by)s, changed_at = coalesce(%(at)s, now())"
                " WHERE tenant_id = %(tenant)s AND id = %(id)s", values,
            )  # fmt: skip
        else:
            await context.sql.run(
                "INSERT INTO case_types (tenant_id, id, name, title, number_pattern, revision, changed_by, changed_at)"
                " VALUES (%(tenant)s, %(id)s, %(name)s, %(title)s, %(pattern)s, %(revision)s, %(by)s,"
                " coalesce(%(at)s, now()))", values,
            )  # fmt: skip
        await context.sql.run(
            "INSERT INTO case_type_revisions (tenant_id, case_type_id, revision, form_schema, lifecycle, changed_by,"
            " changed_at) VALUES (%(tenant)s, %(id)s, %(revision)s, %(form)s, %(lifecycle)s, %(by)s,"
            " coalesce(%(at)s, now()))", values,
        )  # fmt: skip
        return await self.case_type(case_type_id)

    async def _ensure_statuses(self, wished: Sequence[dict[str, Any]]) -> None:
        known = {name.lower() for name in await self.statuses()}
        for status in wished:
            if status["name"].lower() in known:
                continue
            await self._context.sql.run(
                "INSERT INTO statuses (tenant_id, id, name, category, changed_by, changed_at)"
                " VALUES (%s, %s, %s, %s, %s, coalesce(%s, now()))",
                (self._context.tenant_id, await self._context.take("statuses.id"), status["name"],
                 CATEGORIES.index(status["category"]), self._context.changed_by, self._context.changed_at),
            )  # fmt: skip

    async def statuses(self) -> dict[str, tuple[int, int]]:
        """See `casectl.unit.Configuration.statuses`."""
        known = known_to(self._context)
        if known.statuses is not None:
            return known.statuses
        rows = await self._context.sql.rows(
            "SELECT name, id, category FROM statuses WHERE tenant_id = %s ORDER BY category, id",
            (self._context.tenant_id,),
        )
        known.statuses = {name: (status_id, category) for name, status_id, category in rows}
        return known.statuses

    async def tenant(self) -> Tenant:
        """See `casectl.unit.Configuration.tenant`."""
        known = known_to(self._context)
        if known.tenant is not None:
            return known.tenant
        rows = await self._context.sql.rows(
            "SELECT tenant_id, name, title, timezone, created_at, settings FROM tenants WHERE tenant_id = %s",
            (self._context.tenant_id,),
        )
        found = rows[0]
        known.tenant = Tenant(
            id=found[0], name=found[1], title=found[2], timezone=found[3], created_at=found[4],
            settings=settings_of(found[5]),
        )  # fmt: skip
        return known.tenant

    async def change_tenant(self, columns: Mapping[str, Any]) -> Tenant:
        """See `casectl.unit.Configuration.change_tenant`."""
        context = self._context
        ((title, zone, stored),) = await context.sql.rows(
            "SELECT title, timezone, settings FROM tenants WHERE tenant_id = %s FOR UPDATE", (context.tenant_id,)
        )
        after = (
            columns.get("title", title), columns.get("timezone", zone),
            merged_settings(stored, columns.get("settings", {})),
        )  # fmt: skip
        if after != (title, zone, stored):
            await context.sql.run(
                "UPDATE tenants SET title = %s, timezone = %s, settings = %s, changed_by = %s,"
                " changed_at = coalesce(%s, now()) WHERE tenant_id = %s",
                (*after[:2], _json(after[2]), context.changed_by, context.changed_at, context.tenant_id),
            )
        context.stamp = None
        return await self.tenant()

    async def put_role(self, name: str, rights: Sequence[str]) -> int:
        """See `casectl.unit.Configuration.put_role`."""
        context = self._context
        rows = await context.sql.rows(
            "SELECT id, rights FROM roles WHERE tenant_id = %s AND lower(name) = lower(%s)", (context.tenant_id, name)
        )
        wished = sorted(rights)
        if rows and rows[0][1] == wished:
            return int(rows[0][0])
        if rows:
            await context.sql.run(
                "UPDATE roles SET rights = %s, changed_by = %s, changed_at = coalesce(%s, now())"
                " WHERE tenant_id = %s AND id = %s",
                (wished, context.changed_by, context.changed_at, context.tenant_id, rows[0][0]),
            )
            return int(rows[0][0])
        role_id = await context.take("roles.id")
        await context.sql.run(
            "INSERT INTO roles (tenant_id, id, name, rights, changed_by, changed_at)"
            " VALUES (%s, %s, %s, %s, %s, coalesce(%s, now()))",
            (context.tenant_id, role_id, name, wished, context.changed_by, context.changed_at),
        )
        return role_id
