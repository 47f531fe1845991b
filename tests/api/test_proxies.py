"""Who a request comes from: forwarded headers count from trusted proxies only, read from right to left."""

from __future__ import annotations

import asyncio
from ipaddress import ip_network
from typing import Any

import pytest

from casectl.api.proxies import TrustedProxies, network_of

TRUSTED = [ip_network(word) for word in ("10.0.0.0/8", "::1/128", "fd00::/8")]


def seen(peer: str, *headers: tuple[str, str], trusted: Any = TRUSTED) -> Any:
    """What the application sees of a request from `peer`: client, scheme, host, names of all headers."""
    found: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        found.update(scope)

    sent = [(b"host", b"inside"), *((name.lower().encode(), value.encode()) for name, value in headers)]
    scope = {"type": "http", "client": (peer, 5555), "scheme": "http", "headers": sent}
    asyncio.run(TrustedProxies(app, trusted)(scope, None, None))  # type: ignore[arg-type]
    hosts = [value.decode() for name, value in found["headers"] if name == b"host"]
    return found["client"][0], found["scheme"], hosts, [name for name, _ in found["headers"]]


FOR = [
    ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
    ("10.0.0.1", "1.2.3.4, 203.0.113.9", "203.0.113.9"),
    ("10.0.0.1", "1.2.3.4, 203.0.113.9, 10.2.2.2", "203.0.113.9"),
    ("10.0.0.1", "10.5.5.5", "10.5.5.5"),
    ("10.0.0.1", "2001:db8::7", "2001:db8::7"),
    ("::1", '"[2001:db8::7]:4711"', "2001:db8::7"),
    ("::1", "203.0.113.9:4711", "203.0.113.9"),
    ("::ffff:10.0.0.1", "::ffff:203.0.113.9", "203.0.113.9"),
    ("10.0.0.1", "203.0.113.9, nonsense, 10.2.2.2", "10.2.2.2"),
    ("10.0.0.1", "", "10.0.0.1"),
    ("10.0.0.1", "unknown", "10.0.0.1"),
    ("10.0.0.1", ",".join(["10.9.9.9"] * 5000), "10.9.9.9"),
    ("192.0.2.1", "203.0.113.9", "192.0.2.1"),
    ("2001:db8::1", "203.0.113.9", "2001:db8::1"),
]


@pytest.mark.parametrize(("peer", "told", "client"), FOR)
def test_the_client_behind_proxies(peer, told, client):
    assert seen(peer, ("X-Forwarded-For", told))[0] == client


def test_several_fields_are_one_list():
    assert seen("10.0.0.1", ("X-Forwarded-For", "1.1.1.1"), ("X-Forwarded-For", "2.2.2.2"))[0] == "2.2.2.2"


def test_scheme_and_host_of_a_trusted_proxy():
    told = (("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "desk.example.com"))
    assert seen("10.0.0.1", *told)[1:3] == ("https", ["desk.example.com"])
    assert seen("192.0.2.1", *told)[1:3] == ("http", ["inside"])


@pytest.mark.parametrize("host", ["a b", "evil/", "x" * 300, "", "a\x00b", "ü.example"])
def test_a_host_that_is_none_is_not_believed(host):
    assert seen("10.0.0.1", ("X-Forwarded-Host", host), ("X-Forwarded-Proto", "gopher"))[1:3] == ("http", ["inside"])


def test_nobody_behind_sees_forwarded_headers():
    told = [("X-Forwarded-For", "1.1.1.1"), ("Forwarded", "for=1.1.1.1"), ("X-Forwarded-Port", "1")]
    for peer in ("10.0.0.1", "192.0.2.1"):
        assert seen(peer, *told)[3] == [b"host"]


def test_nobody_is_trusted_unless_configured():
    assert seen("127.0.0.1", ("X-Forwarded-For", "203.0.113.9"), trusted=())[0] == "127.0.0.1"


@pytest.mark.parametrize(
    ("address", "network"),
    [("192.0.2.1", "192.0.2.1"), ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"), ("fe80::1%eth0", "fe80::/64"),
     ("testclient", "testclient"), (":nonsense", ":nonsense")],
)  # fmt: skip
def test_what_is_limited_as_one_address(address, network):
    assert network_of(address) == network
