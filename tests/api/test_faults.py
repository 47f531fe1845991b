"""What holds when things break below or beside a server: its process, its Postgres, its pool, a pooler between them."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Self

import psycopg
import pytest

from casectl.desk.identity import Identity
from casectl.desk.local import LocalDesk
from casectl.desk.remote.desk import RemoteDesk, StaticToken
from casectl.desk.remote.exchange import Settings
from casectl.errors import Unreachable
from casectl.operations.create import Create
from casectl.operations.key_create import CreateKey
from casectl.operations.list import ListCases
from casectl.operations.update import Update
from casectl.store import provision
from tests.api.broken_line import BrokenLine
from tests.contract.conftest import prepare
from tests.serve_program import raw_exchange, until
from tests.store.own_servers import KEPT, ROOT, OwnServer, free_port, open_folder, pooled, program_folders, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.no_cover
"""What is run here many times is measured where it runs once."""

POOLER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin")


@pytest.fixture(scope="module")
def postgres() -> Iterator[OwnServer]:
    """A Postgres of this module's own with the tenants acme and globex: it will be restarted."""
    with open_folder("casectl-own-") as place, open_folder("casectl-copies-") as shelf:
        if os.geteuid() == 0:
            os.chown(shelf, 0, 0)  # what root copies must stay in root's hands
        server = OwnServer(program_folders(shelf)["wheel"], place)
        server.make()
        server.start()
        try:
            server.prepare()
            owner = psycopg.conninfo.conninfo_to_dict(server.url("casectl_owner"))
            provision.upgrade(owner, lambda _: None)
            prepare(owner)
            yield server
        finally:
            server.stop()


def key_of(postgres: OwnServer, login: str, tenant: str) -> str:
    """An API key of the user, made on the desk itself."""
    identity = Identity(tenant=tenant, login=login)
    with LocalDesk(lambda: psycopg.connect(postgres.url()), identity) as desk:
        return str(desk.perform(CreateKey(key=f"test {time.monotonic_ns()}")).secret)


def numbers_by_title(postgres: OwnServer, tenant: int = 1) -> dict[str, list[str]]:
    """Every case of the tenant."""
    found: dict[str, list[str]] = {}
    with psycopg.connect(postgres.url("postgres")) as root:
        for title, number in root.execute("SELECT title, number FROM desk.cases WHERE tenant_id = %s", (tenant,)):
            found.setdefault(title, []).append(number)
    return found


@contextlib.contextmanager
def serving(folder: Path, url: str, **environ: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """`casectl serve` as a process of its own; its port and the process, which is stopped at the end."""
    port = free_port()
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    given = {"HOME": str(folder), "PYTHONPATH": str(ROOT), "CASECTL_DATABASE_URL": url} | environ
    given |= {"CASECTL_SERVER_METRICS_LISTEN": "off"}
    argv = [sys.executable, "-m", "casectl", "serve", "--listen", f"127.0.0.1:{port}"]
    with (folder / f"serve-{port}.log").open("wb") as log:
        process = subprocess.Popen(argv, env=kept | given, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            wait_for(port)
            yield port, process
        finally:
            process.terminate()
            process.wait(20)


def desk_at(port: int, key: str, total: float = 90) -> RemoteDesk:
    return RemoteDesk(f"http://127.0.0.1:{port}", StaticToken(key), Settings(total=total))


def test_a_server_killed_between_commit_and_answer_makes_one_case(postgres: OwnServer, tmp_path: Path) -> None:
    key = key_of(postgres, "wanda", "acme")
    url = postgres.url()
    with serving(tmp_path, url) as (first, doomed), serving(tmp_path, url) as (second, _):
        line = BrokenLine([first, second])

        def kill(_: bytes) -> bool:
            doomed.send_signal(signal.SIGKILL)
            doomed.wait(10)
            return True

        with line, desk_at(line.port, key) as desk:
            desk.perform(ListCases())
            line.at_answer = kill
            made = desk.perform(Create(title="Made once"))
        assert doomed.returncode == -signal.SIGKILL
        assert line.cut == 1, "the answer was on its way when the server was killed"
    assert numbers_by_title(postgres)["Made once"] == [made.number]


def test_a_lost_answer_is_asked_for_again(postgres: OwnServer, tmp_path: Path) -> None:
    key = key_of(postgres, "wanda", "acme")
    with serving(tmp_path, postgres.url()) as (port, _), BrokenLine([port]) as line, desk_at(line.port, key) as desk:
        line.at_answer = lambda _: True
        made = desk.perform(Create(title="Answered at the second attempt"))
        line.at_answer = lambda _: True
        changed = desk.perform(Update(case=made.number, assignee="@me", add_tags=["vip"]))
    assert line.cut == 2
    assert changed.version == made.version + 1
    assert numbers_by_title(postgres)["Answered at the second attempt"] == [made.number]


class Callers:
    """Threads that make cases one after the other, and what became of each."""

    def __init__(self, port: int, key: str, how_many: int) -> None:
        self.acknowledged: dict[str, str] = {}
        self.refused: list[Exception] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._call, args=(port, key, n)) for n in range(how_many)]

    def _call(self, port: int, key: str, caller: int) -> None:
        with desk_at(port, key) as desk:
            count = 0
            while not self._stop.is_set():
                count += 1
                title = f"caller {caller} case {count}"
                try:
                    self.acknowledged[title] = desk.perform(Create(title=title)).number
                except Exception as error:  # noqa: BLE001 - the test looks at it
                    self.refused.append(error)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def wait_for_more(self, how_many: int) -> None:
        """Until so many more cases are acknowledged than now."""
        wanted, until = len(self.acknowledged) + how_many, time.monotonic() + 60
        while len(self.acknowledged) < wanted:
            assert time.monotonic() < until, f"no more answers: {self.refused[-1:]}"
            time.sleep(0.02)


def test_postgres_restarted_under_load_loses_no_acknowledged_write(postgres: OwnServer, tmp_path: Path) -> None:
    key = key_of(postgres, "wanda", "acme")
    with serving(tmp_path, postgres.url()) as (port, process), Callers(port, key, 4) as callers:
        for _ in range(2):
            callers.wait_for_more(20)
            postgres.stop()
            postgres.start()
        callers.wait_for_more(20)
        assert process.poll() is None
    there = numbers_by_title(postgres)
    assert {title: there.get(title) for title in callers.acknowledged} == {
        title: [number] for title, number in callers.acknowledged.items()
    }
    assert all(len(numbers) == 1 for title, numbers in there.items() if title.startswith("caller"))
    assert {type(error) for error in callers.refused} <= {Unreachable}, callers.refused


def waiting(postgres: OwnServer) -> int:
    """How many wait for a lock."""
    with psycopg.connect(postgres.url("postgres")) as root:
        row = root.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'").fetchone()
    return row[0] if row else 0


def asked_once(port: int, key: str) -> bytes:
    """The whole answer to one who lists cases and does not ask again."""
    head = f"GET /v1/cases/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\n"
    return raw_exchange(port, f"{head}Connection: close\r\n\r\n".encode(), 120)


def test_an_exhausted_pool_refuses_for_a_while_and_recovers(postgres: OwnServer, tmp_path: Path) -> None:
    keys = [key_of(postgres, "admin", tenant) for tenant in ("acme", "globex")]
    with serving(tmp_path, postgres.url(), CASECTL_SERVER_POOL_SIZE="3") as (port, _):
        desks = [desk_at(port, key) for key in keys for _ in range(3)]
        numbers = [desk.perform(Create(title="Held")).number for desk in desks]
        answers: list[Any] = []

        def rename(place: int) -> None:
            answers.append(desks[place].perform(Update(case=numbers[place], title="Let go")).title)

        threads = [threading.Thread(target=rename, args=(place,)) for place in range(len(desks))]
        with psycopg.connect(postgres.url("postgres")) as holder:
            holder.execute("SELECT FROM desk.cases WHERE title = 'Held' FOR UPDATE")
            for thread in threads:
                thread.start()
            until(lambda: waiting(postgres) > 0)  # at the only place that there is for verbs
            refused = asked_once(port, keys[0])
            holder.rollback()
        assert refused.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nretry-after: 1\r\n" in refused.lower()
        assert b"too busy" in refused
        for thread in threads:
            thread.join(90)
        assert answers == ["Let go"] * len(desks)
        for desk in desks:
            desk.close()


@pytest.mark.skipif(POOLER is None, reason="PgBouncer is not installed: apt-get install pgbouncer")
def test_two_tenants_share_a_connection_of_pgbouncer_and_see_their_own(postgres: OwnServer, tmp_path: Path) -> None:
    assert POOLER is not None
    keys = {tenant: key_of(postgres, "wanda", tenant) for tenant in ("acme", "globex")}
    seen: dict[str, set[str]] = {tenant: set() for tenant in keys}
    failed: list[Exception] = []
    with pooled(postgres, POOLER) as pooler:
        url = postgres.url().replace(f":{postgres.port}/", f":{pooler}/")
        with serving(tmp_path, url, CASECTL_DATABASE_PREPARE_THRESHOLD="none") as (port, _):

            def work(tenant: str) -> None:
                try:
                    with desk_at(port, keys[tenant]) as desk:
                        for count in range(15):
                            desk.perform(Create(title=f"{tenant} {count}", tags=["pooled"]))
                            page = desk.perform(ListCases(query=["tag:pooled"], limit=100))
                            seen[tenant] |= {case.title for case in page.items}
                except Exception as error:  # noqa: BLE001 - the test looks at it
                    failed.append(error)

            threads = [threading.Thread(target=work, args=(tenant,)) for tenant in keys for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
    assert failed == []
    assert seen == {tenant: {f"{tenant} {count}" for count in range(15)} for tenant in keys}
