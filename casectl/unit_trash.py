"""What verbs about the trash may reach: `unit.trash`, as a protocol.

A part of `casectl.unit` in a module of its own; `store` implements it. Verbs import this module for typing only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from casectl.model.case import PersonRef
    from casectl.model.trash import PurgedCase, TrashedCase, TrashPage


class Trash(Protocol):
    """The deleted cases that the actor may see, and what is known of purged ones."""

    async def page(self, *, limit: int, before: datetime | None, after: str | None) -> TrashPage:
        """Cases deleted before an instant, or all, the last deleted first; `after` is a cursor of an earlier page."""
        ...

    async def oldest(self, *, before: datetime, limit: int) -> list[TrashedCase]:
        """Cases that were deleted before an instant, the first deleted first."""
        ...

    async def of(self, case_ids: Sequence[int]) -> list[TrashedCase]:
        """Those of these cases that are in the trash."""
        ...

    async def deleted_by(self, case_id: int) -> PersonRef | None:
        """Who put the case into the trash last; None where the desk itself did, or nobody."""
        ...

    async def purge(self, case_ids: Sequence[int]) -> int | None:
        """Erase cases of the trash. The id of a job that still works on one of them, and then nothing is erased."""
        ...

    async def purged(self, reference: str) -> PurgedCase | None:
        """What is known of a purged case, by number or id."""
        ...
