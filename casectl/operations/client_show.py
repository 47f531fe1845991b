"""The verb `client show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from casectl.model.access import Client
from casectl.operation import Cli, Operation

if TYPE_CHECKING:
    from casectl.unit import Unit


class ShowClient(Operation[Client], frozen=True, kw_only=True):
    """Show a client with its rights and addresses."""

    name: ClassVar[str] = "client show"
    right: ClassVar[str] = "client:manage"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("GET", "/v1/clients/{client}/"),)
    reads: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(
        group="Servers and logins",
        positionals=("client",),
        examples=(("casectl client show monitoring", ""),),
        view="client",
    )

    client: Annotated[str, Meta(description="its name, client id or number")]

    async def run(self, unit: Unit) -> Client:
        return await unit.access.client(self.client)
