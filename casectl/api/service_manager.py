"""Tells a service manager (systemd) that the server is ready, alive or stopping. Only casectl.api imports this module.

The protocol is sd_notify(3): datagrams of `NAME=value` lines to the socket in $NOTIFY_SOCKET.
"""

from __future__ import annotations

import os
import socket


def notify(state: str) -> bool:
    """Send `state` (`READY=1`, `STOPPING=1`, `WATCHDOG=1`); False where nobody wants to know."""
    place = os.environ.get("NOTIFY_SOCKET", "")
    if not place.startswith(("/", "@")):
        return False
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as manager:
            manager.connect("\0" + place[1:] if place[0] == "@" else place)
            manager.sendall(state.encode())
    except OSError:
        return False
    return True
