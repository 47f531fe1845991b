"""An export as chunks of bytes, page by page and in constant memory. Only casectl.cli imports this module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from casectl.cli import streams
from casectl.cli.encoding import csv_record
from casectl.rules.export_cells import cells, columns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from casectl.cli.messages import Progress
    from casectl.desk import Desk
    from casectl.model.export import ExportedCase, ExportPage
    from casectl.operations.export_cases import ExportCases

FORMATS = ("csv", "json", "jsonl")


class ExportRun:
    """All pages of an export; `count` says how many cases have been read so far."""

    def __init__(self, desk: Desk, operation: ExportCases, progress: Progress) -> None:
        self.count = 0
        self._desk, self._operation, self._progress = desk, operation, progress
        self._first = desk.perform(operation)

    def chunks(self, kind: str) -> Iterator[bytes]:
        """The export in one of FORMATS."""
        if kind == "csv":
            return self._records()
        return streams.json_array(self._cases()) if kind == "json" else streams.json_lines(self._cases())

    def _pages(self) -> Iterator[ExportPage]:
        page = self._first
        while True:
            yield page
            self.count += len(page.items)
            self._progress.advance(len(page.items))
            if page.next is None:
                return
            page = self._desk.perform(msgspec.structs.replace(self._operation, cursor=page.next))

    def _cases(self) -> Iterator[ExportedCase]:
        for page in self._pages():
            yield from page.items

    def _records(self) -> Iterator[bytes]:
        """RFC 4180, but with LF at the end of a record, as shells expect it."""
        fields, operation = self._first.form_fields, self._operation
        yield csv_record(columns(fields, notes=operation.notes, history=operation.history))
        for page in self._pages():
            yield b"".join(csv_record(cells(case, fields)) for case in page.items)
