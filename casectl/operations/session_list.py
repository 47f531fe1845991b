"""The verb `session list`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import UNSET, Meta, UnsetType

from casectl.model.access import Session
from casectl.operation import Cli, Operation
from casectl.operations._credentials import refuse_both, whose
from casectl.rules import rights

if TYPE_CHECKING:
    from casectl.unit import Unit


class ListSessions(Operation[list[Session]], frozen=True, kw_only=True):
    """List the places you are logged in at.

    These are your own; with the right to manage users you may see those of others.
    """

    name: ClassVar[str] = "session list"
    right: ClassVar[str] = "account:manage"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("GET", "/v1/sessions/"),)
    reads: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(
        group="Servers and logins",
        options={"of_user": ("--user",)},
        metavars={"of_user": "LOGIN"},
        examples=(("casectl session list", ""),),
        view="sessions",
    )

    of_user: Annotated[str, Meta(description="user whose sessions (default: you)")] | UnsetType = UNSET
    all_users: Annotated[bool, Meta(description="the sessions of everybody")] = False

    async def run(self, unit: Unit) -> list[Session]:
        if self.all_users:
            refuse_both(self.of_user)
            rights.require(unit.actor, "user:manage")
            return await unit.access.sessions(None)
        return await unit.access.sessions((await whose(unit, self.of_user)).id)
