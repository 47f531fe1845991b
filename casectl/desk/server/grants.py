"""Grants and their tokens: issue, refresh with rotation, revoke, introspect (RFC 6749, 7009, 7662, 9700).

A grant is one login of one user at one client, and the family of all tokens that come of it. Only digests are kept.
A refresh token is used once: its successor follows from it by a key of the database, so that a repetition within the
grace answers the same successor and forks no family; any later repetition is theft, and revokes the family.
Only `api.oauth` imports this module.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from typing import LiteralString

    from casectl.desk.server.access_steps import Step
    from casectl.desk.server.oauth_clients import Client

_USER_RIGHTS: LiteralString = """
    SELECT DISTINCT given FROM user_roles x
    JOIN roles r ON r.tenant_id = x.tenant_id AND r.id = x.role_id, unnest(r.rights) AS given
    WHERE x.tenant_id = %s AND x.user_id = %s AND r.is_active ORDER BY given
"""

_FIND: LiteralString = """
    SELECT tenant_id, user_id, scopes, expires_at, revoked, client_id, digest, kind, grant_id, now() FROM find_token(%s)
"""

_KEEP: LiteralString = """
    INSERT INTO tokens (tenant_id, digest, grant_id, kind, scopes, expires_at)
    VALUES (%s, %s, %s, %s, %s, now() + %s) ON CONFLICT DO NOTHING
"""

_FORGET: LiteralString = """
    DELETE FROM tokens WHERE tenant_id = %s AND digest IN (
        SELECT digest FROM tokens WHERE tenant_id = %s AND expires_at < now() - interval '1 day' LIMIT 20)
"""


class Scopes(msgspec.Struct, frozen=True):
    """What is granted: `kept` None means all that the user may at any time; `told` are the rights it gives now."""

    kept: list[str] | None
    told: list[str]


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """The grant that a token belongs to."""

    tenant_id: int
    grant_id: int
    user_id: int
    client_id: str
    scopes: list[str] | None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a look at a refresh token came to: a family that may go on, or why not."""

    family: Family | None = None
    refused: str = ""


def digest_of(text: str) -> bytes:
    """What is kept of a secret of 256 random bits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def new_secret(prefix: str) -> str:
    """256 random bits as text behind a prefix that tells what it is: `ct_`, `cr_`, `cc_`, `cd_`."""
    return prefix + secrets.token_urlsafe(32)


def signing_key(step: Step) -> bytes:
    """The database's key for successors and forms."""
    return bytes(step.rows("SELECT grant_key()")[0][0])


def rights_of(step: Step, user_id: int) -> list[str]:
    """The rights a user of the step's tenant has by his roles."""
    return [row[0] for row in step.rows(_USER_RIGHTS, (step.tenant_id, user_id))]


def scopes_for(step: Step, client: Client, user_id: int, asked: Collection[str] | None) -> Scopes:
    """What `client` gets of what it asked for (None: all): the user's rights, and of these no more than its own."""
    told = [
        right
        for right in rights_of(step, user_id)
        if (asked is None or right in asked) and (client.rights is None or right in client.rights)
    ]
    return Scopes(None if asked is None and client.rights is None else told, told)


def open_grant(step: Step, client: Client, user_id: int, kept: list[str] | None, seconds: float) -> int:
    """Begin a family in the step's tenant; it ends for good after so many seconds."""
    grant_id = step.take("grants.id")
    step.run(
        "INSERT INTO grants (tenant_id, id, client_id, user_id, scopes, expires_at, changed_by)"
        " VALUES (%s, %s, %s, %s, %s, now() + %s, %s)",
        (step.tenant_id, grant_id, client.client_id, user_id, kept, timedelta(seconds=seconds), step.actor),
    )
    return grant_id


def keep_token(step: Step, grant_id: int, kind: str, token: str, scopes: list[str] | None = None) -> None:
    """Make a token of the family valid; `scopes` narrow it below the family's."""
    lifetime = timedelta(seconds=step.seconds("access_ttl" if kind == "access" else "refresh_idle"))
    step.run(_KEEP, (step.tenant_id, digest_of(token), grant_id, kind, scopes, lifetime))
    if kind == "refresh":
        step.run(_FORGET, (step.tenant_id, step.tenant_id))


def successor_of(step: Step, token: str) -> str:
    """The refresh token that follows this one."""
    made = hmac.new(signing_key(step), b"refresh:" + token.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
    return "cr_" + base64.urlsafe_b64encode(made).decode().rstrip("=")


def use_refresh_token(step: Step, client: Client, token: str, asked: Collection[str] | None = None) -> Answer:
    """Use a refresh token up, with the family locked; its tenant becomes the step's.

    A used one is good again within the grace as long as its successor is unused; otherwise, and when another client
    brings it, its family is revoked. `asked` for more than the family's scopes is refused, and uses nothing up.
    """
    row = step.row(_FIND, (digest_of(token),))
    if row is None or row[7] != "refresh":
        return Answer(refused="unknown")
    family = _family(row)
    step.enter(family.tenant_id)
    step.rows("SELECT FROM grants WHERE tenant_id = %s AND id = %s FOR UPDATE", (family.tenant_id, family.grant_id))
    row = step.row(_FIND, (digest_of(token),))  # as it is now that nobody else is at it
    refused = "unknown" if row is None else _refusal(step, row, client, token, asked)
    return Answer(family=family, refused=refused)


def _refusal(step: Step, row: tuple[Any, ...], client: Client, token: str, asked: Collection[str] | None) -> str:
    """Why the refresh token of `row` is not taken; '' when it is, and used up."""
    family, now = _family(row), row[9]
    if row[4]:
        return "revoked"
    if family.client_id != client.client_id:
        revoke(step, family, "used by another client")
        return "other client"
    if row[3] <= now:
        return "expired"
    if asked and not set(asked) <= set(shown_scopes(step, family)):
        return "scope"
    if not _may_follow(step, token, now):
        revoke(step, family, "refresh token used again")
        return "reuse"
    return ""


def shown_scopes(step: Step, family: Family) -> list[str]:
    """The rights that a family gives its user today."""
    mine = rights_of(step, family.user_id)
    return [right for right in mine if family.scopes is None or right in family.scopes]


def _family(row: tuple[Any, ...]) -> Family:
    return Family(tenant_id=row[0], grant_id=row[8], user_id=row[1], client_id=row[5], scopes=row[2])


def _may_follow(step: Step, token: str, now: datetime) -> bool:
    """Whether the token is unused (it is used from here on), or was used just now and its successor is not."""
    digest, successor = digest_of(token), digest_of(successor_of(step, token))
    first = step.run(
        "UPDATE tokens SET used_at = now(), successor = %s WHERE tenant_id = %s AND digest = %s AND used_at IS NULL",
        (successor, step.tenant_id, digest),
    )
    if first:
        return True
    row = step.row(
        "SELECT t.used_at, s.used_at FROM tokens t"
        " LEFT JOIN tokens s ON s.tenant_id = t.tenant_id AND s.digest = t.successor"
        " WHERE t.tenant_id = %s AND t.digest = %s",
        (step.tenant_id, digest),
    )
    grace = timedelta(seconds=step.seconds("refresh_grace"))
    return row is not None and now - row[0] <= grace and row[1] is None


def revoke(step: Step, family: Family, reason: str) -> bool:
    """End a family, all its tokens at once; False when it had ended before. The step is in its tenant."""
    return step.run(
        "UPDATE grants SET revoked_at = now(), revoke_reason = %s, changed_by = %s, changed_at = now()"
        " WHERE tenant_id = %s AND id = %s AND revoked_at IS NULL",
        (reason, step.actor, family.tenant_id, family.grant_id),
    ) > 0  # fmt: skip


def revoke_token(step: Step, client: Client, token: str) -> None:
    """RFC 7009: the family of an access or refresh token ends. Unknown tokens and others' are no error there."""
    row = step.row(_FIND, (digest_of(token),))
    if row is None:
        return
    family = _family(row)
    if family.client_id != client.client_id:
        step.enter(family.tenant_id)
        step.event("revoke", "refused", "other client", client_id=client.client_id, user_id=family.user_id)
        return
    step.enter(family.tenant_id, family.user_id)
    if revoke(step, family, "revoked by its client"):
        step.event("revoke", "done", client_id=client.client_id, user_id=family.user_id)


def introspect(step: Step, tenant_id: int, token: str) -> dict[str, Any] | None:
    """RFC 7662: what a token of this tenant is good for; None when it is good for nothing, or another tenant's."""
    row = step.row(_FIND, (digest_of(token),))
    if row is None or row[4] or row[3] <= row[9] or row[0] != tenant_id:
        return None
    family = _family(row)
    step.enter(tenant_id)
    used = step.row("SELECT used_at FROM tokens WHERE tenant_id = %s AND digest = %s", (tenant_id, digest_of(token)))
    user = step.row("SELECT login, kind FROM users WHERE tenant_id = %s AND id = %s", (tenant_id, family.user_id))
    if used is None or used[0] is not None or user is None:
        return None
    scopes = family.scopes or [] if user[1] == "api_client" else shown_scopes(step, family)
    return {
        "scope": " ".join(scopes),
        "client_id": family.client_id,
        "username": user[0],
        "sub": str(family.user_id),
        "token_type": "Bearer" if row[7] == "access" else "refresh_token",
        "exp": int(row[3].timestamp()),
    }
