"""The tables of access over the network: passwords, clients, API keys, and what OAuth hands out.

Only `store.tables` imports this module, and belongs to it. Of every secret only a digest is kept: argon2id for
passwords, SHA-256 for what is 256 random bits anyway.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLModel resolves the annotations at run time
from typing import ClassVar

from sqlalchemy import Boolean, CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import SQLModel

from casectl.store.columns import BIG, FALSE, INT, NOW, TEXT, TIME, TRUE, Domain, belongs, column

TEXTS = ARRAY(TEXT)
NONE = text("'{}'")
NOT_REVOKED = text("revoked_at IS NULL")

DOMAIN = ("passwords", "clients", "api_keys", "grants", "security_events")
BOOKKEEPING = ("tokens", "codes", "device_codes", "login_sessions", "login_delays", "credential_uses")


class Passwords(Domain, table=True):
    """Passwords of people, as argon2id hashes; a trigger keeps `secret_set_at`."""

    __tablename__: ClassVar[str] = "passwords"
    __table_args__ = (belongs("users", "user_id"),)
    tenant_id: int = column(INT, key=True)
    user_id: int = column(INT, key=True)
    hash: str = column(TEXT)
    secret_set_at: datetime = column(TIME, default=NOW)


class Clients(Domain, table=True):
    """OAuth clients beside the built-in one. `rights` are the scopes a client may have at most.

    `user_id` is a user of kind `api_client` without roles: as whom the client acts with client credentials, and then
    with exactly its `rights`. `client_id` is unique over all tenants, for it tells the tenant.
    """

    __tablename__: ClassVar[str] = "clients"
    __table_args__ = (
        belongs("users", "user_id"),
        CheckConstraint("client_id <> 'casectl'", name="clients_not_built_in"),
        CheckConstraint("is_confidential = (digest IS NOT NULL)", name="clients_secret"),
        Index("clients_client_id", "client_id", unique=True),
        Index("clients_name", "tenant_id", text("lower(name)"), unique=True),
    )
    tenant_id: int = column(INT, key=True)
    id: int = column(INT, key=True)
    client_id: str = column(TEXT)
    name: str = column(TEXT)
    is_confidential: bool = column(Boolean, default=FALSE)
    digest: bytes | None = column(LargeBinary, null=True)
    secret_set_at: datetime = column(TIME, default=NOW)
    redirect_uris: list[str] = column(TEXTS, default=NONE)
    grant_types: list[str] = column(TEXTS, default=NONE)
    rights: list[str] = column(TEXTS, default=NONE)
    user_id: int | None = column(INT, null=True)
    is_active: bool = column(Boolean, default=TRUE)
    expires_at: datetime | None = column(TIME, null=True)
    created_at: datetime = column(TIME, default=NOW)


class ApiKeys(Domain, table=True):
    """Keys for scripts, `ck_<key_id>_<random>`; a secret is never changed, a rotated key is another one."""

    __tablename__: ClassVar[str] = "api_keys"
    __table_args__ = (
        belongs("users", "user_id"),
        Index("api_keys_key_id", "key_id", unique=True),
        Index("api_keys_user", "tenant_id", "user_id"),
    )
    tenant_id: int = column(INT, key=True)
    id: int = column(INT, key=True)
    key_id: str = column(TEXT)
    user_id: int = column(INT)
    name: str = column(TEXT)
    digest: bytes = column(LargeBinary)
    rights: list[str] | None = column(TEXTS, null=True)
    expires_at: datetime | None = column(TIME, null=True)
    revoked_at: datetime | None = column(TIME, null=True)
    created_at: datetime = column(TIME, default=NOW)


class Grants(Domain, table=True):
    """One login of one user at one client, with all the tokens that came of it; `scopes` NULL is all he may."""

    __tablename__: ClassVar[str] = "grants"
    __table_args__ = (
        belongs("users", "user_id"),
        Index("grants_user", "tenant_id", "user_id", postgresql_where=NOT_REVOKED),
        Index("grants_client", "tenant_id", "client_id", postgresql_where=NOT_REVOKED),
    )
    tenant_id: int = column(INT, key=True)
    id: int = column(BIG, key=True)
    client_id: str = column(TEXT)
    user_id: int = column(INT)
    scopes: list[str] | None = column(TEXTS, null=True)
    created_at: datetime = column(TIME, default=NOW)
    expires_at: datetime = column(TIME)
    revoked_at: datetime | None = column(TIME, null=True)
    revoke_reason: str | None = column(TEXT, null=True)


class SecurityEvents(Domain, table=True):
    """Logins, refusals and revocations; rows are only ever added, and stand in the audit with their request."""

    __tablename__: ClassVar[str] = "security_events"
    __table_args__ = (ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"]),)
    tenant_id: int = column(INT, key=True)
    id: int = column(BIG, key=True)
    kind: str = column(TEXT)
    outcome: str = column(TEXT)
    reason: str = column(TEXT, default=text("''"))
    client_id: str | None = column(TEXT, null=True)
    user_id: int | None = column(INT, null=True)
    address: str = column(TEXT, default=text("''"))
    created_at: datetime = column(TIME, default=NOW)


class Tokens(SQLModel, table=True):
    """Access and refresh tokens by their SHA-256; a used refresh token stays until it would have expired."""

    __tablename__: ClassVar[str] = "tokens"
    __table_args__ = (
        belongs("grants", "grant_id"),
        CheckConstraint("kind IN ('access', 'refresh')", name="tokens_kind"),
        Index("tokens_digest", "digest"),
        Index("tokens_grant", "tenant_id", "grant_id"),
        Index("tokens_expiry", "tenant_id", "expires_at"),
    )
    tenant_id: int = column(INT, key=True)
    digest: bytes = column(LargeBinary, key=True)
    grant_id: int = column(BIG)
    kind: str = column(TEXT)
    scopes: list[str] | None = column(TEXTS, null=True)
    created_at: datetime = column(TIME, default=NOW)
    expires_at: datetime = column(TIME)
    used_at: datetime | None = column(TIME, null=True)
    successor: bytes | None = column(LargeBinary, null=True)


class Codes(SQLModel, table=True):
    """Authorization codes with their PKCE challenge (S256); a second use revokes the grant of the first."""

    __tablename__: ClassVar[str] = "codes"
    __table_args__ = (belongs("users", "user_id"), Index("codes_digest", "digest"))
    tenant_id: int = column(INT, key=True)
    digest: bytes = column(LargeBinary, key=True)
    client_id: str = column(TEXT)
    user_id: int = column(INT)
    redirect_uri: str = column(TEXT)
    code_challenge: str = column(TEXT)
    scopes: list[str] | None = column(TEXTS, null=True)
    created_at: datetime = column(TIME, default=NOW)
    expires_at: datetime = column(TIME)
    used_at: datetime | None = column(TIME, null=True)
    grant_id: int | None = column(BIG, null=True)


class DeviceCodes(SQLModel, table=True):
    """Logins on devices (RFC 8628); those of the built-in client lie with tenant 0 and name the approver's."""

    __tablename__: ClassVar[str] = "device_codes"
    __table_args__ = (
        CheckConstraint("state IN ('pending', 'approved', 'denied', 'used')", name="device_codes_state"),
        Index("device_codes_digest", "digest"),
        Index("device_codes_user_code", "user_code"),
    )
    tenant_id: int = column(INT, key=True)
    digest: bytes = column(LargeBinary, key=True)
    user_code: str = column(TEXT)
    client_id: str = column(TEXT)
    scopes: list[str] | None = column(TEXTS, null=True)
    state: str = column(TEXT, default=text("'pending'"))
    poll_seconds: int = column(INT)
    polled_at: datetime | None = column(TIME, null=True)
    approved_tenant: int | None = column(INT, null=True)
    user_id: int | None = column(INT, null=True)
    created_at: datetime = column(TIME, default=NOW)
    expires_at: datetime = column(TIME)


class LoginSessions(SQLModel, table=True):
    """Browsers that have logged in, by the SHA-256 of their cookie."""

    __tablename__: ClassVar[str] = "login_sessions"
    __table_args__ = (belongs("users", "user_id"), Index("login_sessions_digest", "digest"))
    tenant_id: int = column(INT, key=True)
    digest: bytes = column(LargeBinary, key=True)
    user_id: int = column(INT)
    created_at: datetime = column(TIME, default=NOW)
    expires_at: datetime = column(TIME)


class LoginDelays(SQLModel, table=True):
    """Failed attempts by account and by address, and until when the next is not listened to."""

    __tablename__: ClassVar[str] = "login_delays"
    tenant_id: int = column(INT, key=True)
    subject: bytes = column(LargeBinary, key=True)
    failures: int = column(INT)
    attempted_at: datetime = column(TIME, default=NOW)
    blocked_until: datetime = column(TIME)


class CredentialUses(SQLModel, table=True):
    """When and from where a key or client was used last."""

    __tablename__: ClassVar[str] = "credential_uses"
    __table_args__ = (CheckConstraint("kind IN ('key', 'client')", name="credential_uses_kind"),)
    tenant_id: int = column(INT, key=True)
    kind: str = column(TEXT, key=True)
    credential_id: int = column(INT, key=True)
    used_at: datetime = column(TIME, default=NOW)
    address: str = column(TEXT, default=text("''"))
