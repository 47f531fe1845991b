"""Those whom an OpenID provider vouches for, as users of a tenant: found, made at their first visit, given their roles.

Only `oidc` imports this module. Whatever it changes stands in the audit as a change by casectl itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from casectl.errors import Conflict, InvalidInput, NotAllowed, NotLoggedIn, Unreachable
from casectl.model.actor import Actor
from casectl.operation import Call
from casectl.rules import case_input
from casectl.store.sql import AsyncSql
from casectl.store.unit import StoredUnit

if TYPE_CHECKING:
    from casectl.desk.server.pool import Pool

_WHO = """
    SELECT u.id, u.is_active AND u.kind = 'user',
           ARRAY(SELECT r.name FROM user_roles x JOIN roles r ON r.tenant_id = x.tenant_id AND r.id = x.role_id
                 WHERE x.tenant_id = u.tenant_id AND x.user_id = u.id)
    FROM users u WHERE u.tenant_id = %(tenant)s
     AND (lower(u.login) = lower(%(login)s) OR lower(u.email) = lower(%(email)s))
"""

_TAKE_ROLES = """
    DELETE FROM user_roles x USING roles r
    WHERE x.tenant_id = %(tenant)s AND x.user_id = %(user)s AND r.tenant_id = x.tenant_id AND r.id = x.role_id
      AND NOT lower(r.name) = ANY (%(roles)s)
"""

_GIVE_ROLES = """
    INSERT INTO user_roles (tenant_id, user_id, role_id, changed_by)
    SELECT r.tenant_id, %(user)s, r.id, 0 FROM roles r
    WHERE r.tenant_id = %(tenant)s AND lower(r.name) = ANY (%(roles)s)
    ON CONFLICT DO NOTHING
"""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a token tells of: by `login` or `email`, the one that is not empty. `roles` None: roles are given here."""

    tenant: str
    login: str
    email: str
    new_login: str
    new_email: str
    name: str
    roles: frozenset[str] | None
    default_role: str
    may_be_made: bool


class Visitors:
    """Finds and makes the users of tokens."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(self, person: Person) -> tuple[int, int]:
        """Tenant and user. Raises NotLoggedIn when there is none and none may be made, Unreachable."""
        from psycopg import Error, errors

        from casectl.desk.faults import refusal_of

        for attempt in (1, 2):
            try:
                return await self._find(person)
            except (Conflict, errors.UniqueViolation) as error:
                if attempt == 1:
                    continue  # made by another request meanwhile
                raise NotLoggedIn(
                    f"the user {person.new_login} of the provider is somebody else here",
                    hint="a Tenant Admin can change the login or the mail address of one of them",
                ) from error
            except Error as error:
                refusal = refusal_of(error) or Unreachable("the database does not answer")
                if isinstance(refusal, NotAllowed):
                    refusal = NotLoggedIn(
                        f"the provider takes roles from {person.login or person.email} that must stay with somebody:"
                        f" {refusal.message}", hint="let somebody come in first to whom it gives them",
                    )  # fmt: skip
                raise refusal from error
        raise AssertionError("unreachable: the second attempt returns or raises")  # pragma: no cover

    async def _find(self, person: Person) -> tuple[int, int]:
        async with self._pool.connection() as connection, connection.transaction():
            sql = AsyncSql(connection)
            tenant_id = await _tenant(sql, person.tenant)
            await sql.rows("SELECT enter_access(%s, 0, 'oidc login', '')", (tenant_id,))
            rows = await sql.rows(_WHO, {"tenant": tenant_id, "login": person.login, "email": person.email})
            if not rows:
                return tenant_id, await _made(sql, tenant_id, person)
            user_id, may_come, roles = rows[0]
            if not may_come:
                raise NotLoggedIn("the user of this token is not active any more", hint="ask a Tenant Admin")
            if person.roles is not None and {role.lower() for role in roles} != _lower(person.roles):
                await _set_roles(sql, tenant_id, user_id, person.roles)
            return tenant_id, user_id


async def _tenant(sql: AsyncSql, name: str) -> int:
    if not name:
        only = (await sql.rows("SELECT only_tenant()"))[0][0]
        if only is None:
            raise NotLoggedIn("which tenant this user belongs to is not told", hint="set oidc.tenant or its claim")
        name = only
    rows = await sql.rows("SELECT tenant_id FROM find_login(%s, '')", (name,))
    if not rows:
        raise NotLoggedIn("the tenant of this token is not here", hint="oidc.tenant or its claim names it")
    return int(rows[0][0])


async def _made(sql: AsyncSql, tenant_id: int, person: Person) -> int:
    """A new user of the tenant. Raises NotLoggedIn when none may be made of what the token tells."""
    if not person.may_be_made:
        raise NotLoggedIn(
            "the user of this token is not known here", hint="a Tenant Admin can add one: casectl user add LOGIN"
        )
    roles = person.roles if person.roles is not None else frozenset({person.default_role} - {""})
    actor = Actor(tenant_id=tenant_id, tenant="", user_id=0, login="casectl", display_name="", email="",
                  rights=frozenset({"user:read"}))  # fmt: skip
    unit = StoredUnit(sql, actor, Call())
    try:
        made = await unit.people.add_user(
            login=case_input.login(person.new_login),
            name=case_input.one_line(person.name or person.new_login, "name", "/name"),
            email=case_input.mail_address(person.new_email) if person.new_email else None,
            os_user=None,
            roles=sorted(roles),
        )
    except InvalidInput as refusal:
        raise NotLoggedIn(
            f"no user can be made of this token: {refusal.message}", hint="see oidc.* in the configuration"
        ) from refusal
    return made.id


async def _set_roles(sql: AsyncSql, tenant_id: int, user_id: int, roles: frozenset[str]) -> None:
    values: dict[str, Any] = {"tenant": tenant_id, "user": user_id, "roles": sorted(_lower(roles))}
    await sql.run(_GIVE_ROLES, values)
    await sql.run(_TAKE_ROLES, values)


def _lower(roles: frozenset[str]) -> set[str]:
    return {role.lower() for role in roles}
