"""The door every call leaves by: exit codes, complaints for people and for programs, faults of ours."""

from __future__ import annotations

import json
import stat
import subprocess
import sys

import pytest

from casectl.cli.failure_log import log_failure
from casectl.cli.main import main


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """An empty home: nothing of these tests needs a desk."""
    for name in ("XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "CASECTL_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["lst"], "casectl: there is no command 'lst'\ndid you mean 'list' or 'ls'?\n"),
        (["user", "ad"], "casectl: there is no command user 'ad'\ndid you mean 'add'?\n"),
        (["list", "--limt", "3"], "casectl: casectl list has no option --limt\ndid you mean '--limit' or"),
        (
            ["note", "1", "two", "words"],
            "casectl: got an unexpected argument: words\nput a text with blanks in quotes; casectl note --help\n",
        ),
        (["user", "show", "ann", "bob"], "casectl: got an unexpected argument: bob\n"),
        (["config", "get", "tenant", "user", "x"], "casectl: got unexpected arguments: user x\n"),
        (
            ["close", "A-1", "A-2"],
            "casectl: close takes one case, 2 were given\nTry: casectl bulk-update A-1 A-2 --status",
        ),
        (["status", "1", "2", "on hold"], "Try: casectl bulk-update 1 2 --status 'on hold'\n"),
        (["assign", "1", "2", "@me", "--team", "L2"], "Try: casectl bulk-update 1 2 --assignee @me --team L2\n"),
        (["update", "1", "2", "-p", "low"], "Try: casectl bulk-update 1 2 -p low\n"),
        (["update", "1", "2", "--due", "fri"], 'for case in 1 2; do casectl update "$case" --due fri; done\n'),
        (["delete", "A-1", "A-2"], 'for case in A-1 A-2; do casectl delete "$case"; done\n'),
        (["note", "A-1", "A-2", "a: b"], "for case in A-1 A-2; do casectl note \"$case\" 'a: b'; done\n"),
        (
            ["bulk-update", "assignee:none", "-team:l2", "-p", "low"],
            "is a term of a query, not a case\nTry: casectl bulk-update --query 'assignee:none -team:l2' -p low",
        ),
        (["close", "is:pending"], "Try: casectl bulk-update --query is:pending --status closed\n"),
        (["show", "tag:vip"], "Try: casectl list tag:vip\n"),
        (["purge", "is:deleted"], "Try: casectl list -o id is:deleted | casectl purge -\n"),
        (["close", "a:\x1b[2J"], "\\x1b[2J is a term of a query"),
        (["list", "--limit", "x"], "'x' is not a whole number"),
        (["list", "-o", "yaml"], "unknown output format 'yaml'"),
        (["list", "--json", "-o", "csv"], "--json and -o csv exclude each other"),
        (["list", "--fields", "numbr"], "did you mean 'number'"),
        (["list", "--profile", "nowhere"], "there is no profile 'nowhere'"),
        (["show"], "case is required\nTry: casectl show CASE\n"),
        (["bulk-update", "--add-tag", "x"], "no case was given"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_call_is_refused_with_what_to_do(words, told, capsys):
    assert main([*words, "--no-input"] if words[0] in ("show", "bulk-update") else words) in (2, 1)
    captured = capsys.readouterr()
    assert told in captured.err
    assert captured.out == ""


def test_a_program_gets_an_object(capsys):
    assert main(["list", "--limt", "--json"]) == 2
    error = json.loads(capsys.readouterr().err)["error"]
    assert (error["code"], error["problems"]) == ("usage", [])
    assert error["message"] == "casectl list has no option --limt"


@pytest.mark.parametrize("words", [["-o", "json"], ["-ojsonl"], ["--output=json"]])
def test_the_wish_for_json_is_known_before_the_words_are_understood(words, capsys):
    assert main(["nonsense", *words]) == 2
    assert json.loads(capsys.readouterr().err)["error"]["code"] == "usage"


def test_a_desk_that_is_not_there_names_the_commands(capsys):
    assert main(["list"]) == 1
    error = capsys.readouterr().err
    assert "casectl init" in error
    assert "casectl demo" in error


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["user"], ["list", "-h"], ["db", "--help"]], ids=" ".join)
def test_help_goes_to_stdout(words, capsys):
    assert main(words) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("Usage: casectl")
    assert captured.err == ""


def test_the_root_help_shows_every_command_once(capsys):
    from casectl import registry

    main(["--help"])
    page = capsys.readouterr().out
    lines = [line.split()[0] for line in page.splitlines() if line.startswith("  ") and line.strip()]
    for entry in registry.ENTRIES:
        if not entry.hidden:
            assert lines.count(entry.name.split(" ")[0]) == 1, entry.name
    assert max(map(len, page.splitlines())) <= 80


def test_options_before_the_command_count_for_it(capsys):
    assert main(["--json", "--tenant", "acme", "config", "show", "--select", "[?name=='tenant'].origin"]) == 0
    assert json.loads(capsys.readouterr().out) == ["flag --tenant"]
    assert main(["--tenant", "early", "config", "show", "--tenant", "late", "-o", "tsv", "--fields", "value"]) == 0
    assert "late" in capsys.readouterr().out.splitlines()


def test_the_version(capsys):
    from casectl import __version__

    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"casectl {__version__}\n"


def test_the_manual_is_listed_and_read(capsys):
    assert main(["help", "-o", "id"]) == 0
    topics = capsys.readouterr().out.split()
    assert topics[0] == "concepts"
    for topic in topics:
        assert main(["help", topic]) == 0
        assert capsys.readouterr().out.startswith("# ")


def test_the_exit_codes_of_the_manual_are_those_of_the_refusals(capsys):
    from casectl import errors

    main(["help", "exit-codes"])
    page = capsys.readouterr().out
    codes = {
        kind.exit_code for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.Refusal)
    }
    told = {int(line.split("|")[1]) for line in page.splitlines() if line.startswith("|") and line[2].isdigit()}
    assert told == codes | {0, errors.INTERRUPTED}


def test_a_fault_of_ours_is_kept_where_its_user_finds_it(home):
    path = log_failure(ZeroDivisionError("secret"), "list")
    assert path == str(home / ".local/state/casectl/casectl.log")
    log = home / ".local/state/casectl/casectl.log"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert "ZeroDivisionError: secret" in log.read_text()


def test_no_log_is_no_second_failure(monkeypatch, home):
    (home / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "file"))
    assert log_failure(ValueError("x"), "list") == ""


FAULT = """
import sys, casectl.errors
from casectl.cli.main import main
from casectl.config.load import Config
sys.modules["casectl.cli.noun_views"] = None
raise SystemExit(main(sys.argv[1:]))
"""
"""A broken installation stands for any fault: a module that cannot be imported."""


@pytest.mark.parametrize("debug", [False, True])
def test_a_fault_is_one_line_and_a_traceback_with_debug(home, debug):
    words = ["list", *(["--debug"] if debug else [])]
    done = subprocess.run([sys.executable, "-c", FAULT, *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert f"casectl: internal error, ModuleNotFoundError; details in {home}" in done.stderr
    assert ("Traceback" in done.stderr) is debug


def test_a_reader_that_goes_away_is_no_error():
    code = "from casectl.cli.main import main; raise SystemExit(main(['--help']))"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=60) == 0


def test_python_m_casectl_is_the_command():
    done = subprocess.run([sys.executable, "-m", "casectl", "--version"], capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("casectl ")
