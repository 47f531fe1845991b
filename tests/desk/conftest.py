"""A place for a whole desk: its home has a space in its name and can be entered by the server's user."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest

from casectl import config
from casectl.desk import admin


@pytest.fixture(scope="module")
def place():
    """The environment of a user with a fresh home; the server below it is stopped at the end."""
    home = Path(tempfile.mkdtemp(prefix="ho me ", dir="/tmp"))
    home.chmod(0o755)
    environ = {"HOME": str(home), "CASECTL_DATA_DIR": str(home / "data of casectl")}
    yield environ
    admin.db_stop(config.load({}, environ), "immediate")
    shutil.rmtree(home)


@pytest.fixture
def settings(place):
    """A function that gives the configuration for some flags."""

    def load(**flags):
        return config.load({name.replace("__", "."): value for name, value in flags.items()}, place)

    return load
