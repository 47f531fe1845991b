"""Keys, clients, passwords and the organisation's own tokens over real HTTP."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from casectl.api.app import make_app
from casectl.desk.server.access import REMEMBERED_SECONDS
from casectl.errors import InvalidInput
from tests.desk.test_oidc import AUDIENCE, Issuer, issuer, signed
from tests.serve_program import until
from tests.served import config_of

if TYPE_CHECKING:
    from tests.api.conftest import Caller
    from tests.conftest import Database
    from tests.served import Answer, Servers

__all__ = ["issuer"]


def with_token(api: Caller, token: str) -> Any:
    def ask(method: str, path: str, body: Any = None, **headers: str) -> Answer:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        return api.served.ask(method, path, body, token=token, headers=told)

    return ask


def test_a_key_made_over_http_opens_what_it_was_made_for(api: Caller) -> None:
    made = api("POST", "/v1/keys/", {"key": "nightly", "rights": ["case:read", "case:read_any"], "expires": "90d"})
    assert made.status in (200, 201), made.body
    assert "no-store" in made.headers.get("cache-control", "")
    script = with_token(api, made.json["secret"])
    assert script("GET", "/v1/cases/").status == 200
    assert script("POST", "/v1/cases/", {"title": "No"}).status == 403
    assert script("GET", "/v1/keys/").status == 403
    ended = api("DELETE", f"/v1/keys/{made.json['id']}/")
    assert (ended.status, ended.json["state"]) == (200, "revoked")
    # A revocation is told to all servers, this one included; they hear it long before they would ask again.
    until(lambda: script("GET", "/v1/cases/").status != 200, REMEMBERED_SECONDS - 1)
    refused = script("GET", "/v1/cases/")
    assert (refused.status, refused.json["detail"]) == (401, "the API key was revoked")


def test_a_key_with_few_rights_makes_none_with_more(api: Caller) -> None:
    few = api.as_user("admin", rights=["key:create", "case:read"])
    made = few("POST", "/v1/keys/", {"key": "child"})
    assert sorted(made.json["rights"]) == ["case:read", "key:create"]
    for wanted in ("case:create", "user:manage"):
        assert few("POST", "/v1/keys/", {"key": "more", "rights": [wanted]}).status == 403
    strong = api("POST", "/v1/keys/", {"key": "strong"})
    assert few("POST", f"/v1/keys/{strong.json['id']}/rotate/", {}).status == 403
    assert few("POST", "/v1/clients/", {"client": "x", "rights": ["case:read"]}).status == 403


def test_the_last_use_of_a_key_is_shown(api: Caller) -> None:
    made = api("POST", "/v1/keys/", {"key": "seen"}).json
    assert made["last_used_at"] is None
    assert with_token(api, made["secret"])("GET", "/v1/cases/").status == 200

    def seen() -> Any:
        return next(key for key in api("GET", "/v1/keys/").json if key["id"] == made["id"])

    until(lambda: seen()["last_used_at"] is not None)
    assert seen()["last_used_from"] == "127.0.0.1"


def test_a_repeated_request_tells_no_secret_again(api: Caller) -> None:
    first, second = (api("POST", "/v1/keys/", {"key": "once"}, Idempotency_Key="k") for _ in range(2))
    assert first.json["id"] == second.json["id"]
    assert second.json["secret"] is None


def test_a_password_travels_in_the_body_alone(api: Caller) -> None:
    word = "tulip over nine bridges"
    done = api("PUT", "/v1/users/wanda/password/", {"password": word})
    assert (done.status, done.json["user"]["login"]) == (200, "wanda")
    assert word not in done.body.decode()
    weak = api("PUT", "/v1/users/wanda/password/", {"password": "Password12345"})
    assert (weak.status, weak.json["problems"][0]["pointer"]) == (422, "/password")
    assert "Password12345" not in weak.body.decode()
    other = api.as_user("walt")
    assert other("PUT", "/v1/users/wanda/password/", {"password": word}).status == 403


def test_another_tenants_keys_and_clients_are_not_there(api: Caller) -> None:
    key = api("POST", "/v1/keys/", {"key": "mine"}).json
    client = api("POST", "/v1/clients/", {"client": "c", "rights": ["case:read"]}).json
    other = api.as_user("admin", tenant_id=2)
    for method, path in (
        ("DELETE", f"/v1/keys/{key['id']}/"), ("POST", f"/v1/keys/{key['key_id']}/rotate/"),
        ("GET", f"/v1/clients/{client['client_id']}/"), ("DELETE", "/v1/clients/c/"), ("DELETE", "/v1/sessions/1/"),
    ):  # fmt: skip
        assert other(method, path, {} if method == "POST" else None).status == 404, path
    assert with_token(api, key["secret"])("GET", "/v1/cases/").status == 200


def oidc_settings(issuer: Issuer, **more: str) -> dict[str, str]:
    told = {"issuer": issuer.url, "audience": AUDIENCE, "tenant": "acme", **more}
    return {f"oidc__{name}": value for name, value in told.items()}


def test_a_token_of_the_own_provider_opens_the_server(
    serving: Servers, served_database: Database, issuer: Issuer
) -> None:
    with serving.serve(make_app(config_of(served_database, **oidc_settings(issuer)))) as served:
        made = served.ask("POST", "/v1/cases/", {"title": "By the provider"}, token=signed(issuer))
        assert (made.status, made.json["title"]) == (201, "By the provider")
        for token in (signed(issuer, exp=1_600_000_000), signed(issuer, aud="https://elsewhere.example")):
            refused = served.ask("GET", "/v1/cases/", token=token)
            assert refused.status == 401
            assert 'error="invalid_token"' in refused.headers["www-authenticate"]
        issuer.told = {"issuer": "https://elsewhere.example"}
    with psycopg.connect(**served_database.superuser) as connection:
        actor = connection.execute(
            "SELECT u.login FROM desk.audit a JOIN desk.users u ON u.tenant_id = a.tenant_id AND u.id = a.actor_id"
            " WHERE a.operation = 'create'"
        ).fetchone()
    assert actor == ("wanda",)


def test_a_provider_that_is_away_is_told_as_such(serving: Servers, served_database: Database, issuer: Issuer) -> None:
    issuer.told = {"issuer": "https://elsewhere.example"}
    with serving.serve(make_app(config_of(served_database, **oidc_settings(issuer)))) as served:
        answer = served.ask("GET", "/v1/cases/", token=signed(issuer))
    assert (answer.status, answer.json["code"]) == (503, "unreachable")


def test_a_server_with_an_unsafe_provider_does_not_start(served_database: Database, issuer: Issuer) -> None:
    app = make_app(config_of(served_database, **oidc_settings(issuer, algorithms="HS256")))

    async def start() -> None:
        async with app.router.lifespan_context(app):
            raise AssertionError("it must not start")

    with pytest.raises(InvalidInput, match="algorithms cannot be HS256"):
        asyncio.run(asyncio.wait_for(start(), 20))
