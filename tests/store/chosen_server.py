"""The Postgres that all tests share, where another than the embedded one is asked for by its version."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from casectl.store.cluster import Address
from tests.store.own_servers import OwnServer, open_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class SocketServer(OwnServer):
    """A server that listens at a socket alone and believes whoever comes to it, as tests' own users do."""

    def __init__(self, programs: Path, place: Path, settings: Mapping[str, str]) -> None:
        super().__init__(programs, place)
        self._settings = settings

    def make(self) -> None:
        """A cluster as the embedded one is, in its words for Postgres 15."""
        self._run(
            "initdb", "-D", f"{self.place}/data", "-U", "postgres", "--auth=trust", "--no-sync", "--encoding=UTF8",
            "--locale=C.UTF-8",
        )  # fmt: skip

    def start(self) -> None:
        """Start and wait until it answers."""
        own = {"port": str(self.port), "listen_addresses": "", "unix_socket_directories": str(self.place)}
        words = " ".join(f"-c {name}='{value}'" for name, value in {**self._settings, **own, "timezone": "UTC"}.items())
        self._run("pg_ctl", "-D", f"{self.place}/data", "-l", f"{self.place}/log", "-w", "-o", words, "start")


@contextmanager
def server_of(version: str, settings: Mapping[str, str]) -> Iterator[Address]:
    """A server of Debian's Postgres `version`; where it is not installed the tests are skipped."""
    with open_folder("casectl-chosen-") as place:
        programs = Path("/usr/lib/postgresql", version, "bin")
        if not programs.is_dir():
            pytest.skip(f"Postgres {version} is not installed: apt-get install postgresql-{version}")
        made = SocketServer(programs, place, settings)
        made.make()
        made.start()
        try:
            yield Address(str(place), made.port)
        finally:
            made.stop()
