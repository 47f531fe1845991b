"""Followed verbs on the command line: events so far, and those to come. Only casectl.cli imports this module.

A reader that goes away ends it quietly; Ctrl-C ends it with exit code 130. Either way the place to go on is told.
"""

from __future__ import annotations

import shlex
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from casectl.field_types import build

if TYPE_CHECKING:
    from collections.abc import Iterator

    from casectl.cli.execution import Execution
    from casectl.desk import Desk

LARGEST_PAGE = 500


class Told:
    """Pages of a followed verb; `next` is the place to go on, behind the last event that was taken."""

    def __init__(self, pages: Iterator[Any]) -> None:
        self._pages = pages
        self.next = ""

    def __iter__(self) -> Iterator[Any]:
        for page in self._pages:
            for event in page.items:
                self.next = event.cursor
                yield event
            self.next = page.next


def show_events(execution: Execution, desk: Desk, output: Any, view: Any) -> None:
    """Write the events that were asked for, with --follow also those to come, and tell how to go on."""
    given = execution.given
    begins = "after" in given or "since" in given
    if execution.option("follow"):
        _follow(execution, desk, output, view)
        return
    has_limit = "limit" in given
    if begins and not has_limit:
        given["limit"] = LARGEST_PAGE
    told = Told(_pages(execution, desk, only_one=has_limit or not begins))
    output.emit_many(told, view)
    if not output.closed:
        _tell_place(execution, told.next)


def _pages(execution: Execution, desk: Desk, *, only_one: bool) -> Iterator[Any]:
    page = execution.perform(desk)
    yield page
    while page.more and not only_one:
        values = {**execution.given, "after": page.next}
        values.pop("since", None)
        page = desk.perform(build(execution.verb, values))
        yield page


def _follow(execution: Execution, desk: Desk, output: Any, view: Any) -> None:
    given = execution.given
    if not given.keys() & {"after", "since", "limit"}:
        given["since"] = "now"
    output.emit_more([], view, is_first=False)
    place, is_first = "", True
    try:
        for page in desk.follow(build(execution.verb, given)):
            with _uninterrupted():
                if page.items:
                    output.emit_more(page.items, view, is_first=is_first)
                    is_first = False
                place = page.next
            if output.closed:
                return
    except BaseException:
        _tell_place(execution, place)
        raise


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let Ctrl-C wait until what is written and the place told for it agree: none would be seen twice.

    A second Ctrl-C waits no longer: whoever should read the output may have stalled.
    """
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:  # it is not for us: a shell's background job hears no Ctrl-C
        yield
        return
    waiting: list[int] = []

    def note(number: int, _: object) -> None:
        waiting.append(number)
        if len(waiting) > 1:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if waiting:
        raise KeyboardInterrupt


def _tell_place(execution: Execution, place: str) -> None:
    """Tell a command that goes on from here, and works as it stands."""
    if not place:
        return
    words = ["casectl", "events", *execution.given.get("query", [])]
    if execution.option("follow"):
        words.append("--follow")
    if execution.options.output:
        words += ["-o", execution.options.output]
    execution.options.tell(f"go on: {shlex.join([*words, f'--after={place}'])}")
