"""The verb `key revoke`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from casectl.model.access import ApiKey
from casectl.operation import Cli, Operation
from casectl.operations._credentials import own_key

if TYPE_CHECKING:
    from casectl.unit import Unit


class RevokeKey(Operation[ApiKey], frozen=True, kw_only=True):
    """End an API key at once."""

    name: ClassVar[str] = "key revoke"
    right: ClassVar[str] = "key:create"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("DELETE", "/v1/keys/{key}/"),)
    cli: ClassVar[Cli] = Cli(
        group="Servers and logins",
        positionals=("key",),
        examples=(("casectl key revoke 1", ""),),
        view="key",
    )

    key: Annotated[str, Meta(description="its number, name or public part (ck_...)")]

    async def run(self, unit: Unit) -> ApiKey:
        return await unit.access.end_key((await own_key(unit, self.key)).id, None)
