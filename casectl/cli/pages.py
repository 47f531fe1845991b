"""Paged verbs on the command line: one page, `--limit` over several, `--all`. Only casectl.cli imports this module."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING, Any

from casectl.field_types import build

if TYPE_CHECKING:
    from collections.abc import Iterator

    from casectl.cli.execution import Execution
    from casectl.desk import Desk

LARGEST_PAGE = 500
"""What a verb gives at most at once."""


class Pages:
    """The results of a paged verb, read page by page while they are taken; `next` is the cursor of what is left."""

    def __init__(self, execution: Execution, desk: Desk, first: Any, limit: int | None) -> None:
        self._execution = execution
        self._desk = desk
        self._first = first
        self._limit = limit
        self.next: str | None = first.next

    def __iter__(self) -> Iterator[Any]:
        yield from self._first.items
        count = len(self._first.items)
        while self.next is not None and (self._limit is None or count < self._limit):
            size = LARGEST_PAGE if self._limit is None else min(LARGEST_PAGE, self._limit - count)
            page = self._read(size)
            yield from page.items
            count += len(page.items)

    def _read(self, size: int) -> Any:
        values = {**self._execution.given, "limit": size, "cursor": self.next}
        page: Any = self._desk.perform(build(self._execution.verb, values))
        self.next = page.next
        return page


def show_pages(execution: Execution, desk: Desk, output: Any, view: Any) -> None:
    """Write a page, or all pages up to --limit or with --all, and tell how to go on."""
    wants_all = bool(execution.option("all_pages"))
    limit = execution.given.get("limit")
    if wants_all or (limit is not None and limit > LARGEST_PAGE):
        execution.given["limit"] = LARGEST_PAGE
    first = execution.perform(desk)
    plan = getattr(first, "plan", None)
    if plan:
        output.emit_text("\n".join(plan))
        return
    pages = Pages(execution, desk, first, None if wants_all else limit or len(first.items))
    output.emit_many(pages, view)
    if pages.next is not None and not output.closed:
        execution.options.tell(f"more: {_next_command(pages.next)} (or --all)")


def _next_command(cursor: str) -> str:
    words = sys.argv[1:]
    if "--cursor" in words:
        place = words.index("--cursor")
        words = [*words[:place], *words[place + 2 :]]
    words = [word for word in words if not word.startswith("--cursor=")]
    return shlex.join(["casectl", *words, f"--cursor={cursor}"])
