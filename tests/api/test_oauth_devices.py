"""Devices without a browser (RFC 8628), programs of their own (client credentials), and who may ask about tokens."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

import pytest

from casectl.api.app import make_app
from tests.api.oauth_desk import desk  # noqa: F401 - a fixture
from tests.api.oauth_flows import (
    Browser,
    add_client,
    audited,
    basic,
    delays_held,
    events,
    goes_out,
    is_valid,
    post,
    refresh,
    sql,
    tokens_of,
)  # fmt: skip
from tests.served import config_of, issue_key

if TYPE_CHECKING:
    from tests.api.oauth_desk import LoginDesk

# ruff: noqa: F811 - fixtures

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


def begin(desk: LoginDesk, client_id: str = "casectl", **given: str) -> Any:
    answer = post(desk.served, "/oauth/device_authorization", {"client_id": client_id, **given})
    assert answer.status == 200, answer.body
    return answer.json


def poll(desk: LoginDesk, code: str, client_id: str = "casectl", **given: str) -> Any:
    form = {"grant_type": DEVICE, "device_code": code, "client_id": client_id, **given}
    return post(desk.served, "/oauth/token", form, X_Request_Id="poll")


def wait(desk: LoginDesk) -> None:
    """Let the interval of all devices pass."""
    for tenant in (0, 1):
        sql(desk.database, "UPDATE device_codes SET polled_at = polled_at - interval '1 min'", (), tenant)


def answer_at(desk: LoginDesk, user_code: str, action: str, login: str = "wanda", tenant: str = "acme") -> Browser:
    """Go to the page, log in, look, answer."""
    browser = Browser(desk.served)
    assert browser.log_in("/oauth/device", login, tenant=tenant).status == 303
    browser.get("/oauth/device")
    browser.send("/oauth/device", user_code=user_code, action="look")
    assert user_code in browser.page
    browser.send("/oauth/device", action=action)
    return browser


def test_a_device_is_let_in(desk: LoginDesk) -> None:
    given = begin(desk)
    assert re.fullmatch(r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", given["user_code"])
    assert given["verification_uri"] == f"{desk.served.url}/oauth/device"
    assert given["verification_uri_complete"].endswith(f"?user_code={given['user_code']}")
    assert (given["expires_in"], given["interval"]) == (600, 5)
    assert poll(desk, given["device_code"]).json["error"] == "authorization_pending"
    page = answer_at(desk, given["user_code"], "allow").page
    assert "The device is in" in page
    wait(desk)
    answer = poll(desk, given["device_code"])
    assert answer.status == 200, answer.body
    assert is_valid(desk.served, answer.json["access_token"])
    assert refresh(desk.served, answer.json["refresh_token"]).status == 200
    assert poll(desk, given["device_code"]).json["error"] == "invalid_grant", "a device code is good once"
    assert ("device", "done", "approved") in events(desk.database)


def test_a_device_of_another_tenants_user_gets_that_tenants_token(desk: LoginDesk) -> None:
    given = begin(desk)
    answer_at(desk, given["user_code"], "allow", "admin", "globex")
    token = poll(desk, given["device_code"]).json["access_token"]
    assert sql(desk.database, "SELECT tenant_id FROM find_token(sha256(%s))", (token.encode(),)) == [(2,)]


def test_a_denied_device_stays_out(desk: LoginDesk) -> None:
    given = begin(desk)
    assert "Denied" in answer_at(desk, given["user_code"], "deny").page
    answer = poll(desk, given["device_code"])
    assert (answer.status, answer.json["error"]) == (400, "access_denied")
    assert ("device", "refused", "denied by the user") in events(desk.database)
    assert poll(desk, given["device_code"]).json["error"] == "invalid_grant"


def test_a_hasty_device_must_slow_down_for_good(desk: LoginDesk) -> None:
    code = begin(desk)["device_code"]
    assert poll(desk, code).json["error"] == "authorization_pending"
    assert poll(desk, code).json["error"] == "slow_down"
    told = sql(desk.database, "SELECT max(poll_seconds) FROM device_codes", (), 0)
    assert told == [(10,)]
    wait(desk)
    assert poll(desk, code).json["error"] == "authorization_pending"


def test_an_expired_device_is_told_so(desk: LoginDesk) -> None:
    given = begin(desk)
    sql(desk.database, "UPDATE device_codes SET expires_at = now() WHERE digest = sha256(%s)",
        (given["device_code"].encode(),), 0)  # fmt: skip
    assert poll(desk, given["device_code"]).json["error"] == "expired_token"
    browser = Browser(desk.served)
    browser.log_in("/oauth/device")
    browser.get(f"/oauth/device?user_code={given['user_code']}")
    assert "No device waits with this code" in browser.page


def test_another_clients_device_code_is_refused_and_recorded(desk: LoginDesk) -> None:
    mine = add_client(desk.database, "box", grant_types=[DEVICE])
    thief = add_client(desk.database, "other box", grant_types=[DEVICE])
    given = begin(desk, mine)
    answer_at(desk, given["user_code"], "allow")
    assert poll(desk, given["device_code"], thief).json["error"] == "invalid_grant"
    assert poll(desk, given["device_code"]).json["error"] == "invalid_grant"
    told = [entry["reason"][1] for entry in audited(desk.database, "poll")]
    assert told.count("invalid_grant: no device code of this client") >= 2
    answer = poll(desk, given["device_code"], mine)
    assert answer.json["scope"] == "case:create case:read"
    assert "refresh_token" in answer.json


def test_a_client_that_may_not_use_devices_cannot_begin(desk: LoginDesk) -> None:
    client = add_client(desk.database, "no box")
    answer = post(desk.served, "/oauth/device_authorization", {"client_id": client})
    assert (answer.status, answer.json["error"]) == (400, "unauthorized_client")
    answer = post(desk.served, "/oauth/device_authorization", {"client_id": "cl_nobody"})
    assert answer.json["error"] in ("invalid_client", "invalid_request")
    assert post(desk.served, "/oauth/device_authorization", {"client_id": "casectl", "scope": "no:such"}).status == 400


def test_a_box_of_another_tenant_is_not_there(desk: LoginDesk) -> None:
    client = add_client(desk.database, "globex box", tenant=2, grant_types=[DEVICE])
    given = begin(desk, client)
    browser = Browser(desk.served)
    browser.log_in("/oauth/device")
    browser.get(f"/oauth/device?user_code={given['user_code']}")
    assert "No device waits with this code" in browser.page
    assert "globex box" not in browser.page


def test_codes_cannot_be_guessed_at_will(desk: LoginDesk) -> None:
    browser = Browser(desk.served)
    browser.log_in("/oauth/device", "walt")

    def guess() -> int:
        browser.get("/oauth/device")
        return browser.send("/oauth/device", user_code="BBBB-BBBB", action="look").status

    assert [guess() for _ in range(5)] == [200] * 5
    with delays_held(desk.database):
        assert guess() == 429
    assert ("device", "refused", "unknown user code") in events(desk.database)


def test_a_code_is_read_however_it_is_typed(desk: LoginDesk) -> None:
    given = begin(desk)
    browser = Browser(desk.served)
    browser.log_in("/oauth/device")
    browser.get("/oauth/device")
    browser.send("/oauth/device", user_code=f" {given['user_code'].lower().replace('-', ' ')} ", action="look")
    assert given["user_code"] in browser.page


@pytest.fixture
def robot(desk: LoginDesk) -> str:
    """A program of its own, with a user and two rights."""
    name = f"robot {sql(desk.database, 'SELECT count(*) FROM clients')[0][0]}"
    (user,) = sql(
        desk.database,
        "INSERT INTO users (tenant_id, id, login, name, kind, changed_by)"
        " VALUES (1, take_numbers('users.id', 1), %s, 'Robot', 'api_client', 0) RETURNING id", (name,),
    )[0]  # fmt: skip
    return add_client(desk.database, name, secret="cs_robot", user_id=user, grant_types=["client_credentials"],
                      rights=["case:read", "case:create", "token:introspect"])  # fmt: skip


def own_token(desk: LoginDesk, client_id: str, **given: str) -> Any:
    form = {"grant_type": "client_credentials", **given}
    return post(desk.served, "/oauth/token", form, Authorization=basic(client_id, "cs_robot"), X_Request_Id="robot")


def test_a_program_has_exactly_its_rights(desk: LoginDesk, robot: str) -> None:
    given = own_token(desk, robot).json
    assert given["scope"] == "case:create case:read token:introspect"
    assert "refresh_token" not in given
    token = given["access_token"]
    number = desk.served.ask("POST", "/v1/cases/", {"title": "By a robot"}, token=token)
    assert number.status == 201, number.body
    assert desk.served.ask("GET", "/v1/users/", token=token).status == 403
    narrow = own_token(desk, robot, scope="case:read tenant:manage").json
    assert narrow["scope"] == "case:read"
    assert desk.served.ask("POST", "/v1/cases/", {"title": "x"}, token=narrow["access_token"]).status == 403
    assert own_token(desk, robot, scope="tenant:manage").json["error"] == "invalid_scope"
    assert "invalid_scope" in [entry["reason"][1] for entry in audited(desk.database, "robot")]
    assert sql(desk.database, "SELECT count(*) FROM credential_uses WHERE kind = 'client'")[0][0] >= 1


def test_a_robot_cannot_log_in_with_a_password(desk: LoginDesk, robot: str) -> None:
    login = sql(desk.database, "SELECT login FROM users WHERE kind = 'api_client' ORDER BY id DESC LIMIT 1")[0][0]
    sql(desk.database, "INSERT INTO passwords (tenant_id, user_id, hash, changed_by)"
        " SELECT u.tenant_id, u.id, p.hash, 0 FROM users u, passwords p"
        " WHERE p.tenant_id = 1 AND u.tenant_id = 1 AND u.login = %s LIMIT 1",
        (login,))  # fmt: skip
    assert Browser(desk.served).log_in("/oauth/device", login).status == 403


def test_a_client_that_is_no_robot_has_no_credentials(desk: LoginDesk) -> None:
    client = add_client(desk.database, "no robot", secret="cs_robot")
    answer = own_token(desk, client)
    assert (answer.status, answer.json["error"]) == (400, "unauthorized_client")


def ask(desk: LoginDesk, token: str, **headers: str) -> Any:
    return post(desk.served, "/oauth/introspect", {"token": token}, X_Request_Id="asking", **headers)


def test_only_those_who_may_learn_what_a_token_is(desk: LoginDesk, robot: str) -> None:
    mine = tokens_of(desk.served)
    told = ask(desk, mine["access_token"], Authorization=basic(robot, "cs_robot")).json
    assert (told["active"], told["username"], told["client_id"]) == (True, "wanda", "casectl")
    assert (told["scope"], told["token_type"]) == (mine["scope"], "Bearer")
    refreshing = ask(desk, mine["refresh_token"], Authorization=basic(robot, "cs_robot")).json
    assert refreshing["token_type"] == "refresh_token"
    key = issue_key(desk.database, "admin")
    assert ask(desk, mine["access_token"], Authorization=f"Bearer {key}").json["active"] is True
    robots = own_token(desk, robot).json
    assert ask(desk, robots["access_token"], Authorization=f"Bearer {key}").json["scope"] == robots["scope"]
    plain = add_client(desk.database, "no asker", secret="cs_robot")
    assert ask(desk, mine["access_token"], Authorization=basic(plain, "cs_robot")).status == 403
    assert ask(desk, mine["access_token"], Authorization=basic(robot, "wrong")).status == 401
    assert ask(desk, mine["access_token"], Authorization=f"Bearer {issue_key(desk.database, 'wanda')}").status == 403
    assert ask(desk, mine["access_token"], Authorization="Bearer ck_x_y").status == 401
    public = post(desk.served, "/oauth/introspect", {"token": mine["access_token"], "client_id": "casectl"})
    assert public.status == 403
    assert {entry["outcome"][1] for entry in audited(desk.database, "asking")} == {"refused"}


def test_what_is_over_is_not_active(desk: LoginDesk, robot: str) -> None:
    proof = {"Authorization": basic(robot, "cs_robot")}
    mine = tokens_of(desk.served)
    refresh(desk.served, mine["refresh_token"])
    inactive = {"active": False}
    assert ask(desk, mine["refresh_token"], **proof).json == inactive
    post(desk.served, "/oauth/revoke", {"token": mine["access_token"], "client_id": "casectl"})
    assert ask(desk, mine["access_token"], **proof).json == inactive
    assert ask(desk, "ct_nothing", **proof).json == inactive
    assert goes_out(desk.served, mine["access_token"])


def test_another_tenants_token_is_none_of_ones_business(desk: LoginDesk, robot: str) -> None:
    digest = hashlib.sha256(b"ct_globex").digest()
    sql(desk.database, "INSERT INTO grants (tenant_id, id, client_id, user_id, expires_at, changed_by)"
        " SELECT 2, take_numbers('grants.id', 1), 'casectl', min(id), now() + interval '1 h', 0 FROM users"
        " WHERE tenant_id = 2", (), 2)  # fmt: skip
    sql(desk.database, "INSERT INTO tokens (tenant_id, digest, grant_id, kind, expires_at)"
        " SELECT 2, %s, max(id), 'access', now() + interval '1 h' FROM grants WHERE tenant_id = 2",
        (digest,), 2)  # fmt: skip
    assert ask(desk, "ct_globex", Authorization=basic(robot, "cs_robot")).json == {"active": False}


def test_devices_cannot_be_begun_without_end(serving: Any, served_database: Any) -> None:
    with serving.serve(make_app(config_of(served_database))) as served:
        told = []
        while 429 not in told and len(told) < 200:
            told.append(post(served, "/oauth/device_authorization", {"client_id": "casectl"}).status)
    assert told[:30] == [200] * 30
    assert told[-1] == 429


def test_a_device_approved_before_all_sessions_ended_gets_nothing(desk: LoginDesk) -> None:
    for tenant in (0, 1):  # guesses of the tests before
        sql(desk.database, "UPDATE login_delays SET blocked_until = now(), failures = 0", (), tenant)
    device = begin(desk)
    answer_at(desk, device["user_code"], "allow")
    other = begin(desk)
    answer_at(desk, other["user_code"], "allow", login="walt")
    key = issue_key(desk.database, "wanda")
    assert desk.served.ask("DELETE", "/v1/sessions/all/", token=key).status == 200
    told = poll(desk, device["device_code"])
    assert (told.status, told.json["error"]) == (400, "access_denied")
    assert poll(desk, other["device_code"]).status == 200, "somebody else's approval stays"
