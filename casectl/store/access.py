"""Keys, clients, passwords and sessions in Postgres. Only `store.unit` imports this module, when a verb asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from casectl.errors import Conflict, NotFound
from casectl.model.access import ApiKey, Client, Session
from casectl.model.case import PersonRef
from casectl.store import password_hashes

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime
    from typing import LiteralString

    from casectl.store.context import Context
    from casectl.store.unit import StoredUnit
    from casectl.unit_access import ClientPlan, NewKey

_KEYS: LiteralString = """
    SELECT k.id, k.key_id, k.name, u.id, u.name, u.login, u.email, k.rights,
           CASE WHEN k.revoked_at IS NOT NULL THEN 'revoked' WHEN k.expires_at <= now() THEN 'expired'
                ELSE 'active' END,
           k.created_at, k.expires_at, k.revoked_at, c.used_at, coalesce(c.address, '')
    FROM api_keys k JOIN users u ON u.tenant_id = k.tenant_id AND u.id = k.user_id
    LEFT JOIN credential_uses c ON c.tenant_id = k.tenant_id AND c.kind = 'key' AND c.credential_id = k.id
    WHERE k.tenant_id = %(tenant)s
"""

_CLIENTS: LiteralString = """
    SELECT c.id, c.client_id, c.name, NOT c.is_confidential, c.grant_types, c.redirect_uris, c.rights,
           u.id, u.name, u.login, u.email, c.is_active AND coalesce(c.expires_at > now(), true), c.created_at,
           c.expires_at, c.secret_set_at
    FROM clients c LEFT JOIN users u ON u.tenant_id = c.tenant_id AND u.id = c.user_id
    WHERE c.tenant_id = %(tenant)s
"""

_SESSIONS: LiteralString = """
    SELECT g.id, coalesce(c.name, g.client_id), u.id, u.name, u.login, u.email, g.scopes, g.created_at, g.expires_at,
           (SELECT max(t.created_at) FROM tokens t WHERE t.tenant_id = g.tenant_id AND t.grant_id = g.id)
    FROM grants g JOIN users u ON u.tenant_id = g.tenant_id AND u.id = g.user_id
    LEFT JOIN clients c ON c.tenant_id = g.tenant_id AND c.client_id = g.client_id
    WHERE g.tenant_id = %(tenant)s AND g.revoked_at IS NULL AND g.expires_at > now()
"""

_RIGHTS_OF: LiteralString = """
    SELECT unnest(r.rights) FROM user_roles x JOIN roles r ON r.tenant_id = x.tenant_id AND r.id = x.role_id
    WHERE x.tenant_id = %(tenant)s AND x.user_id = %(id)s AND (r.is_active OR %(even)s)
    UNION SELECT unnest(c.rights) FROM clients c
    WHERE c.tenant_id = %(tenant)s AND c.user_id = %(id)s AND c.is_active
"""


def _person(row: tuple[Any, ...]) -> PersonRef:
    return PersonRef(id=row[0], name=row[1], login=row[2], email=row[3])


def _key(row: tuple[Any, ...]) -> ApiKey:
    return ApiKey(
        id=row[0], key_id=f"ck_{row[1]}", name=row[2], user=_person(row[3:7]), rights=row[7], state=row[8],
        created_at=row[9], expires_at=row[10], revoked_at=row[11], last_used_at=row[12], last_used_from=row[13],
    )  # fmt: skip


def _client(row: tuple[Any, ...]) -> Client:
    return Client(
        id=row[0], client_id=row[1], name=row[2], is_public=row[3], grant_types=row[4], redirect_uris=row[5],
        rights=row[6], user=None if row[7] is None else _person(row[7:11]), is_active=row[11], created_at=row[12],
        expires_at=row[13], secret_set_at=row[14],
    )  # fmt: skip


def _session(row: tuple[Any, ...]) -> Session:
    return Session(
        id=row[0], client=row[1], user=_person(row[2:6]), scopes=row[6], created_at=row[7], expires_at=row[8],
        last_used_at=row[9],
    )  # fmt: skip


class StoredAccess:
    """See `casectl.unit_access.AccessControl`."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._sql = context.sql

    async def keys(self, user_id: int | None) -> list[ApiKey]:
        """See `AccessControl.keys`."""
        rows = await self._sql.rows(
            _KEYS + " AND (%(user)s::int IS NULL OR k.user_id = %(user)s) ORDER BY k.id DESC",
            self._context.parameters(user=user_id),
        )
        return [_key(row) for row in rows]

    async def key(self, reference: str, user_id: int | None = None) -> ApiKey:
        """See `AccessControl.key`."""
        word = reference.strip().lower()
        if word.startswith("ck_"):  # a whole key that somebody pasted must stand in no message
            reference = word = "_".join(word.split("_")[:2])
        rows = await self._sql.rows(
            _KEYS + " AND (k.id::text = %(word)s OR k.key_id = %(public)s OR lower(k.name) = %(word)s)"
            " AND (%(user)s::int IS NULL OR k.user_id = %(user)s)"
            " ORDER BY (k.key_id = %(public)s) DESC, (k.id::text = %(word)s) DESC, k.revoked_at IS NULL DESC,"
            " k.id DESC",
            self._context.parameters(word=word, public=word.removeprefix("ck_"), user=user_id),
        )
        found = [_key(row) for row in rows]
        if not found:
            raise NotFound(f"there is no API key {reference}", hint="casectl key list shows them")
        exact = [key for key in found if word in (str(key.id), key.key_id, key.key_id.removeprefix("ck_"))]
        active = [key for key in found if key.state == "active"]
        if exact or len(active) <= 1:
            return (exact or active or found)[0]
        several = ", ".join(f"{key.id} ({key.key_id})" for key in active)
        raise Conflict(f"several API keys are called {reference}: {several}", hint="name one by its number")

    async def add_key(self, new: NewKey) -> ApiKey:
        """See `AccessControl.add_key`."""
        key_id = await self._context.take("api_keys.id")
        await self._sql.run(
            "INSERT INTO api_keys (tenant_id, id, key_id, user_id, name, digest, rights, expires_at, changed_by,"
            " changed_at) VALUES (%(tenant)s, %(id)s, %(public)s, %(user)s, %(name)s, %(digest)s, %(rights)s,"
            " %(expires)s, %(by)s, coalesce(%(at)s, now()))",
            self._context.parameters(
                id=key_id, public=new.credential.public, user=new.user_id, name=new.name,
                digest=new.credential.digest, rights=list(new.rights), expires=new.expires_at,
            ),
        )  # fmt: skip
        return await self.key(str(key_id))

    async def end_key(self, key_id: int, at: datetime | None) -> ApiKey:
        """See `AccessControl.end_key`."""
        await self._sql.run(
            "UPDATE api_keys SET expires_at = least(expires_at, %(until)s),"
            " revoked_at = CASE WHEN %(until)s::timestamptz IS NULL THEN coalesce(revoked_at, now())"
            " ELSE revoked_at END, changed_by = %(by)s, changed_at = coalesce(%(at)s, now())"
            " WHERE tenant_id = %(tenant)s AND id = %(id)s",
            self._context.parameters(id=key_id, until=at),
        )
        return await self.key(str(key_id))

    async def clients(self) -> list[Client]:
        """See `AccessControl.clients`."""
        return [_client(row) for row in await self._sql.rows(_CLIENTS + " ORDER BY c.name", self._context.parameters())]

    async def client(self, reference: str) -> Client:
        """See `AccessControl.client`."""
        rows = await self._sql.rows(
            _CLIENTS + " AND (lower(c.name) = lower(%(word)s) OR c.client_id = %(word)s OR c.id::text = %(word)s)"
            " ORDER BY (lower(c.name) = lower(%(word)s)) DESC LIMIT 1",
            self._context.parameters(word=reference.strip()),
        )
        if not rows:
            raise NotFound(f"there is no client {reference}", hint="casectl client list shows them")
        return _client(rows[0])

    async def add_client(self, new: ClientPlan) -> Client:
        """See `AccessControl.add_client`."""
        taken = await self._sql.rows(
            "SELECT 1 FROM users WHERE tenant_id = %(tenant)s AND lower(login) = lower(%(name)s)"
            " UNION ALL SELECT 1 FROM clients WHERE tenant_id = %(tenant)s AND lower(name) = lower(%(name)s)",
            self._context.parameters(name=new.name),
        )
        if taken:
            raise Conflict(
                f"there is a client or a user {new.name} already",
                hint="casectl client list shows the clients, casectl user list the users",
            )
        user_id = await self._add_program(new.name)
        client_id = await self._context.take("clients.id")
        await self._sql.run(
            "INSERT INTO clients (tenant_id, id, client_id, name, is_confidential, digest, redirect_uris, grant_types,"
            " rights, user_id, expires_at, changed_by, changed_at) VALUES (%(tenant)s, %(id)s, %(public)s, %(name)s,"
            " %(digest)s::bytea IS NOT NULL, %(digest)s, %(uris)s, %(grants)s, %(rights)s, %(user)s, %(expires)s,"
            " %(by)s, coalesce(%(at)s, now()))",
            self._context.parameters(
                id=client_id, public=new.client_id, name=new.name, digest=new.digest, uris=list(new.redirect_uris),
                grants=list(new.grant_types), rights=list(new.rights), user=user_id, expires=new.expires_at,
            ),
        )  # fmt: skip
        return await self.client(str(client_id))

    async def _add_program(self, login: str) -> int:
        user_id = await self._context.take("users.id")
        self._context.stamp = None
        await self._sql.run(
            "INSERT INTO users (tenant_id, id, login, name, kind, changed_by, changed_at)"
            " VALUES (%(tenant)s, %(id)s, %(login)s, %(login)s, 'api_client', %(by)s, coalesce(%(at)s, now()))",
            self._context.parameters(id=user_id, login=login),
        )
        return user_id

    async def set_client_secret(self, client_id: int, digest: bytes) -> Client:
        """See `AccessControl.set_client_secret`."""
        await self._sql.run(
            "UPDATE clients SET digest = %(digest)s, changed_by = %(by)s, changed_at = coalesce(%(at)s, now())"
            " WHERE tenant_id = %(tenant)s AND id = %(id)s",
            self._context.parameters(id=client_id, digest=digest),
        )
        return await self.client(str(client_id))

    async def end_client(self, client_id: int) -> Client:
        """See `AccessControl.end_client`."""
        ended = await self.client(str(client_id))
        values = self._context.parameters(
            id=client_id, user=ended.user.id if ended.user else None, public=ended.client_id
        )
        await self._sql.run(
            "UPDATE clients SET is_active = false, changed_by = %(by)s, changed_at = coalesce(%(at)s, now())"
            " WHERE tenant_id = %(tenant)s AND id = %(id)s", values,
        )  # fmt: skip
        await self._sql.run(
            "UPDATE users SET is_active = false, changed_by = %(by)s, changed_at = coalesce(%(at)s, now())"
            " WHERE tenant_id = %(tenant)s AND id = %(user)s AND kind = 'api_client'", values,
        )  # fmt: skip
        await self._sql.run(
            "UPDATE api_keys SET revoked_at = now(), changed_by = %(by)s, changed_at = coalesce(%(at)s, now())"
            " WHERE tenant_id = %(tenant)s AND user_id = %(user)s AND revoked_at IS NULL", values,
        )  # fmt: skip
        await self._sql.run(
            "UPDATE grants SET revoked_at = now(), revoke_reason = 'client ended', changed_by = %(by)s,"
            " changed_at = coalesce(%(at)s, now())"
            " WHERE tenant_id = %(tenant)s AND client_id = %(public)s AND revoked_at IS NULL", values,
        )  # fmt: skip
        return await self.client(str(client_id))

    async def sessions(self, user_id: int | None) -> list[Session]:
        """See `AccessControl.sessions`."""
        rows = await self._sql.rows(
            _SESSIONS + " AND (%(user)s::int IS NULL OR g.user_id = %(user)s) ORDER BY g.id DESC",
            self._context.parameters(user=user_id),
        )
        return [_session(row) for row in rows]

    async def end_sessions(self, user_id: int, *, only: int | None = None, reason: str) -> int:
        """See `AccessControl.end_sessions`."""
        if only is None:  # else who holds the browser's cookie, a fresh code or an approved device would be in again
            mine = self._context.parameters(user=user_id)
            await self._sql.run("DELETE FROM login_sessions WHERE tenant_id = %(tenant)s AND user_id = %(user)s", mine)
            await self._sql.run("DELETE FROM codes WHERE tenant_id = %(tenant)s AND user_id = %(user)s", mine)
            await self._sql.rows("SELECT forget_approvals(%(user)s)", mine)
        return await self._sql.run(
            "UPDATE grants SET revoked_at = now(), revoke_reason = %(reason)s, changed_by = %(by)s,"
            " changed_at = coalesce(%(at)s, now()) WHERE tenant_id = %(tenant)s AND user_id = %(user)s"
            " AND revoked_at IS NULL AND (%(only)s::bigint IS NULL OR id = %(only)s)",
            self._context.parameters(user=user_id, only=only, reason=reason),
        )

    async def password_fits(self, user_id: int, password: str) -> bool | None:
        """See `AccessControl.password_fits`."""
        rows = await self._sql.rows(
            "SELECT hash FROM passwords WHERE tenant_id = %(tenant)s AND user_id = %(id)s",
            self._context.parameters(id=user_id),
        )
        if not rows:
            return None
        hashed: str = rows[0][0]
        return await self._sql.aside(lambda: password_hashes.verify(hashed, password))

    async def set_password(self, user_id: int, password: str) -> None:
        """See `AccessControl.set_password`."""
        hashed = await self._sql.aside(lambda: password_hashes.make_hash(password))
        values = self._context.parameters(id=user_id, hash=hashed)
        await self._sql.run(
            "INSERT INTO passwords (tenant_id, user_id, hash, changed_by, changed_at)"
            " VALUES (%(tenant)s, %(id)s, %(hash)s, %(by)s, coalesce(%(at)s, now()))"
            " ON CONFLICT (tenant_id, user_id) DO UPDATE SET hash = excluded.hash, changed_by = excluded.changed_by,"
            " changed_at = excluded.changed_at", values,
        )  # fmt: skip

    async def rights_of(self, user_id: int, *, even_inactive: bool = False) -> frozenset[str]:
        """See `AccessControl.rights_of`."""
        values = self._context.parameters(id=user_id, even=even_inactive)
        return frozenset(row[0] for row in await self._sql.rows(_RIGHTS_OF, values))

    async def granted(self, user_id: int) -> dict[str, list[str]]:
        """See `AccessControl.granted`."""
        from casectl.store import looking

        return await looking.granted(self._context, user_id)

    def looking_as(self, user_id: int) -> AbstractAsyncContextManager[StoredUnit]:
        """See `AccessControl.looking_as`."""
        from casectl.store import looking

        return looking.looking_as(self._context, user_id)

    async def is_person(self, user_id: int) -> bool:
        """See `AccessControl.is_person`."""
        rows = await self._sql.rows(
            "SELECT kind = 'user' AND is_active FROM users WHERE tenant_id = %(tenant)s AND id = %(id)s",
            self._context.parameters(id=user_id),
        )
        return bool(rows and rows[0][0])
