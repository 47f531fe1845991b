"""The remote desk against servers that are away, slow, broken, others, older, hostile: one clear line, one write."""

from __future__ import annotations

import gzip
import logging
import socket
import ssl
import subprocess
import sys
import time
import traceback
from typing import Any

import pytest

from casectl import errors, wire
from casectl.desk.remote import desk as remote
from casectl.desk.remote import exchange
from casectl.desk.remote.desk import RemoteDesk, StaticToken
from casectl.desk.remote.exchange import Settings, place_of
from casectl.errors import (
    Failure,
    InvalidInput,
    NotFound,
    NotLoggedIn,
    SchemaMismatch,
    TooManyRequests,
    Unreachable,
)
from casectl.operation import Call
from casectl.operations.create import Create
from casectl.operations.list import ListCases
from casectl.operations.show import Show
from tests.desk.odd_server import answer, odd_server, problem, read_request

SECRET = "ct_the-very-secret-token"
PAGE = b'{"items":[],"next":null}'
USUAL = Settings(connect_timeout=10, read_timeout=10, total=20)
QUICK = Settings(connect_timeout=1, read_timeout=0.3, total=1.5)
"""For those who fall silent."""


def desk_at(url: str, settings: Settings = USUAL, **more: Any) -> RemoteDesk:
    return RemoteDesk(url, StaticToken(SECRET), settings, **more)


def refused(url: str, operation: Any = None, settings: Settings = USUAL) -> errors.Refusal:
    with desk_at(url, settings) as desk, pytest.raises(errors.Refusal) as refusal:
        desk.perform(operation or ListCases())
    assert "\n" not in refusal.value.message
    assert SECRET not in "".join(traceback.format_exception(refusal.value))
    return refusal.value


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "PAUSE", 0.01)


def test_a_verb_goes_to_its_route_with_token_and_version() -> None:
    with odd_server(answer(200, PAGE)) as server, desk_at(f"{server.url}/desk/") as desk:
        assert desk.perform(ListCases(query=["ä b"]), Call(request_id="r1")).items == []
        assert server.requests[0].split(b"\r\n")[0] == b"GET /desk/v1/cases/?query=%C3%A4%20b HTTP/1.1"
        headers = server.headers()
    assert headers["authorization"] == f"Bearer {SECRET}"
    assert (headers["casectl-api"], headers["x-request-id"]) == ("1", "r1")
    assert "idempotency-key" not in headers


@pytest.mark.parametrize("case", ["..", ".", "a/../b", "%2e%2e", "a b?c#d", "ü"])
def test_odd_references_stay_one_segment(case: str) -> None:
    with odd_server(problem(404, "not_found", "there is no such case")) as server:
        assert isinstance(refused(server.url, Show(case=case)), NotFound)
        path = server.requests[0].split(b" ")[1].decode()
    assert path == wire.encode(Show(case=case)).path


def test_a_packed_answer_is_unpacked() -> None:
    with odd_server(answer(200, gzip.compress(PAGE), content_encoding="gzip")) as server, desk_at(server.url) as desk:
        assert desk.perform(ListCases()).items == []
        assert server.headers()["accept-encoding"] == "gzip"


def test_a_server_that_is_down_is_told_with_its_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    found = refused(f"http://127.0.0.1:{port}")
    assert isinstance(found, Unreachable)
    assert found.message == f"no connection to http://127.0.0.1:{port}: connection refused"
    assert found.exit_code == 9


def test_an_unknown_name_is_told() -> None:
    found = refused("https://desk.invalid")
    assert found.message == "https://desk.invalid: the name desk.invalid is not known"


def test_silence_is_told_within_the_time_that_was_set() -> None:
    begun = time.monotonic()
    with odd_server(lambda _: time.sleep(1)) as server:
        found = refused(server.url, settings=Settings(read_timeout=0.2, total=0.5))
        assert (type(found), found.message) == (Unreachable, f"{server.url} did not answer in time")
    assert time.monotonic() - begun < 4


def test_one_more_byte_now_and_then_is_no_way_around_the_time() -> None:
    def trickle(connection: socket.socket) -> None:
        connection.sendall(answer(200, PAGE)[:-20])
        for _ in range(40):
            connection.sendall(b" ")
            time.sleep(0.1)

    begun = time.monotonic()
    with odd_server(trickle) as server:
        found = refused(server.url, settings=Settings(read_timeout=0.2, total=0.5))
    assert isinstance(found, Unreachable)
    assert time.monotonic() - begun < 7


def lost(connection: socket.socket) -> None:
    connection.close()


@pytest.mark.parametrize(
    "fault",
    [
        lost, answer(200, PAGE)[:-3], answer(200, PAGE)[:20], problem(503, "unreachable"), problem(429, "rate_limited"),
        problem(503, "outcome_unknown"),
        answer(502, b"<html>bad gateway</html>", casectl_version=None, content_type="text/html"),
        answer(504, b"", casectl_version=None),
    ],
)  # fmt: skip
def test_a_write_is_sent_again_under_its_key(fault: Any) -> None:
    with odd_server(fault, fault, problem(409, "conflict", "arrived")) as server:
        assert refused(server.url, Create(title="Once")).message == "arrived"
        keys = [server.headers(number)["idempotency-key"] for number in range(3)]
    assert len(server.requests) == 3
    assert len(set(keys)) == 1
    assert len(keys[0]) >= 32


def test_each_write_has_a_key_of_its_own_unless_one_is_given() -> None:
    with odd_server(problem(409, "conflict")) as server, desk_at(server.url) as desk:
        for key in (None, None, "mine"):
            with pytest.raises(errors.Conflict):
                desk.perform(Create(title="x"), Call(idempotency_key=key))
        keys = [server.headers(number)["idempotency-key"] for number in range(3)]
    assert keys[2] == "mine"
    assert len(set(keys)) == 3


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [(409, "conflict", errors.Conflict), (503, "not_initialised", errors.NotInitialised), (500, "failure", Failure),
     (503, "schema_mismatch", SchemaMismatch), (413, "too_large", errors.TooLarge), (410, "gone", errors.Gone),
     (404, "version_conflict", errors.VersionConflict)],
)  # fmt: skip
def test_a_lasting_refusal_is_told_at_once_and_by_its_code(status: int, code: str, kind: type[Exception]) -> None:
    with odd_server(problem(status, code, "so it is", hint="do that")) as server:
        found = refused(server.url, Create(title="x"))
        assert (type(found), found.message, found.hint) == (kind, "so it is", "do that")
        assert len(server.requests) == 1


def test_a_server_that_asks_to_wait_is_given_the_time() -> None:
    told: list[str] = []
    scripts = problem(429, "rate_limited", retry_after=1), answer(200, PAGE)
    begun = time.monotonic()
    settings = Settings(total=5)
    with odd_server(*scripts) as server, desk_at(server.url, settings, report=told.append) as desk:
        assert desk.perform(ListCases()).items == []
    assert time.monotonic() - begun >= 1
    assert len(server.requests) == 2


def test_a_wait_beyond_the_total_is_refused_at_once_with_its_length() -> None:
    with odd_server(problem(429, "rate_limited", "too often", retry_after=3600)) as server:
        found = refused(server.url)
        assert len(server.requests) == 1
    assert (type(found), found.retry_after) == (TooManyRequests, 3600.0)


@pytest.mark.parametrize(
    "words",
    ["Wed, 21 Oct 2099 07:28:00 GMT", "Mon, 1 Jan 99999999999 00:00:00 GMT", "-5", "soon", "1e9", "9" * 400, ""],
)
def test_no_wish_to_wait_breaks_or_hangs_the_desk(words: str) -> None:
    begun = time.monotonic()
    with odd_server(problem(429, "rate_limited", retry_after=words)) as server:
        assert isinstance(refused(server.url), TooManyRequests)
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize("column", ["9" * 5000, "999999999", "\u00b2", "-1", ""])
def test_a_column_that_no_query_has_breaks_no_message(column: str) -> None:
    told = {"message": f"column {column}: odd", "pointer": "/query"}
    with odd_server(problem(422, "invalid", "odd", problems=[told])) as server:
        assert refused(server.url, ListCases(query=["x"])).message == "odd"


class Renewing:
    """Credentials with a stale token and a fresh one."""

    def __init__(self, *tokens: str) -> None:
        self.tokens = [*tokens]
        self.refused: list[str] = []

    def token(self) -> str:
        return self.tokens[0]

    def renewed(self, refused: str) -> str | None:
        self.refused.append(refused)
        return self.tokens[1] if len(self.tokens) > 1 else None


def test_a_refused_token_is_renewed_once() -> None:
    credentials = Renewing("stale", "fresh")
    with odd_server(problem(401, "not_logged_in"), answer(200, PAGE)) as server:
        with RemoteDesk(server.url, credentials, USUAL) as desk:
            assert desk.perform(ListCases()).items == []
        assert [server.headers(number)["authorization"] for number in (0, 1)] == ["Bearer stale", "Bearer fresh"]
    assert credentials.refused == ["stale"]


def test_a_renewed_token_that_is_refused_too_is_told() -> None:
    with odd_server(problem(401, "not_logged_in", "the token is not valid")) as server:
        with RemoteDesk(server.url, Renewing("stale", "fresh"), USUAL) as desk, pytest.raises(NotLoggedIn) as refusal:
            desk.perform(ListCases())
        assert len(server.requests) == 2
    assert (refusal.value.message, refusal.value.hint) == ("the token is not valid", "casectl auth login")


@pytest.mark.parametrize("token", ["", "a b", "x\r\nX-Evil: 1", "tökén", "\x00"])
def test_no_token_breaks_out_of_its_header_or_is_quoted(token: str) -> None:
    with odd_server(answer(200, PAGE)) as server:
        with RemoteDesk(server.url, StaticToken(token), USUAL) as desk, pytest.raises(NotLoggedIn) as refusal:
            desk.perform(ListCases())
        assert server.requests == []
    assert not token or token not in refusal.value.message


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_told_and_never_followed(status: int) -> None:
    with (
        odd_server(answer(200, PAGE)) as other,
        odd_server(answer(status, location=f"{other.url}/x?y", casectl_version=None)) as server,
    ):
        found = refused(server.url)
        assert found.message == f"{server.url} has moved to {other.url}"
        assert other.requests == []
        assert len(server.requests) == 1


@pytest.mark.parametrize("location", ["", "/login", "\x1b[2J", "//", "http://[::1", "javascript:alert(1)"])
def test_no_redirect_breaks_the_line(location: str) -> None:
    with odd_server(answer(302, location=location, casectl_version=None)) as server:
        found = refused(server.url)
    assert isinstance(found, Unreachable)
    assert found.message.isprintable()


@pytest.mark.parametrize(
    ("script", "words"),
    [(answer(200, b"<html>hi</html>", content_type="text/html", casectl_version=None), "web page"),
     (answer(200, b'{"name":"other"}', casectl_version=None), "other JSON"),
     (answer(404, b"not found", content_type="text/plain", casectl_version=None), "answered 404"),
     (answer(401, b"", casectl_version=None), "answered 401"),
     (answer(200, b"", casectl_version="nginx"), "is no casectl server"),
     (b"SSH-2.0-OpenSSH_9.2\r\n", "broke off"),
     (b"\x15\x03\x01\x00\x02\x02\x0a", "broke off")],
)  # fmt: skip
def test_what_is_not_casectl_is_told(script: bytes, words: str) -> None:
    with odd_server(script) as server:
        found = refused(server.url)
        assert server.url in found.message
    assert isinstance(found, Unreachable)
    assert words in found.message


@pytest.mark.parametrize(("api", "hint"), [(wire.API + 1, "upgrade casectl here"), (0, "the server needs an upgrade")])
def test_a_server_of_another_contract_is_told_with_both_versions(api: int, hint: str) -> None:
    with odd_server(answer(200, PAGE, casectl_version=f"9.8.7; schema=0009; api={api}")) as server:
        found = refused(server.url)
    assert isinstance(found, SchemaMismatch)
    assert f"casectl 9.8.7 (api {api})" in found.message
    assert f"(api {wire.API})" in found.message
    assert found.hint == hint


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"items":3}', b"\xff", b"[" * 100_000, b"null"])
def test_an_answer_that_cannot_be_read_is_told(body: bytes) -> None:
    with odd_server(answer(200, body)) as server:
        found = refused(server.url)
        assert isinstance(found, Failure)
        assert server.url in found.message
    with odd_server(answer(200, body, casectl_version="9.8.7; schema=1; api=1")) as server:
        newer = refused(server.url)
        assert isinstance(newer, SchemaMismatch)
        assert "9.8.7" in newer.message


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"<html>", b'{"code":[]}'])
def test_a_refusal_that_cannot_be_read_is_one_still(body: bytes) -> None:
    with odd_server(answer(400, body, content_type=wire.PROBLEM)) as server:
        assert "400" in refused(server.url).message


def test_a_bomb_is_not_unpacked_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "MOST", 2**20)
    bomb = gzip.compress(b" " * 2**26)
    with odd_server(answer(200, bomb, content_encoding="gzip")) as server:
        found = refused(server.url)
        assert found.message == f"the answer of {server.url} is larger than 1 MiB"
        assert len(server.requests) == 1


def test_broken_packing_is_told() -> None:
    with odd_server(answer(200, b"no gzip", content_encoding="gzip")) as server:
        assert "cannot be unpacked" in refused(server.url).message


@pytest.mark.parametrize(
    "url",
    ["http://desk.example.com", "http://10.0.0.1:80", "http://localhost.example.com", "http://127.evil.example",
     "http://127.0.0.1.evil.example", "http://127.0.0.x"],
)  # fmt: skip
def test_an_unencrypted_server_elsewhere_is_refused_unless_allowed(url: str) -> None:
    with pytest.raises(InvalidInput, match="not encrypted"):
        desk_at(url)
    assert RemoteDesk(url, StaticToken(SECRET), Settings(insecure_http=True)).url == url


@pytest.mark.parametrize(
    "url",
    ["", "desk.example.com", "ftp://x", "https://", "https://user:pw@desk.example.com", "https://x/?a=1", "https://x/#f",
     "https://x:99999", "https://[::1", "https://x y", "https://x\r\nHost: y"],
)  # fmt: skip
def test_no_other_address_is_taken_and_no_password_is_repeated(url: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        desk_at(url)
    assert "pw" not in refusal.value.message


def test_loopback_is_known_by_all_its_names() -> None:
    for url in ("http://localhost:8000", "http://127.0.0.1", "http://[::1]:8000/base/"):
        assert place_of(url).is_loopback
    assert place_of("https://desk.example.com").is_loopback is False


def test_the_token_is_in_no_log_and_no_text(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("urllib3").setLevel(logging.DEBUG)
    with odd_server(lost, answer(500, b"x"), answer(200, PAGE)) as server:
        refused(server.url)
        desk = desk_at(server.url)
        desk.perform(ListCases())
        desk.close()
    assert caplog.records
    seen = caplog.text + repr(desk) + repr(vars(desk)) + repr(StaticToken(SECRET)) + str(StaticToken(SECRET))
    assert SECRET not in seen


def test_no_netrc_and_no_proxy_of_the_environment_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login evil password evil\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with odd_server(answer(500)) as proxy, odd_server(answer(200, PAGE)) as server:
        for name in ("http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        with desk_at(server.url) as desk:
            desk.perform(ListCases())
        assert server.headers()["authorization"] == f"Bearer {SECRET}"
        assert proxy.requests == []


def tunnel_to(port: int, seen: list[bytes]) -> Any:
    """A proxy's part of CONNECT: whatever host was asked for, it leads to this port."""

    def pump(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        with socket.create_connection(("127.0.0.1", port)) as inner:
            for one in (connection, inner):
                one.settimeout(0.05)
            for _ in range(40):
                for source, target in ((connection, inner), (inner, connection)):
                    try:
                        part = source.recv(65536)
                    except TimeoutError:
                        continue
                    if not part:
                        return
                    seen.append(part)
                    target.sendall(part)

    return pump


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A self-signed certificate for desk.example.com: file of both, made by openssl of the ssl module's kind."""
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "desk.example.com")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("desk.example.com")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    public, both = folder / "ca.pem", folder / "both.pem"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    both.write_bytes(public.read_bytes() + secret)
    return public, both


def tls(both: Any) -> Any:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return lambda connection: context.wrap_socket(connection, server_side=True)


def test_a_certificate_nobody_vouches_for_is_told_with_the_way_out(certificate: Any) -> None:
    with odd_server(answer(200, PAGE), wrap=tls(certificate[1])) as server:
        found = refused(server.url.replace("http:", "https:"))
        assert server.requests == []
    assert "certificate of https://127.0.0.1" in found.message
    assert "self-signed" in found.message
    assert "remote.ca_file" in found.hint


def test_a_certificate_of_another_name_is_told(certificate: Any) -> None:
    with odd_server(answer(200, PAGE), wrap=tls(certificate[1])) as server:
        url = server.url.replace("http:", "https:")
        found = refused(url, settings=Settings(total=20, ca_file=str(certificate[0])))
        assert server.requests == []
    assert "127.0.0.1" in found.message
    assert "not valid for" in found.message


def test_own_certificates_through_a_proxy_with_a_password(certificate: Any) -> None:
    seen: list[bytes] = []
    with odd_server(answer(200, PAGE), wrap=tls(certificate[1])) as server:
        with odd_server(tunnel_to(server.port, seen)) as proxy:
            at = proxy.url.replace("//", "//ann:p%40ss@")
            settings = Settings(total=30, ca_file=str(certificate[0]), proxy=at)
            with desk_at("https://desk.example.com", settings) as desk:
                assert desk.perform(ListCases()).items == []
            assert proxy.requests[0].startswith(b"CONNECT desk.example.com:443")
            assert proxy.headers()["proxy-authorization"] == "Basic YW5uOnBAc3M="
        assert server.headers()["authorization"] == f"Bearer {SECRET}"
    assert SECRET.encode() not in b"".join(seen)


def test_a_proxy_that_refuses_is_told(certificate: Any) -> None:
    with odd_server(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n") as proxy:
        found = refused("https://desk.example.com", settings=Settings(total=20, proxy=proxy.url))
        assert b"Bearer" not in b"".join(proxy.requests)
    assert found.message == "the proxy refused https://desk.example.com: it answered 407"


def test_a_proxy_that_is_down_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    proxy = f"http://ann:secret@127.0.0.1:{port}"
    found = refused("https://desk.example.com", settings=Settings(total=20, proxy=proxy))
    assert "the proxy failed: connection refused" in found.message
    assert "secret" not in found.message


def test_tls_spoken_to_a_server_without_it_is_told() -> None:
    with odd_server(answer(400)) as server:
        with socket.create_connection(("127.0.0.1", server.port)):
            pass
        found = refused(server.url.replace("http:", "https:"), settings=QUICK)
    assert isinstance(found, Unreachable)


@pytest.mark.parametrize("content", [None, "no certificate at all\n"])
def test_a_file_without_certificates_is_told(tmp_path: Any, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    found = refused("https://desk.example.com", settings=Settings(total=20, ca_file=str(path)))
    assert isinstance(found, InvalidInput)
    assert str(path) in found.message


def test_a_connection_is_kept_for_the_next_verb() -> None:
    accepted = []

    def twice(connection: socket.socket) -> None:
        accepted.append(1)
        kept = answer(200, PAGE).replace(b"connection: close\r\n", b"")
        connection.sendall(kept)
        read_request(connection)
        connection.sendall(kept)

    with odd_server(twice) as server, desk_at(server.url) as desk:
        desk.perform(ListCases())
        desk.perform(ListCases())
    assert len(accepted) == 1


def test_what_a_remote_desk_loads_stays_small() -> None:
    code = (
        "import sys\n"
        "from casectl.desk.remote.desk import RemoteDesk, StaticToken\n"
        "from casectl.operations.list import ListCases\n"
        "from casectl.errors import Unreachable\n"
        "try: RemoteDesk('http://127.0.0.1:9', StaticToken('x')).perform(ListCases())\n"
        "except Unreachable: pass\n"
        "print(*{name.partition('.')[0] for name in sys.modules})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    heavy = {"requests", "requests_oauthlib", "oauthlib", "keyring", "psycopg", "sqlalchemy", "starlette", "asyncio"}
    assert not heavy & set(done.stdout.split())
