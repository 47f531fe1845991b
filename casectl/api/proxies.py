"""Who a request comes from: the socket's peer, or what trusted proxies say. Only casectl.api imports this module.

X-Forwarded-For is read from right to left: every proxy appends whom it saw, so the first address from the right that
is no trusted proxy is the client; all that stands before it may be made up. Forwarded headers of others are removed,
so that nothing behind this can believe them.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import ASGIApp, Receive, Scope, Send

    from casectl.api.server_settings import Network

    Ip = IPv4Address | IPv6Address
    Headers = list[tuple[bytes, bytes]]

_FORWARDED = (b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-port", b"forwarded")
_MOST_HOPS = 20
_LONGEST_HOST = 255
_HOST = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]_")


class TrustedProxies:
    """Middleware that puts the true client, scheme and host into the scope."""

    def __init__(self, app: ASGIApp, trusted: Sequence[Network] = ()) -> None:
        self.app = app
        self._trusted = tuple(trusted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on as it was before it went through proxies."""
        if scope["type"] == "http":
            self._correct(scope)
        await self.app(scope, receive, send)

    def _correct(self, scope: Scope) -> None:
        headers: Headers = scope["headers"]
        peer = _peer(scope)
        if peer is not None and ":" in scope["client"][0]:
            scope["client"] = (str(peer), scope["client"][1])
        told = [(name, value) for name, value in headers if name in _FORWARDED]
        if not told:
            return
        scope["headers"] = [field for field in headers if field[0] not in _FORWARDED]
        if peer is not None and self._trusts(peer):
            scope["client"] = (str(self.client_behind(peer, _words(told, b"x-forwarded-for"))), 0)
            _believe_scheme_and_host(scope, told)

    def client_behind(self, peer: Ip, hops: Sequence[bytes]) -> Ip:
        """The first address from the right that is no trusted proxy; before what is malformed nothing is believed."""
        client = peer
        for word in reversed(hops[-_MOST_HOPS:]):
            found = _read_ip(word)
            if found is None:
                return client
            client = found
            if not self._trusts(client):
                return client
        return client

    def _trusts(self, address: Ip) -> bool:
        return any(address in network for network in self._trusted)


def _peer(scope: Scope) -> Ip | None:
    client = scope.get("client")
    return _read_ip(client[0].encode()) if client else None


@lru_cache(4096)
def _read_ip(word: bytes) -> Ip | None:
    """An address with or without port, brackets or zone; an IPv4 address inside IPv6 is told as what it is."""
    text = word.strip().strip(b'"').decode("latin-1")
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


def _words(told: Headers, name: bytes) -> list[bytes]:
    return [word for field, value in told if field == name for word in value.split(b",")]


def _believe_scheme_and_host(scope: Scope, told: Headers) -> None:
    """The nearest proxy's word is the last one."""
    scheme = [word.strip().lower() for word in _words(told, b"x-forwarded-proto")][-1:]
    if scheme and scheme[0] in (b"http", b"https"):
        scope["scheme"] = scheme[0].decode()
    host = [word.strip() for word in _words(told, b"x-forwarded-host")][-1:]
    if host and 0 < len(host[0]) <= _LONGEST_HOST and _HOST.issuperset(host[0]):
        rest = [field for field in scope["headers"] if field[0] != b"host"]
        scope["headers"] = [(b"host", host[0]), *rest]


def network_of(address: str) -> str:
    """What is limited as one address: an IPv6 client has a whole /64 to come from."""
    if ":" not in address:
        return address
    from ipaddress import ip_network

    try:
        return str(ip_network(f"{address.partition('%')[0]}/64", strict=False))
    except ValueError:
        return address
