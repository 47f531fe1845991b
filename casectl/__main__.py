"""`python -m casectl`: the same as the command `casectl`."""

from __future__ import annotations

from casectl.cli.main import run

run()
