"""Logging in at our own server as people and programs do: casectl as a process, the pages by hand, real tokens."""

from __future__ import annotations

import json
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.api.oauth_desk import desk  # noqa: F401 - a fixture
from tests.api.oauth_flows import Browser, add_client, goes_out, is_valid, sql
from tests.desk.client_home import ClientHome
from tests.served import issue_key


@pytest.fixture
def home(desk, tmp_path):  # noqa: F811 - the fixture
    return ClientHome(tmp_path, desk.served.url)


def target_of(address):
    """Path and query of an address."""
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


def log_in(home, served, *words, answer="allow", login="wanda"):
    """`auth login` without a browser, and both pages filled in by hand; the finished process's code and output."""
    process = home.start("auth", "login", "--no-browser", "--json", *words)
    address = [process.stderr.readline() for _ in range(2)][1].strip()
    browser, target = Browser(served), target_of(address)
    assert browser.log_in(target, login).status == 303, browser.page
    browser.get(target)
    gone = browser.send(target, action=answer)
    with urllib.request.urlopen(gone.headers["location"], timeout=60) as page:
        assert page.status == 200
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err, parse_qs(urlsplit(address).query)


def test_login_work_and_logout_in_the_browser(home, desk):  # noqa: F811
    code, out, err, query = log_in(home, desk.served)
    assert code == 0, err
    told = json.loads(out)
    assert (told["user"], told["tenant"], told["method"]) == ("wanda", "acme", "browser")
    assert query["code_challenge_method"] == ["S256"]
    made = json.loads(home.run("create", "From afar", "--json").stdout)
    assert made["title"] == "From afar"
    assert home.run("list", "-o", "id").stdout.strip() == made["number"]
    who = json.loads(home.run("whoami", "--json").stdout)
    assert (who["client"], who["roles"]) == ("casectl", ["Case Worker"])
    token = home.run("auth", "token").stdout.strip()
    assert is_valid(desk.served, token)
    assert json.loads(home.run("auth", "logout", "--json").stdout)["is_revoked"] is True
    assert goes_out(desk.served, token)
    assert home.run("list").returncode == 4


def test_a_denied_login_is_told(home, desk):  # noqa: F811
    code, out, err, _ = log_in(home, desk.served, answer="deny")
    assert (code, out) == (4, "")
    assert "the login was denied" in err


def test_fewer_rights_than_the_user_has(home, desk):  # noqa: F811
    code, out, err, _ = log_in(home, desk.served, "--scope", "case:read,case:read_any")
    assert code == 0, err
    assert json.loads(out)["scopes"] == ["case:read", "case:read_any"]
    done = home.run("create", "No")
    assert (done.returncode, "the right case:create is missing" in done.stderr) == (5, True)


def test_a_device_approved_in_a_browser_elsewhere(home, desk):  # noqa: F811
    process = home.start("auth", "login", "--device", "--json")
    _, page, _, code = [process.stderr.readline().strip() for _ in range(4)]
    assert page == f"{desk.served.url}/oauth/device"
    browser = Browser(desk.served)
    target = f"/oauth/device?user_code={code}"
    assert browser.log_in(target).status == 303, browser.page
    browser.get(target)
    assert browser.send(target, action="allow").status == 200
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert json.loads(out)["method"] == "device"
    assert home.run("list").returncode == 0


def test_a_program_with_credentials_of_its_own(home, desk, tmp_path):  # noqa: F811
    user = sql(desk.database, "SELECT id FROM users WHERE tenant_id = 1 AND login = 'wanda'")[0][0]
    client_id = add_client(
        desk.database, "robot", secret="of the robot", grant_types=["client_credentials"], redirect_uris=[],
        user_id=user,
    )  # fmt: skip
    (tmp_path / "secret").write_text("of the robot\n")
    (tmp_path / "secret").chmod(0o600)
    done = home.login("--client-id", client_id, "--client-secret-file", "secret", "--json")
    assert json.loads(done.stdout)["scopes"] == ["case:create", "case:read"]
    first = home.tokens()["access"]
    home.change_tokens(expires_at=1.0)
    assert home.run("create", "By a robot").returncode == 0
    assert home.tokens()["access"] != first
    assert json.loads(home.run("whoami", "--json").stdout)["client"] == client_id
    last = home.tokens()["access"]
    assert json.loads(home.run("auth", "logout", "--json").stdout)["is_revoked"] is True
    assert goes_out(desk.served, last)
    (tmp_path / "secret").write_text("wrong")
    done = home.run("auth", "login", "--client-id", client_id, "--client-secret-file", "secret")
    assert (done.returncode, "its secret is wrong" in done.stderr) == (4, True)


def test_an_api_key_by_with_token_and_by_its_variable(home, desk):  # noqa: F811
    key = issue_key(desk.database, "rita")
    assert json.loads(home.login("--with-token", "--json", stdin=key).stdout)["user"] == "rita"
    assert json.loads(home.run("whoami", "--json").stdout)["client"] in key
    other = {"CASECTL_TOKEN": issue_key(desk.database, "walt")}
    assert json.loads(home.run("auth", "status", "--json", **other).stdout)["user"] == "walt"


def test_ten_commands_at_once_survive_rotation_with_reuse_detection(home, desk):  # noqa: F811
    assert log_in(home, desk.served)[0] == 0
    for _ in range(2):
        before = home.tokens()["access"]
        home.change_tokens(expires_at=time.time() - 1)
        with ThreadPoolExecutor(10) as pool:
            done = list(pool.map(lambda _: home.run("auth", "token"), range(10)))
        assert [one.returncode for one in done] == [0] * 10, done[0].stderr
        assert {one.stdout.strip() for one in done} == {home.tokens()["access"]} != {before}
    assert home.run("list").returncode == 0


def test_an_expired_access_token_is_renewed_after_the_servers_refusal(home, desk):  # noqa: F811
    assert log_in(home, desk.served)[0] == 0
    before = home.tokens()["access"]
    sql(desk.database, "UPDATE tokens SET expires_at = now() - interval '1 s' WHERE tenant_id = 1 AND kind = 'access'")
    assert goes_out(desk.served, before)
    assert home.run("list").returncode == 0
    assert home.tokens()["access"] != before


def test_a_session_ended_at_the_server_asks_for_a_new_login(home, desk):  # noqa: F811
    assert log_in(home, desk.served)[0] == 0
    sql(
        desk.database,
        "UPDATE grants SET revoked_at = now(), revoke_reason = 'test', changed_at = now(), changed_by = 0"
        " WHERE tenant_id = 1 AND revoked_at IS NULL",
    )
    assert goes_out(desk.served, home.tokens()["access"])
    done = home.run("list")
    assert done.returncode == 4
    assert "Try: casectl auth login" in done.stderr
    assert not home.keyring


def test_a_profile_is_added_after_the_server_was_asked(home, desk):  # noqa: F811
    done = home.run("profile", "add", "work", "--url", desk.served.url + "/", "--use", CASECTL_REMOTE_URL=None)
    assert done.returncode == 0, done.stderr
    assert f"Found a casectl server at {desk.served.url}, with login page and device codes." in done.stderr
    assert home.run("auth", "status", CASECTL_REMOTE_URL=None).returncode == 4
    key = issue_key(desk.database, "wanda")
    assert home.run("auth", "login", "--with-token", stdin=key, CASECTL_REMOTE_URL=None).returncode == 0
    assert home.run("list", CASECTL_REMOTE_URL=None).returncode == 0
    shown = json.loads(home.run("profile", "show", "--json", CASECTL_REMOTE_URL=None).stdout)
    assert (shown["name"], shown["user"], shown["is_logged_in"]) == ("work", "wanda", True)
