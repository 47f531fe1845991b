"""What a real server refuses and tells: floods, odd heads and bodies, slow senders, forged addresses, certificates."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import select
import signal
import socket
import ssl
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.conftest import copied
from tests.serve_program import raw_exchange, read_all, serve_program, until
from tests.served import issue_key

UNLIMITED = {"CASECTL_SERVER_CLIENT_RATE": "off", "CASECTL_SERVER_ADDRESS_RATE": "off"}
SECRETS = ("ct_AbCdEfGhIjKlMnOpQrStUvWx", "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln", "hunter2-password", "s3ss10n")


@pytest.fixture
def token(served_database: Any) -> str:
    return issue_key(served_database, "admin")


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def test_two_servers_share_one_bucket(served_database, token):
    slow = {
        "CASECTL_SERVER_CLIENT_RATE": "1",
        "CASECTL_SERVER_CLIENT_BURST": "20",
        "CASECTL_SERVER_ADDRESS_RATE": "off",
    }
    with serve_program(served_database, **slow) as one, serve_program(served_database, **slow) as two:
        begun = time.monotonic()
        answers = [server.ask("GET", "/v1/cases/", token=token) for _ in range(20) for server in (one, two)]
        passed = time.monotonic() - begun
        let_in = [answer for answer in answers if answer.status == 200]
        refused = [answer for answer in answers if answer.status == 429]
        assert len(answers) == len(let_in) + len(refused)
        assert 18 <= len(let_in) <= 20 + passed, "twenty, what fills up meanwhile, less what a block holds back"
        assert refused[-1].json["code"] == "rate_limited"
        assert int(refused[-1].headers["retry-after"]) >= 1
        assert refused[-1].headers["ratelimit-policy"] == '"client";q=20;w=20'
        assert refused[-1].headers["ratelimit"].startswith('"client";r=0;t=')
        assert refused[-1].headers["x-request-id"]
        assert one.ask("GET", "/v1/cases/", token=issue_key(served_database, "wanda")).status == 200


def test_an_address_is_limited_before_anybody_is_known(served_database):
    slow = {"CASECTL_SERVER_ADDRESS_RATE": "1", "CASECTL_SERVER_ADDRESS_BURST": "5"}
    with serve_program(served_database, **slow) as server:
        statuses = [server.ask("GET", "/v1/cases/").status for _ in range(12)]
        assert statuses[:5] == [401] * 5
        assert set(statuses) == {401, 429}
        assert server.ask("GET", "/healthz").status == 200, "balancers are not counted"
        forged = [server.ask("GET", "/v1/cases/", X_Forwarded_For=f"203.0.113.{number}").status for number in range(12)]
        assert 429 in forged, "an address that anybody may claim"
        assert {line["address"] for line in server.requests()} == {"127.0.0.1"}


def test_clients_behind_a_trusted_proxy_are_told_apart(served_database):
    slow = {"CASECTL_SERVER_ADDRESS_RATE": "1", "CASECTL_SERVER_ADDRESS_BURST": "2"}
    with serve_program(served_database, "--trusted-proxies", "127.0.0.0/8", **slow) as server:
        for number in range(6):
            assert server.ask("GET", "/v1/cases/", X_Forwarded_For=f"9.9.9.9, 203.0.113.{number}").status == 401
        until(lambda: len(server.requests()) == 6)
        assert [line["address"] for line in server.requests()] == [f"203.0.113.{number}" for number in range(6)]


HEADS = {
    "no http": (b"nonsense\r\n\r\n", 400),
    "a head without end": (b"GET /healthz HTTP/1.1\r\nX: " + b"a" * 40_000, 431),
    "a path without end": (b"GET /" + b"a" * 40_000, 431),
    "too many fields": (b"GET /healthz HTTP/1.1\r\n" + b"A: b\r\n" * 150 + b"\r\n", 431),
    "many large fields": (b"GET /healthz HTTP/1.1\r\n" + b"A: %s\r\n" % (b"b" * 2000) * 20 + b"\r\n", 431),
    "two lengths": (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
}


@pytest.mark.parametrize("name", HEADS)
def test_odd_heads_are_refused(shared_program, name):
    sent, status = HEADS[name]
    answer = raw_exchange(shared_program.port, sent)
    assert status_of(answer) == status
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    assert b"onnection: close" in head
    assert json.loads(body)["status"] == status


@pytest.fixture(scope="module")
def shared_program(server: Any, served_template: Any) -> Any:
    limits = UNLIMITED | {"CASECTL_SERVER_REQUEST_TIMEOUT": "1s", "CASECTL_SERVER_MAX_BODY": "5000"}
    with copied(server, served_template.name) as database, serve_program(database, **limits) as program:
        program.environ["token"] = issue_key(database, "admin")
        yield program


def test_a_head_that_never_ends_is_not_waited_for(shared_program):
    with socket.create_connection(("127.0.0.1", shared_program.port), timeout=10) as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        for _ in range(75):
            if select.select([line], [], [], 0.2)[0]:
                break
            line.sendall(b"X: y\r\n")
        assert status_of(read_all(line)) == 408


def test_a_silent_connection_is_closed(shared_program):
    with socket.create_connection(("127.0.0.1", shared_program.port), timeout=10) as line:
        assert read_all(line) == b""


def post(token: str, *fields: str) -> bytes:
    head = ["POST /v1/cases/ HTTP/1.1", "Host: x", f"Authorization: Bearer {token}", "Content-Type: application/json"]
    return "\r\n".join([*head, *fields, "", ""]).encode()


def test_a_body_that_stalls_is_not_waited_for(shared_program):
    with socket.create_connection(("127.0.0.1", shared_program.port), timeout=20) as line:
        line.sendall(post(shared_program.environ["token"], "Content-Length: 100") + b'{"title"')
        assert status_of(line.recv(65536)) == 408


def test_a_large_body_is_refused_before_it_is_sent(shared_program):
    with socket.create_connection(("127.0.0.1", shared_program.port), timeout=10) as line:
        line.sendall(post(shared_program.environ["token"], "Content-Length: 6000", "Expect: 100-continue"))
        assert status_of(line.recv(65536)) == 413


def test_a_large_body_in_chunks_is_refused_while_it_comes(shared_program):
    with socket.create_connection(("127.0.0.1", shared_program.port), timeout=10) as line:
        line.sendall(post(shared_program.environ["token"], "Transfer-Encoding: chunked"))
        line.sendall(b"1000\r\n" + b"a" * 4096 + b"\r\n" + b"1000\r\n" + b"a" * 4096 + b"\r\n")
        answer = line.recv(65536)
        while b"too_large" not in answer and (more := line.recv(65536)):
            answer += more
    assert status_of(answer) == 413
    assert b"too_large" in answer


def test_the_log_holds_no_secret_and_no_line_of_the_callers(served_database, token):
    with serve_program(served_database) as server:
        server.ask("GET", f"/v1/cases/?q={SECRETS[2]}&{SECRETS[0]}=1&code={SECRETS[3]}", token=SECRETS[0])
        server.ask("GET", f"/v1/{SECRETS[0]}/{SECRETS[1]}", token=SECRETS[1], Cookie=f"session={SECRETS[3]}")
        server.ask("POST", "/v1/cases/", {"title": SECRETS[2]}, token=token, Idempotency_Key=SECRETS[3])
        server.ask("GET", "/v1/%0d%0a%1b[31m%22,%22status%22:200/%E2%80%AE", token=token)
        server.ask("GET", "/v1/cases/", X_Request_Id='a"\\b')
        until(lambda: len(server.requests()) == 5)
        log = server.log
        lines = server.requests()
    assert not [secret for secret in (*SECRETS, token) if secret in log]
    assert "\x1b" not in log
    assert log.isascii()
    first, second, third, fourth, _ = lines
    assert (first["status"], first["route"], first["query"]) == (401, "/v1/cases/", "q,?,code")
    assert second["path"] == "/v1/ct_\u2026/eyJ\u2026"
    assert second["route"] == "unmatched"
    assert (third["status"], third["tenant"], third["method"]) == (201, 1, "POST")
    assert third["client"] == token.split("_")[1]
    assert third["ms"] > 0
    assert third["bytes"] > 100
    assert fourth["status"] == 404
    assert {len(line["request_id"]) for line in lines} == {16}


def test_a_log_for_people(served_database):
    with serve_program(served_database, "--log-format", "text") as server:
        server.ask("GET", "/v1/cases/?a=%0a")
        until(lambda: "/v1/cases/" in server.log)
        line = server.log.splitlines()[-1]
        assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ 401 GET /v1/cases/ \d+ ms \d+ bytes address=127.0.0.1 ", line)
        assert re.search(r" query=a request_id=\w{16}$", line)


def test_a_log_line_for_people_stays_one_line(served_database):
    with serve_program(served_database, "--log-format", "text") as server:
        raw_exchange(server.port, b"GET /v1/a%0a200%20GET\x7f HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        server.ask("GET", '/v1/"x"=y')
        until(lambda: "=y" in server.log)
        told = [line for line in server.log.splitlines() if " GET " in line]
        assert all(re.match(r"\S+Z 4\d\d GET ", line) for line in told)
        assert told[-1].split(" GET ")[1].startswith('"/v1/\\"x\\"=y" ')


def certificate(folder: Any, name: str = "localhost") -> tuple[str, str]:
    """A self-made certificate and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    cert_file, key_file = folder / "desk.pem", folder / "desk.key"
    cert_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.touch(0o600)
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return str(cert_file), str(key_file)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_tls_and_a_renewed_certificate(served_database, token, tmp_path, workers):
    cert, key = certificate(tmp_path)
    words = ("--tls-cert", cert, "--tls-key", key, "--listen", "0.0.0.0:0", "--workers", workers)
    with serve_program(served_database, *words) as server:
        assert "Serving the desk at https://0.0.0.0:" in server.log
        old = ssl.create_default_context(cafile=cert)
        assert server.ask("GET", "/v1/cases/", token=token, tls=old).status == 200
        certificate(tmp_path)
        until(lambda: server.ask("GET", "/readyz", tls=old).status == 200)
        server.send(signal.SIGHUP)
        until(lambda: server.log.count("read the certificate") == int(workers))
        assert server.ask("GET", "/healthz", tls=ssl.create_default_context(cafile=cert)).status == 200
        with pytest.raises(ssl.SSLError):
            server.ask("GET", "/healthz", tls=old)
        assert server.end() == 0


def test_a_worker_that_is_replaced_shows_the_renewed_certificate(served_database, token, tmp_path):
    cert, key = certificate(tmp_path)
    with serve_program(served_database, "--tls-cert", cert, "--tls-key", key, "--workers", "2") as server:
        old = ssl.create_default_context(cafile=cert)
        until(lambda: server.ask("GET", "/readyz", tls=old).status == 200)
        until(lambda: len(server.workers()) == 2)
        certificate(tmp_path)
        server.send(signal.SIGHUP)
        until(lambda: server.log.count("read the certificate") == 2)
        before = server.workers()
        for worker in before:
            os.kill(worker, signal.SIGKILL)
        until(lambda: len(server.workers() - before) == 2 and not server.workers() & before)
        assert server.ask("GET", "/healthz", tls=ssl.create_default_context(cafile=cert)).status == 200
        assert server.end() == 0


def test_a_signal_while_workers_begin_ends_none_of_them(served_database, token, tmp_path):
    cert, key = certificate(tmp_path)
    with serve_program(served_database, "--tls-cert", cert, "--tls-key", key, "--workers", "2") as server:
        server.send(signal.SIGHUP)
        until(lambda: server.log.count("read the certificate") == 2)
        assert "takes its place" not in server.log


def test_keys_that_cannot_be_used_are_told(served_database, tmp_path):
    cert, key = certificate(tmp_path)
    Path(key).chmod(0o644)
    with serve_program(served_database, "--tls-cert", cert, "--tls-key", key, begun=False) as server:
        assert server.process.wait(60) == 1
        assert server.log.startswith(f"casectl: everybody can read the private key {key}\n")
    other = tmp_path / "other"
    other.mkdir()
    _, foreign = certificate(other)
    with serve_program(served_database, "--tls-cert", cert, "--tls-key", foreign, begun=False) as server:
        assert server.process.wait(60) == 1
        assert "key values mismatch" in server.log
        assert len(server.log.splitlines()) == 2
