"""Following events from a desk: remote over real HTTP with breaks in between, local by looking; nothing is lost."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from casectl.api.app import make_app
from casectl.desk.following import follow
from casectl.desk.identity import Identity
from casectl.desk.local import LocalDesk
from casectl.desk.remote.desk import RemoteDesk, StaticToken
from casectl.desk.remote.event_stream import pages
from casectl.errors import InvalidInput, NotLoggedIn, Unreachable
from casectl.operations.create import Create
from casectl.operations.events import Events
from tests.serve_program import until
from tests.served import config_of, issue_key
from tests.store.own_servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 20.0


class Follower:
    """Collects what a desk's `follow` gives, in a thread."""

    def __init__(self, told: Iterator[Any]) -> None:
        self.events: list[Any] = []
        self.pages = 0
        self.refusal: Exception | None = None
        self._told = told
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            for page in self._told:
                self.events += page.items
                self.pages += 1
        except Exception as error:  # noqa: BLE001 - the test looks at whatever it was
            self.refusal = error

    def begun(self) -> None:
        """When it has a place from which it goes on."""
        until(lambda: self.pages or self.refusal, PATIENCE)

    def wait(self, count: int) -> list[int]:
        """The ids of cases, when there are so many events."""
        end = time.monotonic() + PATIENCE
        while len(self.events) < count and self._thread.is_alive() and time.monotonic() < end:
            time.sleep(0.02)
        return [event.case.id for event in self.events]

    def end(self) -> Exception | None:
        """The refusal that ended it."""
        self._thread.join(PATIENCE)
        return self.refusal


def test_a_remote_follower_loses_nothing_when_the_server_goes_and_comes_back(
    serving: Any, served_database: Any
) -> None:
    token = issue_key(served_database, "admin")
    told: list[str] = []
    port = free_port()
    with serving.serve(make_app(config_of(served_database)), port) as served:
        desk = RemoteDesk(served.url, StaticToken(token), report=told.append)
        follower = Follower(desk.follow(Events(since="now")))
        writer = RemoteDesk(served.url, StaticToken(token))
        follower.begun()
        ids = [writer.perform(Create(title=f"case {number}")).id for number in range(3)]
        assert follower.wait(3) == ids, follower.refusal
        served.app.state.closing = threading.Event()
        served.app.state.closing.set()
    local = LocalDesk(lambda: psycopg.connect(**served_database.app), Identity(tenant="acme", login="admin"))
    with local:
        ids += [local.perform(Create(title=f"missed {number}")).id for number in range(3)]
    until(lambda: any("waiting" in line for line in told), PATIENCE)
    with serving.serve(make_app(config_of(served_database)), port) as served:
        writer = RemoteDesk(served.url, StaticToken(token))
        ids.append(writer.perform(Create(title="again")).id)
        assert follower.wait(7) == ids, follower.refusal
        with psycopg.connect(**served_database.superuser) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute("UPDATE desk.users SET is_active = false WHERE login = 'admin' AND tenant_id = 1")
        refusal = follower.end()
    assert isinstance(refusal, NotLoggedIn)


def test_what_waiting_cannot_cure_is_told_at_once(api: Any) -> None:
    desk = RemoteDesk(api.served.url, StaticToken(api.token))
    with pytest.raises(InvalidInput):
        next(desk.follow(Events(after="nonsense")))
    with pytest.raises(InvalidInput):
        next(desk.follow(Events(query=["colour:red"])))
    with pytest.raises(Unreachable):
        next(RemoteDesk("http://127.0.0.1:9", StaticToken(api.token)).follow(Events()))


def test_a_local_follower_looks_again_and_again(served_database: Any) -> None:
    def desk() -> LocalDesk:
        return LocalDesk(lambda: psycopg.connect(**served_database.app), Identity(tenant="acme", login="admin"))

    with desk() as following, desk() as writing:
        follower = Follower(follow(following, Events(since="now", limit=2), seconds=0.1))
        follower.begun()
        ids = [writing.perform(Create(title=f"case {number}")).id for number in range(5)]
        assert follower.wait(5) == ids
        assert follower.refusal is None
        with psycopg.connect(**served_database.superuser) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute("UPDATE desk.users SET is_active = false WHERE login = 'admin'")
            connection.execute("UPDATE desk.configuration_stamps SET stamp = stamp + 1")  # as the trigger would have
        assert isinstance(follower.end(), NotLoggedIn)


EVENT = (
    b'{"cursor":"c1","name":"case.created","at":"2026-11-23T10:00:00Z","actor":"a","operation":"create",'
    b'"request_id":"r","case":{"id":1,"number":"INC-1"},"object":"case","object_id":1}'
)


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_a_stream_is_read_however_it_is_cut(size: int) -> None:
    text = (
        b"retry: 2000\nid: c0\n\nid: c1\nevent: case.created\ndata: " + EVENT + b"\n\n: still here\nid: c1\n\n"
        b'event: error\ndata: {"code":"x"}\n\nid: c9\nevent: case.created\ndata: {"cut'
    )
    found = list(pages(text[start : start + size] for start in range(0, len(text), size)))
    assert [(page.next, [event.name for event in page.items]) for page in found] == [
        ("c0", []), ("c1", ["case.created"]), ("c1", []),
    ]  # fmt: skip
