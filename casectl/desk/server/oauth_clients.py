"""The OAuth clients: who they are, what they may ask for, and how they prove themselves.

Only the modules of access in `desk` and `api.oauth` import this module.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

import msgspec

from casectl.rules.redirects import redirect_matches

if TYPE_CHECKING:
    from casectl.desk.server.access_steps import Step

CODE, REFRESH, CREDENTIALS = "authorization_code", "refresh_token", "client_credentials"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """A client. The built-in one has no row and no tenant (0); `rights` None are all of the user's."""

    client_id: str
    name: str
    tenant_id: int = 0
    tenant: str = ""
    id: int | None = None
    digest: bytes | None = None
    redirect_uris: tuple[str, ...] = ()
    grant_types: tuple[str, ...] = ()
    rights: tuple[str, ...] | None = None
    user_id: int | None = None

    @property
    def is_confidential(self) -> bool:
        """Whether it has a secret, and must prove itself by it."""
        return self.digest is not None

    def may(self, grant_type: str) -> bool:
        """Whether it may use a grant type, named as on the wire."""
        return grant_type in self.grant_types

    def sends_to(self, uri: str) -> bool:
        """Whether its logins may end at this address."""
        return any(redirect_matches(registered, uri) for registered in self.redirect_uris)

    def proves(self, secret: str) -> bool:
        """Whether this is its secret."""
        given = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
        return hmac.compare_digest(self.digest or bytes(32), given) and self.digest is not None


BUILT_IN = Client(
    client_id="casectl",
    name="casectl on the command line",
    redirect_uris=("http://127.0.0.1/callback", "http://[::1]/callback"),
    grant_types=(CODE, REFRESH, DEVICE),
)
"""The command line itself. It runs on people's machines, so it can keep no secret."""


def find_client(step: Step, client_id: str) -> Client | None:
    """The client of this id, None when there is none or it is out of use."""
    if client_id == BUILT_IN.client_id:
        return BUILT_IN
    if not client_id.isascii() or not client_id.isprintable() or len(client_id) > 200:  # noqa: PLR2004 - ours are short
        return None
    row = step.row(
        "SELECT tenant_id, tenant, id, name, digest, redirect_uris, grant_types, rights, user_id, is_confidential"
        " FROM find_client(%s) WHERE usable",
        (client_id,),
    )
    if row is None:
        return None
    return Client(
        client_id=client_id, tenant_id=row[0], tenant=row[1], id=row[2], name=row[3],
        digest=bytes(row[4] or b"") if row[9] else None, redirect_uris=tuple(row[5]), grant_types=tuple(row[6]),
        rights=tuple(row[7]), user_id=row[8],
    )  # fmt: skip


def note_use(step: Step, client: Client) -> None:
    """Keep when and from where a client proved itself last; the step is in the client's tenant."""
    step.run(
        "INSERT INTO credential_uses AS c (tenant_id, kind, credential_id, address) VALUES (%s, 'client', %s, %s)"
        " ON CONFLICT (tenant_id, kind, credential_id)"
        " DO UPDATE SET used_at = now(), address = excluded.address WHERE c.used_at < now() - interval '1 minute'",
        (client.tenant_id, client.id, step.origin.address[:100]),
    )
