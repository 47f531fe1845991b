"""What Prometheus reads of a server: every worker's figures, from any of them, without a name of anybody."""

from __future__ import annotations

import os
import re
import signal
import time
from typing import Any

import pytest

from casectl.desk.server.access import REMEMBERED_SECONDS
from tests.serve_program import serve_program, until
from tests.served import issue_key


def value(text: str, name: str, **labels: str) -> float:
    """The sum of the samples of `name` whose labels hold these."""
    found = re.findall(rf"^{name}(?:\{{(.*)\}})? (\S+)$", text, re.MULTILINE)
    return sum(
        float(number) for told, number in found if all(f'{key}="{word}"' in told for key, word in labels.items())
    )


@pytest.fixture
def token(served_database: Any) -> str:
    return issue_key(served_database, "admin")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_requests_are_counted_by_route(served_database, token, workers):
    with serve_program(served_database, "--workers", workers) as server:
        begun = time.monotonic()
        case = server.ask("POST", "/v1/cases/", {"title": "Counted"}, token=token).json
        for _ in range(20):
            server.ask("GET", f"/v1/cases/{case['number']}/", token=token)
        server.ask("GET", "/v1/nowhere/", token=token)
        server.ask("BREW", "/healthz")
        requests = "casectl_http_requests_total"
        until(lambda: value(server.metrics(), requests) >= 22)  # a worker has answered before it counts
        text = server.metrics()
        assert value(text, requests, route="/v1/cases/", method="POST", status="201") == 1
        assert value(text, requests, route="/v1/cases/{case}/", method="GET", status="200") == 20
        assert value(text, requests, route="unmatched", status="404") == 1
        assert value(text, requests, method="BREW") == 0
        assert value(text, "casectl_http_request_seconds_count", route="/v1/cases/{case}/") == 20
        assert value(text, "casectl_http_request_seconds_sum", route="/v1/cases/{case}/") > 0
        assert value(text, "casectl_http_requests_in_flight") == 0
        until(lambda: value(server.metrics(), "casectl_pool", figure="pool_size") >= 2 * int(workers))
        until(lambda: value(server.metrics(), "casectl_token_lookups_total") == 21)
        most = int(workers) * (1 + (time.monotonic() - begun) // REMEMBERED_SECONDS)
        assert value(server.metrics(), "casectl_token_lookups_total", found_in="database") <= most
        assert value(server.metrics(), "casectl_resident_memory_bytes") > 20e6 * int(workers)
        assert not [word for word in (case["number"], token, token.split("_")[1], "admin", "acme") if word in text]
        assert server.end() == 0


def test_what_a_dead_worker_counted_stays_counted(served_database, token):
    with serve_program(served_database, "--workers", "2") as server:
        for _ in range(10):
            server.ask("GET", "/v1/cases/", token=token)
        until(lambda: value(server.metrics(), "casectl_http_requests_total", route="/v1/cases/") == 10)
        dead = min(server.workers())
        os.kill(dead, signal.SIGKILL)
        until(lambda: len(server.workers()) == 2 and dead not in server.workers())
        assert value(server.metrics(), "casectl_http_requests_total", route="/v1/cases/") == 10


def test_refusals_are_counted_by_limit(served_database):
    slow = {"CASECTL_SERVER_ADDRESS_RATE": "1", "CASECTL_SERVER_ADDRESS_BURST": "2"}
    with serve_program(served_database, **slow) as server:
        refused = [server.ask("GET", "/v1/cases/").status for _ in range(12)].count(429)
        assert refused >= 2
        assert value(server.metrics(), "casectl_rate_limited_total", limit="address") == refused


def test_the_address_for_metrics_has_nothing_else(served_database):
    with serve_program(served_database) as server:
        assert server.ask("GET", "/metrics").status == 404
        for method, path in (("GET", "/"), ("GET", "/v1/cases/"), ("POST", "/metrics")):
            assert server.ask(method, path, port=server.metrics_port).status == 404
        assert server.ask("HEAD", "/metrics", port=server.metrics_port).status == 200


def test_metrics_can_be_off(served_database):
    with serve_program(served_database, "--metrics-listen", "off") as server:
        assert server.ask("GET", "/healthz").status == 200
        assert "Metrics" not in server.log
        assert server.end() == 0
