"""Holes that were found in the server by attacking it; each test is named after the one that it keeps shut."""

from __future__ import annotations

import asyncio
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest

from casectl.api import events
from casectl.api.app import make_app
from casectl.desk.server import access_steps
from casectl.rules import text
from casectl.store.known import _known as kept
from tests.api.oauth_flows import (
    CHEAP,
    COST,
    PASSWORD,
    Browser,
    add_client,
    basic,
    code_of,
    delays_held,
    exchange,
    give_password,
    post,
    sql,
    tokens_of,
)
from tests.serve_program import serve_program, until
from tests.served import Servers, config_of, issue_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.api.conftest import Caller
    from tests.conftest import Database
    from tests.served import Served


def test_a_name_of_digits_or_of_an_address_takes_nobodys_place(api: Caller) -> None:
    me = api("GET", "/v1/users/@me/").json
    for login, name in (("evil", str(me["id"])), ("eve", me["email"])):
        assert api("POST", "/v1/users/", {"login": login, "full_name": name}).status == 201
    assert api("GET", "/v1/users/@me/").json["login"] == "admin"
    assert api("GET", f"/v1/users/{me['id']}/").json["login"] == "admin"
    assert api("GET", f"/v1/users/{me['email']}/").json["login"] == "admin"
    assert api("POST", "/v1/keys/", {"key": "mine"}).json["user"]["login"] == "admin"
    assert api.create(assigned_to=me["id"])["assignee"]["login"] == "admin"


def test_a_login_that_is_anothers_address_is_refused(api: Caller) -> None:
    wanda = api("GET", "/v1/users/wanda/").json
    assert api("POST", "/v1/users/", {"login": wanda["email"]}).status == 409
    assert api("POST", "/v1/users/", {"login": "new@acme.example.com"}).status == 201
    assert api("POST", "/v1/users/", {"login": "other", "email": "new@acme.example.com"}).status == 409


def test_a_contact_called_by_digits_takes_no_other_ones_place(api: Caller) -> None:
    first = api("POST", "/v1/contacts/", {"contact": "2"}).json
    second = api("POST", "/v1/contacts/", {"contact": "Jane"}).json
    assert (first["id"], second["id"], second["name"]) == (1, 2, "Jane")
    assert api("GET", "/v1/contacts/2/").json["name"] == "Jane"


def test_a_narrow_token_sets_no_password_of_who_may_more(api: Caller) -> None:
    narrow = api.as_user("admin", rights=["account:manage", "user:manage"])
    give_password(api.database, "admin")
    refused = narrow("PUT", "/v1/users/admin/password/", {"password": "an entirely other sentence"})
    assert refused.status == 403
    assert "who comes in as admin may do what admin may not" in refused.json["detail"]
    told = {"old_password": PASSWORD, "password": "an entirely other sentence"}
    assert narrow("PUT", "/v1/users/admin/password/", told).status == 200, "who knows the present one may"


def test_hole_a_narrow_token_set_the_first_password_of_who_may_more(api: Caller) -> None:
    """Where there is no password yet, whatever is told as the present one proves nothing."""
    narrow = api.as_user("admin", rights=["account:manage", "user:manage"])
    told = {"old_password": "anything", "password": "an entirely other sentence"}
    refused = narrow("PUT", "/v1/users/admin/password/", told)
    assert refused.status == 403
    assert "who comes in as admin may do what admin may not" in refused.json["detail"]
    assert sql(api.database, "SELECT count(*) FROM passwords") == [(0,)]
    assert api("PUT", "/v1/users/admin/password/", told).status == 200, "who may all that he may himself"


def test_a_narrow_token_adds_no_user_who_may_more(api: Caller) -> None:
    narrow = api.as_user("admin", rights=["user:manage", "role:manage", "user:read"])
    refused = narrow("POST", "/v1/users/", {"login": "root2", "roles": ["Tenant Admin"]})
    assert refused.status == 403
    assert sql(api.database, "SELECT count(*) FROM users WHERE login = 'root2'") == [(0,)]
    assert narrow("POST", "/v1/users/", {"login": "rob"}).status == 201, "a Reporter is what user:manage may make"


def test_a_stolen_token_does_not_guess_the_password(api: Caller) -> None:
    thief = api.as_user("wanda", rights=["account:manage"])
    give_password(api.database, "wanda", cost=COST)
    told = {"password": "a sentence of the thief's own"}
    found = [thief("PUT", "/v1/users/wanda/password/", {**told, "old_password": f"guess {n}"}) for n in range(11)]
    assert [answer.status for answer in found] == [403] * 10 + [429]
    other = api.as_user("wanda", rights=["account:manage"])
    assert other("PUT", "/v1/users/wanda/password/", {**told, "old_password": PASSWORD}).status == 429, "another key"
    assert thief("GET", "/v1/whoami/").status == 200


def test_who_makes_many_keys_gets_no_more_requests(serving: Servers, served_database: Database) -> None:
    config = config_of(served_database, server__client_rate="1", server__client_burst="4")
    with serving.serve(make_app(config)) as served:
        keys = [issue_key(served_database, "wanda") for _ in range(12)]
        begun = time.monotonic()
        found = [served.ask("GET", "/v1/whoami/", token=key).status for key in keys]
        assert found[:4] == [200] * 4
        assert found.count(200) <= 4 + time.monotonic() - begun
        assert set(found) == {200, 429}
        assert served.ask("GET", "/v1/whoami/", token=issue_key(served_database, "walt")).status == 200


def test_nobody_uses_up_the_requests_of_all_who_logged_in_with_the_same_program(
    serving: Servers, served_database: Database
) -> None:
    for login in ("wanda", "walt"):
        give_password(served_database, login)
    config = config_of(served_database, server__client_rate="1", server__client_burst="4", **CHEAP)
    with serving.serve(make_app(config)) as served:
        noisy, quiet = (tokens_of(served, login=login)["access_token"] for login in ("wanda", "walt"))
        until(lambda: served.ask("GET", "/v1/whoami/", token=noisy).status == 429)
        assert served.ask("GET", "/v1/whoami/", token=quiet).status == 200


def raw(served: Any, request: bytes) -> bytes:
    """The whole answer to bytes as they are."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize(
    "twice",
    ["Authorization: Bearer ck_other", "Host: evil.example", "Idempotency-Key: other", 'If-Match: "9"',
     "Content-Type: text/plain", "Casectl-Dry-Run: false"],
)  # fmt: skip
def test_a_header_that_says_one_thing_is_not_taken_twice(shared_api: Caller, twice: str) -> None:
    head = (
        f"PATCH /v1/cases/1/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {shared_api.token}\r\n"
        'Idempotency-Key: one\r\nIf-Match: "1"\r\nContent-Type: application/json\r\nCasectl-Dry-Run: true\r\n'
        f"{twice}\r\nContent-Length: 14\r\n\r\n"
    )
    answer = raw(shared_api.served, head.encode() + b'{"title": "x"}')
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"is given more than once" in answer


def test_client_credentials_are_not_taken_twice(shared_api: Caller) -> None:
    head = "POST /oauth/token HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n"
    proof = "Authorization: Basic YTpi\r\nauthorization: Basic YTpj\r\n\r\n"
    assert raw(shared_api.served, (head + proof).encode()).startswith(b"HTTP/1.1 400 ")


def test_pages_with_a_forms_token_are_not_compressed(shared_api: Caller) -> None:
    asked = {"Accept-Encoding": "gzip"}
    for target in ("/oauth/device?tenant=guess", "/oauth/logout", "/oauth/authorize"):
        assert "content-encoding" not in shared_api.served.ask("GET", target, headers=asked).headers
    assert shared_api.served.ask("GET", "/openapi.json", headers=asked).headers["content-encoding"] == "gzip"


def test_what_is_kept_of_types_does_not_grow_with_what_is_asked(shared_api: Caller) -> None:
    before = sum(len(known.types) for tenants in kept.values() for known in tenants.values())
    for spelling in ("1", "01", *("0" * n + "1" for n in range(2, 400, 40)), "INCIDENT", "InCident", "inciDENT"):
        assert shared_api("GET", f"/v1/types/{spelling}/").json["name"] == "incident"
    after = sum(len(known.types) for tenants in kept.values() for known in tenants.values())
    assert after - before <= 2 * len(kept), "by its id and by its name, on each connection"


def test_an_id_of_thousands_of_digits_is_no_failure(shared_api: Caller) -> None:
    for kind in ("types", "cases", "users", "keys", "jobs", "clients", "contacts", "teams", "sessions"):
        for digits in ("9" * 5000, "0" * 5000 + "1", "9" * 19):
            method = "DELETE" if kind == "sessions" else "GET"
            assert shared_api(method, f"/v1/{kind}/{digits}/").status in (200, 404, 405, 422), kind


def test_a_job_that_fails_as_nobody_expected_stops_no_other(api: Caller) -> None:
    case = api.create()
    bulk = {"cases": [case["number"]], "add_tags": ["x"]}
    sql(api.database, "INSERT INTO jobs (tenant_id, id, kind, operation, case_numbers, actor_id, rights, request_id)"
        " VALUES (1, 999, 'bulk-update', '[]', '{INC-1}', 1, '{case:bulk_update}', 'odd')")  # fmt: skip
    for _ in range(2):
        job = api("POST", "/v1/cases/bulk-update/", bulk, Prefer="respond-async").json
        until(lambda: api("GET", f"/v1/jobs/{job['id']}/").json["state"] == "done", 60)  # noqa: B023 - it is over then


def test_other_spellings_of_a_login_are_no_further_guesses(serving: Servers, served_database: Database) -> None:
    give_password(served_database, "admin")
    with serving.serve(make_app(config_of(served_database, **CHEAP))) as served:
        for login in ("admin", "ADMIN", "adm\u0130n", "ADM\u0130N", "Admin"):
            assert Browser(served).log_in("/oauth/device", login, "wrong").status == 403
        with delays_held(served_database):
            for login in ("adm\u0130N", "aDM\u0130N"):
                assert Browser(served).log_in("/oauth/device", login, "wrong").status == 429


def test_strangers_who_fail_on_purpose_keep_nobody_out_of_his_own_browser(
    serving: Servers, served_database: Database
) -> None:
    for login in ("wanda", "walt"):
        give_password(served_database, login)
    with serving.serve(make_app(config_of(served_database, **CHEAP))) as served:
        first = Browser(served).log_in("/oauth/device", "wanda")
        jar = dict(part.partition("; ")[0].split("=", 1) for part in first.cookies)
        assert set(jar) == {"casectl_known", "casectl_login"}
        assert all("HttpOnly" in part and "SameSite=lax" in part for part in first.cookies)
        for _ in range(5):
            Browser(served).log_in("/oauth/device", "wanda", "wrong")
        with delays_held(served_database):
            assert Browser(served).log_in("/oauth/device", "wanda", "wrong").status == 429
        sql(served_database, "UPDATE login_delays SET blocked_until = now() + interval '300 s' WHERE failures > 0")

        def at_home(login: str, password: str, known: str = jar["casectl_known"]) -> int:
            browser = Browser(served)
            browser.cookie = f"casectl_known={known}"
            browser.get("/oauth/device")
            browser.cookie += f"; casectl_known={known}"
            fields = {"login": login, "password": password, "tenant": "acme"}
            return browser.send("/oauth/device", **fields).status

        assert at_home("wanda", PASSWORD) == 303, "the owner's browser"
        for forged in (jar["casectl_known"][:-1] + "x", "a" * 22 + "." + "0" * 64, ""):
            assert at_home("wanda", PASSWORD, forged) == 429
        assert at_home("walt", "wrong") == 429, "the address is blocked for all others"
        assert [at_home("wanda", "wrong") for _ in range(5)] == [403] * 5
        with delays_held(served_database):
            assert at_home("wanda", "wrong") == 429, "it is no way to guess"


def test_nobody_fills_the_line_of_all_tenants_jobs(api: Caller) -> None:
    case = api.create()
    sql(api.database, "INSERT INTO jobs (tenant_id, id, kind, operation, case_numbers, actor_id, rights, request_id,"
        " state, lease_until) SELECT 1, 900 + n, 'bulk-update', '{}', '{INC-1}', u.id, '{case:bulk_update}', 'many',"
        " 'running', now() + interval '1 hour' FROM generate_series(1, 20) n, users u WHERE u.login = 'wanda'"
        " AND u.tenant_id = 1")  # fmt: skip
    bulk = {"cases": [case["number"]], "add_tags": ["x"]}
    refused = api.as_user("wanda")("POST", "/v1/cases/bulk-update/", bulk, Prefer="respond-async")
    assert (refused.status, refused.json["code"]) == (429, "rate_limited")
    assert api("POST", "/v1/cases/bulk-update/", bulk, Prefer="respond-async").status == 202, "others' are others'"


def test_one_tenant_does_not_use_up_the_event_streams_of_all(api: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "PER_TENANT", 2)
    with ExitStack() as open_streams:
        for login, tenant, wanted in (("admin", 1, 200), ("wanda", 1, 200), ("walt", 1, 429), ("admin", 2, 200)):
            token = issue_key(api.database, login, tenant)
            connection = socket.create_connection(("127.0.0.1", api.served.port), timeout=10)
            open_streams.enter_context(connection)
            head = f"GET /v1/events/ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nAccept: text/event-stream"
            connection.sendall(f"{head}\r\n\r\n".encode())
            assert int(connection.recv(65536).split(b" ")[1]) == wanted, (login, tenant)


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("POST", "/v1/cases/", {"title": "x", "fields": {f"f{n}": n for n in range(40_000)}}),
        ("POST", "/v1/cases/", {"title": "x", **{f"f{n}": n for n in range(40_000)}}),
        ("POST", "/v1/keys/", {"key": "x", "rights": [f"case:reed{n}" for n in range(40_000)]}),
        ("GET", "/v1/cases/?fields=" + ",".join(f"titel{n}" for n in range(2_500)), None),
    ],
)
def test_thousands_of_wrong_names_take_no_seconds(shared_api: Caller, method: str, target: str, body: Any) -> None:
    begun = time.process_time()
    answer = shared_api(method, target, body)
    assert answer.status == 422
    assert 1 <= len(answer.json["problems"]) <= 60
    assert time.process_time() - begun < (1 if body is None else 5)


def test_a_name_is_not_compared_with_thousands_of_others() -> None:
    begun = time.process_time()
    assert len(text.near("jane dow", [f"jane wod {n}" for n in range(200_000)])) == 3
    assert time.process_time() - begun < 4, "all of them take five where this takes a fifth"
    assert text.near("janne", [*(f"p{n}" for n in range(1_000)), "jane"]) == ["jane"]


def test_fields_behind_a_body_are_none_of_its_head(served_database: Database) -> None:
    token = issue_key(served_database, "admin")
    head = (
        "POST /v1/cases/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
        f"Content-Type: application/json\r\nAuthorization: Bearer {token}\r\nX-Forwarded-For: 203.0.113.5\r\n\r\n"
    )
    body = '{"title": "behind"}'
    behind = "X-Forwarded-For: 9.9.9.9\r\nCasectl-Dry-Run: true\r\nIdempotency-Key: k\r\nAuthorization: Bearer ct_x\r\n"
    with serve_program(served_database, "--trusted-proxies", "127.0.0.0/8") as server:
        answer = raw(server, f"{head}{len(body):x}\r\n{body}\r\n0\r\n{behind}\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 201 "), answer
        assert server.ask("GET", "/v1/cases/?query=behind", token=token).json["items"], "it was no dry run"
        until(lambda: len(server.requests()) == 2)
        assert server.requests()[0]["address"] == "203.0.113.5"
        many = "X: y\r\n" * 20_000
        assert b" 201 " not in raw(server, f"{head}{len(body):x}\r\n{body}\r\n0\r\n{many}\r\n".encode())[:20]


@pytest.mark.parametrize("kind", ["application/json", "application/x-ndjson"])
def test_who_may_not_import_has_no_large_body_read(shared_api: Caller, kind: str) -> None:
    body = b'{"records":[' + b"{}," * 4_000_000 + b"{}]}"
    rita, begun = shared_api.as_user("rita"), time.process_time()
    with suppress(ConnectionError):  # the server may hang up on who is still sending
        refused = rita("POST", "/v1/imports/?source=x&run_id=y", body, Content_Type=kind)
        assert (refused.status, refused.json["code"]) == (403, "not_permitted")
    assert time.process_time() - begun < 1
    narrow = shared_api.as_user("admin", rights=["case:create"])
    assert narrow("POST", "/v1/imports/", b"{}", Content_Type="application/json").status == 403


def test_ending_all_sessions_ends_those_of_browsers_and_codes_too(serving: Servers, served_database: Database) -> None:
    give_password(served_database, "wanda")
    with serving.serve(make_app(config_of(served_database, **CHEAP))) as served:
        thief = Browser(served)
        assert thief.log_in("/oauth/device").status == 303
        assert "Logged in as" in thief.get("/oauth/device").body.decode()
        code, proof = code_of(served)
        key = issue_key(served_database, "wanda")
        assert served.ask("DELETE", "/v1/sessions/all/", token=key).status == 200
        assert "Logged in as" not in thief.get("/oauth/device").body.decode()
        assert exchange(served, code, proof).status == 400


@pytest.mark.parametrize("header", [{"Casectl_Historic_Actor": "2"}, {"Casectl_Historic_At": "2020-01-01T00:00:00Z"}])
def test_nobody_lets_somebody_in_under_anothers_name_or_at_another_time(
    shared_api: Caller, header: dict[str, str]
) -> None:
    for method, target, body in (
        ("POST", "/v1/keys/", {"key": "forged"}),
        ("POST", "/v1/clients/", {"client": "forged", "rights": ["case:read"]}),
        ("POST", "/v1/users/", {"login": "forged"}),
        ("PUT", "/v1/users/walt/password/", {"password": "a sentence nobody knows"}),
        ("DELETE", "/v1/sessions/all/", None),
    ):
        assert shared_api(method, target, body, **header).status == 403, target
    assert shared_api("POST", "/v1/cases/", {"title": "imported"}, **header).status == 201


def test_a_key_of_the_same_name_is_nobody_elses_business(shared_api: Caller) -> None:
    wanda, walt = shared_api.as_user("wanda"), shared_api.as_user("walt")
    mine, other = (who("POST", "/v1/keys/", {"key": "shared name"}).json for who in (wanda, walt))
    ended = wanda("DELETE", "/v1/keys/shared%20name/")
    assert (ended.status, ended.json["id"]) == (200, mine["id"])
    assert wanda("DELETE", f"/v1/keys/{other['id']}/").status == 404
    assert walt("GET", "/v1/keys/").json[0]["state"] == "active"


def types_seen(served: Served, token: str) -> tuple[str, set[str]]:
    """The title of the incident and all status names that a new case may have, as the server knows them."""
    told = served.ask("GET", "/v1/types/incident/", token=token).json
    return told["title"], {status["name"] for status in told["lifecycle"]["statuses"]}


def test_a_type_that_was_not_kept_or_was_changed_elsewhere_is_not_remembered(
    serving: Servers, served_database: Database
) -> None:
    app = make_app(config_of(served_database, server__pool_size="3"))
    with serving.serve(app) as served, serving.serve(make_app(config_of(served_database))) as elsewhere:
        token = issue_key(served_database, "admin")
        before = types_seen(served, token)
        for change, headers in (
            ({"title": "Never"}, {"Casectl-Dry-Run": "true"}),
            ({"title": "Never", "lifecycle": {"statuses": []}}, {}),
        ):
            served.ask("PUT", "/v1/types/incident/", change, token=token, headers=headers)
            assert [types_seen(served, token) for _ in range(4)] == [before] * 4
        for title in ("One", "Two", "Three"):
            assert elsewhere.ask("PUT", "/v1/types/incident/", {"title": title}, token=token).status == 200
            assert {types_seen(served, token)[0] for _ in range(4)} == {title}
            made = served.ask("POST", "/v1/cases/", {"title": "x"}, token=token)
            assert made.status == 201


def test_numbers_taken_aside_are_given_once_whatever_becomes_of_who_asked(
    serving: Servers, served_database: Database
) -> None:
    with serving.serve(make_app(config_of(served_database))) as served, ThreadPoolExecutor(8) as many:
        token = issue_key(served_database, "admin")

        def create(number: int) -> str | None:
            dry = {"Casectl-Dry-Run": "true"} if number % 5 == 1 else {}
            fields = {"title": "x", **({"tags": ["\u0000"]} if number % 5 == 2 else {})}
            if number % 5 == 3:  # gone before the answer
                with socket.create_connection(("127.0.0.1", served.port)) as connection:
                    head = f"POST /v1/cases/ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
                    rest = 'Content-Type: application/json\r\nContent-Length: 13\r\n\r\n{"title":"x"}'
                    connection.sendall((head + rest).encode())
                return None
            answer = served.ask("POST", "/v1/cases/", fields, token=token, headers=dry)
            return answer.json["number"] if answer.status == 201 else None

        told = [number for number in many.map(create, range(60)) if number]
    assert len(told) == len(set(told)) == 24
    numbers = [row[0] for row in sql(served_database, "SELECT number FROM cases WHERE tenant_id = 1")]
    assert len(numbers) == len(set(numbers))
    assert set(told) <= set(numbers)


def test_refusals_without_end_do_not_fill_the_audit(
    serving: Servers, served_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_steps, "REFUSALS_AT_ONCE", 5.0)
    monkeypatch.setattr(access_steps, "REFUSALS_A_SECOND", 0.001)
    client = add_client(served_database, "box", secret="right")
    with serving.serve(make_app(config_of(served_database, **CHEAP))) as served:
        for _ in range(9):
            proof = {"Authorization": basic(client, "wrong")}
            assert post(served, "/oauth/token", {"grant_type": "client_credentials"}, **proof).status == 401
    assert sql(served_database, "SELECT count(*) FROM security_events WHERE outcome = 'refused'") == [(5,)]


def test_whoever_asks_whether_the_server_is_ready_takes_no_connections_away(
    shared_api: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool, held, most = shared_api.served.app.state.pool, [], []
    connection = pool.connection

    @asynccontextmanager
    async def counted() -> AsyncIterator[Any]:
        task = asyncio.current_task()
        asks = task is not None and getattr(task.get_coro(), "__name__", "") == "_refusal_of"  # jobs take some, too
        held.extend([1] * asks)
        most.append(len(held))
        try:
            async with connection() as found:
                await asyncio.sleep(0.01)
                yield found
        finally:
            del held[: int(asks)]

    monkeypatch.setattr(pool, "connection", counted)
    with ThreadPoolExecutor(10) as many:
        found = list(many.map(lambda _: shared_api.served.ask("GET", "/readyz").status, range(50)))
    assert found == [200] * 50
    assert max(most) == 1
