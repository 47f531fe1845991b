"""Who comes in how: API keys, OAuth clients, sessions. Anyone above `model` may import it.

No secret is a part of a noun but of those that tell a new one, once.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - msgspec resolves the annotations at run time
from typing import Literal

from casectl.model.case import CaseRef, Noun, PersonRef

KeyState = Literal["active", "expired", "revoked"]


class ApiKey(Noun, frozen=True, kw_only=True):
    """A key for a script. `rights` are the most it may; `key_id` is its public part, which is no secret."""

    id: int
    key_id: str
    name: str
    user: PersonRef
    rights: list[str] | None
    state: KeyState
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    last_used_from: str


class NewApiKey(ApiKey, frozen=True, kw_only=True):
    """A key just made: the only time that its secret is told. A repeated answer has None in its place."""

    secret: str | None


class Client(Noun, frozen=True, kw_only=True):
    """A program that gets tokens. With client credentials it acts as `user` and has exactly `rights`."""

    id: int
    client_id: str
    name: str
    is_public: bool
    grant_types: list[str]
    redirect_uris: list[str]
    rights: list[str]
    user: PersonRef | None
    is_active: bool
    created_at: datetime
    expires_at: datetime | None
    secret_set_at: datetime


class NewClient(Client, frozen=True, kw_only=True):
    """A client whose secret was just made: the only time it is told. None for a public one and in a repeated answer."""

    secret: str | None


class Session(Noun, frozen=True, kw_only=True):
    """A login of a user at a client, with all tokens that came of it. `scopes` None: all that the user may."""

    id: int
    client: str
    user: PersonRef
    scopes: list[str] | None
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


class SessionsEnded(Noun, frozen=True, kw_only=True):
    """How many sessions of which user were ended."""

    user: PersonRef
    sessions: int


class PasswordChange(SessionsEnded, frozen=True, kw_only=True):
    """A password was set, and every session of the user ended by it."""

    changed_at: datetime


AccessRuleName = Literal[
    "account", "right", "login", "visibility", "trash", "ownership", "fields", "lifecycle", "state"
]


class AccessRule(Noun, frozen=True, kw_only=True):
    """One rule that was asked, what it said, and what could be done about it."""

    rule: AccessRuleName
    holds: bool
    message: str
    hint: str = ""


class Explanation(Noun, frozen=True, kw_only=True):
    """Whether somebody may perform a verb, and which rule allows or refuses it.

    Without a case `allowed` says whether he may at all. What is still to be given, such as a field that a transition
    requires, is no refusal.
    """

    actor: PersonRef
    verb: str
    case: CaseRef | None
    allowed: bool
    because: str
    roles: list[str]
    rules: list[AccessRule]
