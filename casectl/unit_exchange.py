"""What verbs that carry whole cases out of the desk and into it may reach: `unit.exchange`, as a protocol.

A part of `casectl.unit` in a module of its own; `store` implements it. Verbs import this module for typing and for
the structs they hand over.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - msgspec resolves the annotations at run time
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from casectl.unit import NewCase

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from casectl.model.export import ExportedCase
    from casectl.rules.query import Query


class Extent(msgspec.Struct, frozen=True, kw_only=True):
    """What goes into an export beside the cases themselves, as far as the actor may see it."""

    trash: bool = False
    notes: bool = False
    history: bool = False
    internal: bool = False


class ArrivingNote(msgspec.Struct, kw_only=True):
    """A note of a whole case; `author` None is nobody."""

    content: str
    is_internal: bool
    channel: str
    author: int | None
    at: datetime


class ArrivingStep(msgspec.Struct, kw_only=True):
    """An entry of a whole case's history: columns that get other values, or the place of a note among the case's.

    A `parent_id` is as in Arrival.
    """

    at: datetime
    by: int
    operation: str
    columns: dict[str, Any] = {}
    note: int | None = None


class Arrival(NewCase, kw_only=True):
    """A whole case as it was on another desk.

    A `parent_id` below zero is the case that many places from the first arrival of its batch on: -1 is the first. Where
    there is a `past`, its first step has all columns as the case was opened, and the others lead to what it is now.
    """

    deleted_at: datetime | None
    changed_by: int
    changed_at: datetime
    notes: list[ArrivingNote]
    past: list[ArrivingStep]


class Exchange(Protocol):
    """Whole cases of the tenant."""

    async def page(
        self, query: Query, extent: Extent, *, limit: int, after: str | None
    ) -> tuple[list[ExportedCase], str | None]:
        """In order of ids at most `limit` cases that match, fewer where they are large; the cursor of the rest."""
        ...

    async def reserve(self, counts: Mapping[str, int]) -> None:
        """See to it that each sequence of numbers goes on behind this count."""
        ...

    async def taken_numbers(self, numbers: Sequence[str]) -> set[str]:
        """Which of these numbers no new case may have, in upper case; be it that of a case nobody here may see."""
        ...

    async def taken_external_ids(self, external: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        """Which of these (channel, external id) a case has, be it one that the actor may not see."""
        ...

    async def take_in(self, arrivals: Sequence[Arrival]) -> list[int]:
        """Insert whole cases with their notes, each kind in one statement, then go through their pasts; ids in order.

        The audit has the steps of a past as they were: who did what when, by which command.
        """
        ...

    async def cases_of(self, source: str, line_keys: Sequence[str]) -> dict[str, int]:
        """The ids of the cases that lines read before became."""
        ...

    async def link(self, parents: Mapping[int, int]) -> None:
        """Give cases their parents: id of the case -> id of its parent.

        The history tells who did it and when; who changed the case last, and when, stays as it was imported.
        """
        ...
