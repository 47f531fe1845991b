"""`casectl config`: settings and their origins. Loaded by the registry's table for casectl.cli only."""

from __future__ import annotations

import msgspec

from casectl.cli.common_options import CommonOptions  # noqa: TC001 - Typer resolves the annotations
from casectl.cli.views import Column, View


class ShownSetting(msgspec.Struct, frozen=True):
    """A setting with its value, passwords left out, and where the value comes from."""

    name: str
    value: str
    origin: str


class ConfigFile(msgspec.Struct, frozen=True):
    """A file that is read, or would be if it were there."""

    kind: str
    path: str
    exists: bool


_SETTINGS = View(
    result=ShownSetting,
    id="name",
    columns=(
        Column(header="SETTING", path="name", rank=0),
        Column(header="VALUE", path="value", rank=0, least=12),
        Column(header="ORIGIN", path="origin", rank=1, least=8),
    ),
)

_FILES = View(
    result=ConfigFile,
    id="path",
    columns=(
        Column(header="FILE", path="kind", rank=1),
        Column(header="PATH", path="path", rank=0, least=20),
        Column(header="EXISTS", path="exists", rank=2),
    ),
    empty="No file is read: there is no home folder and no casectl.toml.",
)


def show(options: CommonOptions) -> None:
    """Show every setting with its origin.

    A flag is stronger than the environment, that than the project's file, that than the user's file.
    """
    config = options.settings()
    rows = [ShownSetting(*row) for row in config.show()]
    options.output_for(config).emit_many(rows, _SETTINGS)


def path(options: CommonOptions) -> None:
    """Tell which files are read.

    The project's file is the casectl.toml of this folder or of the nearest one above.
    """
    import os

    from casectl.config import project_file, user_file

    config = options.settings()
    user = options.config or user_file(os.environ)
    found = [ConfigFile("project", project_file(), True), ConfigFile("user", user, os.path.exists(user))]  # noqa: PTH110
    options.output_for(config).emit_many([file for file in found if file.path], _FILES)
