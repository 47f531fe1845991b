"""What to say where cases are named as a verb does not take them: several to a verb of one, or a query for a case.

Only casectl.cli.command_tree imports this module, for a command line with such words; it tells the command to run.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

from casectl import registry
from casectl.cli.common_options import PREFIX
from casectl.errors import UsageError
from casectl.field_types import describe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from casectl.operation import AnyOperation

_NUMBER = r"(?=.*[0-9])[A-Za-z0-9][A-Za-z0-9._,-]*"
"""A word that may be a case; its digit tells it from a text without quotes."""

_TERM = r"-?[A-Za-z_.]+:.+"
"""A term of a query: no number holds a colon."""


class CaseWords:
    """A command line of a verb: `given` are its parameters, `extra` the words too many, `typed` all as they stood."""

    def __init__(
        self, verb: type[AnyOperation], given: Mapping[str, Any], extra: Sequence[str], typed: Sequence[str]
    ) -> None:
        self._verb = verb
        self._given = given
        self._typed = typed
        first, *others = verb.cli.positionals or ("",)
        value = given.get(first)
        words = [*value] if isinstance(value, (list, tuple)) else [value, *(given.get(name) for name in others), *extra]
        self._cases = [word for word in words if isinstance(word, str)]
        self._others: dict[str, str] = {}
        if not isinstance(value, (list, tuple)) and len(self._cases) > len(others):
            behind = len(self._cases) - len(others)
            self._others = dict(zip(others, self._cases[behind:], strict=True))
            self._cases = self._cases[:behind]

    def refusal(self, *, too_many: bool) -> UsageError | None:
        """What is wrong with the cases, and the command that does it; None where it is something else."""
        first = self._verb.cli.positionals[:1]
        if first not in (("case",), ("cases",)):
            return None
        terms = [word for word in self._cases if re.fullmatch(_TERM, word)]
        if terms:
            return UsageError(f"{terms[0]} is a term of a query, not a case", hint=self._for_query(" ".join(terms)))
        if not too_many or not all(re.fullmatch(_NUMBER, word) for word in self._cases):
            return None
        message = f"{self._verb.name} takes one case, {len(self._cases)} were given"
        return UsageError(message, hint=self._for_several())

    def _for_query(self, query: str) -> str:
        quoted = shlex.quote(query)
        if any(field.is_query for field in describe(self._verb)):
            return _command(self._verb.name, "--query", query, *self._rest())
        options = self._in_bulk()
        if options is not None:
            return _command("bulk-update", "--query", query, *options)
        if self._verb.cli.positionals[0] == "cases":
            return f"casectl list -o id {quoted} | casectl {self._verb.name} -"
        return f"casectl list {quoted}"

    def _for_several(self) -> str:
        options = self._in_bulk()
        if options is not None:
            return _command("bulk-update", *self._cases, *options)
        rest = shlex.join([*self._others.values(), *self._rest()])
        one = f'casectl {self._verb.name} "$case" {rest}'.rstrip()
        return f"for case in {shlex.join(self._cases)}; do {one}; done"

    def _in_bulk(self) -> list[str] | None:
        """The options of bulk-update that do the same; None where it cannot."""
        own = [name for name, value in self._given.items() if value and name not in self._verb.cli.positionals]
        known = {field.name for field in describe(registry.load("bulk-update"))}
        foreign = [name for name in own if not name.startswith(PREFIX) and name not in known]
        if self._verb.cli.in_bulk is None or foreign or f"{PREFIX}if_match" in own:
            return None
        return [*(word.format_map(self._others) for word in self._verb.cli.in_bulk), *self._rest()]

    def _rest(self) -> list[str]:
        """What was typed besides the positionals."""
        rest = list(self._typed)
        for word in (*self._cases, *self._others.values()):
            if word in rest:
                rest.remove(word)
        return rest


def _command(*words: str) -> str:
    return shlex.join(["casectl", *words])
