"""The desk on the oldest Postgres it promises to work on: a part of its tests, run once more on a server of that one.

`CASECTL_TEST_POSTGRES=15 python -m pytest tests/contract tests/store` runs all of them there.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.store.own_servers import ROOT

OLDEST = "15"

PART = ("tests/store/test_record.py", "tests/store/test_checks.py", "tests/contract/test_list_and_search.py")
"""What asks most of the database: triggers, policies, search, checks, queries."""


def test_a_part_of_the_tests_holds_on_the_oldest_postgres() -> None:
    if not Path(f"/usr/lib/postgresql/{OLDEST}/bin/postgres").exists():
        pytest.skip(f"Postgres {OLDEST} is not installed: apt-get install postgresql-{OLDEST}")
    # What these tests run is measured where they run first.
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COVERAGE_"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "not async and not remote", *PART],
        cwd=ROOT, env=environ | {"CASECTL_TEST_POSTGRES": OLDEST}, capture_output=True, text=True, timeout=1200,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-5000:]
    passed = int(done.stdout.rsplit(" passed", 1)[0].rsplit(maxsplit=1)[-1])
    assert passed > 100
