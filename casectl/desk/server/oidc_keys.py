"""The public keys of an OpenID provider: found by discovery, fetched within bounds, kept, fetched anew when they turn.

Only `oidc` imports this module. Everything the provider says is taken for hostile until it is checked: size,
time, redirects and addresses are bounded here.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from casectl import typed
from casectl.errors import InvalidInput, Unreachable

if TYPE_CHECKING:
    from jwt import PyJWK

FETCH_SECONDS = 5.0
"""For one document, connecting included."""

LARGEST = 262_144
"""Bytes of a document."""

MOST_KEYS = 100
SHORTEST_RSA, LONGEST_RSA = 2048, 8192
"""Bits: shorter ones are broken, longer ones keep the server busy."""

FRESH_SECONDS = 600.0
"""After that the keys are fetched again, so that one withdrawn is not believed for longer."""

STALE_SECONDS = 86_400.0
"""That long the keys last fetched go on when the provider does not answer."""

UNKNOWN_SECONDS = 60.0
"""A key that is not known makes us ask at most that often."""

RETRY_SECONDS = 10.0
"""After a failure nobody waits for the provider again before that has passed."""

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_OK = 200


class Discovery(msgspec.Struct, frozen=True):
    """What is needed of OpenID Connect Discovery 1.0, section 3."""

    issuer: str
    jwks_uri: str


class KeySet(msgspec.Struct, frozen=True):
    """A JSON Web Key Set (RFC 7517, 5)."""

    keys: list[dict[str, Any]]


def check_address(url: str, what: str) -> str:
    """The address, when it is https, or http to this machine. Raises InvalidInput."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
    if not host or not is_safe or "@" in parts.netloc or parts.fragment:
        raise InvalidInput(f"{what} must be an https address, not {url}", hint="casectl config show names the setting")
    return url


class ProviderKeys:
    """The keys of one issuer by their ids."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._keys: dict[str, dict[str, Any]] = {}
        self._fetched = self._asked = self._failed = -STALE_SECONDS * 2
        self._lock = asyncio.Lock()

    async def find(self, kid: str | None, algorithm: str) -> PyJWK | None:
        """The key of this id for this algorithm; None when the provider has none. Raises Unreachable."""
        if time.monotonic() - self._fetched > FRESH_SECONDS:
            await self._refresh(FRESH_SECONDS)
        found = self._named(kid)
        if found is None and time.monotonic() - self._asked > UNKNOWN_SECONDS:
            await self._refresh(UNKNOWN_SECONDS)
            found = self._named(kid)
        return None if found is None else usable(found, algorithm)

    def _named(self, kid: str | None) -> dict[str, Any] | None:
        if kid is None:  # allowed where nothing can be confused
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(kid)

    async def _refresh(self, oldest: float) -> None:
        if self._keys and self._lock.locked():
            return  # somebody is asking; the keys of before will do
        async with self._lock:
            now = time.monotonic()
            if now - self._asked <= oldest and self._keys:
                return  # another request has just asked
            if now - self._failed <= RETRY_SECONDS:
                self._require_keys()
                return
            self._asked = now
            try:
                self._keys = await asyncio.wait_for(asyncio.to_thread(fetch_keys, self._issuer), 3 * FETCH_SECONDS)
                self._fetched = time.monotonic()
            except (Unreachable, TimeoutError) as error:
                self._failed = time.monotonic()
                self._require_keys(error)

    def _require_keys(self, error: BaseException | None = None) -> None:
        if not self._keys or time.monotonic() - self._fetched > STALE_SECONDS:
            raise Unreachable(
                f"the identity provider {self._issuer} does not give its keys", hint="try again in a moment"
            ) from error


def fetch_keys(issuer: str) -> dict[str, dict[str, Any]]:
    """The signing keys of an issuer by their ids. Raises Unreachable for whatever is wrong with what it says."""
    place = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    try:
        told = typed.decode(fetch(place), Discovery)
        if told.issuer != issuer:
            raise Unreachable(f"the identity provider at {issuer} calls itself something else")
        keys = typed.decode(fetch(check_address(told.jwks_uri, "jwks_uri")), KeySet).keys
    except (msgspec.MsgspecError, InvalidInput, RecursionError) as error:
        raise Unreachable(f"the identity provider {issuer} tells its keys in a way nobody understands") from error
    if len(keys) > MOST_KEYS:
        raise Unreachable(f"the identity provider {issuer} tells of {len(keys)} keys")
    signing = [key for key in keys if key.get("use", "sig") == "sig" and key.get("kty") in ("RSA", "EC", "OKP")]
    return {str(key.get("kid", "")): key for key in signing}


def fetch(url: str) -> bytes:
    """A document of at most LARGEST bytes within FETCH_SECONDS; no redirect is followed. Raises Unreachable."""
    import urllib3

    deadline = time.monotonic() + FETCH_SECONDS
    timeout = urllib3.Timeout(connect=FETCH_SECONDS, read=FETCH_SECONDS / 2)
    try:
        with (
            urllib3.PoolManager(num_pools=1) as pool,
            pool.request(
                "GET", url, timeout=timeout, retries=False, redirect=False, preload_content=False,
                headers={"Accept": "application/json", "User-Agent": "casectl"},
            ) as answer,
        ):  # fmt: skip
            if answer.status != _OK:
                raise Unreachable(f"{url} answers {answer.status}")
            return _bounded(answer, deadline, url)
    except urllib3.exceptions.HTTPError as error:
        raise Unreachable(f"{url} does not answer: {type(error).__name__}") from error


def _bounded(answer: Any, deadline: float, url: str) -> bytes:
    """The body, read in the parts in which it comes: one that trickles must not hold us beyond the deadline."""
    body = b""
    while True:
        part: bytes = answer.read1(65_536, decode_content=False)
        body += part
        if not part:
            return body
        if len(body) > LARGEST or time.monotonic() > deadline:
            raise Unreachable(f"{url} answers too much or too slowly")


def usable(told: dict[str, Any], algorithm: str) -> PyJWK | None:
    """The key for this algorithm, None when it is none for it or is too weak."""
    from jwt import PyJWK
    from jwt.exceptions import PyJWTError

    if told.get("alg", algorithm) != algorithm:
        return None
    try:
        key = PyJWK({name: value for name, value in told.items() if name != "alg"}, algorithm=algorithm)
    except (PyJWTError, ValueError, TypeError, KeyError, OverflowError):
        return None
    if told.get("kty") == "RSA" and not SHORTEST_RSA <= getattr(key.key, "key_size", 0) <= LONGEST_RSA:
        return None
    return key
