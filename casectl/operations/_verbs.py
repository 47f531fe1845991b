"""Finds a verb by the words people call it: the registry stands above the verbs, so they look among themselves.

Only `access explain` needs this.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING, Any

from casectl.errors import InvalidInput, Problem
from casectl.operation import Operation
from casectl.rules.text import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

_PACKAGE = __package__ or "casectl.operations"


def find_verb(words: str) -> type[Operation[Any]]:
    """The verb of this name or alias. Raises InvalidInput with near names."""
    name = " ".join(words.lower().split())
    verbs = {verb.name: verb for verb in _all()}
    aliases = {alias: verb for verb in verbs.values() for alias in verb.cli.aliases}
    found = verbs.get(name) or aliases.get(name)
    if found is not None:
        return found
    message = f"there is no verb {words[:80]!r}"
    hint = did_you_mean(name, verbs) or "casectl help verbs lists them"
    raise InvalidInput(message, hint=hint, problems=[Problem(message=message, pointer="/verb", code="verb", hint=hint)])


def _all() -> Iterator[type[Operation[Any]]]:
    package = import_module(_PACKAGE)
    for module in pkgutil.iter_modules(package.__path__):
        if not module.name.startswith("_"):
            known = vars(import_module(f"{_PACKAGE}.{module.name}")).values()
            yield from (one for one in known if isinstance(one, type) and issubclass(one, Operation) and one.routes)
