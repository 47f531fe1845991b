"""The verb `whoami`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from casectl.model.case import PersonRef
from casectl.model.people import WhoAmI
from casectl.operation import Cli, Operation
from casectl.rules.rights import ANY

if TYPE_CHECKING:
    from casectl.unit import Unit


class AskWhoAmI(Operation[WhoAmI], frozen=True, kw_only=True):
    """Tell who you are here.

    Tenant, login, roles and rights that count for you now; with an API key or a narrowed token these are fewer than
    your roles give.
    """

    name: ClassVar[str] = "whoami"
    right: ClassVar[str] = ANY
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("GET", "/v1/whoami/"),)
    reads: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(group="Look", examples=(("casectl whoami", ""),), view="whoami")

    async def run(self, unit: Unit) -> WhoAmI:
        actor = unit.actor
        return WhoAmI(
            tenant=actor.tenant,
            user=PersonRef(id=actor.user_id, name=actor.display_name, login=actor.login, email=actor.email or None),
            roles=sorted(actor.roles),
            rights=sorted(actor.rights),
            client=actor.client,
        )
