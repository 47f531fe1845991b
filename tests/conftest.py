"""One Postgres server for all tests, and a database of its own for every test that asks for one."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from copies import TEMPLATE, Database, copied, database_of
from hypothesis import HealthCheck, settings

from casectl.store import provision
from casectl.store.cluster import Cluster
from tests.store.chosen_server import server_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from casectl.store.cluster import Address

signal.signal(signal.SIGINT, signal.default_int_handler)
"""A shell starts background jobs with Ctrl-C ignored, and every command these tests start would inherit that."""

settings.register_profile("casectl", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("casectl")
"""A busy machine is no fault of an example, and two runs of the same code say the same."""

SETTINGS = {
    "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "64MB",
    "autovacuum": "off", "max_wal_size": "4GB",
}  # fmt: skip


SHARED_MEMORY = Path("/dev/shm")
ROOM = SHARED_MEMORY if SHARED_MEMORY.is_dir() and shutil.disk_usage(SHARED_MEMORY).free > 4 * 2**30 else Path("/tmp")
"""Where the server lies: in memory, where there is enough, a test's copy of a database costs half of what it costs on
a disk."""


LONGEST = ("test_older_postgres.py", "test_faults_import.py", "test_completion_shells.py", "test_readme.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest: one left for the end would keep a single worker busy."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Let the processes of a test marked `no_cover` go unmeasured as well: measuring doubles what a command costs."""
    taken = {}
    if item.get_closest_marker("no_cover"):
        taken = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("COVERAGE_PROCESS_")}
    try:
        return (yield)
    finally:
        os.environ.update(taken)


@pytest.fixture(scope="session")
def server() -> Iterator[Address]:
    """A server that need not survive a crash: the embedded one, or Debian's of the version that is asked for."""
    chosen = os.environ.get("CASECTL_TEST_POSTGRES", "")
    with server_of(chosen, SETTINGS) if chosen else embedded() as address:
        yield address


@contextmanager
def embedded() -> Iterator[Address]:
    """The embedded server, in a folder that the server's user can enter."""
    place = Path(tempfile.mkdtemp(prefix="casectl-tests-", dir=ROOM)).resolve()
    place.chmod(0o755)
    cluster = Cluster(place / "desk", settings=SETTINGS, system_folder=place / "system")
    try:
        yield cluster.ensure_running(lambda _: None)
    finally:
        cluster.stop("immediate")
        shutil.rmtree(place)


@pytest.fixture(scope="session")
def template_database(server: Address) -> Database:
    """The migrated database without rows; never connect to it while a test asks for a copy."""
    provision.provision(server.superuser(), TEMPLATE)
    made = database_of(server, TEMPLATE)
    provision.upgrade(made.owner, lambda _: None)
    return made


@pytest.fixture
def database(server: Address, template_database: Database) -> Iterator[Database]:
    """An empty desk of this test's own."""
    with copied(server, template_database.name) as made:
        yield made
