"""The verb `client add`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from casectl.errors import Problem
from casectl.model.access import NewClient
from casectl.operation import Cli, Operation
from casectl.operations._credentials import expiry, new_client_id, new_client_secret
from casectl.rules import case_input, rights
from casectl.rules.redirects import redirect_problem
from casectl.unit_access import ClientPlan

if TYPE_CHECKING:
    from casectl.unit import Unit

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
"""The grant type's name in requests (RFC 8628, 3.4)."""


class AddClient(Operation[NewClient], frozen=True, kw_only=True):
    """Register a program that gets tokens of its own.

    With client credentials it acts as itself and has exactly the rights named here; tokens that people give it have
    those of these rights that the person has. You cannot give a right that you lack. The secret is shown once.
    """

    name: ClassVar[str] = "client add"
    right: ClassVar[str] = "client:manage"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("POST", "/v1/clients/"),)
    secrets: ClassVar[tuple[str, ...]] = ("secret",)
    cli: ClassVar[Cli] = Cli(
        group="Servers and logins",
        positionals=("client",),
        options={"rights": ("--right",), "redirect_uris": ("--redirect",), "grants": ("--grant",)},
        metavars={"client": "NAME", "rights": "RIGHT", "redirect_uris": "URI", "grants": "GRANT", "expires": "WHEN"},
        examples=(
            ("casectl client add monitoring --right case:create --right case:read", "acts as itself, by its secret"),
            (
                "casectl client add reports --right case:read --redirect https://reports.example.com/callback",
                "acts for those who log in there",
            ),
        ),
        view="new_client",
    )

    client: Annotated[str, Meta(description="its name, which is also the login it acts as")]
    rights: Annotated[list[str], Meta(description="right it may use; may be repeated")] = []
    redirect_uris: Annotated[list[str], Meta(description="where a login in the browser comes back to")] = []
    grants: Annotated[
        list[Literal["authorization_code", "client_credentials", "device_code", "refresh_token"]],
        Meta(description="how it gets tokens: authorization_code, client_credentials, device_code, refresh_token"),
    ] = []
    is_public: Annotated[bool, Meta(description="it cannot keep a secret, as on a phone or in a browser")] = False
    expires: Annotated[str, Meta(description="when it ends: 90d, a date (default: never)")] | UnsetType = UNSET

    async def run(self, unit: Unit) -> NewClient:
        name = case_input.login(self.client, "/client")
        wanted = rights.known(self.rights, "/rights")
        grants = self._grants()
        uris = self._addresses()
        if not wanted:
            case_input.refuse("a client without rights can do nothing", "/rights", "required", "name some with --right")
        rights.require_to_give(unit.actor, wanted, "a client")
        client_id = new_client_id()
        new = None if self.is_public else new_client_secret(client_id)
        made = await unit.access.add_client(
            ClientPlan(
                client_id=client_id, name=name, digest=new.digest if new else None, grant_types=grants,
                redirect_uris=uris, rights=wanted, expires_at=await expiry(unit, self.expires),
            )
        )  # fmt: skip
        return NewClient(**msgspec.structs.asdict(made), secret=new.secret if new else None)

    def _addresses(self) -> list[str]:
        found = list(dict.fromkeys(self.redirect_uris))
        case_input.refuse_all(
            [
                Problem(pointer="/redirect_uris", code="bad_address", message=f"the redirect {uri!r} {wrong}")
                for uri in found
                if (wrong := redirect_problem(uri))
            ]
        )
        return found

    def _grants(self) -> list[str]:
        by_code = ["authorization_code", "refresh_token"]
        default = by_code if self.redirect_uris else [] if self.is_public else ["client_credentials"]
        wanted = list(dict.fromkeys(self.grants)) or default
        if "authorization_code" in wanted and not self.redirect_uris:
            case_input.refuse("an authorization code needs an address to come back to", "/redirect_uris", "required")
        if self.is_public and "client_credentials" in wanted:
            case_input.refuse("a public client has no credentials of its own", "/grants", "excluded")
        if not wanted:
            case_input.refuse(
                "how does this client get tokens?", "/grants", "required", "name a --grant or a --redirect"
            )
        return [DEVICE if grant == "device_code" else grant for grant in wanted]
