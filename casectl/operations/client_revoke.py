"""The verb `client revoke`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from casectl.model.access import Client
from casectl.operation import Cli, Operation

if TYPE_CHECKING:
    from casectl.unit import Unit


class RevokeClient(Operation[Client], frozen=True, kw_only=True):
    """End a client for good.

    Its tokens, those that people gave it, and its keys open nothing from now on.
    """

    name: ClassVar[str] = "client revoke"
    right: ClassVar[str] = "client:manage"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("DELETE", "/v1/clients/{client}/"),)
    cli: ClassVar[Cli] = Cli(
        group="Servers and logins",
        positionals=("client",),
        examples=(("casectl client revoke monitoring", ""),),
        view="client",
    )

    client: Annotated[str, Meta(description="its name, client id or number")]

    async def run(self, unit: Unit) -> Client:
        return await unit.access.end_client((await unit.access.client(self.client)).id)
