"""Work that a server does after its answer. Anyone above `model` may import it."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - msgspec resolves the annotations at run time
from typing import Any, Literal

import msgspec

from casectl.model.case import BulkOutcome  # noqa: TC001 - as above

JobState = Literal["queued", "running", "done", "failed", "cancelled"]


class JobError(msgspec.Struct, frozen=True, kw_only=True):
    """Why a job failed, as the refusal told it."""

    code: str
    message: str
    hint: str = ""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A bulk that goes on by itself: `done` of `total` cases so far, in steps that are each a transaction.

    `operation` is what was asked for; `outcomes` the first thousand cases that were refused. What is done stays done
    when a job fails or is cancelled.
    """

    id: int
    kind: str
    state: JobState
    operation: dict[str, Any]
    actor: str
    request_id: str
    total: int
    done: int
    changed: int
    unchanged: int
    refused: int
    outcomes: list[BulkOutcome] = []
    error: JobError | None = None
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
