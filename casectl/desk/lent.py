"""Local desks for the threads of a program. `casectl.client` imports this module."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from casectl.desk import Desk
    from casectl.operation import Call, Operation

Result = TypeVar("Result")


class LentDesks:
    """Local desks, each with a connection of its own, lent to one thread at a time and kept for the next."""

    def __init__(self, make: Callable[[], Desk]) -> None:
        self._make = make
        self._idle: list[Desk] = []

    def perform(self, operation: Operation[Result], call: Call | None = None) -> Result:
        """See `casectl.desk.Desk.perform`."""
        try:
            desk = self._idle.pop()
        except IndexError:
            desk = self._make()
        try:
            return desk.perform(operation, call)
        finally:
            self._idle.append(desk)

    def close(self) -> None:
        """Close those that are not at work."""
        while self._idle:
            self._idle.pop().close()
