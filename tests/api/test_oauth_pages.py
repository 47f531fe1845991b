"""The login pages against those who would misuse them: forged forms, frames, hostile text, guessing."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest

from casectl.api.app import make_app
from casectl.api.oauth.style import STYLE
from casectl.rules.rights import RIGHTS
from casectl.store import password_hashes
from tests.api.oauth_desk import desk  # noqa: F401 - a fixture
from tests.api.oauth_flows import (
    BACK,
    CHEAP,
    FORM,
    Browser,
    add_client,
    address,
    audited,
    code_of,
    delays_held,
    events,
    exchange,
    give_password,
    gone_to,
    pkce,
    post,
    sql,
)  # fmt: skip
from tests.served import config_of

if TYPE_CHECKING:
    from tests.api.oauth_desk import LoginDesk

# ruff: noqa: F811 - fixtures

EVIL = "\"><script>alert(1)</script>'{}&amp;\u202e\u0000%0d%0aSet-Cookie:a=b"


def test_every_page_is_guarded(desk: LoginDesk) -> None:
    browser = Browser(desk.served)
    target = address(challenge=pkce().challenge)
    pages = [browser.get(target), browser.log_in(target, password="wrong"), browser.get("/oauth/device"),
             browser.get("/oauth/logout"), browser.get("/oauth/authorize")]  # fmt: skip
    browser.log_in(target)
    pages.append(browser.get(target))
    for page in pages:
        policy = page.headers.get("content-security-policy", "")
        assert page.headers["content-type"] == "text/html; charset=utf-8" or page.status == 303
        if page.status == 303:
            continue
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "frame-ancestors 'none'" in policy
        assert "base-uri 'none'" in policy
        assert "unsafe" not in policy
        assert "*" not in policy
        assert page.headers["x-frame-options"] == "DENY"
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cache-control"] == "no-store"
        assert b"<script" not in page.body
        assert not re.search(rb"(?:src|href)=\"(?!data:)", page.body), "nothing from elsewhere"


def test_the_consent_may_lead_to_the_client_and_nowhere_else(desk: LoginDesk) -> None:
    browser, target = Browser(desk.served), address(challenge=pkce().challenge)
    assert "form-action 'self';" in browser.get(target).headers["content-security-policy"]
    browser.log_in(target)
    assert "form-action 'self' http://127.0.0.1:9;" in browser.get(target).headers["content-security-policy"]


def test_the_cookie_is_hidden_and_changes_at_login(desk: LoginDesk) -> None:
    browser, target = Browser(desk.served), address(challenge=pkce().challenge)
    given = browser.get(target).headers["set-cookie"]
    assert "HttpOnly" in given
    assert "SameSite=lax" in given
    assert "Secure" not in given
    before = browser.cookie
    assert "set-cookie" not in browser.get(target).headers
    browser.log_in(target)
    assert browser.cookie != before
    browser.cookie = before
    browser.get(target)
    assert 'name="password"' in browser.page, "the cookie from before the login is worth nothing"


def test_behind_tls_the_cookie_is_secure(serving, served_database) -> None:
    config = config_of(served_database, server__public_url="https://desk.example.com/casectl", **CHEAP)
    with serving.serve(make_app(config)) as served:
        given = Browser(served).get(address(challenge=pkce().challenge)).headers["set-cookie"]
        assert given.startswith("__Host-casectl=")
        assert "; Secure" in given
        assert "Path=/;" in given + ";"
        path = "/.well-known/oauth-authorization-server"
        for where in (path, f"{path}/casectl"):
            assert served.ask("GET", where).json["issuer"] == "https://desk.example.com/casectl"
        assert served.ask("GET", f"{path}/other").status == 404


def test_the_metadata_names_what_is_there(desk: LoginDesk) -> None:
    told = desk.served.ask("GET", "/.well-known/oauth-authorization-server").json
    assert told["issuer"] == desk.served.url
    assert told["code_challenge_methods_supported"] == ["S256"]
    for name, place in told.items():
        if name.endswith("_endpoint"):
            method = "GET" if name == "authorization_endpoint" else "POST"
            assert desk.served.ask(method, place.removeprefix(desk.served.url)).status not in (404, 405)
    assert told["scopes_supported"] == list(RIGHTS)


def test_a_form_of_another_site_is_refused(desk: LoginDesk) -> None:
    target = address(challenge=pkce().challenge)
    browser, other = Browser(desk.served), Browser(desk.served)
    browser.log_in(target)
    browser.get(target)
    other.log_in(target, "walt")
    other.get(target)
    theirs = other.hidden()["form"]
    for form in ({"form": ""}, {"form": "0" * 64}, {"form": theirs}, {"form": "é" * 64}):
        answer = browser.send(target, **form, action="allow")
        assert (answer.status, "location" in answer.headers) == (403, False)
        browser.get(target)
    crossing = browser.send(target, {"Sec-Fetch-Site": "cross-site"}, action="allow")
    assert crossing.status == 400
    browser.get(target)
    assert browser.send(target, action="allow").status == 303


def test_nobody_is_logged_in_by_another_site(desk: LoginDesk) -> None:
    target = address(challenge=pkce().challenge)
    form = b"action=login&tenant=acme&login=walt&password=x&form=" + b"0" * 64
    assert desk.served.ask("POST", target, form, headers=FORM).status == 403
    assert desk.served.ask("GET", "/oauth/logout").status == 200


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1:9/other", "http://127.0.0.1:9/callback/../x", "http://127.0.0.1:9/callback?x=1",
        "http://127.0.0.1:9/callback#x", "http://127.0.0.1@evil.example/callback",
        "http://127.0.0.1:9@evil.example/callback",
        "http://127.0.0.1.evil.example/callback", "http://evil.example/callback", "https://127.0.0.1/callback",
        "http://127.0.0.1:9/callback\\@evil.example", "http://localhost:9/callback", "//evil.example",
        "javascript:alert(1)",
        "http://127.1:9/callback", "http://[::1]:9/callbacks", "http://127.0.0.1:999999/callback", "data:text/html,x",
        "http://127.0.0.1:9/callback%0d%0aLocation:x", "HTTP://127.0.0.1:9/callback", " http://127.0.0.1:9/callback",
        "", "callback",
    ],
)  # fmt: skip
def test_nobody_is_sent_elsewhere(desk: LoginDesk, uri: str) -> None:
    answer = Browser(desk.served).get(address(challenge=pkce().challenge, redirect_uri=uri))
    assert answer.status == 400
    assert "location" not in answer.headers
    assert b"This login cannot go on" in answer.body


@pytest.mark.parametrize(
    "uri", ["http://127.0.0.1/callback", "http://127.0.0.1:1/callback", "http://[::1]:65535/callback"]
)
def test_any_port_of_this_machine_is_fine(desk: LoginDesk, uri: str) -> None:
    assert b"Log in" in Browser(desk.served).get(address(challenge=pkce().challenge, redirect_uri=uri)).body


@pytest.mark.parametrize(
    ("client_id", "sentence"),
    [("cl_nobody", b"no such client"), ("", b"names no client"), ("x" * 300, b"no such"), (EVIL, b"parameter")],
)
def test_an_unknown_client_gets_a_page_and_no_redirect(desk: LoginDesk, client_id: str, sentence: bytes) -> None:
    answer = Browser(desk.served).get(address(client_id, pkce().challenge))
    assert answer.status == 400
    assert sentence in answer.body
    assert b"<script" not in answer.body


def test_a_wrong_redirect_is_recorded(desk: LoginDesk) -> None:
    client = add_client(desk.database, "recorded")
    target = address(client, pkce().challenge, redirect_uri="https://evil.example/")
    assert desk.served.ask("GET", target, headers={"X-Request-Id": "elsewhere"}).status == 400
    told = audited(desk.database, "elsewhere")[0]
    assert (told["kind"][1], told["client_id"][1]) == ("authorize", client)
    assert "other redirect address" in told["reason"][1]


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unauthorized_client"),
        ({"response_type": ""}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": "ü" * 43}, "invalid_request"),
        ({"scope": "no:such"}, "invalid_scope"),
    ],
)
def test_other_errors_are_the_clients_to_tell(desk: LoginDesk, given: dict[str, str], error: str) -> None:
    target = address(**{"challenge": pkce().challenge, **given} if "code_challenge" not in given else given)
    answer = Browser(desk.served).get(target)
    assert answer.status == 303
    assert answer.headers["location"].startswith(BACK + "?")
    told = gone_to(answer)
    assert (told["error"], told["state"], told["iss"]) == (error, "s t&a=te", desk.served.url)
    assert "code" not in told


def test_what_comes_back_says_who_answers(desk: LoginDesk) -> None:
    browser, target = Browser(desk.served), address(challenge=pkce().challenge, state=EVIL.replace("\u0000", ""))
    browser.log_in(target)
    browser.get(target)
    told = gone_to(browser.send(target, action="allow"))
    assert told["state"] == EVIL.replace("\u0000", "")
    assert told["iss"] == desk.served.url
    browser.get(target)
    denied = gone_to(browser.send(target, action="deny"))
    assert (denied["error"], "code" in denied) == ("access_denied", False)
    assert ("authorize", "refused", "access_denied: by the user") in events(desk.database)


def test_hostile_names_stay_text(desk: LoginDesk) -> None:
    client = add_client(desk.database, EVIL.replace("\u0000", ""))
    browser = Browser(desk.served)
    hostile = EVIL.replace("\u0000", "")
    target = address(client, pkce().challenge, scope=f"case:read {hostile}", state=hostile, login_hint=hostile)
    browser.get(target)
    pages = [browser.page]
    browser.send(target, login=hostile, password=hostile)
    pages.append(browser.page)
    browser.log_in(target)
    browser.get(target)
    pages.append(browser.page)
    assert "Read cases one reported" in browser.page
    browser.get("/oauth/device?user_code=" + "%3Cscript%3E")
    pages.append(browser.page)
    for page in pages:
        assert "<script" not in page
        assert "\u202e" not in page
        assert STYLE in page, "the style sheet is untouched"
    assert pages[2].count("&lt;script&gt;") >= 1


@pytest.mark.parametrize("target", [
    "/oauth/authorize?client_id=casectl&client_id=casectl", "/oauth/authorize?state=" + "x" * 3000,
    "/oauth/authorize?a=%00", "/oauth/authorize?a=%ff", "/oauth/authorize?" + "&".join(f"a{n}=1" for n in range(50)),
])  # fmt: skip
def test_what_cannot_be_read_is_told_so(desk: LoginDesk, target: str) -> None:
    answer = desk.served.ask("GET", target)
    assert answer.status == 400
    assert b"<h1>" in answer.body


@pytest.mark.parametrize(
    ("body", "headers", "error"),
    [
        (b"grant_type=refresh_token&grant_type=refresh_token", FORM, "invalid_request"),
        (b"{}", {"Content-Type": "application/json"}, "invalid_request"),
        (b"a=" + b"x" * 20_000, FORM, "invalid_request"),
        (b"grant_type=password&username=wanda&password=x&client_id=casectl", FORM, "unsupported_grant_type"),
        (b"grant_type=refresh_token", {**FORM, "Authorization": "Basic !!!"}, "invalid_request"),
        (b"grant_type=authorization_code&client_id=casectl&user=1&scopes=tenant:manage", FORM, "invalid_request"),
        (b"grant_type=refresh_token&refresh_token=cr_x&client_id=casectl", FORM, "invalid_grant"),
        (b"grant_type=authorization_code&code=cc_x&client_id=casectl&code_verifier=x", FORM, "invalid_grant"),
        (b"\xff\xfe=1", FORM, "invalid_request"),
    ],
)
def test_the_token_endpoint_refuses_in_json(desk: LoginDesk, body: bytes, headers: dict[str, str], error: str) -> None:
    answer = desk.served.ask("POST", "/oauth/token", body, headers=headers)
    assert (answer.status, answer.json["error"]) == (400, error)
    assert answer.headers["content-type"] == "application/json"


def test_parameters_in_the_address_of_the_token_endpoint_are_refused(desk: LoginDesk) -> None:
    answer = post(desk.served, "/oauth/token?client_id=casectl", {"grant_type": "refresh_token"})
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert desk.served.ask("GET", "/oauth/token").status == 405


def test_guessing_gets_slower_and_slower_and_a_right_password_does_not_help(serving, served_database) -> None:
    give_password(served_database, "wanda")
    with serving.serve(make_app(config_of(served_database, **CHEAP))) as served:
        browser, target = Browser(served), address(challenge=pkce().challenge)
        for _ in range(5):
            assert browser.log_in(target, password="wrong").status == 403
        (blocked,) = sql(served_database, "SELECT max(blocked_until - attempted_at)::text FROM login_delays")[0]
        assert blocked == "00:00:01"
        with delays_held(served_database):
            answer = browser.log_in(target, password="wrong")
        assert answer.status == 429
        assert 200 < int(answer.headers["retry-after"]) <= 301
        sql(served_database, "UPDATE login_delays SET blocked_until = now() + interval '60 s'")
        assert browser.log_in(target).status == 429
        assert "Too many attempts" in browser.page
        sql(served_database, "UPDATE login_delays SET failures = failures + 30, blocked_until = now()")
        browser.log_in(target, password="wrong")
        (blocked,) = sql(served_database, "SELECT max(blocked_until - attempted_at)::text FROM login_delays")[0]
        assert blocked == "00:05:00"
        assert ("login", "refused", "throttled") in events(served_database)
        assert ("login", "refused", "wrong password") in events(served_database)
        sql(served_database, "UPDATE login_delays SET failures = 3, blocked_until = now()")
        assert browser.log_in(target).status == 303
        assert sql(served_database, "SELECT count(*) FROM login_delays WHERE failures > 3")[0] == (0,)


def test_an_account_that_does_not_exist_is_throttled_alike(serving, served_database) -> None:
    with serving.serve(make_app(config_of(served_database, **CHEAP))) as served:
        browser, target = Browser(served), address(challenge=pkce().challenge)
        assert [browser.log_in(target, "nobody", "x").status for _ in range(5)] == [403] * 5
        with delays_held(served_database):
            assert browser.log_in(target, "nobody", "x").status == 429
        assert browser.log_in(target, "nobody", "x", tenant="nowhere").status == 403
        assert ("login", "refused", "no such user or no password") in events(served_database)


def test_time_does_not_tell_who_exists(serving, served_database) -> None:
    cost = password_hashes.Cost(2, 8192, 1)
    give_password(served_database, "wanda", cost=cost)
    config = config_of(served_database, oauth__password_rounds="2", oauth__password_memory="8192",
                       oauth__password_lanes="1")  # fmt: skip
    with serving.serve(make_app(config)) as served:
        browser, target = Browser(served), address(challenge=pkce().challenge)
        browser.log_in(target, "first", "wrong")
        least = dict.fromkeys(("wanda", "nobody", "rita"), 60.0)  # what else this machine does only adds
        for number in range(90):
            for login in least:
                sql(served_database, "DELETE FROM login_delays")
                browser.get(target)
                begun = time.perf_counter()
                status = browser.send(target, login=login, password="wrong", tenant="acme").status
                least[login] = min(least[login], time.perf_counter() - begun)
                assert status == 403
            is_alike = max(least.values()) < 1.5 * min(least.values())
            if number >= 8 and is_alike:
                break
    assert is_alike, least


def test_a_login_without_a_choice_of_tenants_asks_for_none(serving, served_database) -> None:
    give_password(served_database, "wanda")
    with serving.serve(make_app(config_of(served_database, **CHEAP))) as served:
        browser = Browser(served)
        browser.get(address(challenge=pkce().challenge, tenant="globex"))
        assert 'id="tenant" name="tenant" value="globex"' in browser.page
        client = add_client(served_database, "acme's own")
        browser.get(address(client, pkce().challenge))
        assert 'name="tenant"' not in browser.page
        assert exchange(served, *code_of(served, client), client).status == 200


def test_another_browser_user_can_take_over(desk: LoginDesk) -> None:
    browser, target = Browser(desk.served), address(challenge=pkce().challenge)
    browser.log_in(target)
    browser.get(target)
    assert "Logged in as <bdi>wanda</bdi> of <bdi>acme</bdi>" in browser.page
    assert browser.send(target, action="leave").status == 303
    browser.get(target)
    assert 'name="password"' in browser.page


def test_logging_out_needs_a_click(desk: LoginDesk) -> None:
    browser, target = Browser(desk.served), address(challenge=pkce().challenge)
    browser.log_in(target)
    cookie = browser.cookie
    browser.get("/oauth/logout")
    assert browser.send("/oauth/logout", action="leave").status == 200
    assert browser.cookie == ""
    browser.cookie = cookie
    browser.get(target)
    assert 'name="password"' in browser.page, "the session has ended, not only the cookie"
