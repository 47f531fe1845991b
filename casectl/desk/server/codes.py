"""Authorization codes (RFC 6749, 7636) and device codes (RFC 8628): what stands between a consent and a grant.

Only `api.oauth` imports this module.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

import msgspec

from casectl.desk.server.grants import Family, digest_of, new_secret, revoke

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any, LiteralString

    from casectl.desk.server.access_steps import Step
    from casectl.desk.server.oauth_clients import Client

LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
"""Of user codes: no vowels, hence no words (RFC 8628, section 6.1)."""

LETTERS_OF_CODE = 8
"""34 bits, for ten minutes, with few guesses allowed."""

SLOWER = 5
"""Seconds that a device which asks too often must wait longer from then on (RFC 8628, section 3.5)."""

State = Literal["authorized", "authorization_pending", "slow_down", "expired_token", "access_denied"]


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """What a user agreed to: this client, sent to this address, with these scopes, and the PKCE challenge (S256)."""

    client_id: str
    redirect_uri: str
    challenge: str
    scopes: list[str] | None


class Code(msgspec.Struct, frozen=True, kw_only=True):
    """A code that was just used; `refused` says why it gives nothing."""

    challenge: str = ""
    redirect_uri: str = ""
    user_id: int | None = None
    scopes: list[str] | None = None
    refused: str = ""


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A device that waits for its approval; `tenant_id` 0 for the built-in client, whose approver brings the tenant."""

    tenant_id: int
    digest: bytes
    client_id: str
    scopes: list[str] | None


class Poll(msgspec.Struct, frozen=True, kw_only=True):
    """What a device is told; `user_id` and `tenant_id` when it is authorized. `state` None: no code of this client."""

    state: State | None = None
    tenant_id: int = 0
    user_id: int | None = None
    scopes: list[str] | None = None


def keep_code(step: Step, consent: Consent, code: str) -> None:
    """Let an authorization code stand for what the user of the step has agreed to."""
    step.run("DELETE FROM codes WHERE tenant_id = %s AND expires_at < now() - interval '1 hour'", (step.tenant_id,))
    step.run(
        "INSERT INTO codes (tenant_id, digest, client_id, user_id, redirect_uri, code_challenge, scopes, expires_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, now() + %s)",
        (step.tenant_id, digest_of(code), consent.client_id, step.actor, consent.redirect_uri, consent.challenge,
         consent.scopes, timedelta(seconds=step.seconds("code_ttl"))),
    )  # fmt: skip


def use_code(step: Step, client: Client, code: str) -> Code:
    """Use a code up, whatever comes of it; its tenant becomes the step's.

    A second use revokes what the first one gave (RFC 6749, section 4.1.2). Another client's attempt uses nothing up.
    """
    found = step.row("SELECT tenant_id FROM find_code(%s)", (digest_of(code),))
    if found is None:
        return Code(refused="unknown")
    step.enter(found[0])
    row = step.row(
        "SELECT client_id, user_id, redirect_uri, code_challenge, scopes, expires_at > now(), used_at, grant_id"
        " FROM codes WHERE tenant_id = %s AND digest = %s FOR UPDATE",
        (found[0], digest_of(code)),
    )
    if row is None:
        return Code(refused="unknown")
    if row[0] != client.client_id:
        return Code(user_id=row[1], refused="other client")
    if row[6] is not None:
        if row[7] is not None:
            family = Family(tenant_id=found[0], grant_id=row[7], user_id=row[1], client_id=row[0], scopes=row[4])
            revoke(step, family, "authorization code used again")
        return Code(user_id=row[1], refused="reuse")
    step.run("UPDATE codes SET used_at = now() WHERE tenant_id = %s AND digest = %s", (found[0], digest_of(code)))
    refused = "" if row[5] else "expired"
    return Code(challenge=row[3], redirect_uri=row[2], user_id=row[1], scopes=row[4], refused=refused)


def bind_code(step: Step, code: str, grant_id: int) -> None:
    """Remember what a code gave, for the case that it comes again."""
    step.run(
        "UPDATE codes SET grant_id = %s WHERE tenant_id = %s AND digest = %s",
        (grant_id, step.tenant_id, digest_of(code)),
    )


def new_device(step: Step, client: Client, scopes: list[str] | None) -> tuple[str, str]:
    """A device code and the code that its user types in; the step enters the client's tenant."""
    step.enter(client.tenant_id)
    step.run("DELETE FROM device_codes WHERE tenant_id = %s AND expires_at < now() - interval '1 hour'",
             (client.tenant_id,))  # fmt: skip
    device_code, user_code = new_secret("cd_"), _user_code()
    while find_device(step, user_code) is not None:
        user_code = _user_code()
    step.run(
        "INSERT INTO device_codes (tenant_id, digest, user_code, client_id, scopes, poll_seconds, expires_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, now() + %s)",
        (client.tenant_id, digest_of(device_code), user_code, client.client_id, scopes,
         round(step.seconds("device_poll")), timedelta(seconds=step.seconds("device_ttl"))),
    )  # fmt: skip
    return device_code, shown(user_code)


def _user_code() -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(LETTERS_OF_CODE))


def shown(user_code: str) -> str:
    """A user code as it is read aloud: `BCDF-GHJK`."""
    return f"{user_code[:4]}-{user_code[4:]}"


def typed(text: str) -> str:
    """A user code as it is kept, from what somebody typed; '' when it cannot be one."""
    letters = "".join(letter for letter in text[:40].upper() if letter not in " -_.")
    is_code = len(letters) == LETTERS_OF_CODE and all(letter in LETTERS for letter in letters)
    return letters if is_code else ""


def find_device(step: Step, user_code: str) -> Device | None:
    """The device that waits with this user code (as `typed` gives it)."""
    row = step.row("SELECT tenant_id, digest, client_id, scopes FROM find_user_code(%s)", (user_code,))
    if row is None:
        return None
    return Device(tenant_id=row[0], digest=bytes(row[1]), client_id=row[2], scopes=row[3])


_DECIDE: LiteralString = """
    UPDATE device_codes SET state = %s, approved_tenant = %s, user_id = %s, scopes = %s
    WHERE tenant_id = %s AND digest = %s AND state = 'pending' AND expires_at > now()
"""


def decide(step: Step, device: Device, user: tuple[int, int], scopes: list[str] | None, *, approve: bool) -> bool:
    """Approve or deny a device as `user` (tenant and id); False when it waits no more. The step is then his."""
    step.enter(device.tenant_id, user[1] if device.tenant_id else 0)
    state = "approved" if approve else "denied"
    done = step.run(_DECIDE, (state, user[0], user[1], scopes, device.tenant_id, device.digest))
    step.enter(*user)
    return done > 0


def poll(step: Step, client: Client, device_code: str) -> Poll:
    """What a device that asks is told. Its approval is given out once; the step is then in the approver's tenant."""
    found = step.row("SELECT tenant_id FROM find_device_code(%s)", (digest_of(device_code),))
    if found is None:
        return Poll()
    step.enter(found[0])
    row = step.row(
        "SELECT client_id, state, expires_at > now(), poll_seconds, polled_at, now(), approved_tenant, user_id, scopes"
        " FROM device_codes WHERE tenant_id = %s AND digest = %s FOR UPDATE",
        (found[0], digest_of(device_code)),
    )
    if row is None or row[0] != client.client_id or row[1] == "used":
        return Poll()
    if not row[2]:
        return Poll(state="expired_token")
    key = (found[0], digest_of(device_code))
    if row[1] == "pending":
        return Poll(state=_pace(step, key, row))
    step.run("UPDATE device_codes SET state = 'used' WHERE tenant_id = %s AND digest = %s", key)
    if row[1] == "denied":
        return Poll(state="access_denied", tenant_id=row[6], user_id=row[7])
    return Poll(state="authorized", tenant_id=row[6], user_id=row[7], scopes=row[8])


def _pace(step: Step, key: tuple[int, bytes], row: tuple[Any, ...]) -> State:
    polled: datetime | None = row[4]
    too_soon = polled is not None and (row[5] - polled).total_seconds() < row[3]
    step.run(
        "UPDATE device_codes SET polled_at = now(), poll_seconds = poll_seconds + %s"
        " WHERE tenant_id = %s AND digest = %s",
        (SLOWER if too_soon else 0, *key),
    )
    return "slow_down" if too_soon else "authorization_pending"
