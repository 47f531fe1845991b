"""Opens what a server listens at, and reads its certificate: whatever is wrong is told before anything is served.

Only casectl.api imports this module.
"""

from __future__ import annotations

import ctypes
import errno
import ipaddress
import logging
import os
import socket
import stat
import struct
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from casectl.errors import Failure, InvalidInput, Refusal, UsageError

if TYPE_CHECKING:
    import ssl

    from casectl.api.server_settings import Address, ServerSettings

log = logging.getLogger("casectl.api")

_QUEUE = 2048
"""Connections that may wait to be accepted."""

_SO_ATTACH_FILTER = 26
"""Of linux/asm-generic/socket.h, which Python's socket module does not name; socket(7) describes it."""


def listen_at(address: Address, setting: str) -> socket.socket:
    """A socket that listens at `address`, which `setting` named. Raises InvalidInput or Failure saying why not."""
    family, place = _resolved(address, setting)
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # asyncio sets it only on sockets made with their protocol's number; without it answers wait 40 ms for an ACK.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listening.bind(place)
        listening.listen(_QUEUE)
    except OSError as error:
        listening.close()
        raise _cannot_listen(address, setting, error) from error
    listening.setblocking(False)
    return listening


def _resolved(address: Address, setting: str) -> tuple[socket.AddressFamily, tuple[Any, ...]]:
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise InvalidInput(f"cannot listen at {address}: no such host", hint=f"{setting} names it") from error
    family, _, _, _, place = found[0]
    return family, place


def _cannot_listen(address: Address, setting: str, error: OSError) -> Failure:
    if error.errno == errno.EADDRINUSE:
        option = "--" + setting.partition(".")[2].replace("_", "-")
        return Failure(f"{address} is in use by another program", hint=f"choose another port with {option}")
    hints = {
        errno.EACCES: "ports below 1024 need a privilege; choose another or put a proxy before the server",
        errno.EADDRNOTAVAIL: "this machine has no such address",
    }
    return Failure(f"cannot listen at {address}: {error.strerror}", hint=hints.get(error.errno or 0, ""))


def let_nobody_begin(listening: socket.socket) -> None:
    """Ignore new connections at a socket that is about to be closed, in every process that holds it.

    The system resets connections that it has let in and nobody has accepted when the last process closes the socket,
    and no process can see that its queue stays empty. So those who knock from now on are not heard: they knock again
    after a second, at a closed door or at the server that took this one's place. Where the system is not Linux the
    queue is emptied and then closed, which leaves some microseconds in which a connection may be lost.
    """
    if sys.platform != "linux":
        return
    # Classic BPF over the TCP header: drop a segment whose flags (byte 13) have SYN (2), let any other pass.
    steps = ((0x30, 0, 0, 13), (0x45, 0, 1, 2), (0x06, 0, 0, 0), (0x06, 0, 0, 0xFFFFFFFF))
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    with suppress(OSError):  # a sandbox may forbid it
        listening.setsockopt(
            socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", len(steps), ctypes.addressof(program))
        )


def address_of(listening: socket.socket) -> Address:
    """Where a socket really listens: the port that the system chose in place of 0."""
    from casectl.api.server_settings import Address

    host, port = listening.getsockname()[:2]
    return Address(host, port)


def refuse_plain_http(settings: ServerSettings, listening: socket.socket) -> None:
    """Raises UsageError where passwords and tokens would cross a network unencrypted."""
    host = str(listening.getsockname()[0]).partition("%")[0]
    if settings.tls_cert or settings.behind_proxy or ipaddress.ip_address(host).is_loopback:
        return
    raise UsageError(
        f"refusing to serve plain http at {address_of(listening)}: tokens and passwords could be read on the way",
        hint="give --tls-cert and --tls-key, or --behind-proxy when a proxy ends TLS before the server",
    )


def tls_context(settings: ServerSettings) -> ssl.SSLContext | None:
    """The certificate, ready to be shown; None where none is configured. Raises UsageError or Failure."""
    if not settings.tls_cert and not settings.tls_key:
        return None
    if not settings.tls_cert or not settings.tls_key:
        raise UsageError("TLS needs both a certificate and its key", hint="--tls-cert FILE --tls-key FILE")
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    load_certificate(context, settings)
    return context


def load_certificate(context: ssl.SSLContext, settings: ServerSettings) -> None:
    """Read certificate and key, at the start and again when they were renewed. Raises Failure saying what is wrong."""
    import ssl

    for path in (settings.tls_cert, settings.tls_key):
        _require_readable(path)
    if os.stat(settings.tls_key).st_mode & stat.S_IROTH:  # noqa: PTH116 - a path as the configuration holds it
        raise Failure(f"everybody can read the private key {settings.tls_key}", hint=f"chmod o= '{settings.tls_key}'")
    try:
        context.load_cert_chain(settings.tls_cert, settings.tls_key, password=_no_password)
    except (ssl.SSLError, ValueError, OSError) as error:
        reason = getattr(error, "reason", None) or str(error)
        told = str(reason).replace("_", " ").lower()
        raise Failure(
            f"cannot use the certificate {settings.tls_cert} with the key {settings.tls_key}: {told}",
            hint="both are PEM, the key belongs to the certificate and has no pass phrase",
        ) from error


def renew_certificate(context: ssl.SSLContext, settings: ServerSettings) -> bool:
    """Read certificate and key again; False where that fails: the old ones stay in use, which the log tells."""
    try:
        load_certificate(context, settings)
    except Refusal as refusal:
        log.error("the old certificate stays in use: %s", refusal.message)  # noqa: TRY400 - it says all
        return False
    return True


def _no_password() -> str:
    raise ValueError("the key has a pass phrase")


def _require_readable(path: str) -> None:
    try:
        with open(path, "rb"):  # noqa: PTH123 - as above
            return
    except OSError as error:
        raise Failure(f"cannot read {path}: {error.strerror}", hint="check its path, owner and mode") from error
