"""What the verb of exports may reach: `unit.exports`, as a protocol.

A part of `casectl.unit` in a module of its own; `store` implements it. Verbs import this module for typing only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from casectl.model.export import ExportedCase
    from casectl.rules.query import Query


class Extent(msgspec.Struct, frozen=True, kw_only=True):
    """What goes into an export beside the cases themselves, as far as the actor may see it."""

    trash: bool = False
    notes: bool = False
    history: bool = False
    internal: bool = False


class Exports(Protocol):
    """Whole cases of the tenant in the order of their ids."""

    async def page(
        self, query: Query, extent: Extent, *, limit: int, after: str | None
    ) -> tuple[list[ExportedCase], str | None]:
        """At most `limit` cases that the query matches, fewer where they are large, and the cursor of the rest."""
        ...
