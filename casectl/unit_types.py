"""What verbs about case types may reach beyond a single type: `unit.types`, as a protocol.

A part of `casectl.unit` in a module of its own; `store` implements it. Verbs import this module for typing only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from casectl.model.configuration import CaseType
    from casectl.unit import CaseRow


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """One revision as it is stored; `actor` is the login of who made it."""

    revision: int
    form_schema: dict[str, Any]
    lifecycle: dict[str, Any]
    at: datetime
    actor: str


class CaseTypes(Protocol):
    """The case types of the tenant with their revisions and their open cases, as far as the actor may see these."""

    async def all(self) -> list[CaseType]:
        """Active and inactive ones by name."""
        ...

    async def lock(self, reference: str) -> CaseType:
        """By name or id, kept from other changes until the end of the transaction. Raises NotFound."""
        ...

    async def set_active(self, type_id: int, *, active: bool) -> CaseType:
        """Let a type take new cases, or no longer."""
        ...

    async def revisions(self, type_id: int) -> list[Revision]:
        """All of them, the oldest first."""
        ...

    async def open_cases(self, type_id: int) -> dict[tuple[int, int], int]:
        """How many open cases there are by revision and id of their status."""
        ...

    async def holding(self, type_id: int, fields: Sequence[str]) -> dict[str, int]:
        """How many open cases hold a value of each of these fields; those that none holds are left out."""
        ...

    async def outdated(self, type_id: int, revision: int, *, after: int, limit: int) -> list[CaseRow]:
        """Open cases of other revisions whose id is above `after`, locked, in the order of their ids."""
        ...
