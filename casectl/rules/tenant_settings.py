"""The settings of a tenant: what may stand in them, and what counts where nothing does.

Everything above model may import this module. Settings are kept with the tenant, not in anybody's configuration file:
every front must open a case in the same way. A file's `[cases]` only says what `casectl init` gives to a new tenant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from casectl import typed
from casectl.errors import InvalidInput, Problem
from casectl.model.people import TenantSettings
from casectl.rules.priorities import parse_priority
from casectl.rules.text import did_you_mean, json_pointer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ENGINES = ("queue", "sync")


def settings_of(stored: Mapping[str, Any]) -> TenantSettings:
    """The settings that count: what is stored, else the default. What a newer program has stored is left alone."""
    known = {name: value for name, value in stored.items() if name in _READERS}
    return typed.convert(known, TenantSettings)


def merged_settings(stored: Mapping[str, Any], wished: Mapping[str, Any]) -> dict[str, Any]:
    """What to store after a change; None takes a setting back to its default.

    A priority may be a name or a number. Raises InvalidInput with all that is wrong, each with its pointer
    (`/default_priority`).
    """
    merged = dict(stored)
    problems: list[Problem] = []
    for name, value in wished.items():
        try:
            merged[name] = None if value is None else _reader(name)(value, json_pointer(name))
        except InvalidInput as refusal:
            problems += refusal.problems
    if problems:
        raise InvalidInput(problems[0].message, hint=problems[0].hint, problems=problems)
    return {name: value for name, value in merged.items() if value is not None}


def _reader(name: str) -> Callable[[Any, str], Any]:
    if name not in _READERS:
        raise _wrong(f"a tenant has no setting {name!r}", json_pointer(name), "unknown", did_you_mean(name, _READERS))
    return _READERS[name]


def _flag(value: Any, pointer: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong(f"{pointer[1:]} is true or false, not {value!r}", pointer, "type")
    return value


def _engine(value: Any, pointer: str) -> str:
    if value not in ENGINES:
        hint = did_you_mean(str(value), ENGINES)
        raise _wrong(f"{pointer[1:]} is {' or '.join(ENGINES)}, not {value!r}", pointer, "choice", hint)
    return str(value)


def _wrong(message: str, pointer: str, code: str, hint: str = "") -> InvalidInput:
    return InvalidInput(message, problems=[Problem(message=message, pointer=pointer, code=code, hint=hint)])


_READERS: dict[str, Callable[[Any, str], Any]] = {
    "default_priority": parse_priority,
    "auto_assign_initial_status": _flag,
    "workflow_engine": _engine,
}
