"""The service layer: `Desk.perform(operation) -> result` is its whole interface. Fronts import this package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from casectl.operation import Call, Operation

Result = TypeVar("Result")


class Desk(Protocol):
    """Where verbs are performed: a local Postgres or a remote server, with the same results and refusals."""

    def perform(self, operation: Operation[Result], call: Call | None = None) -> Result:
        """Perform the verb in one transaction of its own; raises a Refusal, having changed nothing."""
        ...

    def follow(self, operation: Operation[Result]) -> Iterator[Result]:
        """Perform a verb that has `after` again and again, from where it ended, and give its pages as they come.

        Pages may be empty; the iterator ends with a Refusal only, or when it is closed.
        """
        ...

    def close(self) -> None:
        """Let go of the backend."""
        ...

    def __enter__(self) -> Self:
        """The desk itself; leaving closes it."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the desk."""
        ...
