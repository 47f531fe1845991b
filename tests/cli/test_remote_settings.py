"""Settings of servers: how an address is written, which place counts, and whom a project's file may not lead astray."""

from __future__ import annotations

import pytest

from casectl.config import load, write_setting
from casectl.errors import InvalidInput


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A function that loads in a project folder with a user's file and a project's."""
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    user, project = tmp_path / "config.toml", tmp_path / "project" / "casectl.toml"

    def run(mine="", theirs="", flags=None, **environ):
        for path, text in ((user, mine), (project, theirs)):
            path.write_text(text)
            path.chmod(0o600)
        return load(flags or {}, {"HOME": str(tmp_path), "CASECTL_CONFIG": str(user), **environ})

    return run


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("https://desk.example.com/", "https://desk.example.com"),
        ("HTTPS://Desk.Example.COM.:443", "https://desk.example.com"),
        ("https://desk.example.com:8443/casectl/", "https://desk.example.com:8443/casectl"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_an_address_has_one_spelling(place, given, meant):
    assert place(CASECTL_REMOTE_URL=given).text("remote.url") == meant


@pytest.mark.parametrize(
    "given",
    [
        "desk.example.com", "ftp://desk", "https://", "https://u:p@desk", "https://desk@evil", "https://desk?x=1",
        "https://desk#x", "https://desk:0", "https://desk:99999", "https://desk:", "https://a b", "https://desk\n",
        "https://desk\\@evil", "https://desk/../x", "https://[::1", "https://däsk", "https://[]",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(place, given):
    with pytest.raises(InvalidInput, match="CASECTL_REMOTE_URL must be an address like https://"):
        place(CASECTL_REMOTE_URL=given)


def test_a_profile_is_a_database_or_a_server_by_its_url(place):
    mine = (
        '[profiles.work]\nurl = "https://desk"\nconnect_timeout = "3s"\nproxy = "http://u:hush@proxy:3128"\n'
        '[profiles.prod]\nurl = "postgresql://app@db/desk"\nconnect_timeout = "4s"\n'
    )
    work, prod = place(mine, flags={"profile": "work"}), place(mine, flags={"profile": "prod"})
    assert (work.server(), work.seconds("remote.connect_timeout")) == ("https://desk", 3)
    assert work.seconds("database.connect_timeout") == 10
    assert (prod.server(), prod.seconds("database.connect_timeout")) == ("", 4)
    assert prod.text("database.url") == "postgresql://app@db/desk"
    assert "hush" not in str(work.show())


def test_the_place_named_more_strongly_counts(place):
    remote, local = '[remote]\nurl = "https://desk"\n', '[profiles.p]\nurl = ""\n'
    assert place(remote).server() == "https://desk"
    assert place(remote, CASECTL_DATABASE_URL="postgresql://h/d").server() == ""
    assert place(remote + local, flags={"profile": "p"}).server() == ""
    assert place('[database]\nurl = "postgresql://h/d"\n' + remote).server() == "https://desk"
    assert place('[database]\nurl = "postgresql://h/d"\n', CASECTL_REMOTE_URL="https://desk").server() == "https://desk"


def test_the_tenant_of_another_place_is_not_the_servers(place):
    mine = 'tenant = "local"\n[profiles.work]\nurl = "https://desk"\n[profiles.two]\nurl = "https://d"\ntenant = "t"\n'
    assert place(mine, 'tenant = "project"\n', flags={"profile": "work"}).server_tenant() == ""
    assert place(mine, flags={"profile": "two"}).server_tenant() == "t"
    assert place(mine, flags={"profile": "work", "tenant": "x"}).server_tenant() == "x"
    assert place('tenant = "a"\n[remote]\nurl = "https://desk"\n').server_tenant() == "a"
    assert place().server_tenant() == ""


def test_a_project_leads_no_login_to_another_server(place):
    theirs = (
        'profile = "work"\n[remote]\nurl = "https://evil"\nca_file = "evil.pem"\nproxy = "http://evil:1"\n'
        'insecure_http = true\nclient_id = "evil"\n[profiles.work]\nurl = "https://evil"\n'
    )
    config = place('[profiles.work]\nurl = "https://desk"\n', theirs)
    assert config.server() == "https://desk"
    assert {config.value(f"remote.{key}").origin for key in ("ca_file", "proxy", "insecure_http", "client_id")} == {
        "default"
    }
    assert len(config.notes) == 6
    assert all("only your own configuration file may set it" in note for note in config.notes)
    assert place("", theirs.replace('profile = "work"\n', "")).server() == ""


def test_a_project_makes_no_database_of_a_profile_of_mine(place):
    theirs = '[profiles.work]\nurl = "postgresql://evil/"\ntenant = "acme"\n'
    config = place('[profiles.work]\nurl = "https://desk"\n', theirs, flags={"profile": "work"})
    assert config.server() == "https://desk"
    assert config.get("database.url") is None
    assert config.text("tenant") == "acme"
    assert config.notes[0].endswith("casectl.toml:2: database.url is ignored: the profile work is yours")


def test_a_servers_profile_is_written(place, tmp_path):
    path = tmp_path / "made.toml"
    for name, value in (("url", "https://desk/"), ("ca_file", "/ca.pem"), ("connect_timeout", "3s")):
        write_setting(str(path), f"profiles.work.{name}", value)
    config = load({"profile": "work"}, {"HOME": "/", "CASECTL_CONFIG": str(path)})
    assert (config.server(), config.text("remote.ca_file")) == ("https://desk", "/ca.pem")
    assert config.seconds("remote.connect_timeout") == 3
