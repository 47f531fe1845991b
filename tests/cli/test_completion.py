"""Answers to a key press: what is offered where, and that nothing but words ever comes of it, whatever goes wrong."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import sys
import time

import pytest
from demo_home import PATIENCE, PATIENT, DemoHome, demo_home

from casectl.cli.completion.answer import MARKED
from tests.serve_program import until

__all__ = ["demo_home"]


def press(home, *words, **environ):
    """The lines for a key press, as (word, help); the process is silent otherwise."""
    return pressed(home, ["-c", PATIENT], words, environ)


def pressed(home, program, words, environ):
    done = subprocess.run(
        [sys.executable, "-W", "error", *program, "__complete", *words], env=home.environ | environ,
        cwd=home.folder, capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return [tuple(line.split("\t")) for line in done.stdout.splitlines()]


def words_of(home, *words, **environ):
    return [text for text, _ in press(home, *words, **environ)]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("person", "@", "", "assign"), ["@me"]),
        (("person", "ru", "", "assign"), ["ruth"]),
        (("team", "net", "", "assign"), ["Network"]),
        (("tag,", "vip,vp", "", "create"), ["vip,vpn"]),
        (("query", "status:new,esc", "", "list"), ["status:new,escalated"]),
        (("query", '-status:"in', "", "list"), ['-status:"in progress"']),
        (("query", "is:over", "", "list"), ["is:overdue"]),
        (("query", "team:net", "", "list"), ["team:Network"]),
        (("query", "-field.sys", "", "list"), ["-field.system:"]),
        (("fields,", "number,created", "", "ls"), ["number,created_at"]),
        (("fields,", "log", "", "user list"), ["login"]),
        (("fields,", "x", "", "db start"), []),
        (("profile", "no", "", "list"), ["none"]),
        (("role,", "case", "", "user add"), ["Case Worker"]),
        (("form", "system=c", "", "create", "create", "x", "--type=incident"), ["system=crm"]),
        (("form", "justif", "", "create", "create", "-t", "incident"), []),
        ((MARKED, "=team", "=net", "=", "=assign", "=assign"), ["Network"]),
    ],
)
def test_words(demo_home, words, offered):
    found = words_of(demo_home, *words)
    assert set(offered) <= set(found)
    assert not offered or len(found) <= len(offered) + 3
    assert offered or not found


def test_a_user_sees_what_he_may(demo_home):
    assert words_of(demo_home, "case", "", "", "show")
    assert words_of(demo_home, "case", "", "", "show", "--as", "nobody", "show") == []
    assert words_of(demo_home, "person", "ru", "", "assign", "--as=ruth", "assign", "1") == ["ruth"]


def test_an_option_is_no_word(demo_home):
    assert demo_home.run("create", "x", "--tag=--yes", "--tag=-y", "--tag=-e:x", "--tag=yes-x").returncode == 0
    found = words_of(demo_home, "tag,", "", "", "create")
    assert not [word for word in found if word.startswith("-")]
    assert "yes-x" in words_of(demo_home, "tag,", "yes", "", "create")


def test_help_is_one_harmless_line(demo_home):
    made = demo_home.run("create", "\x1b]52;c;eA==\x07\u202e\x9b31m" + "long " * 40, "-o", "id")
    ((_, told),) = press(demo_home, "case", made.stdout.strip(), "", "show")
    assert told.isprintable()
    assert "\\x1b]52" in told
    assert len(told) <= 72


@pytest.mark.parametrize(
    "words",
    [(), ("case",), ("nonsense", "", "", ""), ("case", "", "", "", "--profile", "nowhere"),
     ("status", "", "99999999", ""), ("case", "\udcff", "", "show"), ("case", "x" * 5000, "", "show")],
    ids=range(7),
)  # fmt: skip
def test_what_is_wrong_is_silent(demo_home, words):
    assert [text for text, _ in press(demo_home, *words)] == []


def test_a_broken_configuration_is_silent(demo_home, tmp_path):
    (tmp_path / "config.toml").write_text("nonsense = [")
    assert press(demo_home, "case", "", "", "show", CASECTL_CONFIG=str(tmp_path / "config.toml")) == []


def test_a_stopped_server_is_not_started(tmp_path):
    folder = tmp_path / "home"
    folder.mkdir()
    home = DemoHome(folder)
    assert press(home, "case", "", "", "show") == []
    assert list(folder.iterdir()) == []


def test_a_server_is_asked_as_well(demo_home, tmp_path):
    command = [sys.executable, "-m", "casectl", "serve", "--listen", "127.0.0.1:0", "--metrics-listen", "off"]
    key = demo_home.run("key", "create", "completing", "-o", "id").stdout.strip()
    log = tmp_path / "log"
    with log.open("wb") as stream:
        server = subprocess.Popen(command, env=demo_home.environ, cwd=demo_home.folder, stderr=stream)
    try:
        until(lambda: server.poll() is not None or "Serving the desk at" in log.read_text())
        there = {"CASECTL_REMOTE_URL": re.search(r"http://127.0.0.1:\d+", log.read_text())[0], "CASECTL_TOKEN": key}
        until(lambda: words_of(demo_home, "team", "net", "", "assign", **there) == ["Network"])
    finally:
        server.terminate()
        server.wait(PATIENCE)


@contextlib.contextmanager
def listening(*, answers):
    """The address of a server that takes connections and never answers, or takes none."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        if not answers:
            server.close()
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("answers", [True, False])
@pytest.mark.parametrize("setting", ["CASECTL_REMOTE_URL", "CASECTL_DATABASE_URL"])
def test_a_server_that_does_not_answer_is_not_waited_for(demo_home, setting, answers):
    with listening(answers=answers) as url:
        address = url if "REMOTE" in setting else url.replace("http", "postgresql") + "/x"
        environ = {setting: address, "CASECTL_TOKEN": "ck_1_x", "CASECTL_DATABASE_CONNECT_TIMEOUT": "10m"}
        begun = time.monotonic()
        assert pressed(demo_home, ["-m", "casectl"], ("case", "", "", "show"), environ) == []
        assert time.monotonic() - begun < 30  # a second, and the start of Python on a busy machine
