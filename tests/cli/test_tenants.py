"""The tenants of a desk, as who runs it administers them."""

from __future__ import annotations

import json

import pytest
from demo_home import demo_home  # noqa: F401 - a fixture


@pytest.fixture(scope="module")
def home(demo_home):  # noqa: F811 - the fixture
    """The demo desk with a second tenant."""
    done = demo_home.run("tenant", "add", "globex", "--title", "Globex Corp", "--admin", "bea", "--json")
    assert done.returncode == 0, done.stderr
    assert "Try: casectl config set tenant globex, or --tenant globex for a single command\n" in done.stderr
    made = json.loads(done.stdout)
    assert (made["name"], made["title"], made["users"], made["open_cases"]) == ("globex", "Globex Corp", 1, 0)
    return demo_home


def in_globex(home, *words):
    return home.run(*words, "--tenant", "globex", "--as", "bea")


def test_all_are_listed(home):
    listed = {one["name"]: one for one in json.loads(home.run("tenant", "list", "--json").stdout)}
    assert listed["demo"]["is_demo"]
    assert not listed["globex"]["is_demo"]
    assert listed["demo"]["open_cases"] > 100
    assert home.run("tenant", "list", "-o", "id").stdout.split() == ["demo", "globex"]


def test_nobody_comes_into_one_that_is_deactivated(home):
    assert in_globex(home, "create", "one", "-o", "id").returncode == 0
    refused = home.run("tenant", "deactivate", "globex")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "--confirm globex" in refused.stderr
    assert home.run("tenant", "deactivate", "globex", "--confirm", "demo").returncode == 2
    done = home.run("tenant", "deactivate", "globex", "--confirm", "globex", "--select", "is_active")
    assert (done.returncode, done.stdout) == (0, "false\n")
    shut = in_globex(home, "list")
    assert (shut.returncode, shut.stdout) == (4, "")
    assert "the tenant globex is deactivated" in shut.stderr
    assert home.run("list", "--limit", "1", "--tenant", "demo").returncode == 0
    done = home.run("tenant", "activate", "globex", "--select", "[is_active, open_cases]")
    assert done.stdout == "true\n1\n"
    assert in_globex(home, "list", "-o", "id").stdout != ""


def test_on_a_terminal_the_name_is_typed(home):
    code, screen = home.on_terminal("tenant", "deactivate", "globex", answers=[("to confirm:", "yes\n")])
    assert code == 1
    assert "not confirmed, nothing was changed" in screen
    code, screen = home.on_terminal("tenant", "deactivate", "globex", answers=[("to confirm:", "globex\n")])
    assert code == 0, screen
    assert home.run("tenant", "activate", "globex").returncode == 0


def test_who_has_chosen_a_tenant_is_told_nothing(home):
    done = home.run("tenant", "add", "umbra", "--admin", "una", CASECTL_TENANT="demo")
    assert (done.returncode, done.stderr) == (0, "")
    assert home.run("tenant", "deactivate", "umbra", "--confirm", "umbra").returncode == 0
    assert "several tenants" in home.run("list").stderr


@pytest.mark.parametrize("verb", ["deactivate", "activate"])
def test_a_tenant_that_is_not_there(home, verb):
    done = home.run("tenant", verb, "globx\x1b[2J")
    assert done.returncode == 3
    assert "\x1b" not in done.stderr
    assert "did you mean globex?" in done.stderr


def test_a_name_that_is_taken_or_none(home):
    assert home.run("tenant", "add", "globex").returncode == 7
    done = home.run("tenant", "add", "Not A Name", "--timezone", "Mars/Base", "--json")
    assert done.returncode == 2
    assert {one["pointer"] for one in json.loads(done.stderr)["error"]["problems"]} >= {"/tenant", "/timezone"}


@pytest.mark.parametrize(
    "words", [("list",), ("add", "x"), ("deactivate", "demo", "--confirm", "demo"), ("activate", "x")]
)
def test_over_a_server_it_says_where_it_works(home, words):
    done = home.run("tenant", *words, CASECTL_REMOTE_URL="http://127.0.0.1:9", CASECTL_TOKEN="x")
    assert (done.returncode, done.stdout) == (2, "")
    assert "run it where the database is" in done.stderr


def test_it_is_in_the_audit_and_the_desk_still_agrees(home):
    assert home.run("db", "check").returncode == 0
