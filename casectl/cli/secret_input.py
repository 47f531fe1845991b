"""Secrets of a verb: asked for without an echo, or read from standard input; never from the command line.

Only casectl.cli imports this module. What stands on a command line can be read by every user of the machine, and
stays in the shell's history.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from casectl.cli.messages import prompt
from casectl.cli.standard_input import stream
from casectl.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from casectl.field_types import VerbField

LONGEST = 4096


def read_secrets(fields: Sequence[VerbField], *, can_ask: bool) -> dict[str, str]:
    """The values of secret fields by name. On a terminal the required ones are asked for, twice each.

    Otherwise each line of standard input is one, the last line the last field: of two fields, one line is the second.
    Raises UsageError for two different answers, for no line and for too many.
    """
    if can_ask:
        return {field.name: _asked(field) for field in fields if field.is_required}
    given = stream()
    lines = [] if given is None or given.isatty() else given.read(LONGEST).splitlines()
    missing = [field.help or field.name for field in fields if field.is_required]
    if missing and not lines:
        raise UsageError(f"the {missing[0]} is missing", hint="type it at a terminal, or send it to standard input")
    if len(lines) > len(fields):
        raise UsageError(
            f"standard input holds {len(lines)} lines, at most {len(fields)} are read",
            hint=f"one for each: {', then '.join(field.help or field.name for field in fields)}",
        )
    return {field.name: line for field, line in zip(fields[len(fields) - len(lines) :], lines, strict=True)}


def _asked(field: VerbField) -> str:
    what = field.help or field.name
    first = prompt(what, secret=True)
    if prompt(f"{what} again", secret=True) != first:
        raise UsageError(f"the {what} was typed differently the second time", hint="nothing was changed; try again")
    return first
