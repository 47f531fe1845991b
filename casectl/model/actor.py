"""Who acts: the actor of a transaction. Everything above model may import this module."""

from __future__ import annotations

from typing import Literal

import msgspec

ActorKind = Literal["user", "api_client", "rule", "import"]


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who acts in which tenant, with what rights.

    `rights` is the union over `roles`; `led_team_ids` are the teams the actor leads, a part of `team_ids`; `zone` is
    the IANA zone that words like `today` mean; `client` is the program or the API key that a token was given to.
    """

    tenant_id: int
    tenant: str
    user_id: int
    login: str
    display_name: str
    email: str
    rights: frozenset[str]
    team_ids: frozenset[int] = frozenset()
    led_team_ids: frozenset[int] = frozenset()
    zone: str = "UTC"
    roles: tuple[str, ...] = ()
    kind: ActorKind = "user"
    client: str | None = None
