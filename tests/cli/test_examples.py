"""Every command line that help and manual show is performed on the demo desk as `casectl demo` makes it.

The lines need no order among themselves: each that changes the state of a case has a case of its own.
"""

from __future__ import annotations

import re
import shlex
import shutil
import ssl
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import pytest
from demo_home import ROOT, DemoHome

from casectl import registry
from casectl.cli.group_help import EXAMPLES as ROOT_EXAMPLES
from casectl.cli.manual_blocks import blocks_of
from casectl.config.files import check_text
from casectl.config.settings import SECTIONS
from casectl.field_types import describe
from casectl.rules.import_map import check_columns, read_map
from tests.api.test_serve_limits import certificate
from tests.serve_program import PATIENCE, raw_exchange, until

pytestmark = pytest.mark.no_cover
"""What is run here many times is measured where it runs once."""

MANUAL = ROOT / "casectl/manual"
SHOWN = [entry for entry in registry.ENTRIES if not entry.hidden]
SHORTER = {"--cases 20000": "--cases 20"}
"""What would take long is done smaller."""
UNATTENDED = {
    r"casectl init$": "asks; tests/cli/test_first_minutes.py answers it on a terminal",
    r"casectl (list )?--profile ": "is for a server of one's own",
    r"casectl (auth|profile) ": "is for a server; tests/cli/test_auth.py, test_profiles.py and their like try them",
    r"pass show ": "asks a keeper of passwords; test_config_commands.py and test_secret_input.py pipe them",
    r"CASECTL_REMOTE_URL=": "is for a server; tests/cli/test_readme.py has its like",
    r"casectl config edit": "opens an editor; tests/cli/test_config_commands.py types into one",
    r"casectl ((type|lifecycle) .*|create .*--type )outage\b": "needs others first; test_types_page.py has them",
    r"casectl tenant (add initech|(de)?activate) ": "wants a second tenant; tests/cli/test_tenants.py has one",
    r"casectl serve": "does not end by itself; it has a test of its own here",
}
"""Lines that cannot run here, and why."""
GIVEN = {"casectl user password": "nine tulips on a bridge\n"}
"""What is sent to a line that would ask for it."""
START_A_JOB = """
from casectl.config import load
from casectl.desk.open import open_desk
from casectl.operations.job_start import StartJob
with open_desk(load({}), print) as desk:
    desk.perform(StartJob(bulk_update={"query": "is:active team:Network", "add_tags": ["seen"]}))
"""
"""What a caller of a server's REST interface does; no command has to."""
PARTIAL = ("casectl import ",)
"""Lines that documentedly end with 8, when lines of the file were refused."""


def examples_of(entry):
    """The examples in the help of a command."""
    declared = registry.import_target(entry.target)
    return declared.cli.examples if entry.kind == "verb" else getattr(declared, "examples", ())


def manual_lines():
    """The lines of the manual's code that call casectl, continued ones put together."""
    for page in sorted(MANUAL.glob("*.md")):
        for block in blocks_of(page.read_text(encoding="utf-8")):
            if block.kind == "code" and not block.lines[0].startswith("curl"):
                whole = re.sub(r"\\\n\s*", "", "\n".join(block.lines))
                yield from (line for line in whole.split("\n") if re.match(r"(\S+=\S+ |.* \| )*casectl ", line))


def command_lines():
    """Each line once."""
    told = [command for entry in SHOWN for command, _ in examples_of(entry)]
    told += [command for command, _ in ROOT_EXAMPLES]
    told += [line.split("  #")[0].strip() for line in manual_lines()]
    return list(dict.fromkeys(line for line in told if not line.startswith("casectl:")))  # what casectl says


RUN = [line for line in command_lines() if not re.match("|".join(UNATTENDED), line)]


@pytest.fixture(scope="module")
def desk():
    """The demo as it comes, beside the files that examples name."""
    folder = Path(tempfile.mkdtemp(prefix="casectl examples ", dir="/tmp")).resolve()
    folder.chmod(0o755)
    home = DemoHome(folder)
    made = home.run("demo", "--quiet")
    assert made.returncode == 0, made.stderr
    (folder / "lifecycle.json").write_text(home.run("type", "show", "incident", "--select", "lifecycle").stdout)
    shutil.copy(ROOT / "tests/data/incident_sample.csv", folder / "incidents.csv")
    shutil.copy(ROOT / "casectl/examples/incident_event_log.toml", folder / "incidents.toml")
    certificate(folder)
    for _ in range(2):
        made = home.python(START_A_JOB, CASECTL_TENANT="demo")
        assert made.returncode == 0, made.stderr
    yield home
    home.run("db", "stop")
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def as_made(desk):
    """A line with the numbers of the demo as it was made now: last year's cases have another year in theirs."""
    listed = desk.run("list", "is:all,deleted", "sort:id", "--all", "-o", "id", CASECTL_TENANT="demo").stdout.split()
    made = {kind: [number for number in listed if number.startswith(kind)] for kind in ("INC", "REQ", "CMP")}
    return lambda line: re.sub(r"(INC|REQ|CMP)-2026-(\d{5})", lambda found: made[found[1]][int(found[2]) - 1], line)


@pytest.mark.parametrize("line", RUN)
def test_the_line_works(desk, as_made, line):
    line = as_made(line)
    stdin = next((given for begin, given in GIVEN.items() if line.startswith(begin)), "")
    for part in line.split(" | "):
        for long, short in SHORTER.items():
            part = part.replace(long, short)  # noqa: PLW2901 - the same part, smaller
        program, *words = shlex.split(part)
        assert program == "casectl"
        done = desk.run(*words, stdin=stdin, CASECTL_TENANT="demo")  # some lines make further tenants
        stdin = done.stdout
        assert done.returncode in ((0, 8) if line.startswith(PARTIAL) else (0,)), done.stdout + done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("line", [line for line in command_lines() if line.startswith("casectl serve")])
def test_a_server_begins_and_ends(desk, line):
    elsewhere = ["--listen", "127.0.0.1:0", "--metrics-listen", "off"]  # the last word counts; ports are shared here
    command = [sys.executable, "-m", "casectl", *shlex.split(line)[1:], *elsewhere]
    log = desk.folder / "log"
    with log.open("wb") as stream:
        server = subprocess.Popen(command, env=desk.environ, cwd=desk.folder, stderr=stream)
    try:
        until(lambda: server.poll() is not None or "Serving the desk at" in log.read_text())
        scheme, port = re.search(r"(https?)://127.0.0.1:(\d+)", log.read_text()).groups()
        if scheme == "https":
            ssl.get_server_certificate(("127.0.0.1", int(port)), timeout=PATIENCE)
        else:
            request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            assert b" 200 " in raw_exchange(int(port), request)
        server.terminate()
        assert server.wait(PATIENCE) == 0, log.read_text()
    finally:
        server.kill()


@pytest.mark.parametrize("entry", SHOWN, ids=lambda entry: entry.name)
def test_every_command_shows_how_it_is_used(entry):
    words = {entry.name, *entry.aliases}
    assert any(f"casectl {word}" in command for command, _ in examples_of(entry) for word in words)


@pytest.mark.parametrize("page", ["README.md", None])
def test_no_line_names_a_case_by_digits_alone(page):
    """They are its id, which no table shows; people type numbers."""
    told = [registry.load(entry.name) for entry in SHOWN if entry.kind == "verb"]
    verbs = [verb for verb in told if {"case", "cases"} & {one.name for one in describe(verb)}]
    words = "|".join(word for verb in verbs for word in (verb.name, *verb.cli.aliases))
    lines = (ROOT / page).read_text(encoding="utf-8").splitlines() if page else command_lines()
    named = rf"casectl ({words}|access explain \S+ \S+)( \S+)*? [0-9]+( |$)"
    valued = r" -{1,2}[\w-]+ [0-9]+\b"
    assert not [line for line in lines if re.search(named, re.sub(valued, "", line.split("  #")[0]))]


@pytest.mark.parametrize("reason", UNATTENDED.values(), ids=UNATTENDED)
def test_every_exception_is_one(reason):
    pattern = next(pattern for pattern, told in UNATTENDED.items() if told == reason)
    assert [line for line in command_lines() if re.match(pattern, line)]


def test_the_map_of_the_manual_is_one():
    text = (MANUAL / "import.md").read_text(encoding="utf-8")
    (document,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    found = read_map(tomllib.loads(document), "manual")
    assert (found.mode, found.key_case, found.zone) == ("case", "Ticket", "Europe/Berlin")
    columns = [
        "Ticket",
        "Opened",
        "Opened by",
        "Agent",
        "Category",
        "Subject",
        "State",
        "Urgency",
        "Customer mail",
        "Site",
    ]
    check_columns(found, columns)


def test_the_configurations_of_the_manual_are_ones():
    count = 0
    for page in sorted(MANUAL.glob("*.md")):
        for block in blocks_of(page.read_text(encoding="utf-8")):
            text = "\n".join(block.lines)
            if block.kind == "code" and re.search(rf"(?m)^\[(profiles\.|({'|'.join(SECTIONS)})\])", text):
                check_text(page.name, text)
                count += 1
    assert count >= 4
