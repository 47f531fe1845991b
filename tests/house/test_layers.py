"""Who may import whom: the contracts stand in pyproject.toml, import-linter checks them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_imports_go_downward_only() -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()"]
    done = subprocess.run([*command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_no_module_has_a_name_that_says_nothing() -> None:
    nothing = {"utils", "helpers", "common", "services", "schemas", "managers", "misc"}
    assert not [path for path in (ROOT / "casectl").rglob("*.py") if path.stem in nothing]


def test_the_top_level_holds_nothing_else() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    allowed = {"casectl", "tests", "completions", "config.example.toml", "pyproject.toml", "README.md", ".ci",
               "LICENSE", "CHANGELOG.md", ".gitignore"}  # fmt: skip
    assert {line.split("/")[0] for line in listed.splitlines()} <= allowed
