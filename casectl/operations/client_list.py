"""The verb `client list`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from casectl.model.access import Client
from casectl.operation import Cli, Operation

if TYPE_CHECKING:
    from casectl.unit import Unit


class ListClients(Operation[list[Client]], frozen=True, kw_only=True):
    """List the programs that get tokens of their own."""

    name: ClassVar[str] = "client list"
    right: ClassVar[str] = "client:manage"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("GET", "/v1/clients/"),)
    reads: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(
        group="Servers and logins",
        examples=(("casectl client list", ""),),
        view="clients",
    )

    async def run(self, unit: Unit) -> list[Client]:
        return await unit.access.clients()
