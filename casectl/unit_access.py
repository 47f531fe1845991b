"""What verbs about keys, clients, passwords and sessions may reach: `unit.access`, as a protocol.

A part of `casectl.unit` in a module of its own; `store` implements it. Verbs import this module for typing only.
Whether an actor may is the verbs' affair: this knows only the tenant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime

    from casectl.model.access import ApiKey, Client, Session
    from casectl.unit import Unit


class Credential(msgspec.Struct, frozen=True):
    """A secret just made: what tells it publicly, the whole of it, and the digest to keep."""

    public: str
    secret: str
    digest: bytes


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """What an API key is made of; `expires_at` None is never."""

    credential: Credential
    user_id: int
    name: str
    rights: Sequence[str]
    expires_at: datetime | None


class ClientPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a client is made of; `digest` None is a public one."""

    client_id: str
    name: str
    digest: bytes | None
    grant_types: Sequence[str]
    redirect_uris: Sequence[str]
    rights: Sequence[str]
    expires_at: datetime | None


class AccessControl(Protocol):
    """Keys, clients, passwords and sessions of the tenant."""

    async def keys(self, user_id: int | None) -> list[ApiKey]:
        """The keys of a user, or all, the newest first."""
        ...

    async def key(self, reference: str, user_id: int | None = None) -> ApiKey:
        """By number, by its public part, or by the name of a single one; of this user alone, or of anybody.

        Raises NotFound, Conflict for a name that several have.
        """
        ...

    async def add_key(self, new: NewKey) -> ApiKey:
        """Make a key."""
        ...

    async def end_key(self, key_id: int, at: datetime | None) -> ApiKey:
        """Revoke a key now, or let it expire at `at` unless it does so before."""
        ...

    async def clients(self) -> list[Client]:
        """All clients by name."""
        ...

    async def client(self, reference: str) -> Client:
        """By name, client id or number. Raises NotFound."""
        ...

    async def add_client(self, new: ClientPlan) -> Client:
        """Make a client and the user it acts as. Raises Conflict when the name is taken."""
        ...

    async def set_client_secret(self, client_id: int, digest: bytes) -> Client:
        """Replace the secret of a client; the old one opens nothing from now on."""
        ...

    async def end_client(self, client_id: int) -> Client:
        """End a client, its user, its keys and its sessions."""
        ...

    async def sessions(self, user_id: int | None) -> list[Session]:
        """The open sessions of a user, or all, the newest first."""
        ...

    async def end_sessions(self, user_id: int, *, only: int | None = None, reason: str) -> int:
        """End the open sessions of a user, or `only` one of them; how many there were."""
        ...

    async def password_fits(self, user_id: int, password: str) -> bool | None:
        """Whether this is the user's password; None when he has none."""
        ...

    async def set_password(self, user_id: int, password: str) -> None:
        """Set the password of a user and end his browsers' logins."""
        ...

    async def rights_of(self, user_id: int, *, even_inactive: bool = False) -> frozenset[str]:
        """The rights of a user, those of an API client included; on demand those of deactivated roles as well."""
        ...

    async def granted(self, user_id: int) -> dict[str, list[str]]:
        """The rights of a user with what gives each: names of roles, or `the client` of an API client."""
        ...

    def looking_as(self, user_id: int) -> AbstractAsyncContextManager[Unit]:
        """`async with unit.access.looking_as(id) as other:` reads as an active user does; nothing of it is kept."""
        ...

    async def is_person(self, user_id: int) -> bool:
        """Whether the user is an active person, not a program."""
        ...
