"""Bulks that go on after their answer: `Prefer: respond-async` (RFC 7240) makes a job of one, with its own address.

Only `casectl.api` imports this module.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import msgspec

from casectl.api.responses import JSON_TYPE, encode, send_answer
from casectl.desk.server.job_runner import JobRunner
from casectl.operations.job_start import StartJob

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from starlette.applications import Starlette

    from casectl.api.exchange import Asked
    from casectl.desk.server.pool import Pool
    from casectl.operation import AnyOperation


@asynccontextmanager
async def working(app: Starlette, pool: Pool) -> AsyncIterator[None]:
    """Jobs are worked on for the time of an application's lifespan; a step that is being done is finished."""
    runner = app.state.jobs = JobRunner(pool)
    runner.start()
    try:
        yield
    finally:
        await runner.close()


def wants_job(headers: Mapping[bytes, bytes]) -> bool:
    """Whether the request need not wait for the result."""
    words = headers.get(b"prefer", b"").lower().split(b",")
    return any(word.partition(b";")[0].strip() == b"respond-async" for word in words)


async def start_job(asked: Asked, operation: AnyOperation) -> None:
    """Queue a bulk; 202 with the address of its progress."""
    given = {name: value for name, value in msgspec.to_builtins(operation).items() if value not in ([], {}, False)}
    job = await asked.perform(StartJob(bulk_update=given))
    asked.state.jobs.wake()
    headers = [JSON_TYPE, (b"location", f"/v1/jobs/{job.id}/".encode()), (b"preference-applied", b"respond-async")]
    await send_answer(asked.send, 202, headers, encode(job))
