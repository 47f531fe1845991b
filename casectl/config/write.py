"""Changes one setting in a configuration file and keeps everything else in it. Exported by casectl.config."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Any

from casectl.config.redact import has_secret
from casectl.config.settings import BY_NAME, PROFILE_KEYS, Setting, profile_setting
from casectl.config.values import near_match, parse_value
from casectl.errors import Failure, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from tomlkit import TOMLDocument

_PROFILE_PARTS = 3
"""profiles, NAME, key."""


def write_setting(path: str, name: str, value: str | None) -> None:
    """Sets `name` (`database.url`, `profiles.prod.tenant`) to `value` in the file at `path`; None takes it out.

    Comments and order stay. A new file gets mode 0600 in folders of 0700; a file that gets a password becomes 0600.
    The change is complete or not there at all. Raises InvalidInput for an unknown name or a wrong value, Failure when
    the disk refuses.
    """
    place, setting = _place(name, value)
    try:
        typed = None if value is None else _as_toml(setting, value)
    except ValueError as error:
        raise InvalidInput(f"{name} {error}") from error
    secret = setting.secret and value is not None and has_secret(value)
    _rewrite(path, lambda document: _change(document, place, typed), private=secret)


def remove_profile(path: str, profile: str) -> None:
    """Take the profile out of the file at `path`, and the choice of it as the usual place; comments elsewhere stay.

    Raises InvalidInput when the file is not TOML, Failure when the disk refuses.
    """

    def change(document: Any) -> None:
        profiles = document.get("profiles", {})
        if profile in profiles:
            del profiles[profile]
        if not profiles and "profiles" in document:
            del document["profiles"]
        if document.get("profile") == profile:
            del document["profile"]

    _rewrite(path, change, private=False)


def _rewrite(path: str, change: Callable[[Any], None], *, private: bool) -> None:
    path = os.path.realpath(path)
    try:
        document, mode = _open(path)
        change(document)
        _replace(path, document.as_string(), 0o600 if private else mode)
    except OSError as error:
        raise Failure(f"cannot write {path}: {error.strerror}", hint="check the folder's owner and mode") from error


def _place(name: str, value: str | None) -> tuple[tuple[str, ...], Setting]:
    """The path of keys and the setting that `name` means."""
    head, _, rest = name.partition(".")
    profile, _, key = rest.rpartition(".")
    place, full = tuple(name.split(".")), name
    if head == "profiles" and profile:
        place, full = (head, profile, key), profile_setting(key, value)
    if full in BY_NAME:
        return place, BY_NAME[full]
    hint = near_match(place[-1], list(PROFILE_KEYS)) if len(place) == _PROFILE_PARTS else near_match(name, [*BY_NAME])
    raise InvalidInput(f"unknown setting {name!r}", hint=hint or "casectl config show")


def _as_toml(setting: Setting, word: str) -> str | int | bool:
    """The value as the file shall hold it: durations and what is off stay words."""
    typed = parse_value(setting, word)
    return typed if isinstance(typed, (bool, int)) else word


def _open(path: str) -> tuple[TOMLDocument, int]:
    import tomlkit
    from tomlkit.exceptions import ParseError

    try:
        with open(path, encoding="utf-8") as file:
            return tomlkit.parse(file.read()), stat.S_IMODE(os.fstat(file.fileno()).st_mode)
    except FileNotFoundError:
        return tomlkit.document(), 0o600
    except (ParseError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path}: not TOML: {error}") from error


def _change(document: Any, place: tuple[str, ...], value: str | int | bool | None) -> None:
    import tomlkit

    table = document
    for depth, part in enumerate(place[:-1]):
        if part not in table:
            if value is None:
                return
            inner = tomlkit.table(is_super_table=depth < len(place) - 2)
            table.add(part, inner)
        table = table[part]
    if value is not None:
        table[place[-1]] = value
    elif place[-1] in table:
        del table[place[-1]]


def _replace(path: str, text: str, mode: int) -> None:
    _make_folder(os.path.dirname(path))
    draft = f"{path}.{os.getpid()}"
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        os.rename(draft, path)
    except OSError:
        if os.path.lexists(draft):
            os.unlink(draft)
        raise


def _make_folder(folder: str) -> None:
    """Makes `folder` and those above it, each for the user alone."""
    if os.path.isdir(folder):
        return
    _make_folder(os.path.dirname(folder))
    os.mkdir(folder, 0o700)
