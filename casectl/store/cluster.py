"""The embedded Postgres server of a desk on one machine: where it is, and how it is started and stopped.

For desk/ and the rest of store/. `Cluster.address` lies on the path of every command, so this module loads nothing
heavy; what starts a server is loaded when one must be started.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from casectl.store.cluster_layout import SUPERUSER, ClusterLayout
from casectl.store.postmaster_pid import read_postmaster_pid
from casectl.store.server_user import ServerUser, known_server_user, server_user

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from casectl.store.binaries import Binaries
    from casectl.store.cluster_status import ClusterStatus

SYSTEM_FOLDER = Path("/var/lib/casectl")
"""Where root keeps what the server user must reach, when the wished folder lies in root's closed home."""


_LONGEST_NAME = 200
"""Bytes; file systems allow 255."""


class Address(msgspec.Struct, frozen=True):
    """Where the server listens: the folder of its socket, and the port, which is part of the socket's name."""

    folder: str
    port: int

    def conninfo(self, role: str, database: str) -> dict[str, str]:
        """Give the connection parameters of libpq for `role` on `database`; the kernel proves who we are."""
        return {"host": self.folder, "port": str(self.port), "user": role, "dbname": database}

    def superuser(self, database: str = "postgres") -> dict[str, str]:
        """Give the connection parameters for bootstrap and repair; nothing serves with them."""
        return self.conninfo(SUPERUSER, database)


class Cluster:
    """One Postgres server with its data below the folder `root`.

    `db_user` is the operating-system user that runs the server when root asks for it; `settings` are further server
    settings (postgresql.conf), read at the next start. `system_folder` is where root keeps copies of the programs.
    """

    def __init__(
        self,
        root: Path,
        db_user: str | None = None,
        settings: Mapping[str, str] | None = None,
        *,
        system_folder: Path = SYSTEM_FOLDER,
    ) -> None:
        self.root = Path(os.path.abspath(root))  # noqa: PTH100 - no link is resolved: the path stays as people know it
        self.layout = ClusterLayout(self.root)
        self._db_user = db_user
        self._settings = dict(settings or {})
        self._system_folder = system_folder

    @classmethod
    def for_path(
        cls,
        wished: Path,
        db_user: str | None = None,
        settings: Mapping[str, str] | None = None,
        *,
        system_folder: Path = SYSTEM_FOLDER,
    ) -> Cluster:
        """Give the cluster for the data folder `wished`, or for its stand-in below `system_folder`.

        Root needs the stand-in where the unprivileged server user cannot enter `wished`; it is named after that path.
        Costs a few `stat` calls, and starts nothing. Raises UsageError for an unfit `db_user`.
        """
        root = Path(os.path.abspath(wished))  # noqa: PTH100
        if os.geteuid() == 0:
            root = _reachable_root(root, db_user, system_folder)
        return cls(root, db_user, settings, system_folder=system_folder)

    def address(self) -> Address | None:
        """Say where the server listens, by its pid file alone; None when it is not running.

        A server that was killed leaves its file behind: when connecting fails, call `ensure_running`.
        """
        found = read_postmaster_pid(str(self.layout.data))
        if found is None or not found.is_ready or not found.has_private_folder():
            return None
        return Address(found.folder, found.port)

    def ensure_running(self, report: Callable[[str], None]) -> Address:
        """Start the server (making the cluster at the first time) unless it answers, and wait until it does.

        `report` gets a sentence when that takes longer than 2 s, as a crash recovery does. Any number of commands
        may call this at once. Raises Unreachable when there can be no server: it says what, where, what to do.
        """
        from casectl.store import server_process, server_start

        address = self.address()
        if address is not None and server_process.welcomes(address.folder, address.port):
            return address
        user = self._server_user()
        self.layout.prepare(user)
        patience = server_start.Patience(report)
        found = server_start.ensure_running(
            server_start.Job(self.layout, user, self._binaries, self._settings, patience)
        )
        return Address(found.folder, found.port)

    def stop(self, mode: Literal["smart", "fast", "immediate"] = "fast") -> bool:
        """Stop the server and wait until it is gone; False when none was running.

        `fast` ends open transactions, `smart` waits for the sessions to end, `immediate` leaves a crash recovery to
        the next start ("Shutting Down the Server" in the Postgres manual).
        """
        from casectl.store import server_process, server_start

        if not server_process.is_alive(self.layout):
            return False
        user = self._server_user()
        with server_start.start_lock(self.layout, user, server_start.Patience(_nobody_listens)):
            found = read_postmaster_pid(str(self.layout.data))
            server_process.signal_server(self.layout, mode)
            server_process.wait_until_gone(self.layout)
            if found is not None:
                server_process.remove_socket_folder(found.folder, found.owner)
        return True

    def status(self) -> ClusterStatus:
        """Look at the server without touching it."""
        from casectl.store.cluster_status import status_of

        return status_of(self.layout)

    def binary(self, name: str) -> str:
        """Give the path of a Postgres program such as `psql` or `pg_dump`, to be run by the caller."""
        from casectl.store.binaries import wheel_binaries

        return wheel_binaries().path(name)

    def psql_argv(self, address: Address, role: str, database: str) -> list[str]:
        """Give the command line of an interactive psql as `role` on `database`."""
        place = ["--host", address.folder, "--port", str(address.port)]
        return [self.binary("psql"), *place, "--username", role, "--dbname", database]

    def _server_user(self) -> ServerUser:
        return server_user(self._db_user, self.layout.data_owner())

    def _binaries(self) -> Binaries:
        from casectl.store.binaries import binaries_for

        return binaries_for(self._server_user(), self._system_folder if os.geteuid() == 0 else self.root)


def _nobody_listens(_message: str) -> None:
    """Take the messages of a wait that nobody watches."""


def _reachable_root(wished: Path, db_user: str | None, system_folder: Path) -> Path:
    """Choose between the wished folder and its stand-in: the one that has data, else the one that can be reached."""
    if ClusterLayout(wished).is_initialised():
        return wished
    stand_in = system_folder / _stand_in_name(wished)
    if ClusterLayout(stand_in).is_initialised():
        return stand_in
    # The user that `useradd` would make has neither a group nor a file here yet, so only the others' bits count.
    user = known_server_user(db_user) or ServerUser("", -1, -1)
    there = next(step for step in (wished, *wished.parents) if step.exists())
    return wished if user.can_enter(there) else stand_in


def _stand_in_name(wished: Path) -> str:
    """Name the stand-in after the path, so that people see whose it is; a digest only where a name would be too long.

    (hashlib loads OpenSSL, which costs every command of a container milliseconds.)
    """
    name = "desk" + str(wished).replace("%", "%25").replace("-", "%2D").replace("/", "-")
    if len(os.fsencode(name)) <= _LONGEST_NAME:
        return name
    import hashlib

    return "desk." + hashlib.sha256(os.fsencode(wished)).hexdigest()[:32]
