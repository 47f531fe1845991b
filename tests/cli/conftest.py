"""What the tests of the command line share."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
STEERED = ("NO_COLOR", "CLICOLOR_FORCE", "COLUMNS", "CI", "PYTHONUNBUFFERED")
PLAIN = {name: value for name, value in os.environ.items() if name not in STEERED}


@pytest.fixture
def writes(tmp_path):
    """A function that gives an Output a file for stdout, and returns what was written after a call."""
    from casectl.cli.output import Output

    def run(act, kind="table", **options):
        path = tmp_path / "stdout"
        with path.open("w", encoding="utf-8") as stream:
            act(Output(kind, stream=stream, environ={}, **options))
        return path.read_text(encoding="utf-8")

    return run


@pytest.fixture
def python():
    """Runs code in a fresh interpreter that finds the tests' nouns; returns the finished process."""

    def run(code, **options):
        options.setdefault("env", {**PLAIN, "PYTHONPATH": f"{HERE}{os.pathsep}{HERE.parents[1]}"})
        options.setdefault("stdout", subprocess.PIPE)
        return subprocess.run([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, timeout=240, **options)

    return run
