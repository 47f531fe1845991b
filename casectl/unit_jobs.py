"""What verbs about jobs may reach: `unit.jobs`, as a protocol.

A part of `casectl.unit` in a module of its own; `store` implements it. Verbs import this module for typing only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from casectl.model.case import BulkResult
    from casectl.model.job import Job


class Jobs(Protocol):
    """The actor's jobs; who may see all cases sees all jobs."""

    async def add(self, kind: str, operation: dict[str, Any], numbers: Sequence[str]) -> int:
        """Queue a job over these cases, with the rights that the actor has now; its id."""
        ...

    async def unfinished(self) -> int:
        """How many jobs of the actor himself are waiting or running."""
        ...

    async def get(self, job_id: int) -> Job:
        """One job; NotFound."""
        ...

    async def page(self, *, limit: int) -> list[Job]:
        """The newest jobs, without their outcomes."""
        ...

    async def cancel(self, job_id: int) -> None:
        """End a job that is not finished, between two of its steps; NotFound, NotAllowed."""
        ...

    async def take(self, job_id: int, attempt: int, most: int) -> tuple[dict[str, Any], list[str]] | None:
        """Lock a job; what is asked for and its next cases. None when this attempt no longer holds it."""
        ...

    async def advance(self, job_id: int, count: int, result: BulkResult, kept: int) -> bool:
        """Count a step, keep at most `kept` refused outcomes in all, let the job go; whether it is finished."""
        ...
