"""Changes one setting in a configuration file and keeps everything else in it. Exported by casectl.config."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from casectl.config.files import check_text
from casectl.config.redact import has_secret
from casectl.config.settings import BY_NAME, PROFILE_KEYS, Setting, profile_setting
from casectl.config.toml_text import unread
from casectl.config.values import near_match, parse_value
from casectl.errors import Conflict, Failure, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tomlkit import TOMLDocument

_PROFILE_PARTS = 3
"""profiles, NAME, key."""


def write_setting(path: str, name: str, value: str | None) -> None:
    """Sets `name` (`database.url`, `profiles.prod.tenant`) to `value` in the file at `path`; None takes it out.

    Comments and order stay. A new file gets mode 0600 in folders of 0700; a file that gets a password becomes 0600.
    The change is complete or not there at all. Raises InvalidInput for an unknown name or a wrong value, Failure when
    the disk refuses.
    """
    place, setting = setting_place(name, value)
    try:
        typed = None if value is None else _as_toml(setting, value)
    except ValueError as error:
        raise InvalidInput(f"{name} {error}") from error
    secret = setting.secret and value is not None and has_secret(value)
    _rewrite(path, lambda document: _change(document, place, typed), private=secret)


def remove_setting(path: str, name: str) -> bool:
    """Takes `name` out of the file at `path`, known or not; whether it was there. Raises as `write_setting`."""
    removed = False

    def change(document: Any) -> None:
        nonlocal removed
        place = _keys_of(name)
        removed = _holds(document, place)
        if removed:
            _change(document, place, None)

    if os.path.exists(path):
        _rewrite(path, change, private=False)
    if not removed:
        setting_place(name, None)
    return removed


def replace_text(path: str, before: str | None, text: str) -> None:
    """Puts `text` in the place of what the user's file at `path` held, which was `before` (None: no file).

    Raises InvalidInput for what is no configuration, Conflict when somebody else has changed the file since.
    """
    found = check_text(path, text)
    entries = [*found.values.items(), *(entry for profile in found.profiles.values() for entry in profile.items())]
    private = any(BY_NAME[name].secret and has_secret(str(entry.value)) for name, entry in entries)
    try:
        with _alone(path := os.path.realpath(path)):
            current, status = _text_of(path)
            if current != before:
                raise Conflict(f"{path} was changed by somebody else meanwhile")
            _replace(path, text, status, private=private)
    except OSError as error:
        raise _unwritable(path, error) from error


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
        with _alone(path):
            text, status = _text_of(path)
            document = _parse(path, text or "")
            change(document)
            if private or document.as_string() != text:
                _replace(path, document.as_string(), status, private=private)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: str, error: OSError) -> Failure:
    return Failure(f"cannot write {path}: {error.strerror}", hint="check the folder's owner and mode")


@contextmanager
def _alone(path: str) -> Iterator[None]:
    """Let one command at a time change files in the folder of `path`, which is made: of two, none is lost."""
    import fcntl

    folder = os.path.dirname(path)
    _make_folder(folder)
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _keys_of(name: str) -> tuple[str, ...]:
    """The path of keys that `name` means; the name of a profile may hold dots."""
    head, _, rest = name.partition(".")
    profile, _, key = rest.rpartition(".")
    return (head, profile, key) if head == "profiles" and profile else tuple(name.split("."))


def setting_place(name: str, value: str | None) -> tuple[tuple[str, ...], Setting]:
    """The path of keys and the setting that `name` means. Raises InvalidInput for an unknown one."""
    place = _keys_of(name)
    full = profile_setting(place[-1], value) if place[0] == "profiles" and len(place) == _PROFILE_PARTS else name
    if full in BY_NAME:
        return place, BY_NAME[full]
    hint = near_match(place[-1], list(PROFILE_KEYS)) if len(place) == _PROFILE_PARTS else near_match(name, [*BY_NAME])
    raise InvalidInput(f"unknown setting {name!r}", hint=hint or "casectl config show")


def _as_toml(setting: Setting, word: str) -> str | int | bool:
    """The value as the file shall hold it: durations and what is off stay words."""
    typed = parse_value(setting, word)
    return typed if isinstance(typed, (bool, int)) else word


def _text_of(path: str) -> tuple[str | None, os.stat_result | None]:
    """What the file at `path` holds, and its owner and mode; None where there is none."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # /dev/null stands for no configuration, and must stay what it is
            raise Failure(f"{path} is no file that can be written", hint="name one with --config FILE")
        with open(path, encoding="utf-8", newline="") as file:
            return file.read(), os.fstat(file.fileno())
    except FileNotFoundError:
        return None, None
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path}: not UTF-8, as TOML must be") from error


def _parse(path: str, text: str) -> TOMLDocument:
    import tomlkit
    from tomlkit.exceptions import ParseError

    try:
        return tomlkit.parse(text)
    except ParseError as error:
        reason = str(error).partition(" at line ")[0]
        what = f"not TOML: {reason[:1].lower()}{reason[1:]}"
        raise unread(path, f"{error.line}:{error.col}", what, hint="casectl config edit opens it") from error


def _holds(document: Any, place: tuple[str, ...]) -> bool:
    for part in place:
        if not isinstance(document, dict) or part not in document:
            return False
        document = document[part]
    return True


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
        if not isinstance(table, dict):
            raise InvalidInput(f"{part} is no table in this file", hint="casectl config edit opens it")
    if value is not None:
        table[place[-1]] = value
    elif place[-1] in table:
        del table[place[-1]]


def _replace(path: str, text: str, before: os.stat_result | None, *, private: bool) -> None:
    """Put a file with `text` in the place of one with the status `before`, whose owner and mode it gets."""
    draft = f"{path}.{os.urandom(6).hex()}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:  # from here on the draft is ours: what lay there before is nobody's business
        with open(descriptor, "wb") as file:
            if before is not None and os.geteuid() == 0 and before.st_uid != 0:
                os.fchown(file.fileno(), before.st_uid, before.st_gid)  # root changes somebody's file
            os.fchmod(file.fileno(), 0o600 if private or before is None else stat.S_IMODE(before.st_mode))
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        os.rename(draft, path)
    except BaseException:
        os.unlink(draft)
        raise


def _make_folder(folder: str) -> None:
    """Makes `folder` and those above it, each for the user alone."""
    if os.path.isdir(folder):
        return
    _make_folder(os.path.dirname(folder))
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError as error:
        if not os.path.isdir(folder):  # where it is one, another command made it in this moment
            raise NotADirectoryError(errno.ENOTDIR, f"{folder} is no folder") from error
