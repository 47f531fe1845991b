"""What the verbs that look back may reach: `unit.past`, as a protocol.

A part of `casectl.unit` in a module of its own; `store` implements it. Verbs import this module for typing only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from casectl.model.case import Case, CaseDetail, CaseDiff


class Past(Protocol):
    """Cases as they were, rebuilt from the audit; what the actor may not see today was not there then either."""

    async def at(self, case: Case, instant: datetime, *, notes: int) -> CaseDetail:
        """The case as it was, with the newest `notes` of then; Gone where the audit of it was erased."""
        ...

    async def between(self, case: Case, since: datetime, until: datetime, *, notes: int) -> CaseDiff:
        """What differs between two instants, and the newest `notes` written between them."""
        ...
