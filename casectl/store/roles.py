"""Roles in Postgres. Only `store.unit` and `store.people` import this module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from casectl.errors import Conflict, InvalidInput, NotFound, Problem
from casectl.model.case import PersonRef
from casectl.model.people import Role, RoleDetail
from casectl.rules.case_input import refuse_inactive
from casectl.rules.rights import is_built_in
from casectl.rules.text import did_you_mean, json_pointer, near, shell_word
from casectl.store.changes import change_row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import LiteralString

    from casectl.store.context import Context

_ROLE: LiteralString = """
    SELECT r.id, r.name, r.rights, r.is_active,
           (SELECT count(*) FROM user_roles x JOIN users u ON u.tenant_id = x.tenant_id AND u.id = x.user_id
            WHERE x.tenant_id = r.tenant_id AND x.role_id = r.id AND u.is_active)
    FROM roles r WHERE r.tenant_id = %(tenant)s
"""

_HOLDERS: LiteralString = """
    SELECT u.id, u.name, u.login, u.email FROM user_roles x
    JOIN users u ON u.tenant_id = x.tenant_id AND u.id = x.user_id
    WHERE x.tenant_id = %s AND x.role_id = %s AND u.is_active ORDER BY u.login LIMIT %s
"""

MOST_HOLDERS = 100
"""Of a role, told with it; `casectl user list --role` has them all."""


def _role(row: tuple[Any, ...]) -> Role:
    return Role(
        id=row[0], name=row[1], rights=row[2], is_built_in=is_built_in(row[1]), is_active=row[3], users=row[4]
    )  # fmt: skip


class StoredRoles:
    """See `casectl.unit_people.Roles`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def all(self, *, active_only: bool = True, right: str | None = None) -> list[Role]:
        """See `Roles.all`."""
        rows = await self._context.sql.rows(
            _ROLE + " AND (r.is_active OR NOT %(only)s) AND (%(right)s::text IS NULL OR %(right)s = ANY (r.rights))"
            " ORDER BY r.name",
            {"tenant": self._context.tenant_id, "only": active_only, "right": right},
        )
        return [_role(row) for row in rows]

    async def find(self, reference: str, *, lock: bool = False) -> RoleDetail:
        """See `Roles.find`."""
        context, text = self._context, reference.strip().lower()
        how: LiteralString = " AND r.id::text = %(text)s" if text.isdigit() else " AND lower(r.name) = %(text)s"
        until_the_end: LiteralString = " FOR NO KEY UPDATE OF r" if lock else ""
        rows = await context.sql.rows(_ROLE + how + until_the_end, {"tenant": context.tenant_id, "text": text})
        if not rows:
            close = near(reference, [role.name for role in await self.all(active_only=False)])
            hint = f"did you mean {', '.join(close)}?" if close else "casectl role list --all shows all"
            raise NotFound(f"there is no role {reference}", hint=hint)
        role = _role(rows[0])
        holders = await context.sql.rows(_HOLDERS, (context.tenant_id, role.id, MOST_HOLDERS))
        told = [PersonRef(id=row[0], name=row[1], login=row[2], email=row[3]) for row in holders]
        return RoleDetail(**{name: getattr(role, name) for name in role.__struct_fields__}, holders=told)

    async def named(self, names: Sequence[str], pointer: str, *, active_only: bool = True) -> list[Role]:
        """See `Roles.named`."""
        return await roles_named(self._context, names, pointer, active_only=active_only)

    async def add(self, name: str, rights: Sequence[str]) -> Role:
        """See `Roles.add`."""
        context = self._context
        await self._refuse_taken(name)
        role_id = await context.take("roles.id")
        await context.sql.run(
            "INSERT INTO roles (tenant_id, id, name, rights, changed_by, changed_at)"
            " VALUES (%s, %s, %s, %s, %s, coalesce(%s, now()))",
            (context.tenant_id, role_id, name, list(rights), context.changed_by, context.changed_at),
        )
        return await self.find(str(role_id))

    async def change(self, role_id: int, changes: Mapping[str, Any]) -> None:
        """See `Roles.change`."""
        if "name" in changes:
            await self._refuse_taken(changes["name"], but=role_id)
        await change_row(self._context, "roles", role_id, changes)

    async def _refuse_taken(self, name: str, *, but: int | None = None) -> None:
        taken = await self._context.sql.rows(
            "SELECT 1 FROM roles WHERE tenant_id = %s AND lower(name) = lower(%s) AND id IS DISTINCT FROM %s",
            (self._context.tenant_id, name, but),
        )
        if taken:
            raise Conflict(f"there is a role {name} already", hint=f"casectl role show {shell_word(name)}")


async def roles_named(context: Context, names: Sequence[str], pointer: str, *, active_only: bool = True) -> list[Role]:
    """The roles of these names, each once, by id. Raises InvalidInput with a problem for each that is none."""
    rows = await context.sql.rows(_ROLE + " ORDER BY r.id", {"tenant": context.tenant_id})
    known = {role.name.lower(): role for role in map(_role, rows)}
    legal = [role.name for role in known.values() if role.is_active]
    problems = [
        Problem(
            pointer=pointer + json_pointer(index), message=f"unknown role {name}", code="unknown_role", allowed=legal,
            hint=did_you_mean(name, legal) or f"known roles: {', '.join(legal)}",
        )
        for index, name in enumerate(names)
        if name.strip().lower() not in known
    ]  # fmt: skip
    if problems:
        told = "; ".join(problem.message for problem in problems)
        raise InvalidInput(told, hint=problems[0].hint, problems=problems)
    wanted = {name.strip().lower() for name in names}
    found = [role for key, role in known.items() if key in wanted]
    for role in found:
        if active_only and not role.is_active:
            refuse_inactive(f"the role {role.name}", pointer, f"casectl role activate {shell_word(role.name)}")
    return found
