"""Reads a configuration file: which settings it holds, on which line, and which of them may be believed.

Only casectl.config imports this module.
"""

from __future__ import annotations

import os
import stat
from typing import Any

import msgspec

from casectl.config.redact import has_secret
from casectl.config.settings import BY_NAME, PROFILE_KEYS, SECTIONS, Setting, profile_setting
from casectl.config.toml_places import TomlPlace, place_of
from casectl.config.toml_text import decoded, read_toml
from casectl.config.values import Typed, near_match, parse_value
from casectl.errors import Failure, InvalidInput, Problem

_LARGEST = 1_000_000
_TO_DO = "casectl help configuration shows how the file reads"
_READABLE_BY_OTHERS = stat.S_IRGRP | stat.S_IROTH
_WRITABLE_BY_ANYBODY = stat.S_IWOTH


class Entry(msgspec.Struct, frozen=True):
    """A setting's value as one place gives it; relative paths in it start at `folder`.

    `exposed` is the file in which others can read this secret.
    """

    value: Typed
    origin: str
    folder: str = ""
    exposed: str = ""


class ConfigFile(msgspec.Struct):
    """What a file says: plain settings, settings by profile, and notes about what was not believed."""

    path: str
    values: dict[str, Entry] = {}
    profiles: dict[str, dict[str, Entry]] = {}
    notes: list[str] = []


def read_file(path: str, *, project: bool) -> ConfigFile:
    """The settings in the file at `path`.

    `project` says it was found near the working folder: its personal settings are not believed, nor the addresses
    in one that another user owns or anybody may write. Raises InvalidInput with every unknown setting and wrong value
    by its line, Failure when the file cannot be read.
    """
    text, status = _read(path, os.O_NONBLOCK if project else 0)
    reader = _Reader(path, text, _distrust(status) if project else "", project=project)
    reader.exposed = path if status.st_mode & _READABLE_BY_OTHERS and stat.S_ISREG(status.st_mode) else ""
    return reader.read(read_toml(path, text, hint=_TO_DO))


def check_text(path: str, text: str) -> ConfigFile:
    """What the user's file at `path` would say if `text` stood in it. Raises as `read_file`."""
    return _Reader(path, text, "", project=False).read(read_toml(path, text, hint=_TO_DO))


def _read(path: str, flags: int) -> tuple[str, os.stat_result]:
    # Without O_NONBLOCK a named pipe that somebody left in a shared folder would hang every command below it.
    try:
        with open(os.open(path, os.O_RDONLY | os.O_CLOEXEC | flags), "rb") as file:
            content, status = file.read(_LARGEST + 1) or b"", os.fstat(file.fileno())
    except OSError as error:
        reason = f"cannot read the configuration file {path}: {error.strerror}"
        raise Failure(reason, hint="check its owner and mode, or name another one in CASECTL_CONFIG") from error
    if len(content) > _LARGEST:
        message = f"the configuration file {path} is larger than a megabyte"
        raise InvalidInput(message, problems=[Problem(message=message, code="syntax")])
    return decoded(path, content), status


def _distrust(status: os.stat_result) -> str:
    """Why the addresses in a project file are not believed, '' when they are."""
    if status.st_uid not in (os.geteuid(), 0):
        return "another user owns the file"
    return "anybody may write to the file" if status.st_mode & _WRITABLE_BY_ANYBODY else ""


class _Reader:
    def __init__(self, path: str, text: str, distrust: str, *, project: bool) -> None:
        self.file = ConfigFile(path=path)
        self.text = text
        self.distrust = distrust
        self.project = project
        self.exposed = ""
        self.problems: list[Problem] = []

    def read(self, document: dict[str, Any]) -> ConfigFile:
        for key, value in document.items():
            if key == "profiles":
                self._profiles(value)
            elif key in SECTIONS:
                self._section(key, value)
            else:
                self._take(self.file.values, (key,), key, value)
        if self.problems:
            first = self.problems[0]
            raise InvalidInput(first.message, hint=first.hint, problems=self.problems)
        return self.file

    def _section(self, section: str, table: object) -> None:
        if not isinstance(table, dict):
            self._wrong((section,), f"{section} must be a table: [{section}]")
            return
        for key, value in table.items():
            self._take(self.file.values, (section, key), f"{section}.{key}", value)

    def _profiles(self, tables: object) -> None:
        if not isinstance(tables, dict):
            self._wrong(("profiles",), "profiles must be tables: [profiles.NAME]")
            return
        for profile, table in tables.items():
            place = ("profiles", profile)
            if not isinstance(table, dict):
                self._wrong(place, f"a profile must be a table: [profiles.{profile}]")
                continue
            values = self.file.profiles.setdefault(profile, {})
            for key, value in table.items():
                self._take(values, (*place, key), profile_setting(key, table.get("url")), value)

    def _take(self, values: dict[str, Entry], place: tuple[str, ...], name: str, raw: object) -> None:
        setting = BY_NAME.get(name)
        if setting is None:
            self._unknown(place)
            return
        if self._disbelieved(setting, place):
            return
        try:
            value = parse_value(setting, raw)
        except ValueError as error:
            self._wrong(place, f"{'.'.join(place)} {error}")
            return
        exposed = self.exposed if setting.secret and has_secret(str(value)) else ""
        values[name] = Entry(value, self._origin(place), os.path.dirname(self.file.path), exposed)

    def _disbelieved(self, setting: Setting, place: tuple[str, ...]) -> bool:
        reason = self.distrust if setting.secret else ""
        if self.project and setting.personal:
            reason = "only your own configuration file may set it"
        if reason:
            self.file.notes.append(f"{self._origin(place)}: {'.'.join(place)} is ignored: {reason}")
        return bool(reason)

    def _unknown(self, place: tuple[str, ...]) -> None:
        names, word = [*BY_NAME], ".".join(place)
        if place[0] == "profiles":
            names, word = [*PROFILE_KEYS], place[-1]
        elif len(place) == 1:
            names += [*SECTIONS, "profiles"]
        where = self._where(place_of(self.text, place), of_key=True)
        hint = near_match(word, names) or "casectl config show lists the settings"
        message = f"{where}: unknown setting {'.'.join(place)!r}"
        self.problems.append(Problem(message=message, code="unknown_setting", hint=hint))

    def _wrong(self, place: tuple[str, ...], message: str) -> None:
        where = self._where(place_of(self.text, place), of_key=False)
        self.problems.append(Problem(message=f"{where}: {message}"))

    def _where(self, found: TomlPlace, *, of_key: bool) -> str:
        column = found.column if of_key else found.value_column
        return f"{self.file.path}:{found.line}:{column}" if found.line else self.file.path

    def _origin(self, place: tuple[str, ...]) -> str:
        line = place_of(self.text, place).line
        return f"{self.file.path}:{line}" if line else self.file.path


def missing(path: str) -> Failure:
    """The refusal of a file that --config or CASECTL_CONFIG names and that is not there."""
    return Failure(
        f"no such configuration file: {path} (named by --config or CASECTL_CONFIG)",
        hint="make it (config.example.toml shows how), or name another one",
    )
