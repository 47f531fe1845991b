"""The verb `key create`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from casectl.model.access import NewApiKey
from casectl.operation import Cli, Operation
from casectl.operations._credentials import expiry, new_key, require_to_be
from casectl.rules import case_input, rights
from casectl.unit_access import NewKey

if TYPE_CHECKING:
    from casectl.model.case import PersonRef
    from casectl.model.people import User
    from casectl.unit import Unit


class CreateKey(Operation[NewApiKey], frozen=True, kw_only=True):
    """Make an API key for a script.

    The key is shown once and kept nowhere. It acts as you, or as the client or user named, with the rights you choose
    and never with one that you lack yourself; without `--right` it has all that you have now.
    """

    name: ClassVar[str] = "key create"
    right: ClassVar[str] = "key:create"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("POST", "/v1/keys/"),)
    secrets: ClassVar[tuple[str, ...]] = ("secret",)
    cli: ClassVar[Cli] = Cli(
        group="Servers and logins",
        positionals=("key",),
        options={"rights": ("--right",), "as_user": ("--user",)},
        metavars={"key": "NAME", "expires": "WHEN", "rights": "RIGHT", "client": "CLIENT", "as_user": "LOGIN"},
        examples=(("casectl key create nightly --right case:read --expires 90d", ""),),
        view="new_key",
    )

    key: Annotated[str, Meta(description="a name for it, to know it by later")]
    rights: Annotated[list[str], Meta(description="right it has; may be repeated (default: yours)")] = []
    expires: Annotated[str, Meta(description="when it ends: 90d, a date (default: never)")] | UnsetType = UNSET
    client: Annotated[str, Meta(description="client that it acts as")] | UnsetType = UNSET
    as_user: Annotated[str, Meta(description="user that it acts as (default: you)")] | UnsetType = UNSET

    async def run(self, unit: Unit) -> NewApiKey:
        name = case_input.one_line(self.key, "name", "/key")
        user = await self._holder(unit)
        held = unit.actor.rights
        if user.id != unit.actor.user_id:
            await require_to_be(unit, user)
            held = await unit.access.rights_of(user.id)
        wanted = rights.known(self.rights, "/rights") or sorted(held)
        rights.require_to_give(unit.actor, wanted, "a key")
        new = new_key()
        made = await unit.access.add_key(
            NewKey(
                credential=new, user_id=user.id, name=name, rights=wanted,
                expires_at=await expiry(unit, self.expires),
            )
        )  # fmt: skip
        return NewApiKey(**msgspec.structs.asdict(made), secret=new.secret)

    async def _holder(self, unit: Unit) -> PersonRef | User:
        if self.client is not UNSET and self.as_user is not UNSET:
            case_input.refuse("a key acts as a client or as a user, not as both", "/client", "excluded")
        if self.client is not UNSET:
            rights.require(unit.actor, "client:manage")
            client = await unit.access.client(self.client)
            if client.user is None or not client.is_active:
                case_input.refuse(f"the client {client.name} is not active", "/client", "inactive")
            return client.user
        user = await unit.people.user("@me" if self.as_user is UNSET else self.as_user)
        if user.id != unit.actor.user_id:
            rights.require(unit.actor, "user:manage")
            if not user.is_active:
                case_input.refuse(f"the user {user.login} is not active", "/as_user", "inactive")
        return user
