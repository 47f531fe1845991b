"""Logging in over real TLS, with certificate files and behind a reverse proxy: cookies, addresses, who is believed."""

from __future__ import annotations

import contextlib
import http.client
import json
import ssl
from typing import Any

import pytest

from tests.api.oauth_flows import Browser, address, give_password, pkce
from tests.api.test_remote_login import log_in
from tests.api.test_serve_limits import certificate
from tests.desk.client_home import ClientHome
from tests.reverse_proxy import program, proxy
from tests.serve_program import serve_program, until
from tests.served import Answer

ELSEWHERE = "127.0.0.9"
"""An address of this machine that is no trusted proxy's."""


class Https:
    """A server as browsers reach it: by name, over TLS, from an address of one's choice."""

    def __init__(self, port: int, cert: str, source: str = "127.0.0.1") -> None:
        self.port, self.source = port, source
        self.context = ssl.create_default_context(cafile=cert)
        self.url = f"https://localhost:{port}"

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPSConnection(
            "localhost", self.port, timeout=10, context=self.context, source_address=(self.source, 0)
        )

    def ask(self, method: str, target: str, body: Any = None, *, token: str = "", headers: Any = None) -> Answer:
        """As `tests.served.Served.ask`."""
        sent = {"Authorization": f"Bearer {token}"} if token else {}
        with contextlib.closing(self.connection()) as connection:
            connection.request(method, target, body=body, headers={**sent, **(headers or {})})
            answer = connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            cookies = [value for name, value in answer.getheaders() if name.lower() == "set-cookie"]
            return Answer(answer.status, told, answer.read(), cookies)


class Http(Https):
    """A server reached without TLS, around its proxy."""

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10, source_address=(self.source, 0))


@pytest.fixture
def people(served_database):
    give_password(served_database, "wanda")
    return served_database


def home_at(served: Any, folder: Any, cert: str) -> ClientHome:
    home = ClientHome(folder, served.url)
    home.environ["CASECTL_REMOTE_CA_FILE"] = cert
    return home


def works_from_login_to_logout(home: ClientHome, served: Any) -> None:
    code, out, err, query = log_in(home, served)
    assert code == 0, err
    assert query["redirect_uri"][0].startswith("http://127.0.0.1:")
    assert json.loads(out)["user"] == "wanda"
    assert json.loads(home.run("whoami", "--json").stdout)["user"]["login"] == "wanda"
    made = json.loads(home.run("create", "Over TLS", "--json").stdout)
    assert home.run("list", "-o", "id").stdout.strip() == made["number"]
    assert home.run("auth", "refresh").returncode == 0
    assert json.loads(home.run("auth", "logout", "--json").stdout)["is_revoked"] is True
    assert home.run("list").returncode == 4


def secure_cookies(served: Any) -> Browser:
    """Log in as a browser does; every cookie goes back over TLS alone, to this host alone."""
    browser, target = Browser(served), address(challenge=pkce().challenge)
    first = browser.get(target)
    second = browser.log_in(target)
    assert second.status == 303, browser.page
    given = [*first.cookies, *second.cookies]
    assert len(given) >= 2
    for cookie in given:
        assert cookie.startswith("__Host-casectl")
        for word in ("; Secure", "; HttpOnly", "; Path=/", "; SameSite=lax"):
            assert word in cookie
        assert "Domain" not in cookie
    return browser


def issuer_at(served: Any, **headers: str) -> str:
    where = "/.well-known/oauth-authorization-server"
    return str(served.ask("GET", where, headers={name.replace("_", "-"): word for name, word in headers.items()})
               .json["issuer"])  # fmt: skip


def test_login_over_tls_with_certificate_files(people, tmp_path):
    cert, key = certificate(tmp_path)
    with serve_program(people, "--tls-cert", cert, "--tls-key", key) as server:
        served = Https(server.port, cert)
        assert issuer_at(served) == served.url
        secure_cookies(served)
        works_from_login_to_logout(home_at(served, tmp_path, cert), served)
        stranger = home_at(served, tmp_path, "")
        del stranger.environ["CASECTL_REMOTE_CA_FILE"]
        refused = stranger.run("auth", "login", "--no-browser")
        assert refused.returncode == 9
        assert "certificate" in refused.stderr
        assert "Traceback" not in refused.stderr
        assert server.end() == 0


def test_login_behind_a_reverse_proxy_that_ends_tls(people, tmp_path):
    program()
    cert, key = certificate(tmp_path)
    with (
        serve_program(people, "--trusted-proxies", "127.0.0.1", CASECTL_SERVER_LOG_FORMAT="json") as server,
        proxy(tmp_path, server.port, cert, key) as port,
    ):
        served = Https(port, cert, ELSEWHERE)
        assert issuer_at(served) == served.url
        secure_cookies(served)
        works_from_login_to_logout(home_at(served, tmp_path, cert), served)
        until(lambda: len(server.requests()) > 10)
        assert {line["address"] for line in server.requests() if line["path"].startswith("/oauth/authorize")} == {
            ELSEWHERE
        }
        forged = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"}
        assert served.ask("GET", "/v1/nowhere-forged/", headers=forged).status in (401, 404)
        assert issuer_at(served, **{name.replace("-", "_"): word for name, word in forged.items()}) == served.url
        until(lambda: any("nowhere-forged" in line["path"] for line in server.requests()))
        assert [line["address"] for line in server.requests() if "nowhere-forged" in line["path"]] == [ELSEWHERE]
        assert server.end() == 0


def test_events_come_through_a_proxy_as_they_happen(people, tmp_path):
    program()
    cert, key = certificate(tmp_path)
    with (
        serve_program(people, "--trusted-proxies", "127.0.0.1") as server,
        proxy(tmp_path, server.port, cert, key) as port,
    ):
        served = Https(port, cert)
        home = home_at(served, tmp_path, cert)
        assert log_in(home, served)[0] == 0
        follower = home.start("events", "--follow", "--since", "1h", "-o", "jsonl")
        try:
            number = json.loads(home.run("create", "Through nginx", "--json").stdout)["number"]
            assert json.loads(follower.stdout.readline())["case"]["number"] == number
        finally:
            follower.kill()
            follower.communicate()


def test_who_comes_around_the_proxy_is_not_believed(people, tmp_path):
    """The headers of the proxy from an address that is none: no https, no other host, no other client."""
    with serve_program(people, "--trusted-proxies", "127.0.0.1", CASECTL_SERVER_LOG_FORMAT="json") as server:
        cert, _ = certificate(tmp_path)
        around, within = Http(server.port, cert, ELSEWHERE), Http(server.port, cert)
        forged = {"X_Forwarded_Proto": "https", "X_Forwarded_Host": "evil.example", "X_Forwarded_For": "203.0.113.7"}
        assert issuer_at(around, **forged) == f"http://127.0.0.1:{server.port}"
        assert issuer_at(within, **forged) == "https://evil.example"
        target = address(challenge=pkce().challenge)
        told = {name.replace("_", "-"): word for name, word in forged.items()}
        cookie = around.ask("GET", target, headers=told).headers["set-cookie"]
        assert cookie.startswith("casectl_login=")
        assert "Secure" not in cookie
        assert within.ask("GET", target, headers=told).headers["set-cookie"].startswith("__Host-casectl=")
        until(lambda: len(server.requests()) >= 4)
        assert [line["address"] for line in server.requests()] == [ELSEWHERE, "203.0.113.7", ELSEWHERE, "203.0.113.7"]
        assert server.end() == 0
