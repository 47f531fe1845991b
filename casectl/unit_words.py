"""What the verb `suggest` may reach: `unit.words`, as a protocol.

A part of `casectl.unit` in a module of its own; `store` implements it. Verbs import this module for typing only.
Whether an actor may is the verb's affair; of cases only those are there that he may see.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from casectl.model.suggestion import Suggestion

CaseChoice = Literal["case", "closed", "trash"]
"""Cases that are worked on, those that may be opened again, those that may be restored."""


class Words(Protocol):
    """Names of the tenant that begin with a prefix, whatever its case; at most `limit`, each found by an index."""

    async def cases(self, prefix: str, which: CaseChoice, limit: int) -> list[Suggestion]:
        """Numbers with titles, the newest first; without a prefix those that changed last."""
        ...

    async def people(self, prefix: str, limit: int) -> list[Suggestion]:
        """Logins of active users with their names."""
        ...

    async def contacts(self, prefix: str, limit: int) -> list[Suggestion]:
        """Mail addresses of contacts with their names, found by either; the name where there is no address."""
        ...

    async def teams(self, prefix: str, limit: int) -> list[Suggestion]:
        """Names of active teams."""
        ...

    async def roles(self, prefix: str, limit: int) -> list[Suggestion]:
        """Names of roles."""
        ...

    async def tags(self, prefix: str, limit: int) -> list[Suggestion]:
        """Tags of the cases that the actor may see."""
        ...

    async def channels(self, prefix: str, limit: int) -> list[Suggestion]:
        """The channels that the newest cases came by."""
        ...
