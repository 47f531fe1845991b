"""Settings with the origin of every value. Anyone may import this package; it imports errors only.

`load(flags)` gives the Config of a call: `config.text("database.url")`, `config.value("tenant").origin`. A setting is
declared in `settings`. Loading costs less than a millisecond where there are no files.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from casectl.config.load import Config, Value, load
from casectl.config.paths import project_file, user_file
from casectl.config.redact import redact_url
from casectl.config.settings import SETTINGS, Setting

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "SETTINGS",
    "Config",
    "Setting",
    "Value",
    "config_example",
    "load",
    "project_file",
    "redact_url",
    "remove_profile",
    "remove_setting",
    "replace_text",
    "seconds",
    "state_folder",
    "user_file",
    "write_setting",
]


def state_folder(environ: Mapping[str, str] = os.environ) -> str:
    """Where logs of this user's work belong: $XDG_STATE_HOME/casectl. Raises Failure without a home."""
    from casectl.config.paths import expand

    return expand("$XDG_STATE_HOME/casectl", environ, "/")


def config_example() -> str:
    """The text of config.example.toml."""
    from casectl.config.example import config_example as text

    return text()


def write_setting(path: str, name: str, value: str | None) -> None:
    """Sets or (None) removes one setting in the file at `path`; see casectl.config.write."""
    from casectl.config.write import write_setting as write

    write(path, name, value)


def remove_setting(path: str, name: str) -> bool:
    """Takes one setting out of the file at `path`; whether it was there. See casectl.config.write."""
    from casectl.config.write import remove_setting as remove

    return remove(path, name)


def replace_text(path: str, before: str | None, text: str) -> None:
    """Puts a whole new text into the user's file at `path`; see casectl.config.write."""
    from casectl.config.write import replace_text as replace

    replace(path, before, text)


def remove_profile(path: str, profile: str) -> None:
    """Removes a profile from the file at `path`, and the choice of it; see casectl.config.write."""
    from casectl.config.write import remove_profile as remove

    remove(path, profile)


def seconds(word: str) -> float:
    """The seconds of a duration of at least one: `30s`, `5m`. Raises ValueError with a sentence."""
    from casectl.config.values import parse_value

    return float(parse_value(Setting(name="", help="", env="", kind="duration", least=1), word) or 0)
