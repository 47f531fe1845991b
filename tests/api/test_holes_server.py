"""Holes that were found in the server by attacking it; each test is named after the one that it keeps shut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casectl.api.app import make_app
from tests.api.oauth_flows import CHEAP, COST, PASSWORD, give_password, sql, tokens_of
from tests.served import Servers, config_of, issue_key

if TYPE_CHECKING:
    from tests.api.conftest import Caller
    from tests.conftest import Database


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
    assert "without having them" in refused.json["detail"]
    told = {"old_password": PASSWORD, "password": "an entirely other sentence"}
    assert narrow("PUT", "/v1/users/admin/password/", told).status == 200, "who knows the present one may"


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
        keys = [issue_key(served_database, "wanda") for _ in range(6)]
        found = [served.ask("GET", "/v1/whoami/", token=key).status for key in keys]
        assert found == [200] * 4 + [429] * 2
        assert served.ask("GET", "/v1/whoami/", token=issue_key(served_database, "walt")).status == 200


def test_nobody_uses_up_the_requests_of_all_who_logged_in_with_the_same_program(
    serving: Servers, served_database: Database
) -> None:
    for login in ("wanda", "walt"):
        give_password(served_database, login)
    config = config_of(served_database, server__client_rate="1", server__client_burst="4", **CHEAP)
    with serving.serve(make_app(config)) as served:
        noisy, quiet = (tokens_of(served, login=login)["access_token"] for login in ("wanda", "walt"))
        assert [served.ask("GET", "/v1/whoami/", token=noisy).status for _ in range(6)][-1] == 429
        assert served.ask("GET", "/v1/whoami/", token=quiet).status == 200
