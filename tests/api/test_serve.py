"""`casectl serve` as real processes: how it begins, refuses to begin, ends, and what survives a kill."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.conftest import copied
from tests.serve_program import ROOT, Load, read_all, serve_program, until
from tests.served import issue_key

FAST = {"CASECTL_SERVER_CLIENT_RATE": "off", "CASECTL_SERVER_ADDRESS_RATE": "off"}


@pytest.fixture
def token(served_database: Any) -> str:
    return issue_key(served_database, "admin")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_it_serves_and_ends_in_peace(served_database, token, workers):
    with serve_program(served_database, "--workers", workers) as server:
        made = server.ask("POST", "/v1/cases/", {"title": "By HTTP"}, token=token)
        assert (made.status, made.json["title"]) == (201, "By HTTP")
        assert server.ask("GET", "/healthz").body == b"alive\n"
        assert server.ask("GET", "/readyz").status == 200
        assert len(server.workers()) == (2 if workers == "2" else 0)
        assert server.end() == 0
        assert "Traceback" not in server.log


@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_is_130(served_database, workers):
    with serve_program(served_database, "--workers", workers) as server:
        server.ask("GET", "/healthz")
        assert server.end(signal.SIGINT) == 130
        assert "Traceback" not in server.log


SLOWLY_BORN = """
import signal, time
from casectl.api.supervisor import Supervisor

class Slow(Supervisor):
    def _be_worker(self, before):
        print("born", flush=True)
        time.sleep(0.5)
        return super()._be_worker(before)

supervisor = Slow(1, lambda beat: signal.pause(), 5)
supervisor.run()
"""


def test_hole_a_worker_told_to_end_as_it_began_went_on():
    """It still heard with its parent's ears: the server ended after half a minute only."""
    with subprocess.Popen([sys.executable, "-c", SLOWLY_BORN], stdout=subprocess.PIPE, cwd=ROOT) as server:
        assert server.stdout.readline() == b"born\n"
        began = time.monotonic()
        server.terminate()
        assert server.wait(30) == 0
        assert time.monotonic() - began < 15


@pytest.mark.parametrize("workers", ["1", "2"])
def test_sigterm_under_load_loses_no_request(served_database, token, workers):
    with serve_program(served_database, "--workers", workers, **FAST) as server:
        callers = [Load(server.port, token, keeps=number % 2 == 0) for number in range(8)]
        for caller in callers:
            caller.start()
        until(lambda: sum(caller.answered for caller in callers) > 100)
        assert server.end() == 0, server.log
        for caller in callers:
            caller.join(20)
        assert [caller.lost for caller in callers if caller.lost] == []
        assert {status for caller in callers for status in caller.statuses} == {200}
        assert sum(caller.answered for caller in callers) == len(server.requests())


@contextlib.contextmanager
def locked_case(database: Any, case_id: int) -> Any:
    """The case's row locked by somebody else, so that a change of it waits."""
    with psycopg.connect(**database.owner) as other:
        other.execute("SELECT FROM cases WHERE tenant_id = 1 AND id = %s FOR UPDATE", (case_id,))
        yield other


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_request_at_work_is_finished_after_sigterm(served_database, token, workers):
    with serve_program(served_database, "--workers", workers, **FAST) as server:
        case = server.ask("POST", "/v1/cases/", {"title": "Slow"}, token=token).json
        answers: list[Any] = []
        with locked_case(served_database, case["id"]) as lock:
            change = ("PATCH", f"/v1/cases/{case['id']}/", {"title": "Done"})
            asking = threading.Thread(target=lambda: answers.append(server.ask(*change, token=token)))
            asking.start()
            until(lambda: waits_for_lock(served_database))
            server.send(signal.SIGTERM)
            until(lambda: is_closed(server.port))
            assert server.process.poll() is None
            lock.rollback()
        asking.join(60)
        assert (answers[0].status, answers[0].json["title"]) == (200, "Done")
        assert answers[0].headers["connection"] == "close"
        assert server.process.wait(60) == 0


def is_closed(port: int) -> bool:
    """Whether nobody is let in any more."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=20).close()
    except ConnectionRefusedError:
        return True
    return False


def waits_for_lock(database: Any) -> bool:
    with psycopg.connect(**database.superuser) as looking:
        row = looking.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = %s", (database.name,)
        ).fetchone()
    return bool(row and row[0])


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_second_signal_ends_at_once(served_database, token, workers):
    with serve_program(served_database, "--workers", workers, **FAST) as server:
        case = server.ask("POST", "/v1/cases/", {"title": "Slow"}, token=token).json
        with locked_case(served_database, case["id"]):
            line = socket.create_connection(("127.0.0.1", server.port))
            body = b'{"title": "Never"}'
            line.sendall(
                b"PATCH /v1/cases/%d/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
                b"Authorization: Bearer %s\r\n\r\n%s" % (case["id"], len(body), token.encode(), body)
            )
            until(lambda: waits_for_lock(served_database))
            server.send(signal.SIGTERM)
            until(lambda: is_closed(server.port))
            assert server.process.poll() is None
            assert server.end() == 130, "long before the grace ends"
            line.close()


def test_the_grace_comes_to_an_end(served_database, token):
    with serve_program(served_database, **FAST, CASECTL_SERVER_SHUTDOWN_GRACE="1s") as server:
        case = server.ask("POST", "/v1/cases/", {"title": "Slow"}, token=token).json
        with locked_case(served_database, case["id"]):
            line = socket.create_connection(("127.0.0.1", server.port))
            line.sendall(
                b"DELETE /v1/cases/%d/ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n"
                % (case["id"], token.encode())
            )
            until(lambda: waits_for_lock(served_database))
            assert server.end() == 0
            assert "1 requests did not finish in time and were cut off" in server.log
            line.close()


def test_a_killed_worker_is_replaced(served_database, token):
    with serve_program(served_database, "--workers", "2", **FAST) as server:
        until(lambda: len(server.workers()) == 2)
        before = server.workers()
        dead = min(before)
        os.kill(dead, signal.SIGKILL)
        until(lambda: len(server.workers()) == 2 and dead not in server.workers())
        assert len(before & server.workers()) == 1
        assert {server.ask("GET", "/v1/cases/", token=token).status for _ in range(20)} == {200}
        assert f"worker {dead} was ended by signal 9" in server.log
        assert server.end() == 0


def test_workers_do_not_outlive_their_parent(served_database):
    with serve_program(served_database, "--workers", "2") as server:
        until(lambda: len(server.workers()) == 2)
        workers = server.workers()
        server.process.kill()
        server.process.wait(60)
        until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))
        assert "the supervising process is gone" in server.log


def test_a_service_manager_is_told(served_database, tmp_path):
    for workers in ("1", "2"):
        place = str(tmp_path / f"notify{workers}")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(place)
            manager.settimeout(20)
            with serve_program(served_database, "--workers", workers, NOTIFY_SOCKET=place) as server:
                told = [manager.recv(100)]
                while told[-1] != b"READY=1":
                    told.append(manager.recv(100))
                assert server.ask("GET", "/readyz").status == 200
                told = [manager.recv(100)]
                assert told == [b"WATCHDOG=1"]
                server.send(signal.SIGTERM)
                while told[-1] != b"STOPPING=1":
                    told.append(manager.recv(100))
                assert server.process.wait(60) == 0


REFUSED = {
    "no address": (("--listen", "nowhere"), 2, "'nowhere' is no address to listen at"),
    "no such host": (("--listen", "no.such.host.invalid:1"), 2, "no such host"),
    "no such port": (("--listen", "127.0.0.1:70000"), 2, "is no address to listen at"),
    "plain http for all": (("--listen", "0.0.0.0:0"), 2, "refusing to serve plain http at 0.0.0.0:"),
    "a key alone": (("--tls-key", "/tmp/key"), 2, "TLS needs both a certificate and its key"),
    "no such key": (("--tls-cert", "/dev/null", "--tls-key", "/no/key.pem"), 1, "cannot read /no/key.pem"),
    "no workers": (("--workers", "0"), 2, "flag --workers must be a whole number from 1 to 64"),
    "no network": (("--trusted-proxies", "everybody"), 2, "'everybody' is no network of trusted proxies"),
    "no metrics": (("--metrics-listen", "9464"), 2, "'9464' is no address to listen at"),
    "odd format": (("--log-format", "xml"), 2, "flag --log-format must be auto, json or text"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_one_clear_line(served_database, name):
    words, code, line = REFUSED[name]
    with serve_program(served_database, *words, begun=False) as server:
        assert server.process.wait(60) == code
        assert line in server.log.splitlines()[0]
        assert server.log.startswith("casectl: ")
        assert len(server.log.splitlines()) <= 2


def test_a_port_in_use_is_told(served_database):
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        for option in ("--listen", "--metrics-listen"):
            with serve_program(served_database, option, taken, begun=False) as server:
                assert server.process.wait(60) == 1
                told = f"casectl: {taken} is in use by another program\nchoose another port with {option}\n"
                assert server.log == told


def test_a_desk_that_is_not_set_up_is_not_served(server, template_database):
    with copied(server, template_database.name) as empty, serve_program(empty, begun=False) as program:
        assert program.process.wait(60) == 1
        assert program.log.startswith("casectl: this desk is not set up yet\ncasectl init ")


@pytest.mark.parametrize(("version", "told"), [("0001", "this program needs"), ("9999", "newer than this program's")])
def test_another_schema_is_not_served(served_database, version, told):
    with psycopg.connect(**served_database.owner) as owner:
        owner.execute("UPDATE desk.alembic_version SET version_num = %s", (version,))
    with serve_program(served_database, begun=False) as program:
        assert program.process.wait(60) == 1
        assert told in program.log
        assert len(program.log.splitlines()) == 2


def test_a_schema_that_changed_meanwhile_makes_it_unready(served_database):
    with serve_program(served_database) as server:
        assert server.ask("GET", "/readyz").status == 200
        with psycopg.connect(**served_database.owner) as owner:
            owner.execute("UPDATE desk.alembic_version SET version_num = '9999'")
        answer = server.ask("GET", "/readyz")
        assert (answer.status, answer.json["code"]) == (503, "schema_mismatch")
        assert server.ask("GET", "/healthz").status == 200


def test_plain_http_beyond_this_machine_needs_a_word(served_database):
    with serve_program(served_database, "--listen", "0.0.0.0:0", "--behind-proxy") as server:
        assert server.ask("GET", "/healthz").status == 200


def test_event_streams_are_told_to_end(served_database, token):
    with serve_program(served_database, **FAST) as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as line:
            line.sendall(
                b"GET /v1/events/ HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nAuthorization: Bearer %s\r\n\r\n"
                % token.encode()
            )
            assert line.recv(65536).startswith(b"HTTP/1.1 200 ")
            assert server.end() == 0, "long before the grace ends"
            assert read_all(line).endswith(b"0\r\n\r\n"), "the stream came to an end of its own, and was not cut off"
        assert "cut off" not in server.log
