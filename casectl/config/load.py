"""Lays flags, environment, files and defaults over each other. Exported by casectl.config, for anyone.

Order, strongest first: flags · a profile chosen by its flag · environment · a profile chosen elsewhere · project file ·
user file · default. A place named on the command line is meant as a whole: half of it and half of a forgotten
variable would be a third place.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from casectl.config.files import ConfigFile, Entry, missing, read_file
from casectl.config.paths import expand, project_file, user_file
from casectl.config.redact import redact_url
from casectl.config.settings import BY_NAME, SETTINGS, Setting
from casectl.config.values import Typed, near_match, parse_value
from casectl.errors import Failure, InvalidInput, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

_DEFAULT = "default"
NO_PROFILE = "none"
"""What takes the place of a profile's name for none of them: `--profile none`."""


Layer = dict[str, Entry]


class Value(msgspec.Struct, frozen=True):
    """A setting's value and its origin: `flag --tenant`, `CASECTL_TENANT`, `/path/config.toml:12`, `default`."""

    value: Typed
    origin: str


class Config:
    """All settings of this call. `notes` are sentences about settings that were ignored, for stderr."""

    def __init__(
        self,
        layers: list[Layer],
        environ: Mapping[str, str],
        profiles: list[str],
        notes: list[str],
        *,
        places: list[Layer] | None = None,
    ) -> None:
        self._layers = layers
        self._places = places or []
        self._environ = environ
        self.profiles = profiles
        self.notes = notes

    @property
    def user_file(self) -> str:
        """The user's configuration file of this call, there or not; '' without a home."""
        return user_file(self._environ)

    def value(self, name: str) -> Value:
        """The value of the setting `name` and its origin; paths are absolute.

        Raises Failure for a secret in a file that others can read, and for a path that needs a missing home.
        """
        setting, entry = BY_NAME[name], self._entry(name)
        if entry is None:
            default = None if setting.default is None else parse_value(setting, setting.default)
            entry = Entry(default, _DEFAULT)
        if entry.exposed:
            raise _exposed(setting, entry)
        if setting.kind == "path" and isinstance(entry.value, str):
            return Value(expand(entry.value, self._environ, entry.folder or "/"), entry.origin)
        return Value(entry.value, entry.origin)

    def get(self, name: str) -> Typed:
        """The value alone; None when it is not set or off."""
        return self.value(name).value

    def text(self, name: str) -> str:
        """A text, path, choice or address; '' when it is not set."""
        value = self.get(name)
        return "" if value is None else str(value)

    def flag(self, name: str) -> bool:
        """A setting that is true or false."""
        return bool(self.get(name))

    def number(self, name: str) -> int | None:
        """A whole number; None when it is off."""
        value = self.get(name)
        return None if value is None else int(value)

    def seconds(self, name: str) -> float | None:
        """A duration in seconds; None when it is off."""
        value = self.get(name)
        return None if value is None else float(value)

    def overlaid(self, words: Mapping[str, str]) -> Config:
        """This configuration with words over it as flags would lie, and without any profile. Raises InvalidInput."""
        problems: list[Problem] = []
        given = _words({name: (word, f"flag {BY_NAME[name].flag or name}") for name, word in words.items()}, problems)
        _refuse(problems)
        return Config([given, *(layer for layer in self._layers if layer not in self._places)], self._environ,
                      self.profiles, [])  # fmt: skip

    def server(self) -> str:
        """The address of the server to work on; '' for a database of one's own.

        Of a server and a database the one that is named more strongly counts, of two in one place the server: so a
        profile, or a variable, leads away from what a file says. An empty address names the embedded database.
        """
        for layer in self._layers:
            if "remote.url" in layer and layer["remote.url"].value:
                return self.text("remote.url")
            if "remote.url" in layer or "database.url" in layer:
                return ""
        return ""

    def server_tenant(self) -> str:
        """The tenant that is meant at the server, '' for that of the login.

        One that is said more weakly than the server itself is another place's: a file's own tenant is not a profile's.
        """
        for layer in self._layers:
            if "tenant" in layer:
                return str(layer["tenant"].value or "")
            if "remote.url" in layer:
                return ""
        return ""

    @property
    def token(self) -> str:
        """What CASECTL_TOKEN holds, '' without it. It is no setting: no file may hold it, and nothing shows it."""
        return self._environ.get("CASECTL_TOKEN", "").strip()

    @property
    def state_folder(self) -> str:
        """Where this user's work leaves what outlives it; raises Failure without a home."""
        return expand("$XDG_STATE_HOME/casectl", self._environ, "/")

    def show(self) -> list[tuple[str, str, str]]:
        """Name, value without its passwords, and origin of every setting, for `config show`."""
        return [(setting.name, *self.shown(setting.name)) for setting in SETTINGS]

    def shown(self, name: str) -> tuple[str, str]:
        """The value of one setting as people may see it, and its origin."""
        setting = BY_NAME[name]
        try:
            found = self.value(setting.name)
        except Failure as refusal:
            entry = self._entry(setting.name)
            return f"refused: {refusal.message}", entry.origin if entry else _DEFAULT
        return _as_text(setting, found.value), found.origin

    def _entry(self, name: str) -> Entry | None:
        return next((layer[name] for layer in self._layers if name in layer), None)


def load(flags: Mapping[str, str | None], environ: Mapping[str, str] = os.environ) -> Config:
    """The configuration of this call.

    `flags` holds the options given on the command line by the setting's name (`{"database.url": ...}`), None for one
    that was not given. Raises InvalidInput naming flag, variable, or file and line; Failure for an unreadable file.
    """
    problems: list[Problem] = []
    given = _words({name: (word, f"flag {BY_NAME[name].flag or name}") for name, word in flags.items()}, problems)
    variables = _words(
        {setting.name: (environ.get(setting.env) or None, setting.env) for setting in SETTINGS}, problems
    )
    files = _files(environ, problems)
    _refuse(problems)
    _shield(files)
    plain = [file.values for file in files]
    chosen = next((layer["profile"] for layer in (given, variables, *plain) if "profile" in layer), None)
    names = list(dict.fromkeys(name for file in files for name in file.profiles))
    places = _places(chosen, files, names)
    by_flag = "profile" in given
    above, below = (places, []) if by_flag else ([], places)
    notes = [note for file in files for note in file.notes]
    return Config([given, *above, variables, *below, *plain], environ, names, notes, places=places)


def _refuse(problems: list[Problem]) -> None:
    """Tell all that is wrong, wherever it stands, at once."""
    if problems:
        raise InvalidInput(problems[0].message, hint=problems[0].hint, problems=problems)


def _words(words: Mapping[str, tuple[str | None, str]], problems: list[Problem]) -> Layer:
    layer: Layer = {}
    for name, (word, origin) in words.items():
        if word is None:
            continue
        setting = BY_NAME[name]
        try:
            folder = os.getcwd() if setting.kind == "path" and not os.path.isabs(word) else ""
            layer[name] = Entry(parse_value(setting, word), origin, folder)
        except ValueError as error:
            problems.append(Problem(message=f"{origin} {error}"))
    return layer


def _files(environ: Mapping[str, str], problems: list[Problem]) -> list[ConfigFile]:
    project, user = project_file(), user_file(environ)
    there = bool(user) and os.path.exists(user)
    if environ.get("CASECTL_CONFIG") and not there:
        raise missing(user)
    if there and project and os.path.samefile(project, user):
        project = ""
    found = [] if not project else [(project, True)]
    files = []
    for path, is_project in [*found, *([(user, False)] if there else [])]:
        try:
            files.append(read_file(path, project=is_project))
        except InvalidInput as refusal:
            problems += refusal.problems
    return files


def _shield(files: list[ConfigFile]) -> None:
    """Let no project's file lead a profile of the user's own elsewhere: a name means what its user wrote."""
    project, own = (files[0], files[-1]) if len(files) > 1 else (None, None)
    if project is None or own is None:
        return
    for name in project.profiles.keys() & own.profiles.keys():
        for key in [key for key in project.profiles[name] if BY_NAME[key].secret]:
            entry = project.profiles[name].pop(key)
            project.notes.append(f"{entry.origin}: {key} is ignored: the profile {name} is yours")


def _places(chosen: Entry | None, files: list[ConfigFile], names: list[str]) -> list[Layer]:
    """The profile's settings, one layer a file."""
    name = str(chosen.value) if chosen else ""
    if not chosen or not name or (name == NO_PROFILE and name not in names):
        return []
    if name not in names:
        known = f"known are {', '.join(sorted(names))}" if names else "no [profiles.NAME] is configured"
        hint = near_match(name, names) or known
        raise InvalidInput(f"{chosen.origin}: there is no profile {name!r}", hint=hint)
    return [file.profiles[name] for file in files if name in file.profiles]


def _exposed(setting: Setting, entry: Entry) -> Failure:
    import shlex

    return Failure(
        f"{entry.origin}: {setting.name} holds a password, and others can read the file",
        hint=f"chmod 600 {shlex.quote(entry.exposed)}",
    )


def _as_text(setting: Setting, value: Typed) -> str:
    if value is None:
        return setting.off
    if isinstance(value, bool):
        return "true" if value else "false"
    if setting.secret:
        return redact_url(str(value))
    return f"{value:g}s" if isinstance(value, float) else str(value)
