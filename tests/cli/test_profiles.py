"""Places by name: what is written, what is shown, and what is refused."""

from __future__ import annotations

import json

import pytest

from tests.desk.client_home import ClientHome
from tests.desk.oauth_peer import OAuthPeer


@pytest.fixture
def peer():
    made = OAuthPeer()
    yield made
    made.close()


@pytest.fixture
def home(tmp_path, peer):
    made = ClientHome(tmp_path, peer.url)
    del made.environ["CASECTL_REMOTE_URL"]
    return made


def config_of(home):
    return home.folder / ".config" / "casectl" / "config.toml"


def listed(home):
    return {one["name"]: one for one in json.loads(home.run("profile", "list", "--json").stdout)}


def test_a_server_is_asked_what_it_is_and_kept_with_all_that_was_said(home, peer):
    done = home.run("profile", "add", "work", "--url", peer.url, "--tenant", "acme", "--ca-file", "ca.pem")
    assert done.returncode == 0, done.stderr
    assert f"Found a casectl server at {peer.url}, with login page and device codes." in done.stderr
    assert "Log in there: casectl auth login --profile work" in done.stderr
    assert config_of(home).read_text() == (
        f'[profiles.work]\nurl = "{peer.url}"\ntenant = "acme"\nca_file = "{home.folder}/ca.pem"\n'
    )
    assert config_of(home).stat().st_mode & 0o777 == 0o600
    (found,) = listed(home).values()
    assert (found["kind"], found["tenant"], found["is_current"], found["is_logged_in"]) == (
        "server", "acme", False, False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("url", "code", "told"),
    [
        ("https://u:hush@desk.example.com", 2, "a password in an address can be seen"),
        ("postgresql://u:hush@db/desk", 2, "a password in an address can be seen"),
        ("http://desk.example.com", 2, "is not encrypted"),
        ("desk.example.com", 2, "--url desk.example.com is no address"),
        ("https://desk.example.com?x=1", 2, "must be an address like"),
        ("http://127.0.0.1:1", 9, "no connection to http://127.0.0.1:1"),
    ],
)
def test_what_is_no_place_to_work_at_is_not_written(home, url, code, told):
    done = home.run("profile", "add", "work", "--url", url)
    assert (done.returncode, told in done.stderr) == (code, True), done.stderr
    assert "hush" not in done.stderr
    assert not config_of(home).exists()


def test_a_web_server_is_no_casectl_server(home, peer):
    peer.broken = {"/.well-known/oauth-authorization-server": (404, b"<html>")}
    done = home.run("profile", "add", "work", "--url", peer.url)
    assert done.returncode == 9
    assert "is no casectl server" in done.stderr
    assert "--no-check" in done.stderr
    assert home.run("profile", "add", "work", "--url", peer.url, "--no-check").returncode == 0


def test_without_a_check_nothing_is_asked(home):
    for words in (
        ("far", "--url", "https://desk.example.com:8443/casectl"),
        ("open", "--url", "http://desk.example.com", "--insecure-http"),
        ("db", "--url", "postgresql://app@db.example.com/desk"),
    ):
        done = home.run("profile", "add", *words, "--no-check")
        assert done.returncode == 0, done.stderr
    found = listed(home)
    assert {name: one["kind"] for name, one in found.items()} == {"db": "database", "far": "server", "open": "server"}
    assert found["far"]["url"] == "https://desk.example.com:8443/casectl"
    assert home.run("profile", "add", "db", "--url", "https://d", "--no-check").returncode == 7
    for name in ("none", "a b", "-x", "ä", ""):
        assert home.run("profile", "add", "--url", "https://d", "--no-check", "--", name).returncode == 2


def test_one_is_used_until_another_is(home, peer):
    config_of(home).parent.mkdir(parents=True)
    config_of(home).write_text('# mine\ncolor = "never" # plain\n')
    assert home.run("profile", "add", "work", "--url", peer.url, "--use").returncode == 0
    assert home.run("profile", "add", "home", "--url", "https://home.example.com", "--no-check").returncode == 0
    assert listed(home)["work"]["is_current"]
    assert home.run("auth", "status").returncode == 4
    assert home.run("profile", "use", "home").returncode == 0
    assert json.loads(home.run("profile", "show", "--json").stdout)["name"] == "home"
    told = home.run("profile", "use", "work", CASECTL_PROFILE="home").stderr
    assert "CASECTL_PROFILE names home, which goes before it" in told
    assert home.run("profile", "use", "none").returncode == 0
    assert not any(one["is_current"] for one in listed(home).values())
    assert home.run("profile", "show").returncode == 2
    done = home.run("profile", "use", "wrok")
    assert (done.returncode, "work" in done.stderr) == (3, True)
    assert config_of(home).read_text().startswith('# mine\ncolor = "never" # plain\n')


def test_no_profile_is_the_desk_of_this_machine(home, peer):
    home.run("profile", "add", "work", "--url", peer.url, "--use")
    url = "postgresql://nobody@127.0.0.1:9/desk"
    for words, given in ((("list", "--profile", "none"), {}), (("list",), {"CASECTL_PROFILE": "none"})):
        done = home.run(*words, CASECTL_DATABASE_URL=url, **given)
        assert done.returncode == 9
        assert "127.0.0.1:9" in done.stderr or "127.0.0.1 port 9" in done.stderr
    done = home.run("db", "status")
    assert done.returncode == 2
    assert "--profile none" in done.stderr


def test_a_place_is_forgotten_with_its_login(home, peer):
    home.run("profile", "add", "work", "--url", peer.url, "--use")
    home.login()
    refresh = home.tokens()["refresh"]
    assert listed(home)["work"]["user"] == "ann"
    assert list(home.keyring) == [f"casectl {peer.url} profile='work'"]
    done = home.run("profile", "remove", "work")
    assert done.returncode == 0
    assert f"Logged out at {peer.url}." in done.stderr
    assert peer.refresh_tokens[refresh] in peer.ended
    assert not home.keyring
    assert not listed(home)
    assert "profile" not in config_of(home).read_text()
    assert home.run("profile", "remove", "work").returncode == 3


def test_profiles_have_logins_of_their_own(home, peer):
    for name, user in (("one", "ann"), ("two", "bob")):
        peer.user = user
        assert home.run("profile", "add", name, "--url", peer.url).returncode == 0
        assert home.run("auth", "login", "--profile", name).returncode == 0
    assert {name: one["user"] for name, one in listed(home).items()} == {"one": "ann", "two": "bob"}
    assert home.run("auth", "logout", "--profile", "one").returncode == 0
    assert home.run("auth", "token", "--profile", "two").returncode == 0
    assert home.run("auth", "token", "--profile", "one").returncode == 4


def test_a_projects_profile_is_not_removed_from_my_file(home):
    (home.folder / "casectl.toml").write_text('[profiles.theirs]\ntenant = "acme"\n')
    done = home.run("profile", "remove", "theirs")
    assert (done.returncode, "is not in your file" in done.stderr) == (2, True)


def test_a_login_is_for_one_tenant(home, peer):
    for name, tenant in (("one", "acme"), ("two", "globex")):
        assert home.run("profile", "add", name, "--url", peer.url, "--tenant", tenant).returncode == 0
    home.login("--profile", "one")
    done = home.run("auth", "login", "--profile", "two")
    assert (done.returncode, "this login is for the tenant acme, not for globex" in done.stderr) == (2, True)
    assert [query.get("tenant") for query in peer.queries] == ["acme", "globex"]
    assert home.run("whoami", "--profile", "one").returncode == 0
    done = home.run("whoami", "--profile", "one", CASECTL_CONFIG=str(with_tenant(home, "globex")))
    assert (done.returncode, "as one of tenant acme, not of globex" in done.stderr) == (4, True)


def with_tenant(home, tenant):
    """The configuration with the tenant of the profile `one` changed."""
    path = home.folder / "changed.toml"
    path.write_text(config_of(home).read_text().replace('tenant = "acme"', f'tenant = "{tenant}"'))
    return path
