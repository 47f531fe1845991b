"""Following events by looking again and again: what a desk over Postgres does for the shell. Only `desk` imports it.

A look is two look-ups by key; notifications would need a second connection for the sake of half a second.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from casectl.desk import Desk
    from casectl.operation import Operation

Result = TypeVar("Result")

SECONDS_BETWEEN = 1.0
"""Looks of a follower for whom nothing is there."""


def follow(desk: Desk, operation: Operation[Result], seconds: float = SECONDS_BETWEEN) -> Iterator[Result]:
    """The pages of a verb with `after`, `next` and `more`, without end; `seconds` lie between two looks."""
    while True:
        page: Any = desk.perform(operation)
        yield page
        operation = continued(operation, page.next)
        if not page.more:
            time.sleep(seconds)


def continued(operation: Operation[Result], after: str) -> Operation[Result]:
    """The verb, going on behind the cursor `after`."""
    return msgspec.structs.replace(operation, after=after, since=msgspec.UNSET)
