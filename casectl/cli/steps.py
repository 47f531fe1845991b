"""Verbs that work through many cases by themselves, a thousand in each transaction. Only casectl.cli imports this.

A verb with `stepped = True` has the field `after`; its result is a bulk with `next`, which is the following `after`.
Ctrl-C ends the work between two steps; what is done stays done and is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from casectl.cli.batches import Interruption, merged, tell_stopped
from casectl.cli.messages import Progress
from casectl.errors import Refusal

if TYPE_CHECKING:
    from casectl.cli.execution import Execution
    from casectl.desk import Desk


def perform_steps(execution: Execution, desk: Desk) -> Any:
    """Perform the verb until nothing is left and merge what became of each case.

    The steps of a run have the idempotency keys `<run>:1`, `<run>:2` ..., and all go to the revision of the first.
    """
    done: list[Any] = []
    quiet = bool(execution.options.quiet)
    with Interruption() as interruption, Progress(execution.verb.name, quiet=quiet) as progress:
        while True:
            execution.batch = len(done) + 1
            try:
                step = execution.perform(desk)
            except (Refusal, KeyboardInterrupt):
                tell_stopped(done, done[0].total if done else 0)
                raise
            done.append(step)
            progress.total = done[0].total
            progress.advance(len(step.outcomes))
            if step.next is None:
                return merged(done)
            execution.given |= {"after": step.next, "revision": step.revision}
            if interruption.wanted:
                tell_stopped(done, done[0].total)
                raise KeyboardInterrupt
