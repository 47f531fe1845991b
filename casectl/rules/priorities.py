"""Priorities: 1 low, 2 medium, 3 high, 4 critical. Everything above model may import this module.

Operators also say P1 to P4, where P1 is the worst: `P1` is critical (4), `P4` is low (1). A bare number is always ours.
"""

from __future__ import annotations

from casectl.errors import InvalidInput, Problem
from casectl.rules.text import did_you_mean

NAMES = ("low", "medium", "high", "critical")
LOWEST, DEFAULT, HIGHEST = 1, 2, len(NAMES)

_NUMBERS = (
    {name: number for number, name in enumerate(NAMES, 1)}
    | {str(number): number for number in range(LOWEST, HIGHEST + 1)}
    | {f"p{HIGHEST + 1 - number}": number for number in range(LOWEST, HIGHEST + 1)}
)


def parse_priority(value: str | int, pointer: str = "/priority") -> int:
    """The number 1 to 4 of `high`, `HIGH`, `3`, 3 or `P2`.

    Raises InvalidInput at `pointer` with the legal names.
    """
    number = _NUMBERS.get(str(value).strip().lower())
    if number is not None:
        return number
    message = f"unknown priority {str(value)!r}; it is one of {', '.join(NAMES)} (1 to 4, P1 is critical)"
    hint = did_you_mean(str(value), NAMES)
    problem = Problem(message=message, pointer=pointer, code="unknown_priority", hint=hint, allowed=list(NAMES))
    raise InvalidInput(message, hint=hint, problems=[problem])


def priority_name(number: int) -> str:
    """`critical` of 4; the database allows 1 to 4 only."""
    return NAMES[number - 1]


def raised(number: int, steps: int = 1) -> int:
    """The priority `steps` above `number`, critical at most."""
    return min(number + steps, HIGHEST)
