"""Who comes with a bearer token: an access token of ours, an API key, or a token of the organisation's own provider.

`api` makes one Gate in each process and asks it before every request. What it has found is kept for at most five
seconds, by the digest of the token and never by the token; a revocation, told by the database, empties that memory
at once.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import time
from contextlib import suppress
from datetime import datetime  # noqa: TC003 - msgspec resolves the annotations at run time
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from casectl.desk import open as opening
from casectl.desk.identity import Identity
from casectl.errors import NotLoggedIn, Refusal, Unreachable

if TYPE_CHECKING:
    from typing import LiteralString

    from casectl.config import Config
    from casectl.desk.server.oidc import Issuers
    from casectl.desk.server.pool import Pool

REMEMBERED_SECONDS = 5.0
"""How long an answer may be used again (DECISIONS 16): the longest a revocation can go unheard."""

REMEMBERED = 10_000
"""At most this many tokens are remembered; the one longest there goes first."""

USE_NOTED_SECONDS = 60.0
"""The last use of a key is noted at most that often by each process."""

LONGEST = 8_192
"""Characters of a bearer token; longer ones are refused unread."""

TOKEN = re.compile(r"ct_[A-Za-z0-9_-]{20,200}")
KEY = re.compile(r"ck_([a-z0-9]{6,40})_[A-Za-z0-9_-]{20,200}")
_SIGNED = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")

_BY_DIGEST: LiteralString = """
    SELECT f.digest, f.tenant_id, f.user_id, f.scopes, f.client_id, f.kind, f.revoked, f.expires_at,
           extract(epoch FROM f.expires_at - now())::float8, NULL::int
    FROM find_token(%s) f
"""

_BY_KEY_ID: LiteralString = """
    SELECT f.digest, f.tenant_id, f.user_id, f.rights, f.key_id, 'key', f.revoked, f.expires_at,
           extract(epoch FROM f.expires_at - now())::float8, f.id
    FROM find_key(%s) f
"""

_NOTE_USE: LiteralString = """
    INSERT INTO credential_uses AS c (tenant_id, kind, credential_id, used_at, address)
    VALUES (%s, 'key', %s, now(), %s)
    ON CONFLICT (tenant_id, kind, credential_id) DO UPDATE SET used_at = excluded.used_at, address = excluded.address
    WHERE c.used_at < now() - interval '1 minute'
"""


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may come in. `client` is the OAuth client's id, the key's id, or the issuer's address."""

    identity: Identity
    client: str
    kind: Literal["token", "key", "oidc"]
    expires_at: datetime | None = None
    key: int | None = None
    """The number of the API key in its tenant, whose last use is noted."""


class _Known(msgspec.Struct, frozen=True):
    access: Access
    until: float


class Gate:
    """Answers for bearer tokens. `open` begins to listen for revocations; without it they are heard within 5 s."""

    def __init__(self, pool: Pool, config: Config) -> None:
        self._pool, self._config = pool, config
        self._known: dict[bytes, _Known] = {}
        self._asked: dict[bytes, asyncio.Task[Access]] = {}
        self._age = 0
        self._used: dict[tuple[int, int], float] = {}
        self.lookups = {"cache": 0, "database": 0}
        self._work: set[asyncio.Task[None]] = set()
        self._issuers: Issuers | None = None

    async def open(self) -> None:
        """Listen for revocations until `close`. Raises InvalidInput when the provider is configured wrongly."""
        if self._config.text("oidc.issuer"):
            self._issuers = self._provider()
        if self._config.number("database.prepare_threshold") is not None:  # behind PgBouncer nobody can listen
            self._begin(self._listen())

    async def close(self) -> None:
        """Stop listening; uses of keys not yet noted are dropped."""
        for task in list(self._work):
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        self.forget()

    def forget(self) -> None:
        """Look every token up again at its next use."""
        self._age += 1
        self._known.clear()
        self._asked.clear()

    async def admit(self, bearer: str, address: str = "") -> Access:
        """Who holds this token. `address` is noted as the place of a key's last use.

        Raises NotLoggedIn for a token that is unknown, expired or revoked (only its holder is told which), Unreachable
        when the database does not answer.
        """
        if not bearer or len(bearer) > LONGEST or not bearer.isascii():
            raise unknown()
        digest = hashlib.sha256(bearer.encode()).digest()
        known = self._known.get(digest)
        is_known = known is not None and known.until > time.monotonic()
        self.lookups["cache" if is_known else "database"] += 1
        access = known.access if known is not None and is_known else await self._ask(bearer, digest)
        if access.key is not None:
            self._note_use(access, access.key, address)
        return access

    async def _ask(self, bearer: str, digest: bytes) -> Access:
        """Look the token up, once for all who ask at the same time."""
        task = self._asked.get(digest)
        if task is None:
            task = self._asked[digest] = asyncio.create_task(self._find(bearer, digest))
            task.add_done_callback(lambda done: self._answered(digest, done))
        return await asyncio.shield(task)

    def _answered(self, digest: bytes, task: asyncio.Task[Access]) -> None:
        if self._asked.get(digest) is task:
            del self._asked[digest]
        if not task.cancelled():
            task.exception()  # those who asked have gone; their refusal is nobody's surprise

    async def _find(self, bearer: str, digest: bytes) -> Access:
        age = self._age
        key = KEY.fullmatch(bearer)
        if key:
            access, left = _judge(await self._row(_BY_KEY_ID, key[1]), digest, "key")
        elif TOKEN.fullmatch(bearer):
            access, left = _judge(await self._row(_BY_DIGEST, digest), digest, "token")
        else:
            access, left = await self._foreign(bearer)
        if age == self._age:  # else a revocation was told meanwhile, perhaps of this very token
            self._remember(digest, access, left)
        return access

    def _remember(self, digest: bytes, access: Access, left: float) -> None:
        self._known.pop(digest, None)
        while len(self._known) >= REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[digest] = _Known(access, time.monotonic() + min(REMEMBERED_SECONDS, left))

    async def _foreign(self, bearer: str) -> tuple[Access, float]:
        """A token signed by the organisation's own provider, where one is configured."""
        if not self._config.text("oidc.issuer") or not _SIGNED.fullmatch(bearer):
            raise unknown()
        if self._issuers is None:
            self._issuers = self._provider()
        admitted: tuple[Access, float] = await self._issuers.admit(bearer)
        return admitted

    def _provider(self) -> Issuers:
        from casectl.desk.server.oidc import Issuers

        return Issuers(self._pool, self._config)

    async def _row(self, statement: LiteralString, wanted: object) -> tuple[Any, ...] | None:
        from psycopg import Error

        from casectl.desk.faults import refusal_of

        for attempt in (1, 2):
            try:
                async with self._pool.connection() as connection, connection.transaction():
                    row: tuple[Any, ...] | None = await (await connection.execute(statement, (wanted,))).fetchone()
                    return row
            except Error as error:  # a connection may have ended while nobody used it
                if attempt == 1:
                    continue
                raise refusal_of(error) or Unreachable("the database does not answer") from error
        raise AssertionError("unreachable: the second attempt returns or raises")  # pragma: no cover

    def _note_use(self, access: Access, key: int, address: str) -> None:
        tenant = access.identity.tenant_id
        if tenant is None:
            return
        now = time.monotonic()
        if now - self._used.get((tenant, key), -USE_NOTED_SECONDS) < USE_NOTED_SECONDS:
            return
        if len(self._used) >= REMEMBERED:
            self._used.clear()
        self._used[tenant, key] = now
        self._begin(self._write_use(tenant, key, address))

    async def _write_use(self, tenant: int, key: int, address: str) -> None:
        from psycopg import Error

        with suppress(Error, Refusal):  # a use that went unnoted harms nobody
            async with self._pool.connection() as connection, connection.transaction():
                await connection.execute("SELECT enter_access(%s, 0, 'key use', '')", (tenant,))
                await connection.execute(_NOTE_USE, (tenant, key, address[:100]))

    def _begin(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def _listen(self) -> None:
        from psycopg import Error

        delay = 1.0
        while True:
            with suppress(Error, Refusal):
                await self._hear()
            await asyncio.sleep(delay)
            delay = min(delay * 2, 30.0)

    async def _hear(self) -> None:
        from psycopg import AsyncConnection

        url, parameters = opening.parameters_of(self._config)
        connection = await AsyncConnection.connect(url, **parameters, autocommit=True)
        async with connection:
            await connection.execute("LISTEN casectl_revoked")
            self.forget()  # what was told before is lost
            while True:
                async for _ in connection.notifies(timeout=30):
                    self.forget()
                await connection.execute("SELECT 1")  # else a silent end of the connection would never be seen


def unknown() -> NotLoggedIn:
    """The refusal of a token of which nothing may be told."""
    return NotLoggedIn("the access token or API key is not valid", hint="log in again: casectl auth login")


def _judge(row: tuple[Any, ...] | None, digest: bytes, kind: Literal["token", "key"]) -> tuple[Access, float]:
    """The access a row gives, and the seconds it has left; refusals tell more only to who holds the whole token."""
    if row is None or not hmac.compare_digest(bytes(row[0]), digest) or row[5] == "refresh":
        raise unknown()
    what = "API key" if kind == "key" else "access token"
    if row[6]:
        raise NotLoggedIn(f"the {what} was revoked", hint="log in again: casectl auth login")
    left = REMEMBERED_SECONDS if row[8] is None else row[8]
    if left <= 0:
        hint = "ask for a new one: casectl key rotate" if kind == "key" else "get a new one: casectl auth refresh"
        raise NotLoggedIn(f"the {what} has expired", hint=hint)
    scopes = None if row[3] is None else tuple(row[3])
    identity = Identity(tenant_id=row[1], user_id=row[2], scopes=scopes, client=row[4])
    return Access(identity=identity, client=row[4], kind=kind, expires_at=row[7], key=row[9]), left
