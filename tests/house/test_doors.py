"""What happens in one place only, and what the project never says."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "casectl"


def places(pattern: str, folder: Path = PACKAGE) -> set[str]:
    """Files below `folder` in which the pattern occurs."""
    found = re.compile(pattern)
    return {str(path.relative_to(folder)) for path in folder.rglob("*.py") if found.search(path.read_text())}


def test_transactions_begin_and_end_in_the_desk() -> None:
    # store/sql.py is the connector itself; provisioning, checks and migrations work as the owner, outside any desk.
    owners = {"store/sql.py", "store/provision.py", "store/server_process.py", "store/server_start.py"}
    used = places(r"\.(commit|rollback)\(\)")
    assert {place for place in used if "migrations" not in place} - owners <= {
        "desk/local.py", "desk/open.py", "desk/server/pool.py", "desk/admin.py", "desk/demo.py",
    }  # fmt: skip


def test_stdout_has_one_writer() -> None:
    assert places(r"\bprint\(|sys\.stdout|typer\.echo|click\.echo") <= {"cli/output.py"}


def test_stderr_has_one_writer() -> None:
    # A server's log goes to standard error for as long as it runs; logging is set up in that one place.
    assert places(r"sys\.stderr|StreamHandler|basicConfig") <= {"cli/messages.py", "api/access_log.py"}


def test_process_exit_has_one_place() -> None:
    assert places(r"sys\.exit|os\._exit|raise SystemExit|typer\.Exit") <= {"cli/main.py", "__main__.py"}


def test_types_are_worked_out_in_one_place() -> None:
    # Two threads that let msgspec work out the same type at once end the process.
    assert places(r"msgspec\.convert\(|decode\([^\n]*\btype=|\bDecoder\(") == {"typed.py"}


def test_nobody_fakes_our_own_code() -> None:
    mocks = "unittest" + r"\.mock|monkey" + r"patch\.setattr\(\s*[\"']?casectl|Magic" + "Mock"
    assert not places(mocks, ROOT / "tests")


def test_the_project_speaks_of_itself_alone() -> None:
    # Spelt apart, so that this file does not contain what it forbids.
    forbidden = ["/wo" + "rk/", "py" + "pi.org", "python" + "hosted", "registry.np" + "mjs", "fa" + "rm-"]
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    told = [
        f"{name}: {word}"
        for name in tracked.split("\0")
        if name and (ROOT / name).is_file()
        for word in forbidden
        if word.encode() in (ROOT / name).read_bytes()
    ]
    assert not told


def test_no_lock_file_is_committed() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert not {Path(name).name for name in tracked.split()} & {"uv.lock", "package-lock.json", "poetry.lock"}
