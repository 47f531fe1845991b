"""What somebody with a stolen code or token gets: nothing; and the audit tells of it, with the request's id."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psycopg
import pytest

from casectl.api.app import make_app
from tests.api.oauth_desk import desk  # noqa: F401 - a fixture
from tests.api.oauth_flows import (
    CHEAP,
    PASSWORD,
    Browser,
    Pkce,
    add_client,
    address,
    audited,
    basic,
    code_of,
    events,
    exchange,
    give_password,
    goes_out,
    gone_to,
    is_valid,
    pkce,
    post,
    refresh,
    sql,
    tokens_of,
)
from tests.served import config_of

if TYPE_CHECKING:
    from tests.api.oauth_desk import LoginDesk

# ruff: noqa: F811 - fixtures


def refused(answer, error: str = "invalid_grant") -> None:
    assert (answer.status, answer.json["error"]) == (400, error)
    assert answer.headers["cache-control"] == "no-store"


def grant_of(desk: LoginDesk, token: str) -> tuple:
    return sql(
        desk.database,
        "SELECT g.revoked_at IS NOT NULL, g.revoke_reason FROM grants g JOIN tokens t"
        " ON t.tenant_id = g.tenant_id AND t.grant_id = g.id WHERE t.digest = sha256(%s)",
        (token.encode(),),
    )[0]  # fmt: skip


def test_a_login_gives_tokens_that_work(desk: LoginDesk) -> None:
    given = tokens_of(desk.served)
    assert set(given) == {"access_token", "expires_in", "token_type", "scope", "refresh_token"}
    assert (given["token_type"], given["expires_in"]) == ("Bearer", 900)
    assert given["access_token"].startswith("ct_")
    assert given["refresh_token"].startswith("cr_")
    assert is_valid(desk.served, given["access_token"])
    assert not is_valid(desk.served, given["refresh_token"])


def test_only_digests_are_kept(desk: LoginDesk) -> None:
    given = tokens_of(desk.served)
    kept = str(sql(desk.database, "SELECT t::text FROM tokens t UNION ALL SELECT c::text FROM codes c"
                   " UNION ALL SELECT payload::text FROM audit"))  # fmt: skip
    assert given["access_token"] not in kept
    assert given["refresh_token"] not in kept


def test_a_refresh_token_used_again_kills_its_family(desk: LoginDesk) -> None:
    first = tokens_of(desk.served)
    second = refresh(desk.served, first["refresh_token"]).json
    third = refresh(desk.served, second["refresh_token"]).json
    refused(refresh(desk.served, first["refresh_token"]))
    assert grant_of(desk, first["access_token"]) == (True, "refresh token used again")
    for token in (first, second, third):
        assert not is_valid(desk.served, token["access_token"])
    refused(refresh(desk.served, third["refresh_token"]))
    reasons = [told["reason"][1] for told in audited(desk.database, "refresh")]
    assert "invalid_grant: reuse" in reasons
    assert "invalid_grant: revoked" in reasons


def test_two_commands_that_refresh_at_once_get_the_same_successor(desk: LoginDesk) -> None:
    first = tokens_of(desk.served)
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda _: refresh(desk.served, first["refresh_token"]), range(6)))
    assert [answer.status for answer in answers] == [200] * 6
    assert len({answer.json["refresh_token"] for answer in answers}) == 1
    assert len({answer.json["access_token"] for answer in answers}) == 6
    assert all(is_valid(desk.served, answer.json["access_token"]) for answer in answers)
    assert refresh(desk.served, answers[0].json["refresh_token"]).status == 200


def test_the_grace_ends(desk: LoginDesk) -> None:
    first = tokens_of(desk.served)
    second = refresh(desk.served, first["refresh_token"]).json
    sql(desk.database, "UPDATE tokens SET used_at = used_at - interval '31 s' WHERE digest = sha256(%s)",
        (first["refresh_token"].encode(),))  # fmt: skip
    refused(refresh(desk.served, first["refresh_token"]))
    assert goes_out(desk.served, second["access_token"])


def test_a_code_used_twice_takes_back_what_it_gave(desk: LoginDesk) -> None:
    code, proof = code_of(desk.served)
    given = exchange(desk.served, code, proof).json
    assert is_valid(desk.served, given["access_token"])
    refused(exchange(desk.served, code, proof))
    assert grant_of(desk, given["access_token"]) == (True, "authorization code used again")
    assert goes_out(desk.served, given["access_token"])
    refused(refresh(desk.served, given["refresh_token"]))
    assert "invalid_grant: reuse" in [told["reason"][1] for told in audited(desk.database, "exchange")]


def test_a_code_used_at_once_by_many_gives_nobody_anything_lasting(desk: LoginDesk) -> None:
    code, proof = code_of(desk.served)
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda _: exchange(desk.served, code, proof), range(6)))
    given = [answer.json for answer in answers if answer.status == 200]
    assert len(given) == 1
    assert goes_out(desk.served, given[0]["access_token"])


@pytest.mark.parametrize(
    ("given", "error", "reason"),
    [
        ({"code_verifier": "w" * 64}, "invalid_grant", "wrong verifier"),
        ({"code_verifier": ""}, "invalid_request", "wrong verifier"),
        ({"redirect_uri": "http://127.0.0.1:10/callback"}, "invalid_grant", "other redirect address"),
        ({"redirect_uri": ""}, "invalid_request", ""),
    ],
)
def test_a_stolen_code_alone_is_worth_nothing(desk: LoginDesk, given, error: str, reason: str) -> None:
    code, proof = code_of(desk.served)
    refused(exchange(desk.served, code, proof, **given), error)
    refused(exchange(desk.served, code, proof))  # the attempt has used it up
    told = audited(desk.database, "exchange")
    assert any(entry["reason"][1].startswith(error) and reason in entry["reason"][1] for entry in told)
    assert all(entry["outcome"][1] == "refused" for entry in told)


def test_the_challenge_itself_is_no_verifier(desk: LoginDesk) -> None:
    code, proof = code_of(desk.served)
    refused(exchange(desk.served, code, Pkce(proof.challenge, proof.challenge)))


def test_another_client_cannot_use_a_code(desk: LoginDesk) -> None:
    other = add_client(desk.database, "other")
    code, proof = code_of(desk.served)
    refused(exchange(desk.served, code, proof, other))
    assert exchange(desk.served, code, proof).status == 200  # nor use it up for its owner
    assert "invalid_grant: other client" in [told["reason"][1] for told in audited(desk.database, "exchange")]


def test_another_clients_refresh_token_is_refused_and_its_family_ended(desk: LoginDesk) -> None:
    thief = add_client(desk.database, "thief")
    given = tokens_of(desk.served)
    refused(refresh(desk.served, given["refresh_token"], thief))
    assert grant_of(desk, given["access_token"]) == (True, "used by another client")
    assert not is_valid(desk.served, given["access_token"])


@pytest.mark.parametrize("table", ["codes", "tokens"])
def test_what_has_expired_is_refused(desk: LoginDesk, table: str) -> None:
    if table == "codes":
        code, proof = code_of(desk.served)
        sql(desk.database, "UPDATE codes SET expires_at = now() WHERE digest = sha256(%s)", (code.encode(),))
        refused(exchange(desk.served, code, proof))
        assert "invalid_grant: expired" in [told["reason"][1] for told in audited(desk.database, "exchange")]
        return
    given = tokens_of(desk.served)
    sql(desk.database, "UPDATE tokens SET expires_at = now()")
    assert not is_valid(desk.served, given["access_token"])
    refused(refresh(desk.served, given["refresh_token"]))
    assert "invalid_grant: expired" in [told["reason"][1] for told in audited(desk.database, "refresh")]


def test_no_login_outlives_its_longest_time(desk: LoginDesk) -> None:
    given = tokens_of(desk.served)
    sql(desk.database, "UPDATE grants SET expires_at = now(), changed_by = 0, changed_at = now() WHERE tenant_id = 1")
    assert not is_valid(desk.served, given["access_token"])
    refused(refresh(desk.served, given["refresh_token"]))


def test_a_revoked_login_is_over_at_once(desk: LoginDesk) -> None:
    given = tokens_of(desk.served)
    other = tokens_of(desk.served, login="walt")
    form = {"token": given["refresh_token"], "token_type_hint": "refresh_token", "client_id": "casectl"}
    assert post(desk.served, "/oauth/revoke", form).status == 200
    assert not is_valid(desk.served, given["access_token"])
    refused(refresh(desk.served, given["refresh_token"]))
    assert is_valid(desk.served, other["access_token"])
    assert post(desk.served, "/oauth/revoke", form).status == 200
    assert post(desk.served, "/oauth/revoke", {**form, "token": "ct_never"}).status == 200


def test_an_access_token_revokes_its_login_too(desk: LoginDesk) -> None:
    given = tokens_of(desk.served)
    post(desk.served, "/oauth/revoke", {"token": given["access_token"], "client_id": "casectl"})
    assert not is_valid(desk.served, given["access_token"])


def test_nobody_revokes_anothers_login(desk: LoginDesk) -> None:
    client = add_client(desk.database, "revoker", secret="cs_revoker")
    given = tokens_of(desk.served)
    form = {"token": given["refresh_token"], "client_id": client, "client_secret": "cs_revoker"}
    assert post(desk.served, "/oauth/revoke", form, X_Request_Id="meddling").status == 200
    assert is_valid(desk.served, given["access_token"])
    assert audited(desk.database, "meddling")[0]["reason"][1] == "other client"


def test_scopes_only_ever_shrink(desk: LoginDesk) -> None:
    given = tokens_of(desk.served, scope="case:read case:create")
    assert set(given["scope"].split()) == {"case:read", "case:create"}
    refused(refresh(desk.served, given["refresh_token"], scope="case:read case:delete"), "invalid_scope")
    assert "invalid_scope: scope" in [told["reason"][1] for told in audited(desk.database, "refresh")]
    narrow = refresh(desk.served, given["refresh_token"], scope="case:read").json
    assert narrow["scope"] == "case:read"
    assert desk.served.ask("POST", "/v1/cases/", {"title": "x"}, token=narrow["access_token"]).status == 403
    wide = refresh(desk.served, narrow["refresh_token"]).json
    assert set(wide["scope"].split()) == {"case:read", "case:create"}
    assert desk.served.ask("POST", "/v1/cases/", {"title": "x"}, token=wide["access_token"]).status == 201


def test_a_right_the_user_lacks_is_never_granted(desk: LoginDesk) -> None:
    given = tokens_of(desk.served, scope="case:read tenant:manage no:such")
    assert given["scope"] == "case:read"


def test_nothing_left_is_no_login(desk: LoginDesk) -> None:
    browser, target = Browser(desk.served), address(challenge=pkce().challenge, scope="tenant:manage")
    assert browser.log_in(target).status == 303
    answer = browser.get(target)
    assert answer.status == 303
    assert gone_to(answer)["error"] == "invalid_scope"
    assert gone_to(answer)["state"] == "s t&a=te"


def test_a_client_gets_no_more_than_its_own_rights(desk: LoginDesk) -> None:
    client = add_client(desk.database, "reader", rights=["case:read"])
    given = tokens_of(desk.served, client_id=client)
    assert given["scope"] == "case:read"
    assert desk.served.ask("POST", "/v1/cases/", {"title": "x"}, token=given["access_token"]).status == 403


@pytest.mark.parametrize("change", ["is_active = false", "expires_at = now() - interval '1 s'"])
def test_a_client_out_of_use_takes_its_tokens_along(desk: LoginDesk, change: str) -> None:
    client = add_client(desk.database, f"leaver {change}")
    given = tokens_of(desk.served, client_id=client)
    assert is_valid(desk.served, given["access_token"])
    sql(desk.database, f"UPDATE clients SET {change}, changed_by = 0, changed_at = now() WHERE client_id = %s",
        (client,))  # fmt: skip
    assert goes_out(desk.served, given["access_token"])
    answer = refresh(desk.served, given["refresh_token"], client)
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")


def set_active(desk: LoginDesk, login: str, active: bool) -> None:
    sql(
        desk.database,
        "UPDATE users SET is_active = %s, changed_by = 0, changed_at = now() WHERE tenant_id = 1 AND login = %s",
        (active, login),
    )


def test_a_deactivated_user_is_out(desk: LoginDesk) -> None:
    given = tokens_of(desk.served, login="walt")
    set_active(desk, "walt", False)
    try:
        assert not is_valid(desk.served, given["access_token"])
        refused(refresh(desk.served, given["refresh_token"]))
        answer = Browser(desk.served).log_in(address(challenge=pkce().challenge), "walt")
        assert answer.status == 403
    finally:
        set_active(desk, "walt", True)


def test_anothers_tenants_user_cannot_let_a_client_in(desk: LoginDesk) -> None:
    client = add_client(desk.database, "globex's own", tenant=2)
    browser, target = Browser(desk.served), address(client, pkce().challenge)
    assert browser.log_in(target, "wanda", tenant="acme").status == 403
    assert "globex" not in browser.page.replace("globex&#x27;s own", "")
    assert browser.log_in(address(challenge=pkce().challenge), "wanda").status == 303
    browser.get(target)
    assert 'name="password"' in browser.page  # logged in, but elsewhere


def test_tokens_of_tenants_stay_apart(desk: LoginDesk) -> None:
    proof, browser = pkce(), Browser(desk.served)
    target = address(challenge=proof.challenge)
    browser.log_in(target, "admin", tenant="globex")
    browser.get(target)
    code = gone_to(browser.send(target, action="allow"))["code"]
    token = exchange(desk.served, code, proof).json["access_token"]
    mine = tokens_of(desk.served)["access_token"]
    number = desk.served.ask("POST", "/v1/cases/", {"title": "acme's"}, token=mine).json["id"]
    assert desk.served.ask("GET", f"/v1/cases/{number}/", token=mine).status == 200
    assert desk.served.ask("GET", f"/v1/cases/{number}/", token=token).status == 404


def test_a_confidential_client_must_prove_itself_at_every_step(desk: LoginDesk) -> None:
    client = add_client(desk.database, "confidential", secret="cs_right")
    code, proof = code_of(desk.served, client)
    for given in ({}, {"client_secret": "cs_wrong"}):
        answer = exchange(desk.served, code, proof, client, **given)
        assert (answer.status, answer.json["error"]) == (401, "invalid_client")
    assert "invalid_client: wrong client secret" in [told["reason"][1] for told in audited(desk.database, "exchange")]
    given = exchange(desk.served, code, proof, client, client_secret="cs_right").json
    answer = refresh(desk.served, given["refresh_token"], client)
    assert answer.status == 401
    assert refresh(desk.served, given["refresh_token"], client, client_secret="cs_right").status == 200


def test_a_client_proves_itself_in_one_way_only(desk: LoginDesk) -> None:
    client = add_client(desk.database, "two ways", secret="cs_right")
    form = {"grant_type": "client_credentials", "client_id": client, "client_secret": "cs_right"}
    both = post(desk.served, "/oauth/token", form, Authorization=basic(client, "cs_right"))
    assert (both.status, both.json["error"]) == (400, "invalid_request")
    wrong = post(desk.served, "/oauth/token", {"grant_type": "client_credentials"}, Authorization=basic(client, "no"))
    assert wrong.status == 401
    assert wrong.headers["www-authenticate"].startswith("Basic ")


def test_no_refusal_goes_unrecorded_where_the_tenant_is_known(desk: LoginDesk) -> None:
    assert {outcome for _, outcome, _ in events(desk.database)} == {"done", "refused"}


def test_a_password_gets_the_configured_cost_at_the_next_login(serving, served_database) -> None:
    give_password(served_database, "wanda")
    config = config_of(served_database, **{**CHEAP, "oauth__password_memory": "128"})
    with serving.serve(make_app(config)) as served:
        tokens_of(served)
    (hashed,) = sql(served_database, "SELECT hash FROM passwords")[0]
    assert "m=128," in hashed
    assert hashed not in str(sql(served_database, "SELECT payload FROM audit"))


def test_no_log_holds_a_secret_at_any_level(desk: LoginDesk, caplog: pytest.LogCaptureFixture) -> None:
    client = add_client(desk.database, "logged", secret="cs_logged")
    with caplog.at_level(logging.DEBUG):
        code, proof = code_of(desk.served, client)
        given = exchange(desk.served, code, proof, client, client_secret="cs_logged").json
        again = refresh(desk.served, given["refresh_token"], client, client_secret="cs_logged").json
        refused(refresh(desk.served, "cr_stolen", client, client_secret="cs_logged"))
    told = caplog.text + "".join(str(record.__dict__) for record in caplog.records)
    secrets = [code, proof.verifier, "cs_logged", "cr_stolen", PASSWORD, *given.values(), *again.values()]
    assert not [word for word in secrets if isinstance(word, str) and len(word) > 8 and word in told]


def test_a_restart_of_postgres_logs_nobody_out(desk: LoginDesk) -> None:
    given = tokens_of(desk.served)
    with psycopg.connect(**desk.database.superuser, autocommit=True) as superuser:
        ended = superuser.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = %s AND pid <> pg_backend_pid()",
            (desk.database.name,),
        ).fetchall()
    assert len(ended) > 1
    assert refresh(desk.served, given["refresh_token"]).status == 200
