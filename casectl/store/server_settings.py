"""The configuration files of the embedded server: settings and who may log in.

Used by store.server_start. They are written anew at each start, so that what an earlier version wrote never lingers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from casectl.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

PORT = 5432
"""Part of the socket's file name only: nothing listens on the network."""

SETTINGS: dict[str, str] = {
    "cluster_name": "casectl",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "jit": "off",
    "fsync": "on",
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "log_checkpoints": "off",
    # What people wrote into cases stays out of the log: no statements, no rows.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    # The progress of a crash recovery is shown to whoever waits for it.
    "log_startup_progress_interval": "1s",
}

SAFEGUARDS: tuple[str, ...] = (
    "listen_addresses=",
    "unix_socket_permissions=0700",
    f"port={PORT}",
)
"""Given on the command line, where no ALTER SYSTEM overrides them."""

LOGINS = """\
# Only through the socket, and only as operating-system users that pg_ident.conf names.
local all all peer map=casectl
"""

_NAME = re.compile(r"[a-z_]+(\.[a-z_]+)?")


def settings_file(extra: Mapping[str, str]) -> str:
    """Write the text of postgresql.conf; `extra` wins over our own. Raises UsageError for an impossible name."""
    return "".join(f"{_name(name)} = '{_quoted(value)}'\n" for name, value in {**SETTINGS, **extra}.items())


def identities_file(users: tuple[str, ...]) -> str:
    """Write the text of pg_ident.conf: these operating-system users may log in as any database role.

    `all` as the role needs Postgres 16 ("User Name Maps" in its manual).
    """
    return "".join(f'casectl "{_doubled(user)}" all\n' for user in users)


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise UsageError(f"'{name}' is no name of a server setting")
    return name


def _quoted(value: str) -> str:
    if any(ord(character) < ord(" ") for character in value):
        raise UsageError("a server setting holds a control character")
    return value.replace("\\", "\\\\").replace("'", "''")


def _doubled(user: str) -> str:
    return user.replace('"', '""')
