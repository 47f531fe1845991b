"""The verb `key rotate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

import msgspec
from msgspec import Meta

from casectl.errors import NotAllowed
from casectl.model.access import NewApiKey
from casectl.operation import Cli, Operation
from casectl.operations._credentials import new_key, own_key, require_to_be
from casectl.rules import rights, times
from casectl.unit_access import NewKey

if TYPE_CHECKING:
    from casectl.unit import Unit


class RotateKey(Operation[NewApiKey], frozen=True, kw_only=True):
    """Make a new API key in the place of one.

    It has the old one's name and rights, and lives as long as that was given. The old one goes on for `--grace`, so
    that scripts can be told the new one.
    """

    name: ClassVar[str] = "key rotate"
    right: ClassVar[str] = "key:create"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("POST", "/v1/keys/{key}/rotate/"),)
    secrets: ClassVar[tuple[str, ...]] = ("secret",)
    cli: ClassVar[Cli] = Cli(
        group="Servers and logins",
        positionals=("key",),
        metavars={"grace": "DURATION"},
        examples=(("casectl key rotate nightly --grace 1d", ""),),
        view="new_key",
    )

    key: Annotated[str, Meta(description="its number, name or public part (ck_...)")]
    grace: Annotated[str, Meta(description="how long the old one goes on (default: 1h; 0s ends it)")] = "1h"

    async def run(self, unit: Unit) -> NewApiKey:
        grace = times.parse_duration(self.grace, "/grace")
        old = await own_key(unit, self.key)
        if old.state != "active":
            raise NotAllowed(f"the API key {old.name} is {old.state}", hint="make another: casectl key create NAME")
        wanted = sorted(await unit.access.rights_of(old.user.id)) if old.rights is None else old.rights
        if old.user.id != unit.actor.user_id:
            await require_to_be(unit, old.user)
        rights.require_to_give(unit.actor, wanted, "a key")
        now, new = await unit.now(), new_key()
        life = None if old.expires_at is None else now + (old.expires_at - old.created_at)
        await unit.access.end_key(old.id, now + grace if grace else None)
        made = await unit.access.add_key(
            NewKey(credential=new, user_id=old.user.id, name=old.name, rights=wanted, expires_at=life)
        )
        return NewApiKey(**msgspec.structs.asdict(made), secret=new.secret)
