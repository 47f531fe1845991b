"""New secrets, and how verbs about keys, clients and sessions read their input. Only verbs import this module."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING

from msgspec import UNSET, UnsetType

from casectl.errors import NotFound
from casectl.rules import case_input, rights, times
from casectl.unit_access import Credential

if TYPE_CHECKING:
    from datetime import datetime

    from casectl.model.access import ApiKey
    from casectl.model.case import PersonRef
    from casectl.model.people import User
    from casectl.unit import Unit

_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
_PUBLIC = 12


def new_key() -> Credential:
    """An API key `ck_<public part>_<256 random bits>`; what is kept is the SHA-256 of the whole."""
    public = _public()
    return _credential(public, f"ck_{public}_{secrets.token_urlsafe(32)}")


def new_client_secret(client_id: str) -> Credential:
    """A client's secret, `cs_<256 random bits>`."""
    return _credential(client_id, f"cs_{secrets.token_urlsafe(32)}")


def new_client_id() -> str:
    """The public name of a client, unique over all tenants."""
    return f"cl_{_public()}"


def _public() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(_PUBLIC))


def _credential(public: str, secret: str) -> Credential:
    return Credential(public, secret, hashlib.sha256(secret.encode()).digest())


async def expiry(unit: Unit, text: str | UnsetType, pointer: str = "/expires") -> datetime | None:
    """When something ends that was said to end in `90d` or at a date, on the database's clock; None: never."""
    if text is UNSET or case_input.is_none(text):
        return None
    now = await unit.now()
    at = times.parse_when(text, now, case_input.zone_of(unit.actor.zone), pointer)
    if at <= now:
        case_input.refuse(f"{text} is over already", pointer, "past", "say how long it shall live: 90d, 1w, 2027-01-01")
    return at


async def whose(unit: Unit, user: str | UnsetType) -> User:
    """The user whose keys or sessions are meant; another one's need the right to manage users."""
    found = await unit.people.user("@me" if user is UNSET else user)
    if found.id != unit.actor.user_id:
        rights.require(unit.actor, "user:manage")
    return found


async def require_to_be(unit: Unit, user: PersonRef | User) -> None:
    """Refuse to hand out a login of a user (a password, a key, a name that he is known by) to who may less than he.

    Every verb that makes or changes a way to come in as somebody asks this. Deactivated roles count, for they may come
    back.
    """
    held = await unit.access.rights_of(user.id, even_inactive=True)
    rights.require_to_be(unit.actor, held, user.id, user.login)


def refuse_both(user: str | UnsetType) -> None:
    """Refuse a user where those of everybody are asked for."""
    if user is not UNSET:
        case_input.refuse("of one user or of all, not both", "/of_user", "excluded")


async def own_key(unit: Unit, reference: str) -> ApiKey:
    """A key that the actor may end: his own; a program's with `client:manage`; anybody's with `user:manage`.

    To all others a key that is not theirs is not there, and one's own goes first.
    """
    try:
        return await unit.access.key(reference, unit.actor.user_id)
    except NotFound:
        if unit.actor.rights.isdisjoint(("user:manage", "client:manage")):
            raise
    key = await unit.access.key(reference)
    if "user:manage" in unit.actor.rights or not await unit.access.is_person(key.user.id):
        return key
    raise NotFound(f"there is no API key {reference}", hint="casectl key list shows them")
