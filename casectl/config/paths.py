"""Where files belong by the XDG Base Directory Specification, with an odd or missing HOME. Only config imports it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from casectl.errors import Failure

if TYPE_CHECKING:
    from collections.abc import Mapping

_FOLDERS = {
    "XDG_CONFIG_HOME": ".config",
    "XDG_DATA_HOME": ".local/share",
    "XDG_STATE_HOME": ".local/state",
}


def home(environ: Mapping[str, str]) -> str:
    """The user's home folder, '' when there is none to be found.

    A HOME that is empty or relative is no home; the user database is asked then.
    """
    named = environ.get("HOME", "")
    if os.path.isabs(named):
        return named
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_dir
    except KeyError:
        return ""


def base_folder(variable: str, environ: Mapping[str, str]) -> str:
    """The folder of an XDG variable, '' where there is no home; the specification ignores a relative one."""
    named = environ.get(variable, "")
    if os.path.isabs(named):
        return named
    house = home(environ)
    return os.path.join(house, _FOLDERS[variable]) if house else ""


def expand(path: str, environ: Mapping[str, str], folder: str) -> str:
    """`path` made absolute: `~/` and a leading `$XDG_...` are replaced, the rest is relative to `folder`.

    Raises Failure when it needs a home folder and there is none.
    """
    first, _, rest = path.partition("/")
    base = folder
    if first == "~":
        base = home(environ)
    elif first[1:] in _FOLDERS and first[0] == "$":
        base = base_folder(first[1:], environ)
    else:
        rest = path
    if not base:
        raise Failure(
            f"cannot tell where {path} is: HOME is not set and the user has no home folder",
            hint="set HOME, or name the place in a setting: CASECTL_DATA_DIR, CASECTL_LOG_FILE",
        )
    return os.path.normpath(os.path.join(base, rest))


def user_file(environ: Mapping[str, str]) -> str:
    """The user's own configuration file, there or not: CASECTL_CONFIG, else the XDG place; '' without a home."""
    named = environ.get("CASECTL_CONFIG", "")
    if named:
        return os.path.abspath(named)
    folder = base_folder("XDG_CONFIG_HOME", environ)
    return os.path.join(folder, "casectl", "config.toml") if folder else ""


def project_file() -> str:
    """The casectl.toml of this folder or of the nearest one above, '' when there is none."""
    try:
        folder = os.getcwd()
    except OSError:
        return ""
    while True:
        path = os.path.join(folder, "casectl.toml")
        if os.path.isfile(path):
            return path
        above = os.path.dirname(folder)
        if above == folder:
            return ""
        folder = above
