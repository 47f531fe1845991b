"""Users and teams in Postgres. Only `store.unit` and `store.staff` import this; contacts are `store.contacts`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from casectl.errors import Conflict, NotFound
from casectl.model.case import PersonRef
from casectl.model.people import Team, User
from casectl.rules.text import near, shell_word
from casectl.store.contacts import StoredContacts, beginning_with
from casectl.store.roles import roles_named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import LiteralString

    from casectl.store.context import Context

_USER: LiteralString = """
    SELECT u.id, u.login, u.name, u.email, u.os_user, u.is_active, u.created_at,
           ARRAY(SELECT r.name FROM user_roles x JOIN roles r ON r.tenant_id = x.tenant_id AND r.id = x.role_id
                 WHERE x.tenant_id = u.tenant_id AND x.user_id = u.id AND r.is_active ORDER BY r.name),
           ARRAY(SELECT g.name FROM team_members m JOIN teams g ON g.tenant_id = m.tenant_id AND g.id = m.team_id
                 WHERE m.tenant_id = u.tenant_id AND m.user_id = u.id ORDER BY g.name)
    FROM users u WHERE u.tenant_id = %(tenant)s
"""

_MATCHES: LiteralString = """
    AND (lower(u.login) = %(text)s OR lower(u.email) = %(text)s OR lower(u.name) = %(text)s)
    ORDER BY (lower(u.login) = %(text)s) DESC, (lower(u.email) = %(text)s) IS TRUE DESC, u.is_active DESC, u.id LIMIT 1
"""
"""A name is anybody's to choose: it comes behind logins and addresses, and one of digits names nobody."""

_USER_OF_ID: LiteralString = " AND u.id::text = %(text)s"

_WANTED_USERS: LiteralString = """
    AND (u.is_active OR NOT %(only)s)
    AND (lower(u.login) LIKE %(like)s OR lower(u.name) LIKE %(like)s OR lower(u.email) LIKE %(like)s)
    AND (%(role)s::int IS NULL OR EXISTS (
        SELECT FROM user_roles x WHERE x.tenant_id = u.tenant_id AND x.user_id = u.id AND x.role_id = %(role)s))
    AND (%(team)s::int IS NULL OR EXISTS (
        SELECT FROM team_members m WHERE m.tenant_id = u.tenant_id AND m.user_id = u.id AND m.team_id = %(team)s))
"""

_TEAM: LiteralString = """
    SELECT g.id, g.name, g.is_active, l.id, l.name, l.login, l.email,
           coalesce((SELECT json_agg(json_build_object('id', u.id, 'name', u.name, 'login', u.login, 'email', u.email)
                                     ORDER BY u.login)
                     FROM team_members m JOIN users u ON u.tenant_id = m.tenant_id AND u.id = m.user_id
                     WHERE m.tenant_id = g.tenant_id AND m.team_id = g.id), '[]')
    FROM teams g LEFT JOIN users l ON l.tenant_id = g.tenant_id AND l.id = g.lead_id
    WHERE g.tenant_id = %(tenant)s
"""


_WANTED_TEAMS: LiteralString = """
    AND (g.is_active OR NOT %(only)s)
    AND (%(member)s::int IS NULL OR g.lead_id = %(member)s OR EXISTS (
        SELECT FROM team_members m WHERE m.tenant_id = g.tenant_id AND m.team_id = g.id AND m.user_id = %(member)s))
"""


def _user(row: tuple[Any, ...]) -> User:
    return User(
        id=row[0], login=row[1], name=row[2], email=row[3], os_user=row[4], is_active=row[5], created_at=row[6],
        roles=row[7], teams=row[8],
    )  # fmt: skip


def _team(row: tuple[Any, ...]) -> Team:
    lead = None if row[3] is None else PersonRef(id=row[3], name=row[4], login=row[5], email=row[6])
    return Team(id=row[0], name=row[1], is_active=row[2], lead=lead, members=[PersonRef(**one) for one in row[7]])


class StoredPeople(StoredContacts):
    """See `casectl.unit_people.People`."""

    async def user(self, reference: str, *, hold: bool = False) -> User:
        """See `casectl.unit_people.People.user`."""
        if reference in {"@me", "me"}:
            reference = str(self._context.actor.user_id)
        tenant, text = self._context.tenant_id, reference.strip().lower()
        how = _USER_OF_ID if text.isdigit() else _MATCHES
        until_the_end: LiteralString = " FOR SHARE OF u" if hold else ""
        rows = await self._context.sql.rows(_USER + how + until_the_end, {"tenant": tenant, "text": text})
        if rows:
            return _user(rows[0])
        if "user:read" not in self._context.actor.rights:
            raise NotFound(f"there is no user {reference}")
        known = await self._context.sql.rows(
            "SELECT login, name, email FROM users WHERE tenant_id = %s AND is_active", (tenant,)
        )
        close = near(reference, [word for row in known for word in row if word])
        logins = {word: row[0] for row in known for word in row if word}
        hint = "did you mean " + ", ".join(dict.fromkeys(logins[word] for word in close)) + "?" if close else ""
        raise NotFound(f"there is no user {reference}", hint=hint or "casectl user list --all shows all")

    async def hold_me(self) -> bool:
        """See `casectl.unit_people.People.hold_me`."""
        me = (self._context.tenant_id, self._context.actor.user_id)
        rows = await self._context.sql.rows(
            "SELECT is_active FROM users WHERE tenant_id = %s AND id = %s FOR SHARE", me
        )
        return bool(rows and rows[0][0])

    async def users(
        self, *, active_only: bool = True, like: str = "", role_id: int | None = None, team_id: int | None = None
    ) -> list[User]:
        """See `casectl.unit_people.People.users`."""
        rows = await self._context.sql.rows(
            _USER + _WANTED_USERS + " ORDER BY u.login",
            {
                "tenant": self._context.tenant_id, "only": active_only, "like": beginning_with(like), "role": role_id,
                "team": team_id,
            },
        )  # fmt: skip
        return [_user(row) for row in rows]

    async def add_user(
        self, *, login: str, name: str, email: str | None, os_user: str | None, roles: Sequence[str]
    ) -> User:
        """See `casectl.unit_people.People.add_user`."""
        context = self._context
        await refuse_taken_user(context, login, email, os_user)
        role_ids = await self._role_ids(roles)
        user_id = await context.take("users.id")
        context.stamp = None
        await context.sql.run(
            "INSERT INTO users (tenant_id, id, login, name, email, os_user, changed_by, changed_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, coalesce(%s, now()))",
            (context.tenant_id, user_id, login, name, email, os_user, context.changed_by, context.changed_at),
        )
        await context.sql.run(
            "INSERT INTO user_roles (tenant_id, user_id, role_id, changed_by, changed_at)"
            " SELECT %s, %s, role, %s, coalesce(%s, now()) FROM unnest(%s::int[]) role",
            (context.tenant_id, user_id, context.changed_by, context.changed_at, role_ids),
        )
        return await self.user(str(user_id))

    async def _role_ids(self, names: Sequence[str]) -> list[int]:
        return [role.id for role in await roles_named(self._context, names, "/roles")]

    async def team(self, reference: str, *, hold: bool = False) -> Team:
        """See `casectl.unit_people.People.team`."""
        text = reference.strip().lower()
        how: LiteralString = " AND g.id::text = %(text)s" if text.isdigit() else " AND lower(g.name) = %(text)s"
        until_the_end: LiteralString = " FOR SHARE OF g" if hold else ""
        values = {"tenant": self._context.tenant_id, "text": text}
        rows = await self._context.sql.rows(_TEAM + how + until_the_end, values)
        if rows:
            return _team(rows[0])
        if "team:read" not in self._context.actor.rights:
            raise NotFound(f"there is no team {reference}")
        names = [team.name for team in await self.teams()]
        close = near(reference, names)
        hint = f"did you mean {', '.join(close)}?" if close else "casectl team list --all shows all"
        raise NotFound(f"there is no team {reference}", hint=hint)

    async def teams(self, *, active_only: bool = True, member_id: int | None = None) -> list[Team]:
        """See `casectl.unit_people.People.teams`."""
        rows = await self._context.sql.rows(
            _TEAM + _WANTED_TEAMS + " ORDER BY g.name",
            {"tenant": self._context.tenant_id, "only": active_only, "member": member_id},
        )
        return [_team(row) for row in rows]

    async def add_team(self, name: str, *, lead_id: int | None, member_ids: Sequence[int]) -> Team:
        """See `casectl.unit_people.People.add_team`."""
        context = self._context
        await refuse_taken_team(context, name)
        team_id = await context.take("teams.id")
        context.stamp = None
        await context.sql.run(
            "INSERT INTO teams (tenant_id, id, name, lead_id, changed_by, changed_at)"
            " VALUES (%s, %s, %s, %s, %s, coalesce(%s, now()))",
            (context.tenant_id, team_id, name, lead_id, context.changed_by, context.changed_at),
        )
        members = sorted({*member_ids, *([lead_id] if lead_id is not None else [])})
        await context.sql.run(
            "INSERT INTO team_members (tenant_id, team_id, user_id, changed_by, changed_at)"
            " SELECT %s, %s, member, %s, coalesce(%s, now()) FROM unnest(%s::int[]) member",
            (context.tenant_id, team_id, context.changed_by, context.changed_at, members),
        )
        return await self.team(str(team_id))

    async def team_lead(self, team_id: int) -> int | None:
        """See `casectl.unit_people.People.team_lead`."""
        rows = await self._context.sql.rows(
            "SELECT u.id FROM teams g JOIN users u ON u.tenant_id = g.tenant_id AND u.id = g.lead_id"
            " WHERE g.tenant_id = %s AND g.id = %s AND u.is_active",
            (self._context.tenant_id, team_id),
        )
        return rows[0][0] if rows else None

    async def user_with_email(self, email: str) -> int | None:
        """See `casectl.unit_people.People.user_with_email`."""
        rows = await self._context.sql.rows(
            "SELECT id FROM users WHERE tenant_id = %s AND lower(email) = lower(%s) AND is_active",
            (self._context.tenant_id, email),
        )
        return rows[0][0] if rows else None

    async def known_users(self, words: Sequence[str]) -> dict[str, int]:
        """See `casectl.unit_people.People.known_users`."""
        rows = await self._context.sql.rows(
            "SELECT id, lower(login), lower(email), lower(name) FROM users WHERE tenant_id = %(tenant)s"
            " AND (lower(login) = ANY(%(words)s) OR lower(email) = ANY(%(words)s) OR lower(name) = ANY(%(words)s))"
            " ORDER BY id DESC",
            {"tenant": self._context.tenant_id, "words": list(words)},
        )
        by_word = {row[column]: row[0] for column in (3, 2, 1) for row in rows if row[column]}
        return {word: by_word[word] for word in words if word in by_word}

    async def known_teams(self, names: Sequence[str]) -> dict[str, int]:
        """See `casectl.unit_people.People.known_teams`."""
        return await self._ids(
            "SELECT lower(name), id FROM teams WHERE tenant_id = %s AND lower(name) = ANY(%s)", names
        )

    async def ensure_users(
        self, logins: Sequence[str], role: str, *, names: Mapping[str, str] | None = None
    ) -> dict[str, int]:
        """See `casectl.unit_people.People.ensure_users`."""
        context = self._context
        wished = {login.lower(): login for login in logins}
        known = await self._ids("SELECT lower(login), id FROM users WHERE tenant_id = %s AND lower(login) = ANY(%s)",
                                list(wished))  # fmt: skip
        missing = [key for key in wished if key not in known]
        if missing:
            role_ids = await self._role_ids([role])
            last = await context.take("users.id", len(missing))
            context.stamp = None
            ids = list(range(last - len(missing) + 1, last + 1))
            await context.sql.run(
                "INSERT INTO users (tenant_id, id, login, name, changed_by, changed_at)"
                " SELECT %s, id, login, name, %s, coalesce(%s, now())"
                " FROM unnest(%s::int[], %s::text[], %s::text[]) u(id, login, name)",
                (
                    context.tenant_id,
                    context.changed_by,
                    context.changed_at,
                    ids,
                    [wished[key] for key in missing],
                    [(names or {}).get(wished[key], wished[key]) for key in missing],
                ),
            )
            await context.sql.run(
                "INSERT INTO user_roles (tenant_id, user_id, role_id, changed_by, changed_at)"
                " SELECT %s, id, %s, %s, coalesce(%s, now()) FROM unnest(%s::int[]) id",
                (context.tenant_id, role_ids[0], context.changed_by, context.changed_at, ids),
            )
            known |= dict(zip(missing, ids, strict=True))
        return {login: known[key] for key, login in wished.items()}

    async def ensure_teams(self, names: Sequence[str]) -> dict[str, int]:
        """See `casectl.unit_people.People.ensure_teams`."""
        context = self._context
        wished = {name.lower(): name for name in names}
        known = await self.known_teams(list(wished))
        missing = [key for key in wished if key not in known]
        if missing:
            last = await context.take("teams.id", len(missing))
            context.stamp = None
            ids = list(range(last - len(missing) + 1, last + 1))
            await context.sql.run(
                "INSERT INTO teams (tenant_id, id, name, changed_by, changed_at)"
                " SELECT %s, id, name, %s, coalesce(%s, now()) FROM unnest(%s::int[], %s::text[]) g(id, name)",
                (context.tenant_id, context.changed_by, context.changed_at, ids, [wished[key] for key in missing]),
            )
            known |= dict(zip(missing, ids, strict=True))
        return {name: known[key] for key, name in wished.items()}


async def refuse_taken_user(
    context: Context, login: str | None, email: str | None, os_user: str | None, *, but: int | None = None
) -> None:
    """Raise Conflict where another user than `but` has this login, mail address or operating-system user."""
    taken = await context.sql.rows(
        "SELECT login FROM users WHERE tenant_id = %(tenant)s AND id IS DISTINCT FROM %(but)s"
        " AND (lower(%(login)s) IN (lower(login), lower(email))"
        " OR lower(%(email)s) IN (lower(login), lower(email)) OR os_user = %(os)s)",
        {"tenant": context.tenant_id, "login": login, "email": email, "os": os_user, "but": but},
    )
    if taken:
        raise Conflict(
            f"user {taken[0][0]} has this login, mail address or operating-system user already",
            hint=f"casectl user show {taken[0][0]}",
        )


async def refuse_taken_team(context: Context, name: str, *, but: int | None = None) -> None:
    """Raise Conflict where another team than `but` has this name."""
    taken = await context.sql.rows(
        "SELECT 1 FROM teams WHERE tenant_id = %s AND lower(name) = lower(%s) AND id IS DISTINCT FROM %s",
        (context.tenant_id, name, but),
    )
    if taken:
        raise Conflict(f"there is a team {name} already", hint=f"casectl team show {shell_word(name)}")
