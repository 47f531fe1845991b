"""Changes of users and teams in Postgres. Only `store.unit` imports this module, when a verb asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from casectl.model.case import CaseLine
from casectl.store.changes import change_row
from casectl.store.people import refuse_taken_team, refuse_taken_user

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import LiteralString

    from casectl.store.context import Context

_OPEN: LiteralString = """
    SELECT id, number, title FROM cases
    WHERE tenant_id = %s AND deleted_at IS NULL AND category < 5 AND
"""
_OF_USER: LiteralString = _OPEN + " assignee_id = %s ORDER BY urgency, due_key, id"
_OF_TEAM: LiteralString = _OPEN + " team_id = %s ORDER BY urgency, due_key, id"
"""Cases neither resolved nor closed: the predicate is that of the queue indexes."""


class StoredStaff:
    """See `casectl.unit_people.Staff`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def is_program(self, user_id: int) -> bool:
        """See `Staff.is_program`."""
        rows = await self._context.sql.rows(
            "SELECT kind <> 'user' FROM users WHERE tenant_id = %s AND id = %s", (self._context.tenant_id, user_id)
        )
        return bool(rows and rows[0][0])

    async def change_user(self, user_id: int, changes: Mapping[str, Any]) -> None:
        """See `Staff.change_user`."""
        await refuse_taken_user(
            self._context, changes.get("login"), changes.get("email"), changes.get("os_user"), but=user_id
        )
        await change_row(self._context, "users", user_id, changes)

    async def change_roles(self, user_id: int, add: Collection[int], remove: Collection[int]) -> None:
        """See `Staff.change_roles`."""
        context = self._context  # given first: who swaps one role of an administrator for another stays one
        await context.sql.run(
            "INSERT INTO user_roles (tenant_id, user_id, role_id, changed_by, changed_at)"
            " SELECT %s, %s, role, %s, coalesce(%s, now()) FROM unnest(%s::int[]) role ON CONFLICT DO NOTHING",
            (context.tenant_id, user_id, context.changed_by, context.changed_at, list(add)),
        )
        await context.sql.run(
            "DELETE FROM user_roles WHERE tenant_id = %s AND user_id = %s AND role_id = ANY (%s)",
            (context.tenant_id, user_id, list(remove)),
        )

    async def change_team(self, team_id: int, changes: Mapping[str, Any]) -> None:
        """See `Staff.change_team`."""
        if "name" in changes:
            await refuse_taken_team(self._context, changes["name"], but=team_id)
        await change_row(self._context, "teams", team_id, changes)

    async def change_members(self, team_id: int, add: Collection[int], remove: Collection[int]) -> None:
        """See `Staff.change_members`."""
        context = self._context
        await context.sql.run(
            "INSERT INTO team_members (tenant_id, team_id, user_id, changed_by, changed_at)"
            " SELECT %s, %s, member, %s, coalesce(%s, now()) FROM unnest(%s::int[]) member ON CONFLICT DO NOTHING",
            (context.tenant_id, team_id, context.changed_by, context.changed_at, list(add)),
        )
        await context.sql.run(
            "DELETE FROM team_members WHERE tenant_id = %s AND team_id = %s AND user_id = ANY (%s)",
            (context.tenant_id, team_id, list(remove)),
        )

    async def open_cases(self, *, assignee_id: int | None = None, team_id: int | None = None) -> list[CaseLine]:
        """See `Staff.open_cases`."""
        statement, holder = (_OF_TEAM, team_id) if assignee_id is None else (_OF_USER, assignee_id)
        rows = await self._context.sql.rows(statement, (self._context.tenant_id, holder))
        return [CaseLine(id=row[0], number=row[1], title=row[2]) for row in rows]

    async def end_keys(self, user_id: int) -> int:
        """See `Staff.end_keys`."""
        context = self._context
        return await context.sql.run(
            "UPDATE api_keys SET revoked_at = now(), changed_by = %s, changed_at = coalesce(%s, now())"
            " WHERE tenant_id = %s AND user_id = %s AND revoked_at IS NULL",
            (context.changed_by, context.changed_at, context.tenant_id, user_id),
        )
