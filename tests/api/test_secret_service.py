"""Logging in with the keyring of a real desktop: where tokens lie, and what is told when it does not open."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from tests.api.oauth_desk import desk  # noqa: F401 - a fixture
from tests.api.oauth_flows import goes_out, is_valid
from tests.api.test_remote_login import log_in
from tests.desk.client_home import ClientHome
from tests.secret_service import BACKEND, secret_service  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from pathlib import Path

# ruff: noqa: F811 - the fixtures' names


@pytest.fixture
def home(desk, secret_service, tmp_path):
    made = ClientHome(tmp_path, desk.served.url)
    made.environ = made._with(secret_service.environ)
    return made


def everything_in(folder: Path) -> str:
    return "".join(path.read_bytes().decode("latin-1") for path in folder.rglob("*") if path.is_file())


def test_login_work_and_logout_with_a_real_keyring(home, desk, secret_service):
    code, out, err, _ = log_in(home, desk.served)
    assert (code, "Traceback" in err) == (0, False), err
    assert json.loads(out)["stored_in"] == f"keyring {BACKEND}"
    (kept,) = secret_service.items().items()
    tokens = json.loads(kept[1])
    assert kept[0] == desk.served.url
    for secret in (tokens["access"], tokens["refresh"]):
        assert secret not in everything_in(home.folder) + everything_in(secret_service.folder)
    assert json.loads(home.run("whoami", "--json").stdout)["user"]["login"] == "wanda"
    assert json.loads(home.run("auth", "status", "--json").stdout)["user"] == "wanda"
    assert home.run("auth", "refresh").returncode == 0
    renewed = json.loads(secret_service.items()[desk.served.url])
    assert renewed["access"] != tokens["access"]
    assert is_valid(desk.served, renewed["access"])
    assert home.run("auth", "token").stdout.strip() == renewed["access"]
    assert json.loads(home.run("auth", "logout", "--json").stdout)["is_revoked"] is True
    assert secret_service.items() == {}
    assert goes_out(desk.served, renewed["access"])
    assert home.run("list").returncode == 4


def test_a_locked_keyring_is_told_soon(home, desk, secret_service):
    assert log_in(home, desk.served)[0] == 0
    secret_service.lock()
    for words in (("list",), ("auth", "token"), ("auth", "login", "--no-browser")):
        began = time.monotonic()
        done = home.run(*words)
        assert (done.returncode, done.stdout) == (1, "")
        assert f"the keyring {BACKEND}" in done.stderr
        assert "--insecure-storage" in done.stderr
        assert "Traceback" not in done.stderr
        assert time.monotonic() - began < 30


def test_a_keyring_that_is_gone_is_told_and_works_again_when_it_is_back(home, desk, secret_service):
    assert log_in(home, desk.served)[0] == 0
    secret_service.kill()
    done = home.run("list")
    assert (done.returncode, done.stdout) == (1, "")
    assert "the keyring" in done.stderr
    assert "Traceback" not in done.stderr
    secret_service.begin()
    assert home.run("list").returncode == 0
