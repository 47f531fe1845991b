"""Logging in at a server: the flows with a peer of its own making, the keyring, refreshing, what must not leak."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from casectl.config import load
from casectl.desk.remote.login import Login
from casectl.desk.remote.session import Session, account_of
from casectl.desk.remote.tokens import Note, Tokens, TokenStore
from tests.api.test_serve_limits import certificate
from tests.desk.client_home import KEYRING, ROOT, ClientHome
from tests.desk.oauth_peer import OAuthPeer
from tests.warm_commands import PATIENCE


@pytest.fixture
def peer():
    made = OAuthPeer()
    yield made
    made.close()


@pytest.fixture
def home(tmp_path, peer):
    return ClientHome(tmp_path, peer.url)


def test_a_login_in_the_browser_ends_in_the_keyring(home, peer):
    done = home.login("--json")
    told = json.loads(done.stdout)
    assert (told["user"], told["tenant"], told["method"]) == ("ann", "acme", "browser")
    assert told["stored_in"] == f"keyring {KEYRING}"
    assert list(home.keyring) == [f"casectl {peer.url}"]
    (query,) = peer.queries
    assert query["code_challenge_method"] == "S256"
    assert "scope" not in query
    assert urlsplit(query["redirect_uri"]).hostname == "127.0.0.1"
    for path in home.files():
        assert path.stat().st_mode & 0o777 == 0o600
        assert "ct_" not in path.read_text()
    for secret in (home.tokens()["access"], home.tokens()["refresh"]):
        assert secret not in done.stdout + done.stderr
    status = json.loads(home.run("auth", "status", "--json").stdout)
    assert status["user"] == "ann"
    assert status["is_renewable"]


def test_the_token_is_sent_and_printed_for_other_programs(home, peer):
    home.login()
    assert home.run("auth", "token").stdout == home.tokens()["access"] + "\n"
    assert json.loads(home.run("whoami", "--json").stdout)["user"]["login"] == "ann"
    assert peer.headers["Authorization"] == f"Bearer {home.tokens()['access']}"


def test_without_a_browser_the_page_is_told_and_the_door_believes_its_own_state_alone(home):
    process = home.start("auth", "login", "--no-browser")
    lines = [process.stderr.readline() for _ in range(2)]
    address = lines[1].strip()
    door = parse_qs(urlsplit(address).query)["redirect_uri"][0]
    for wrong in ("?code=x&state=wrong", "", "?state=&code=x", "/../elsewhere?state=x"):
        with pytest.raises(HTTPError) as refused:
            urllib.request.urlopen(door + wrong, timeout=PATIENCE)
        assert refused.value.code == 400
        refused.value.close()
    with urllib.request.urlopen(address, timeout=PATIENCE) as page:
        assert b"You can close this window" in page.read()
        assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert page.headers["Cache-Control"] == "no-store"
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert "ann" in out


@pytest.mark.parametrize(
    ("odd", "code", "told"),
    [
        ({"denies": True}, 4, "the login was denied"),
        ({"wrong_iss": True}, 4, "another server answered than the one that was asked"),
        ({"metadata_changes": {"issuer": "https://evil.example"}}, 9, "calls itself https://evil.example"),
        ({"metadata_changes": {"token_endpoint": "https://evil.example/t"}}, 9, "sends logins elsewhere"),
        ({"broken": {"/oauth/token": (500, {})}}, 9, "is away: it answered 500"),
        ({"broken": {"/oauth/token": (302, {}, {"Location": "http://127.0.0.1:1/"})}}, 9, "redirects instead of"),
        ({"broken": {"/oauth/token": (200, b"<html>")}}, 9, "an answer that is no token"),
        ({"broken": {"/oauth/token": (429, {})}}, 9, "asks to wait: too many logins"),
        ({"broken": {"/.well-known/oauth-authorization-server": (200, b"<html>")}}, 9, "is no casectl server"),
        ({"tenant": "globex"}, 2, "this login is for the tenant globex, not for acme"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_login_that_fails_is_one_line_and_leaves_nothing(home, peer, odd, code, told):
    for name, value in odd.items():
        setattr(peer, name, value)
    done = home.run("auth", "login", "--tenant", "acme")
    assert (done.returncode, done.stdout) == (code, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert not home.keyring
    assert home.run("auth", "token").returncode == 4


def test_nobody_comes(home):
    done = home.run("auth", "login", "--no-browser", "--timeout", "1s")
    assert done.returncode == 4
    assert "nobody logged in within 1 s" in done.stderr
    assert home.run("auth", "login", "--timeout", "soon").returncode == 2


def test_ctrl_c_leaves_no_trace(home):
    import signal

    process = home.start("auth", "login", "--no-browser")
    for _ in range(2):
        process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert not home.keyring


def test_a_server_that_is_away_is_told(home, peer):
    home.login()
    peer.close()
    for words in (
        ("auth", "login"),
        ("auth", "status"),
        ("auth", "refresh"),
        ("profile", "add", "x", "--url", peer.url),
    ):
        done = home.run(*words)
        assert done.returncode == 9, words
        assert "no connection to" in done.stderr
    assert home.run("auth", "token").returncode == 0
    gone = home.run("auth", "logout", "--json")
    assert gone.returncode == 0
    assert json.loads(gone.stdout)["is_revoked"] is False
    assert "could not be told" in gone.stderr
    assert not home.keyring


def test_a_device_is_approved_elsewhere_with_patience(home, peer):
    peer.interval, peer.pending = 0.01, 1
    done = home.login("--device")
    assert f"  {peer.url}/oauth/device\nand enter the code\n  ABCD-EFGH\n" in done.stderr
    assert json.loads(home.run("auth", "status", "--json").stdout)["method"] == "device"
    peer.device_state = "access_denied"
    done = home.run("auth", "login", "--device")
    assert (done.returncode, "the login was denied: as you wished" in done.stderr) == (4, True)


def test_a_device_answer_without_interval_waits_five_seconds(home, peer):
    begin = time.monotonic()
    home.login("--device")
    assert time.monotonic() - begin >= 5
    assert len([path for path, _ in peer.calls if path == "/oauth/token"]) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_client_secret_that_others_can_read_is_refused(home, peer, tmp_path, mode):
    secret = tmp_path / "secret"
    secret.write_text(peer.secret + "\n")
    secret.chmod(mode)
    done = home.run("auth", "login", "--client-id", "robot", "--client-secret-file", "secret")
    assert (done.returncode, done.stdout, peer.calls) == (4, "", [])
    assert "others can read it" in done.stderr
    assert "chmod 600" in done.stderr
    assert peer.secret not in done.stderr


def test_a_token_answer_without_end_is_read_no_further(home, peer):
    peer.broken["/oauth/token"] = (200, b'{"access_token": "' + b"x" * 3_000_000 + b'"}')
    done = home.run("auth", "login", "--client-id", "robot", "--client-secret-file", "-", stdin="words\n")
    assert (done.returncode, done.stdout, home.keyring) == (9, "", {})
    assert "gave an answer that is no token" in done.stderr


def test_a_program_logs_in_with_its_own_credentials(home, peer, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(peer.secret + "\n")
    secret.chmod(0o600)
    peer.granted = "case:read"
    home.login("--client-id", "robot", "--client-secret-file", "secret", "--scope", "case:read,case:create")
    form = peer.calls[0][1]
    assert form == {"grant_type": "client_credentials", "scope": "case:read case:create"}
    kept = home.tokens()
    assert kept["scopes"] == ["case:read"]
    assert kept["secret_file"] == str(secret)
    assert peer.secret not in str(home.keyring)
    home.change_tokens(expires_at=time.time() - 1)
    assert home.run("auth", "token").stdout.strip() != kept["access"]
    done = home.run("auth", "login", "--client-id", "robot", "--client-secret-file", "-", stdin="wrong\n")
    assert done.returncode == 4
    assert "its secret is wrong" in done.stderr
    assert home.login("--client-id", "robot", "--client-secret-file", "-", stdin=peer.secret).returncode == 0
    assert json.loads(home.run("auth", "logout", "--json").stdout)["is_revoked"] is True


def test_a_given_token_is_tried_first(home, peer):
    done = home.run("auth", "login", "--with-token", stdin="ct_made_up\n")
    assert done.returncode == 4
    assert not home.keyring
    assert "ct_made_up" not in done.stdout + done.stderr
    assert home.run("auth", "login", "--with-token", stdin="\n").returncode == 2
    peer.access["ck_1_good"] = "key"
    home.login("--with-token", stdin="ck_1_good\n")
    status = json.loads(home.run("auth", "status", "--json").stdout)
    assert (status["user"], status["method"], status["is_renewable"]) == ("ann", "token", False)
    assert home.run("auth", "refresh").returncode == 4


def test_casectl_token_goes_first_and_is_never_stored_or_shown(home, peer):
    home.login()
    peer.access["ck_1_env"] = "key"
    token = {"CASECTL_TOKEN": "ck_1_env"}
    home.run("whoami", **token)
    assert peer.headers["Authorization"] == "Bearer ck_1_env"
    status = home.run("auth", "status", "--json", **token)
    assert json.loads(status.stdout)["stored_in"] == "CASECTL_TOKEN"
    shown = status.stdout + home.run("config", "show", **token).stdout + str(home.keyring)
    assert "ck_1_env" not in shown
    assert "goes before this login" in home.login(**token).stderr


def test_logging_in_again_and_out_ends_the_tokens_at_the_server(home, peer):
    home.login()
    first = home.tokens()
    home.login()
    assert peer.refresh_tokens[first["refresh"]] in peer.ended
    second = home.tokens()
    assert home.run("auth", "logout").returncode == 0
    assert peer.refresh_tokens[second["refresh"]] in peer.ended
    assert not home.keyring
    assert not home.files(".json")
    assert home.run("auth", "logout").returncode == 4
    assert home.run("auth", "status").returncode == 4


def test_an_expired_token_is_renewed_by_the_command_that_needs_it(home, peer):
    home.login()
    before = home.tokens()
    home.change_tokens(expires_at=time.time() + 5, obtained_at=time.time() - 900)
    assert home.run("whoami").returncode == 0
    after = home.tokens()
    assert after["access"] != before["access"]
    assert after["refresh"] != before["refresh"]


def test_a_token_that_the_server_refuses_is_renewed_once(home, peer):
    home.login()
    stale = home.tokens()["access"]
    del peer.access[stale]
    assert home.run("whoami").returncode == 0
    assert home.tokens()["access"] != stale


def test_a_session_that_was_ended_says_so_and_asks_no_more(home, peer):
    home.login()
    peer.ended.add(peer.refresh_tokens[home.tokens()["refresh"]])
    done = home.run("whoami")
    assert done.returncode == 4
    assert "the login has ended or was refused: the session is over" in done.stderr
    assert "Try: casectl auth login" in done.stderr
    assert not home.keyring


def test_a_lost_answer_of_a_refresh_is_asked_for_again(home, peer):
    home.login()
    home.change_tokens(expires_at=1.0)
    peer.lose_answers = 1
    assert home.run("auth", "token").returncode == 0


def test_ten_commands_that_refresh_at_once_keep_the_session(home, peer):
    home.login()
    home.change_tokens(expires_at=time.time() - 1)
    peer.refresh_delay = 0.3
    with ThreadPoolExecutor(10) as pool:
        done = list(pool.map(lambda _: home.run("auth", "token"), range(10)))
    assert [one.returncode for one in done] == [0] * 10, done[0].stderr
    assert {one.stdout for one in done} == {home.tokens()["access"] + "\n"}
    refreshes = [form for _, form in peer.calls if form.get("grant_type") == "refresh_token"]
    assert len(refreshes) == 1
    assert home.run("whoami").returncode == 0


def test_a_login_while_another_command_refreshes_the_former_one_is_kept(tmp_path, peer):
    config = load({}, {"HOME": str(tmp_path), "CASECTL_REMOTE_URL": peer.url})
    store, account, later = TokenStore.of(config), account_of(config), []
    old = Tokens(url=account.url, access="old", client_id="", refresh="r", token_endpoint="/t", expires_at=1.0)
    store.write(Note(account=account, store="file", method="browser"), old)

    def refresh(tokens):
        new = msgspec.structs.replace(tokens, access="new", expires_at=None)
        later.append(Thread(target=Login(config, insecure_storage=True)._keep, args=(new, "browser")))
        later[0].start()
        later[0].join(1)  # it would have written by now
        return msgspec.structs.replace(tokens, access="renewed", expires_at=None)

    assert Session(store, account, refresh).token() == "renewed"
    later[0].join(PATIENCE)
    assert Session(store, account, refresh).token() == "new"


def test_a_keyring_is_tried_before_anybody_is_bothered(home, peer):
    for backend, told in (
        ("keyring.backends.fail.Keyring", "there is no keyring to keep the login in"),
        ("keyring.backends.null.Keyring", "there is no keyring to keep the login in"),
        ("file_keyring.ForgetfulKeyring", "there is no keyring to keep the login in"),
        ("file_keyring.LockedKeyring", "failed: the collection is locked"),
    ):
        done = home.run("auth", "login", PYTHON_KEYRING_BACKEND=backend)
        assert done.returncode == 1
        assert told in done.stderr
        assert "--insecure-storage" in done.stderr
    assert not peer.queries
    assert not home.files()


def test_a_keyring_that_hangs_hangs_nothing(home):
    begin = time.monotonic()
    done = home.run("auth", "login", PYTHON_KEYRING_BACKEND="file_keyring.HangingKeyring")
    assert (done.returncode, "gave no answer within 3 s" in done.stderr) == (1, True)
    assert time.monotonic() - begin < 50  # it hangs for a minute


def test_plain_text_is_no_keyring_unless_somebody_names_it(home, tmp_path):
    package = tmp_path / "keyrings" / "alt"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    source = (ROOT / "tests" / "desk" / "file_keyring.py").read_text()
    plain = source.partition("\n\nclass HangingKeyring")[0].replace("FileKeyring", "PlaintextKeyring")
    (package / "file.py").write_text(plain)
    (tmp_path / "keyrings_alt-1.dist-info").mkdir()
    (tmp_path / "keyrings_alt-1.dist-info" / "METADATA").write_text("Name: keyrings.alt\nVersion: 1\n")
    points = "[keyring.backends]\nKeyring = keyrings.alt.file\n"
    (tmp_path / "keyrings_alt-1.dist-info" / "entry_points.txt").write_text(points)
    path = f"{tmp_path}{os.pathsep}{home.environ['PYTHONPATH']}"
    done = home.run("auth", "login", PYTHONPATH=path, PYTHON_KEYRING_BACKEND=None)
    assert (done.returncode, "there is no keyring" in done.stderr) == (1, True)
    named = home.run("auth", "login", PYTHONPATH=path, PYTHON_KEYRING_BACKEND="keyrings.alt.file.PlaintextKeyring")
    assert named.returncode == 0, named.stderr


def test_a_file_holds_the_login_only_when_that_was_asked_for(home):
    nothing = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
    home.login("--insecure-storage", **nothing)
    (path,) = home.files(".token")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert home.run("whoami", **nothing).returncode == 0
    path.chmod(0o640)
    done = home.run("whoami", **nothing)
    assert (done.returncode, "others can read it" in done.stderr) == (1, True)
    path.unlink()
    path.symlink_to(home.folder / "elsewhere")
    (home.folder / "elsewhere").write_text("{}")
    assert "cannot read" in home.run("whoami", **nothing).stderr
    path.unlink()
    assert home.run("whoami", **nothing).returncode == 4
    path.parent.chmod(0o755)
    assert "must be a folder that is yours alone" in home.run("auth", "login", "--insecure-storage", **nothing).stderr


def test_a_login_that_moves_leaves_nothing_behind(home):
    home.login()
    home.login("--insecure-storage")
    assert not home.keyring
    home.login()
    assert not home.files(".token")


def test_a_token_goes_to_no_server_but_its_own(home, peer, tmp_path):
    home.login()
    other = OAuthPeer()
    (tmp_path / "cloned").mkdir()
    (tmp_path / "cloned" / "casectl.toml").write_text(
        f'[remote]\nurl = "{other.url}"\nproxy = "{other.url}"\n[profiles.work]\nurl = "{other.url}"\n'
    )
    command = [sys.executable, "-m", "casectl", "whoami"]
    for extra in ({}, {"CASECTL_TOKEN": "ct_mine"}):
        done = subprocess.run(
            command, env=home.environ | extra, cwd=tmp_path / "cloned", capture_output=True, text=True
        )
        assert done.stderr.count("only your own configuration file may set it") == 3
    assert other.headers == {}
    assert home.run("whoami", CASECTL_REMOTE_URL=other.url).returncode == 4
    assert other.headers == {}
    ((name, content),) = home.keyring.items()
    kept = json.dumps({f"casectl {other.url}": content, name: content})
    Path(home.environ["FILE_KEYRING"]).write_text(kept)
    assert home.run("whoami", CASECTL_REMOTE_URL=other.url).returncode == 4
    assert other.headers == {}
    other.close()


def test_neither_netrc_nor_proxies_of_the_environment_come_between(home, peer, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login eve password eve\n")
    (tmp_path / ".netrc").chmod(0o600)
    proxies = dict.fromkeys(("http_proxy", "HTTP_PROXY", "ALL_PROXY"), "http://127.0.0.1:1")
    home.login(**proxies)
    home.change_tokens(expires_at=1.0)
    assert home.run("whoami", **proxies).returncode == 0
    assert peer.headers["Authorization"] == f"Bearer {home.tokens()['access']}"


LOUD = """
import logging, sys
logging.basicConfig(level=1, stream=sys.stdout)
from casectl.cli.main import main
raise SystemExit(main(sys.argv[1:]))
"""


def test_no_log_at_any_level_holds_a_token(home, peer):
    def loudly(*words):
        done = subprocess.run(
            [sys.executable, "-c", LOUD, *words], env=home.environ, cwd=home.folder, capture_output=True, text=True
        )
        return done.stdout + done.stderr

    told = loudly("auth", "login")
    home.change_tokens(expires_at=1.0)
    told += loudly("whoami") + loudly("auth", "logout")
    assert "DEBUG" in told
    assert not [token for token in (*peer.access, *peer.refresh_tokens) if token in told]


LOADED = """
import sys
from casectl.cli.main import main
code = main(sys.argv[1:])
print("\\n".join(["", "LOADED", *sys.modules]))
raise SystemExit(code)
"""


def test_a_good_token_costs_no_oauth(home):
    home.login()
    done = subprocess.run(
        [sys.executable, "-c", LOADED, "whoami"], env=home.environ, cwd=home.folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    modules = done.stdout.split("LOADED\n")[1].split()
    assert "keyring" in modules
    assert not {"requests", "oauthlib", "requests_oauthlib", "keyring.backends.SecretService", "psycopg"} & set(modules)


def test_ways_to_log_in_exclude_each_other(home):
    done = home.run("auth", "login", "--device", "--with-token")
    assert (done.returncode, "--device and --with-token exclude each other" in done.stderr) == (2, True)
    assert home.run("auth", "login", "--client-secret-file", "x").returncode == 2
    done = home.run("auth", "login", CASECTL_REMOTE_URL="")
    assert (done.returncode, "no server is configured" in done.stderr) == (4, True)
    done = home.run("auth", "login", CASECTL_REMOTE_URL="http://desk.example.com")
    assert (done.returncode, "is not encrypted" in done.stderr) == (2, True)


def test_a_bus_that_never_answers_is_given_up(home, tmp_path):
    import socket

    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "bus"))
        silent.listen()
        done = home.run(
            "auth", "login", PYTHON_KEYRING_BACKEND="keyring.backends.SecretService.Keyring",
            DBUS_SESSION_BUS_ADDRESS=f"unix:path={tmp_path / 'bus'}",
        )  # fmt: skip
    assert (done.returncode, done.stderr.startswith("casectl: the keyring ")) == (1, True), done.stderr
    assert "--insecure-storage" in done.stderr


def test_a_token_that_is_still_good_is_used_while_the_server_cannot_renew_it(home, peer):
    home.login()
    home.change_tokens(expires_at=time.time() + 20, obtained_at=time.time() - 900)
    peer.broken = {"/oauth/token": (503, {})}
    assert home.run("whoami").returncode == 0
    home.change_tokens(expires_at=time.time() - 1)
    done = home.run("whoami")
    assert (done.returncode, "is away: it answered 503" in done.stderr) == (9, True)
    peer.broken = {}
    assert home.run("whoami").returncode == 0


def test_a_secret_that_cannot_be_read_just_now_ends_no_login(home, peer, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(peer.secret)
    secret.chmod(0o600)
    home.login("--client-id", "robot", "--client-secret-file", "secret")
    home.change_tokens(expires_at=1.0)
    secret.rename(tmp_path / "away")
    done = home.run("whoami")
    assert (done.returncode, "cannot read the client secret" in done.stderr) == (4, True)
    (tmp_path / "away").rename(secret)
    assert home.run("whoami").returncode == 0


def test_a_certificate_of_an_authority_of_ones_own(home, tmp_path):
    import ssl

    cert, key = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    peer = OAuthPeer(context)
    there = {"CASECTL_REMOTE_URL": peer.url}
    done = home.run("auth", "login", "--device", **there)
    assert (done.returncode, "is not trusted" in done.stderr) == (9, True), done.stderr
    there["CASECTL_REMOTE_CA_FILE"] = cert
    peer.interval = 0
    home.login("--device", **there)
    home.change_tokens(expires_at=1.0)
    assert home.run("whoami", **there).returncode == 0
    home.change_tokens(expires_at=1.0)
    done = home.run("whoami", **there | {"CASECTL_REMOTE_CA_FILE": None, "REQUESTS_CA_BUNDLE": cert})
    assert (done.returncode, "is not trusted" in done.stderr) == (9, True), done.stderr
    assert home.run("auth", "logout", **there).returncode == 0
    peer.close()


def test_a_refused_token_of_the_environment_is_told_as_that(home, peer):
    done = home.run("whoami", CASECTL_TOKEN="ck_nobodysxx_" + "x" * 43)
    assert done.returncode == 4
    assert "CASECTL_TOKEN holds it" in done.stderr
    assert "auth login" not in done.stderr
