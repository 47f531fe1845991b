"""`casectl config`: settings and their origins. Loaded by the registry's table for casectl.cli only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from casectl.cli.common_options import CommonOptions  # noqa: TC001 - Typer resolves the annotations
from casectl.cli.views import Column, View
from casectl.config.settings import BY_NAME
from casectl.errors import Failure, UsageError

if TYPE_CHECKING:
    from casectl.config import Config

Name = Annotated[
    str, typer.Argument(metavar="NAME", show_default=False, help="the setting, as casectl config show names it")
]


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

    The origin is a flag, a variable, a file with the line, or the default. A flag is stronger than the environment,
    that than the project's file, that than your own file.
    """
    config = options.settings()
    rows = [ShownSetting(*row) for row in config.show()]
    options.output_for(config).emit_many(rows, _SETTINGS)


def get(name: Name, *, options: CommonOptions) -> None:
    """Print the value of a setting that counts now.

    Nothing is printed for one that is not set. Passwords in an address are left out.
    """
    from casectl.config.write import setting_place

    config = options.settings()
    setting_place(name, None)
    if name.startswith("profiles."):
        profile = name.split(".")[1]
        raise UsageError(f"{name} counts only at that place", hint=f"casectl config show --profile {profile}")
    setting = _shown(config, name)
    output = options.output_for(config)
    if not output.prepare(_SETTINGS):
        return
    if output.is_plain:
        output.emit_text(setting.value)
    else:
        output.emit_one(setting, _SETTINGS)


def set_(
    name: Name,
    value: Annotated[
        str | None,
        typer.Argument(metavar="[VALUE]", show_default=False, help="its value; - reads a line of standard input"),
    ] = None,
    *,
    options: CommonOptions,
) -> None:
    """Set a setting in your configuration file.

    Comments and everything else in the file stay. A place's own setting is named profiles.PLACE.NAME. An address with
    a password in it is asked for, or read from standard input with -: others on this machine can read an argument.
    """
    from casectl.config import write_setting
    from casectl.config.write import setting_place

    config = options.settings()
    setting = setting_place(name, value)[1]
    path = writable(config)
    write_setting(path, name, _value(options, name, value, is_secret=setting.secret))
    options.tell(f"{name} is set in {path}.")
    _tell(options, name, path)
    if name.startswith("cases."):
        options.tell("It counts for new tenants; casectl tenant change is for the one you work in.")


def unset(name: Name, *, options: CommonOptions) -> None:
    """Take a setting out of your configuration file.

    What counts then is shown: a variable's value, a project's, or the default.
    """
    import os

    from casectl.config import remove_setting, user_file

    path = options.config or user_file(os.environ)
    if not path or not remove_setting(path, name):
        options.tell(f"{name} is not set in {path or 'any file of yours'}.")
        return
    options.tell(f"{name} is taken out of {path}.")
    _tell(options, name, path)


def _value(options: CommonOptions, name: str, value: str | None, *, is_secret: bool) -> str:
    from casectl.cli.messages import prompt
    from casectl.cli.standard_input import lines
    from casectl.config import redact_url

    if value is None:
        return prompt(name, secret=is_secret, no_input=bool(options.no_input), flag="VALUE")
    if value == "-":
        return next(iter(lines()), "").rstrip("\n")
    if is_secret and redact_url(value) != value:
        raise UsageError(
            "a password on the command line can be read by every user of this machine",
            hint=f"send the address to standard input: casectl config set {name} -",
        )
    return value


def _tell(options: CommonOptions, name: str, path: str) -> None:
    """Show what counts now, and say so when that is not what the file says."""
    from casectl.config.toml_places import place_of

    config = options.settings()
    if name not in BY_NAME:  # a place's own, or one that was unknown
        return
    setting = _shown(config, name)
    options.output_for(config).emit_one(setting, _SETTINGS)
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - pathlib would cost 5 ms
        line = place_of(file.read(), tuple(name.split("."))).line
    if setting.origin not in ("default", f"{path}:{line}"):
        options.tell(f"{setting.origin} goes before {path}.")


def _shown(config: Config, name: str) -> ShownSetting:
    return ShownSetting(name, *config.shown(name))


def writable(config: Config) -> str:
    """The user's own file. Raises Failure where there is no place for one."""
    if not config.user_file:
        raise Failure("there is no home folder for a configuration file", hint="name one with --config FILE")
    return config.user_file


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


get.examples = (("casectl config get database.stop_after", ""),)  # type: ignore[attr-defined]
set_.examples = (  # type: ignore[attr-defined]
    ("casectl config set database.stop_after 30m", ""),
    ("casectl config set profiles.work.read_timeout 5m", "at one place only"),
)
unset.examples = (("casectl config unset database.stop_after", ""),)  # type: ignore[attr-defined]
show.examples = (  # type: ignore[attr-defined]
    ("casectl config show", ""),
    ("casectl config show --json --select \"[?origin!='default']\"", "what is set at all"),
)
path.examples = (("casectl config path", ""),)  # type: ignore[attr-defined]
