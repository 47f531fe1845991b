"""Live events over real HTTP: resumable, filtered by rights at every step, ended when they should end."""

from __future__ import annotations

import http.client
import json
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from casectl.api import events
from casectl.api.events import PER_USER
from tests.serve_program import until

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 15


class Listener:
    """A client of server-sent events that reads line by line."""

    def __init__(self, api: Any, target: str = "/v1/events/", **headers: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", api.served.port, timeout=PATIENCE)
        told = {"Authorization": f"Bearer {api.token}", "Accept": "text/event-stream", **headers}
        self._connection.request("GET", target, headers=told)
        self.answer = self._connection.getresponse()
        self.last_id = ""

    def block(self) -> dict[str, str]:
        """The next block of lines, by field; {} at the end of the stream."""
        found: dict[str, str] = {}
        while line := self.answer.readline():
            text = line.decode().rstrip("\n")
            if not text:
                return found
            name, _, value = text.partition(":")
            found[name or "comment"] = value.strip()
            self.last_id = found.get("id", self.last_id)
        return {}

    def event(self) -> Any:
        """The next event's data; None at the end."""
        while block := self.block():
            if "data" in block:
                return json.loads(block["data"]) | {"event": block.get("event")}
        return None

    def events(self, count: int) -> list[Any]:
        """So many events."""
        return [self.event() for _ in range(count)]

    def close(self) -> None:
        """Go away."""
        self.answer.close()
        self._connection.close()


@contextmanager
def listening(api: Any, target: str = "/v1/events/", **headers: str) -> Iterator[Listener]:
    listener = Listener(api, target, **headers)
    try:
        yield listener
    finally:
        listener.close()


@pytest.fixture
def no_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """No stream looks by itself, without being told of news: not before this client's patience ends."""
    monkeypatch.setattr(events, "LOOK", 4 * PATIENCE)


@pytest.mark.usefixtures("no_looks")
def test_events_come_as_they_happen(api: Any) -> None:
    api.create(title="before")
    with listening(api) as stream:
        assert stream.answer.status == 200
        assert stream.answer.getheader("content-type") == "text/event-stream; charset=utf-8"
        first = stream.block()
        assert first["retry"] == "2000"
        case = api.create(title="<b>title</b>", description="line\nbreak\r\n\r\nid: 1 \u2028 end")
        event = stream.event()
        assert (event["event"], event["name"]) == ("case.created", "case.created")
        assert event["case"]["number"] == case["number"]
        assert event["cursor"] == stream.last_id
        api("POST", f"/v1/cases/{case['number']}/notes/", {"content": "hello"})
        assert [one["name"] for one in stream.events(2)] == ["note.added", "case.updated"]


def test_who_comes_back_misses_nothing_and_sees_nothing_twice(api: Any) -> None:
    with listening(api) as stream:
        stream.block()
        first = api.create(title="first")
        assert stream.event()["case"]["id"] == first["id"]
        seen = stream.last_id
    missed = [api.create(title=f"missed {number}")["id"] for number in range(3)]
    with listening(api, **{"Last-Event-ID": seen}) as stream:
        assert [one["case"]["id"] for one in stream.events(3)] == missed
        place = stream.last_id
    with listening(api, f"/v1/events/?after={seen}&limit=1") as stream:
        assert [one["case"]["id"] for one in stream.events(3)] == missed
        assert stream.last_id == place


def test_a_place_from_elsewhere_is_refused_before_the_stream(api: Any, served_database: Any) -> None:
    answer = api("GET", "/v1/events/", Accept="text/event-stream", Last_Event_ID="nonsense")
    assert (answer.status, answer.json["problems"][0]["code"]) == (422, "bad_cursor")
    place = api("GET", "/v1/events/").json["next"]
    other = api.as_user("admin", 2)
    assert other("GET", f"/v1/events/?after={place}").status == 422
    with psycopg.connect(**served_database.owner) as owner:
        owner.execute("SELECT desk.begin_event_epoch()")
    answer = api("GET", "/v1/events/", Accept="text/event-stream", Last_Event_ID=place)
    assert (answer.status, answer.json["code"]) == (410, "gone")


def test_a_reporter_s_stream_tells_nothing_of_others(api: Any) -> None:
    rita = api.as_user("rita")
    with listening(rita) as stream:
        stream.block()
        other = api.create(title="not hers", contact="boss@example.com")
        own = api.create(title="hers", contact="rita@acme.example.com")
        notes = f"/v1/cases/{own['number']}/notes/"
        api("POST", notes, {"content": "kumquat", "is_internal": True})
        api("POST", notes, {"content": "hello"})
        told = stream.events(3)
    assert {one["case"]["id"] for one in told} == {own["id"]}
    assert other["number"] not in json.dumps(told)
    assert "kumquat" not in json.dumps(told)
    assert "hello" in json.dumps(told)


def test_the_other_tenant_hears_nothing(api: Any) -> None:
    with listening(api.as_user("admin", 2)) as stream:
        stream.block()
        api.create(title="of acme")
        own = api.as_user("admin", 2).create(title="of globex")
        assert stream.event()["case"]["id"] == own["id"]
        assert own["title"] == "of globex"


def test_a_query_picks_events(api: Any) -> None:
    with listening(api, "/v1/events/?query=team:l2") as stream:
        stream.block()
        api.create(title="one", team="l1")
        wanted = api.create(title="other", team="l2")
        assert stream.event()["case"]["id"] == wanted["id"]


@pytest.mark.parametrize("how", ["revoked", "deactivated"])
def test_a_token_that_is_no_longer_good_ends_the_stream(api: Any, served_database: Any, how: str) -> None:
    wanda = api.as_user("wanda")
    with listening(wanda) as stream:
        stream.block()
        with psycopg.connect(**served_database.superuser) as connection:
            connection.execute("SET search_path = desk")
            connection.execute("SET session_replication_role = replica")
            if how == "revoked":
                connection.execute("UPDATE api_keys SET revoked_at = now()")
                connection.execute("NOTIFY casectl_revoked")
            else:
                connection.execute("UPDATE users SET is_active = false WHERE login = 'wanda' AND tenant_id = 1")
        began = time.monotonic()
        block = stream.block()
        while block and block.get("event") != "error":
            block = stream.block()
        assert block["event"] == "error"
        assert json.loads(block["data"])["code"] == "not_logged_in"
        assert time.monotonic() - began < 20  # it looks every five seconds
        assert stream.block() == {}


def test_many_streams_share_one_watching_connection(api: Any) -> None:
    streams = [Listener(api) for _ in range(5)]
    try:
        for stream in streams:
            stream.block()
        case = api.create(title="for all")
        assert {stream.event()["case"]["id"] for stream in streams} == {case["id"]}
        with psycopg.connect(**api.database.superuser, autocommit=True) as connection:
            until(lambda: watching(connection) > 0)
            assert watching(connection) == 1
    finally:
        for stream in streams:
            stream.close()


def watching(connection: psycopg.Connection[Any]) -> int:
    """How many connections of this database look where the events end."""
    row = connection.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND query ~ 'event_ends' AND pid <> pg_backend_pid()"
    ).fetchone()
    return row[0] if row else 0


def test_one_client_has_a_bounded_number_of_streams(api: Any) -> None:
    streams = [Listener(api) for _ in range(PER_USER)]
    try:
        for stream in streams:
            assert stream.answer.status == 200
        refused = Listener(api)
        assert refused.answer.status == 429
        refused.close()
        streams.pop().close()
        until(lambda: streams.append(Listener(api)) or streams[-1].answer.status == 200)
    finally:
        for stream in streams:
            stream.close()


@pytest.mark.usefixtures("no_looks")
def test_streams_end_when_the_server_is_about_to_end(api: Any) -> None:
    with listening(api) as stream:
        stream.block()
        api.served.app.state.closing = threading.Event()
        api.served.app.state.closing.set()
        assert stream.block() == {}


def test_without_asking_for_a_stream_events_are_a_page(api: Any) -> None:
    place = api("GET", "/v1/events/").json["next"]
    cases = [api.create(title=f"case {number}")["id"] for number in range(3)]
    page = api("GET", f"/v1/events/?after={place}&limit=2").json
    assert [one["case"]["id"] for one in page["items"]] == cases[:2]
    assert page["more"]
    assert [one["case"]["id"] for one in api("GET", f"/v1/events/?after={page['next']}").json["items"]] == cases[2:]
