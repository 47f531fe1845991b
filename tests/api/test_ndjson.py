"""JSON lines out and in: all pages, constant memory, one transaction to a batch, an error as the last line."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from collections.abc import Iterable

LINES = "application/x-ndjson"


def lines(answer: Any) -> list[Any]:
    assert answer.headers["content-type"] == LINES
    return [json.loads(line) for line in answer.body.splitlines()]


def record(number: int, **more: Any) -> dict[str, Any]:
    told = {"line": number, "line_key": f"k{number}", "external_id": f"X{number}", "title": f"case {number}",
            "type": "incident",
            "at": "2024-01-02T03:04:05Z", "by": "wanda", **more}  # fmt: skip
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).digest()
    return told | {"digest": base64.b64encode(digest).decode()}


def as_lines(records: Iterable[Any]) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in records)


def imported(api: Any, body: bytes, query: str = "source=s&run_id=r&mode=case", **headers: str) -> Any:
    return api("POST", f"/v1/imports/?{query}", body, **{"Content-Type": LINES, **headers})


def test_all_pages_come_as_lines(api: Any) -> None:
    numbers = [api.create(title=f"case {number}", team="l1")["number"] for number in range(7)]
    api.create(title="elsewhere", team="l2")
    found = lines(api("GET", "/v1/cases/?query=team:l1&sort=id&limit=2", Accept=LINES))
    assert [case["number"] for case in found] == numbers
    assert found[0] == api("GET", "/v1/cases/?query=team:l1&sort=id&limit=1").json["items"][0]
    assert [case["number"] for case in lines(api("GET", "/v1/search/?query=elsewhere", Accept=LINES))]
    assert lines(api("GET", "/v1/cases/?query=team:l1+tag:none+priority:critical", Accept=LINES)) == []


def test_more_than_a_page_of_lines(api: Any) -> None:
    answer = imported(api, as_lines(record(number) for number in range(1, 1204)))
    assert [one["created"] for one in lines(answer)] == [1000, 203]
    found = lines(api("GET", "/v1/cases/?query=is:all", Accept=LINES))
    assert len({case["number"] for case in found}) == len(found) == 1203


def test_events_come_as_lines_up_to_now(api: Any) -> None:
    place = api("GET", "/v1/events/").json["next"]
    ids = [api.create(title=f"case {number}")["id"] for number in range(4)]
    found = lines(api("GET", f"/v1/events/?after={place}&limit=1", Accept=LINES))
    assert [event["case"]["id"] for event in found] == ids
    assert lines(api("GET", f"/v1/events/?after={found[-1]['cursor']}", Accept=LINES)) == []


def test_refusals_before_the_first_line_are_problems(api: Any) -> None:
    refused = api("GET", "/v1/cases/?query=colour:red", Accept=LINES)
    assert (refused.status, refused.headers["content-type"]) == (422, "application/problem+json")
    assert api.served.ask("GET", "/v1/cases/", headers={"Accept": LINES}).status == 401
    refused = imported(api, b"{}\n", "source=s&colour=red")
    assert refused.status == 422
    assert imported(api.as_user("rita"), as_lines([record(1)])).status == 403


def test_an_error_on_the_way_is_the_last_line(api: Any) -> None:
    body = as_lines(record(number) for number in range(1, 1002)) + b'{"line": broken\n'
    first, last = lines(imported(api, body))
    assert first["created"] == 1000
    assert last["error"]["code"] == "usage"
    again = lines(imported(api, as_lines(record(number) for number in range(1, 1002))))
    assert [(one["created"], one["seen"]) for one in again] == [(1000, 0), (1, 0)]  # the first batch by its key
    renamed = lines(imported(api, as_lines(record(number) for number in range(1, 1002)), "source=s&run_id=2&mode=case"))
    assert [(one["created"], one["seen"]) for one in renamed] == [(0, 1000), (0, 1)]


def test_what_was_not_imported_is_told_by_line(api: Any) -> None:
    found = lines(imported(api, as_lines([record(1), record(2, priority="huge"), record(3)])))
    assert [(one["created"], one["refused"]) for one in found] == [(2, 1)]
    assert [(one["line"], one["result"]) for one in found[0]["outcomes"]] == [(2, "refused")]


def test_a_dry_run_writes_nothing(api: Any) -> None:
    found = lines(imported(api, as_lines([record(1)]), Casectl_Dry_Run="true"))
    assert found[0]["created"] == 1
    assert lines(api("GET", "/v1/cases/?query=is:all", Accept=LINES)) == []


def test_an_endless_line_is_refused(api: Any) -> None:
    answer = imported(api, b'{"title": "' + b"x" * 3_000_000)
    assert (answer.status, answer.json["code"]) == (413, "too_large")


def test_lines_are_written_while_the_body_still_comes(api: Any) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", api.served.port, timeout=60)
    connection.putrequest("POST", "/v1/imports/?source=s&run_id=r&mode=case")
    for name, value in (("Authorization", f"Bearer {api.token}"), ("Content-Type", LINES),
                        ("Transfer-Encoding", "chunked")):  # fmt: skip
        connection.putheader(name, value)
    connection.endheaders()
    for start in range(1, 1001, 100):
        chunk = as_lines(record(number) for number in range(start, start + 100))
        connection.send(b"%x\r\n%s\r\n" % (len(chunk), chunk))
    with psycopg.connect(**api.database.superuser, autocommit=True) as look:
        for _ in range(1200):
            (count,) = look.execute("SELECT count(*) FROM desk.cases").fetchone() or (0,)
            if count == 1000:
                break
            look.execute("SELECT pg_sleep(0.05)")
    assert count == 1000
    chunk = as_lines([record(1001)])
    connection.send(b"%x\r\n%s\r\n0\r\n\r\n" % (len(chunk), chunk))
    answer = connection.getresponse()
    assert [json.loads(line)["created"] for line in answer.read().splitlines()] == [1000, 1]
    connection.close()
