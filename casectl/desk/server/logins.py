"""People who log in with a password, and the browsers they did it in.

An attempt is counted before it is judged, by account and by address, and waits ever longer; both are kept in Postgres,
for all servers. Whether there is such a person shows neither in the answer nor in its time. Only `api.oauth` imports
this module.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from casectl.desk.server.grants import digest_of, signing_key
from casectl.store import password_hashes

if TYPE_CHECKING:
    from typing import Any, LiteralString

    from casectl.desk.server.access_steps import Origin, Step, Steps

FREE_BY_ACCOUNT, FREE_BY_ADDRESS, FREE_CODES = 5, 30, 5
"""So many failures in a row are the last before a delay."""

LONGEST_DELAY = 300
"""Seconds; longer, and anybody could lock others out for good."""

_WAIT: LiteralString = """
    SELECT coalesce(max(extract(epoch FROM d.blocked_until - clock_timestamp())), 0)::float8 FROM (
        SELECT blocked_until FROM login_delays WHERE tenant_id = %s AND subject = ANY (%s) ORDER BY subject FOR UPDATE
    ) d
"""

_COUNT: LiteralString = """
    INSERT INTO login_delays AS d (tenant_id, subject, failures, attempted_at, blocked_until)
    VALUES (%s, %s, 1, clock_timestamp(), clock_timestamp())
    ON CONFLICT (tenant_id, subject) DO UPDATE SET
        failures = CASE WHEN d.attempted_at < excluded.attempted_at - interval '1 hour' THEN 1 ELSE d.failures + 1 END,
        attempted_at = excluded.attempted_at,
        blocked_until = excluded.attempted_at + CASE
            WHEN d.attempted_at < excluded.attempted_at - interval '1 hour' OR d.failures + 1 < %s THEN interval '0'
            ELSE make_interval(secs => least(%s, power(2, least(d.failures + 1 - %s, 20)))) END
"""
"""The delay begins at the attempt: one reading of the clock, so that it is as long as it says."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is logged in."""

    tenant_id: int
    tenant: str
    user_id: int
    login: str
    name: str


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """What an attempt came to: a session's cookie, or how many seconds to wait before the next (0: try again).

    `known` is what the browser brings along next time, to be no stranger to this account.
    """

    cookie: str = ""
    wait: float = 0.0
    known: str = ""


class Try(msgspec.Struct, frozen=True, kw_only=True):
    """Login and password as they were typed in, the client they are for, and what the browser is known by."""

    tenant: str
    login: str
    password: str
    client_id: str | None = None
    known: str = ""


class Passwords:
    """Judges passwords, and knows a hash to judge where there is none."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._cost = password_hashes.cost_of(steps.config)
        self._nobodys = password_hashes.make_hash(secrets.token_urlsafe(), self._cost)

    def log_in(self, origin: Origin, given: Try) -> Attempt:
        """Judge a password and begin a session; what is refused is recorded."""
        told: dict[str, Any] = {"client_id": given.client_id, "user_id": None}
        with self._steps.step("login", origin) as step:
            found = _find(step, given.tenant, given.login)
            tenant_id, told["user_id"] = (found[0], found[2]) if found else (0, None)
            step.enter(tenant_id)
            subjects = _subjects(step, found, given, origin)
            wait = _count(step, subjects, (FREE_BY_ACCOUNT, FREE_BY_ADDRESS))
            if wait > 0:
                step.event("login", "refused", "throttled", **told)
                return Attempt(wait=wait)
        hashed = found[3] if found else None
        is_right = password_hashes.verify(hashed or self._nobodys, given.password) and hashed is not None
        with self._steps.step("login", origin) as step:
            if found is None or not is_right:
                step.enter(tenant_id)
                step.event("login", "refused", "wrong password" if hashed else "no such user or no password", **told)
                return Attempt()
            step.enter(found[0], found[2])
            _forgive(step, subjects)
            self._renew(step, hashed or "", given.password)
            step.event("login", "done", **told)
            is_known = _is_known(step, found, given.known)
            return Attempt(
                cookie=_begin_session(step, found[2]), known=given.known if is_known else _known(step, found)
            )

    def _renew(self, step: Step, hashed: str, password: str) -> None:
        """Hash the password anew where the configuration's cost has changed."""
        if password_hashes.is_outdated(hashed, self._cost):
            step.run(
                "UPDATE passwords SET hash = %s, changed_by = %s, changed_at = now()"
                " WHERE tenant_id = %s AND user_id = %s",
                (password_hashes.make_hash(password, self._cost), step.actor, step.tenant_id, step.actor),
            )


def _find(step: Step, tenant: str, login: str) -> tuple[Any, ...] | None:
    """Tenant, its name, user and hash; the last two None where there is no such user or password."""
    if "\0" in tenant or "\0" in login or len(tenant) > 200 or len(login) > 200:  # noqa: PLR2004 - no name is longer
        return None
    return step.row("SELECT tenant_id, tenant, user_id, hash FROM find_login(%s, %s)", (tenant, login))


def _subjects(step: Step, found: tuple[Any, ...] | None, given: Try, origin: Origin) -> list[bytes]:
    """What an attempt counts against: the account and the address.

    The account's number, since a login can be written in several ways (`ADMİN` is `admin`). A browser in which its
    owner has logged in before counts for itself: strangers who fail on purpose, from whatever address, must not keep
    him out.
    """
    address = _subject("address", _network(origin.address))
    if found is None or found[2] is None:
        return [_subject("account", given.login.lower()), address]
    if _is_known(step, found, given.known):
        return [_subject("browser", given.known), _subject("browser's address", given.known)]
    return [_subject("user", str(found[2])), address]


def _known(step: Step, found: tuple[Any, ...], nonce: str = "") -> str:
    """What shows that somebody logged in to this account in this browser; it opens nothing by itself."""
    word = nonce or secrets.token_urlsafe(16)
    told = f"known:{found[0]}:{found[2]}:{word}".encode("utf-8", "surrogatepass")
    return f"{word}.{hmac.new(signing_key(step), told, hashlib.sha256).hexdigest()}"


def _is_known(step: Step, found: tuple[Any, ...], known: str) -> bool:
    nonce = known.partition(".")[0]
    return bool(nonce) and hmac.compare_digest(known.encode(), _known(step, found, nonce).encode())


def _subject(kind: str, text: str) -> bytes:
    return hashlib.sha256(f"{kind}:{text}".encode("utf-8", "surrogatepass")).digest()


def _network(address: str) -> str:
    """What one person may well have to himself: an IPv4 address, or the 64 bits before an IPv6 interface."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.version == 4:  # noqa: PLR2004 - the protocol's number
        return str(parsed)
    mapped = parsed.ipv4_mapped
    return str(mapped or ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))


def _count(step: Step, subjects: list[bytes], free: tuple[int, ...]) -> float:
    """Count an attempt as failed, until it proves otherwise; seconds to wait when it must not be made at all."""
    wait = float(step.rows(_WAIT, (step.tenant_id, subjects))[0][0])
    if wait > 0:
        return wait
    for subject, allowed in sorted(zip(subjects, free, strict=True)):
        step.run(_COUNT, (step.tenant_id, subject, allowed, LONGEST_DELAY, allowed))
    step.run("DELETE FROM login_delays WHERE ctid = ANY (ARRAY(SELECT ctid FROM login_delays WHERE tenant_id = %s"
             " AND attempted_at < now() - interval '1 day' LIMIT 20))", (step.tenant_id,))  # fmt: skip
    return 0.0


def _forgive(step: Step, subjects: list[bytes]) -> None:
    """Forget the failures of an account whose password was right; the address is spared this attempt only."""
    step.run("DELETE FROM login_delays WHERE tenant_id = %s AND subject = %s", (step.tenant_id, subjects[0]))
    step.run(
        "UPDATE login_delays SET failures = greatest(failures - 1, 0), blocked_until = clock_timestamp()"
        " WHERE tenant_id = %s AND subject = %s",
        (step.tenant_id, subjects[1]),
    )


def count_guess(step: Step, person: Person) -> float:
    """Count a user code that no device waits with; seconds to wait when there were too many."""
    return _count(step, [_subject("device", str(person.user_id))], (FREE_CODES,))


def may_guess(step: Step, person: Person) -> float:
    """Seconds until this person may try another user code."""
    subjects = [_subject("device", str(person.user_id))]
    return float(step.rows(_WAIT, (person.tenant_id, subjects))[0][0])


def _begin_session(step: Step, user_id: int) -> str:
    cookie = secrets.token_urlsafe(32)
    step.run("DELETE FROM login_sessions WHERE tenant_id = %s AND expires_at < now()", (step.tenant_id,))
    step.run(
        "INSERT INTO login_sessions (tenant_id, digest, user_id, expires_at) VALUES (%s, %s, %s, now() + %s)",
        (step.tenant_id, digest_of(cookie), user_id, timedelta(seconds=step.seconds("browser_session"))),
    )
    return cookie


def who_is(step: Step, cookie: str) -> Person | None:
    """Who is logged in with this cookie; the step then is his."""
    row = step.row(
        "SELECT tenant_id, tenant, user_id, login, name FROM find_login_session(%s)", (digest_of(cookie),)
    ) if cookie else None  # fmt: skip
    if row is None:
        return None
    step.enter(row[0], row[2])
    return Person(tenant_id=row[0], tenant=row[1], user_id=row[2], login=row[3], name=row[4])


def end_session(step: Step, cookie: str) -> None:
    """Log a browser out."""
    person = who_is(step, cookie)
    if person is not None:
        step.run("DELETE FROM login_sessions WHERE tenant_id = %s AND digest = %s",
                 (person.tenant_id, digest_of(cookie)))  # fmt: skip
        step.event("logout", "done", user_id=person.user_id)


def only_tenant(step: Step) -> str:
    """The tenant's name where there is no other, else ''."""
    return step.rows("SELECT coalesce(only_tenant(), '')")[0][0]  # type: ignore[no-any-return]
