"""Batched verbs on the command line: many cases in parts, each a transaction. Only casectl.cli imports this module.

Ctrl-C ends the work between two parts; what is done stays done and is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar

import msgspec

from casectl.cli.execution import require_selection
from casectl.cli.messages import Progress, warn
from casectl.errors import Refusal, UsageError
from casectl.model.case import BulkResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from casectl.cli.execution import Execution
    from casectl.desk import Desk

Bulk = TypeVar("Bulk", bound=BulkResult)

LARGEST_BATCH = 1_000
"""Cases of one transaction (DECISIONS 3)."""


class Interruption:
    """Turns the first Ctrl-C inside its block into `wanted`; a second one interrupts at once."""

    def __init__(self) -> None:
        self.wanted = False
        self._before: Any = None

    def __enter__(self) -> Self:
        import signal

        self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def _note(self, *_: object) -> None:
        if self.wanted:
            raise KeyboardInterrupt
        self.wanted = True
        warn("stopping after this batch; Ctrl-C again stops at once")

    def __exit__(self, *_: object) -> None:
        import signal

        signal.signal(signal.SIGINT, self._before)


def perform_batches(execution: Execution, desk: Desk) -> BulkResult:
    """Perform the verb for all its cases in parts of at most 1,000 and merge what became of each.

    The parts of a run have the idempotency keys `<run>:1`, `<run>:2` ...; Ctrl-C and a refusal of a later part first
    tell what was done.
    """
    _refuse_empty_query(execution)
    if _is_keyed_query(execution):
        return _perform_keyed(execution, desk)
    references = _references(execution, desk)
    if not references:
        return BulkResult(changed=0, unchanged=0, refused=0, dry_run=bool(execution.options.dry_run))
    execution.confirm_many(references)
    total = len(references)
    done: list[BulkResult] = []
    with Interruption() as interruption, Progress(execution.verb.name, total, quiet=_quiet(execution)) as progress:
        for number, part in enumerate(_parts(references), 1):
            try:
                done.append(_perform_part(execution, desk, part, number))
            except Refusal:
                if done:
                    tell_stopped(done, total)
                raise
            except KeyboardInterrupt:
                tell_stopped(done, total)
                raise
            progress.advance(len(part))
            if interruption.wanted and progress.done < total:
                tell_stopped(done, total)
                raise KeyboardInterrupt
    return merged(done)


def _quiet(execution: Execution) -> bool:
    return bool(execution.options.quiet)


def _refuse_empty_query(execution: Execution) -> None:
    """A script's unset variable is no wish to change everything."""
    query = execution.given.get("query")
    if query is not None and all(word.startswith("sort:") for word in query.split()):
        raise UsageError("the query is empty", hint="is:active finds all active cases, is:all all there are")


def _is_keyed_query(execution: Execution) -> bool:
    field = execution.verb.batched
    return execution.options.idempotency_key is not None and "query" in execution.given and field not in execution.given


def _perform_keyed(execution: Execution, desk: Desk) -> BulkResult:
    """Perform the verb for a query under one key: repeated, the query would find other cases than the first time."""
    execution.confirm_many(list(execution.listed(desk, execution.given["query"])))
    result: BulkResult = execution.perform(desk)
    return result


def _references(execution: Execution, desk: Desk) -> list[str]:
    """The cases that were named, or those a query finds now."""
    field = execution.verb.batched
    query = execution.given.pop("query", None)
    if query is not None and field not in execution.given:
        return list(execution.listed(desk, query))
    if query is not None:
        execution.given["query"] = query
    require_selection(execution.given.get(field, []), given=field in execution.given)
    references: list[str] = execution.given.get(field, [])
    return references


def _parts(references: Sequence[str]) -> list[Sequence[str]]:
    return [references[start : start + LARGEST_BATCH] for start in range(0, len(references), LARGEST_BATCH)]


def _perform_part(execution: Execution, desk: Desk, part: Sequence[str], number: int) -> BulkResult:
    execution.given[execution.verb.batched] = list(part)
    execution.batch = number
    result: BulkResult = execution.perform(desk)
    return result


def merged(results: Sequence[Bulk]) -> Bulk:
    """One result of several parts."""
    first = results[0]
    return msgspec.structs.replace(
        first,
        changed=sum(result.changed for result in results),
        unchanged=sum(result.unchanged for result in results),
        refused=sum(result.refused for result in results),
        outcomes=[outcome for result in results for outcome in result.outcomes],
    )


def tell_stopped(done: Sequence[BulkResult], total: int) -> None:
    """Tell what was done of `total` cases before the work came to its end."""
    if done:
        told = merged(done)
        warn(
            f"stopped after {len(told.outcomes):,} of {total:,} cases: {told.changed:,} changed, "
            f"{told.unchanged:,} unchanged, {told.refused:,} refused"
        )
    else:
        warn(f"stopped before any of {total:,} cases was changed")
