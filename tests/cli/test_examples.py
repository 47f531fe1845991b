"""Every command line that help and manual show is performed on the demo desk as `casectl demo` makes it.

The lines need no order among themselves: each that changes the state of a case has a case of its own.
"""

from __future__ import annotations

import re
import shlex
import shutil
import tempfile
from pathlib import Path

import pytest
from demo_home import ROOT, DemoHome

from casectl import registry
from casectl.cli.group_help import EXAMPLES as ROOT_EXAMPLES

MANUAL = ROOT / "casectl/manual"
SHOWN = [entry for entry in registry.ENTRIES if not entry.hidden]
SHORTER = {"--cases 20000": "--cases 20"}
"""What would take long is done smaller."""
UNATTENDED = {
    r"casectl init$": "asks; tests/cli/test_first_minutes.py answers it on a terminal",
    r"casectl (list )?--profile ": "is for a server of one's own",
    r"casectl user password": "asks for a password; tests/cli/test_secret_input.py answers it on a terminal",
    r"casectl (auth|profile) ": "is for a server; tests/cli/test_auth.py, test_profiles.py and their like try them",
}
"""Lines that cannot run here, and why."""
PARTIAL = ("casectl import ",)
"""Lines that documentedly end with 8, when lines of the file were refused."""


def examples_of(entry):
    """The examples in the help of a command."""
    declared = registry.import_target(entry.target)
    return declared.cli.examples if entry.kind == "verb" else getattr(declared, "examples", ())


def manual_lines():
    """The indented command lines of the manual."""
    for page in sorted(MANUAL.glob("*.md")):
        yield from re.findall(r"^ {2,}(casectl .*)$", page.read_text(encoding="utf-8"), re.MULTILINE)


def command_lines():
    """Each line once."""
    told = [command for entry in SHOWN for command, _ in examples_of(entry)]
    told += [command for command, _ in ROOT_EXAMPLES]
    told += [line.split("  #")[0].strip() for line in manual_lines()]
    return list(dict.fromkeys(told))


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
    yield home
    home.run("db", "stop")
    shutil.rmtree(folder)


@pytest.mark.parametrize("line", [line for line in command_lines() if not re.match("|".join(UNATTENDED), line)])
def test_the_line_works(desk, line):
    stdin = ""
    for part in line.split(" | "):
        for long, short in SHORTER.items():
            part = part.replace(long, short)  # noqa: PLW2901 - the same part, smaller
        program, *words = shlex.split(part)
        assert program == "casectl"
        done = desk.run(*words, stdin=stdin, CASECTL_TENANT="demo")  # some lines make further tenants
        stdin = done.stdout
        assert done.returncode in ((0, 8) if line.startswith(PARTIAL) else (0,)), done.stdout + done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("entry", [entry for entry in SHOWN if entry.kind == "verb"], ids=lambda entry: entry.name)
def test_every_verb_shows_how_it_is_used(entry):
    words = {entry.name, *entry.aliases}
    assert any(f"casectl {word}" in command for command, _ in examples_of(entry) for word in words)
