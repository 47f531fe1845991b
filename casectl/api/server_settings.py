"""The settings of `casectl serve`, read once from the configuration and checked together.

Only casectl.api imports this module.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TYPE_CHECKING

import msgspec

from casectl.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from casectl.config import Config

Network = IPv4Network | IPv6Network


class Address(msgspec.Struct, frozen=True):
    """Where a socket listens; port 0 lets the system choose."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """All of `server.*`. Times are seconds, sizes bytes, rates requests a second; a rate of None is no limit."""

    listen: Address
    metrics_listen: Address | None
    workers: int
    tls_cert: str
    tls_key: str
    behind_proxy: bool
    trusted_proxies: tuple[Network, ...]
    max_body: int
    max_header: int
    request_timeout: float
    pool_size: int
    shutdown_grace: float
    client_rate: int | None
    client_burst: int
    address_rate: int | None
    address_burst: int
    log_format: str


def server_settings(config: Config) -> ServerSettings:
    """Read `server.*`. Raises InvalidInput with every address or network that is none."""
    problems: list[Problem] = []
    listen = _address(config, "server.listen", problems)
    metrics = _address(config, "server.metrics_listen", problems) if config.text("server.metrics_listen") else None
    trusted = _networks(config, problems)
    if problems:
        raise InvalidInput(problems[0].message, hint=problems[0].hint, problems=problems)
    assert listen is not None
    return ServerSettings(
        listen=listen,
        metrics_listen=metrics,
        workers=config.number("server.workers") or 1,
        tls_cert=config.text("server.tls_cert"),
        tls_key=config.text("server.tls_key"),
        behind_proxy=config.flag("server.behind_proxy"),
        trusted_proxies=trusted,
        max_body=config.number("server.max_body") or 0,
        max_header=config.number("server.max_header") or 0,
        request_timeout=config.seconds("server.request_timeout") or 0,
        pool_size=config.number("server.pool_size") or 0,
        shutdown_grace=config.seconds("server.shutdown_grace") or 0,
        client_rate=config.number("server.client_rate"),
        client_burst=config.number("server.client_burst") or 0,
        address_rate=config.number("server.address_rate"),
        address_burst=config.number("server.address_burst") or 0,
        log_format=config.text("server.log_format"),
    )


def read_address(text: str) -> Address:
    """`127.0.0.1:8420`, `[::1]:8420` or `localhost:8420`. Raises ValueError for anything else."""
    host, colon, port = text.strip().rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if bracketed:
        host = host[1:-1]
    if not colon or not host or (":" in host) != bracketed or any(letter in host for letter in "[]/ @"):
        raise ValueError(text)
    if not (port.isascii() and port.isdigit()) or int(port) > 65535:  # noqa: PLR2004 - the largest port there is
        raise ValueError(text)
    return Address(host, int(port))


def _address(config: Config, name: str, problems: list[Problem]) -> Address | None:
    found = config.value(name)
    try:
        return read_address(str(found.value))
    except ValueError:
        pointer = "/" + name.replace(".", "/")
        message = f"{found.origin}: {str(found.value)!r} is no address to listen at"
        problems.append(Problem(message=message, pointer=pointer, hint="host:port, as 127.0.0.1:8420 or [::1]:8420"))
        return None


def _networks(config: Config, problems: list[Problem]) -> tuple[Network, ...]:
    found = config.value("server.trusted_proxies")
    networks: list[Network] = []
    for word in str(found.value or "").replace(",", " ").split():
        try:
            networks.append(ip_network(word, strict=False))
        except ValueError:
            message = f"{found.origin}: {word!r} is no network of trusted proxies"
            hint = "addresses or CIDRs, as 10.0.0.0/8 or ::1"
            problems.append(Problem(message=message, pointer="/server/trusted_proxies", hint=hint))
    return tuple(networks)
