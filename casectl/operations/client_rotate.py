"""The verb `client rotate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

import msgspec
from msgspec import Meta

from casectl.errors import NotAllowed
from casectl.model.access import NewClient
from casectl.operation import Cli, Operation
from casectl.operations._credentials import new_client_secret, require_to_be
from casectl.rules import rights

if TYPE_CHECKING:
    from casectl.unit import Unit


class RotateClient(Operation[NewClient], frozen=True, kw_only=True):
    """Give a client a new secret.

    The old one gets no more tokens from now on; those it has got go on until they expire. The secret is shown once.
    """

    name: ClassVar[str] = "client rotate"
    right: ClassVar[str] = "client:manage"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("POST", "/v1/clients/{client}/rotate/"),)
    secrets: ClassVar[tuple[str, ...]] = ("secret",)
    cli: ClassVar[Cli] = Cli(
        group="Servers and logins",
        positionals=("client",),
        examples=(("casectl client rotate monitoring", ""),),
        view="new_client",
    )

    client: Annotated[str, Meta(description="its name, client id or number")]

    async def run(self, unit: Unit) -> NewClient:
        client = await unit.access.client(self.client)
        if client.is_public or not client.is_active:
            state = "is public and has no secret" if client.is_public else "is not active"
            raise NotAllowed(f"the client {client.name} {state}", hint="casectl client add registers another")
        rights.require_to_give(unit.actor, client.rights, "a client")
        if client.user is not None:
            await require_to_be(unit, client.user)
        new = new_client_secret(client.client_id)
        changed = await unit.access.set_client_secret(client.id, new.digest)
        return NewClient(**msgspec.structs.asdict(changed), secret=new.secret)
