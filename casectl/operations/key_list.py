"""The verb `key list`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import UNSET, Meta, UnsetType

from casectl.model.access import ApiKey
from casectl.operation import Cli, Operation
from casectl.operations._credentials import refuse_both, whose
from casectl.rules import rights

if TYPE_CHECKING:
    from casectl.unit import Unit


class ListKeys(Operation[list[ApiKey]], frozen=True, kw_only=True):
    """List API keys and their last use.

    These are your own; with the right to manage users you may see those of others.
    """

    name: ClassVar[str] = "key list"
    right: ClassVar[str] = "key:create"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("GET", "/v1/keys/"),)
    reads: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(
        group="Servers and logins",
        options={"of_user": ("--user",)},
        metavars={"of_user": "LOGIN"},
        examples=(("casectl key list", ""),),
        view="keys",
    )

    of_user: Annotated[str, Meta(description="user whose keys (default: you)")] | UnsetType = UNSET
    all_users: Annotated[bool, Meta(description="the keys of all users and clients")] = False

    async def run(self, unit: Unit) -> list[ApiKey]:
        if self.all_users:
            refuse_both(self.of_user)
            rights.require(unit.actor, "user:manage")
            return await unit.access.keys(None)
        return await unit.access.keys((await whose(unit, self.of_user)).id)
