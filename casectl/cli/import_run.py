"""Imports a file batch by batch: what `casectl import` does between reading its options and telling the result.

Only casectl.cli imports this module. Memory stays the same for a file of any length; a dry run alone keeps what it
has planned, some hundred bytes for each line.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import msgspec

from casectl.model.imports import ImportResult, ImportSummary, LineOutcome
from casectl.operations.import_changes import MAX_RECORDS, ImportChanges
from casectl.rules.import_values import record_of, unread_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from casectl.cli.import_file import Line
    from casectl.cli.import_rejects import Rejects
    from casectl.desk import Desk
    from casectl.model.imports import ChangeRecord
    from casectl.rules.import_map import ImportMap

_BATCH_SIZE = 8_000_000
"""Characters in one batch: lines may be long."""
_SHOWN = 100
_COUNTS = ("rows", "imported", "created", "changes", "unchanged", "refused", "blocked", "seen", "raised",
           "openings_moved")  # fmt: skip


class ImportRun:
    """One run over one file. `desk` performs the batches, `rejects` takes refused lines (None: nowhere)."""

    def __init__(self, desk: Desk, import_map: ImportMap, rejects: Rejects | None, *, dry_run: bool) -> None:
        self.desk, self.map, self.rejects, self.dry_run = desk, import_map, rejects, dry_run
        self.run_id = os.urandom(8).hex()
        self.counts = dict.fromkeys(_COUNTS, 0)
        self.refusals: list[LineOutcome] = []
        self._began = time.monotonic()
        self._carried: dict[str, bytes] = {}
        self._planned: set[bytes] = set()

    def batches(self, lines: Iterable[Line]) -> Iterator[list[Line]]:
        """Lines in batches that one transaction takes."""
        batch: list[Line] = []
        size = 0
        for line in lines:
            batch.append(line)
            size += line.size
            if len(batch) == MAX_RECORDS or size > _BATCH_SIZE:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def perform(self, batch: list[Line]) -> ImportResult:
        """Import a batch and add what became of it."""
        records = [self._record(line) for line in batch]
        twice = 0
        if self.dry_run:
            records, twice = self._not_planned(records)
        cases = {record.external_id for record in records}
        result = self.desk.perform(
            ImportChanges(
                source=self.map.source, run_id=self.run_id, records=records, channel=self.map.channel,
                mode="case" if self.map.mode == "case" else "change", create=self.map.create, dry_run=self.dry_run,
                carried={name: self._carried[name] for name in cases if name in self._carried},
            )
        )  # fmt: skip
        self._carried |= result.carried
        for name in _COUNTS:
            self.counts[name] += getattr(result, name)
        self.counts["rows"] += twice
        self.counts["seen"] += twice
        self._keep(result, batch)
        return result

    def _record(self, line: Line) -> ChangeRecord:
        if line.fault:
            return unread_record(line.number, repr(line.original), line.fault)
        return record_of(self.map, line.number, line.cells)

    def _not_planned(self, records: list[ChangeRecord]) -> tuple[list[ChangeRecord], int]:
        """Without the lines that this dry run has met before: a real run would see them as imported."""
        new = []
        for record in records:
            met = record.digest + record.line_key.encode()
            if met not in self._planned:
                self._planned.add(met)
                new.append(record)
        return new, len(records) - len(new)

    def _keep(self, result: ImportResult, batch: list[Line]) -> None:
        self.refusals += result.outcomes[: _SHOWN - len(self.refusals)]
        if self.rejects is None or not result.outcomes:
            return
        originals = {line.number: line.original for line in batch}
        for outcome in result.outcomes:
            self.rejects.write(outcome.line, outcome.reason, originals[outcome.line])
        self.rejects.flush()

    def summary(self, file: str, *, complete: bool) -> ImportSummary:
        """What was done so far."""
        written = self.rejects.path if self.rejects is not None and self.rejects.count else ""
        return msgspec.convert(
            self.counts | {
                "file": file, "source": self.map.source, "dry_run": self.dry_run, "complete": complete,
                "rejects": written, "seconds": round(time.monotonic() - self._began, 2),
                "refusals": msgspec.to_builtins(self.refusals),
            },
            ImportSummary,
        )  # fmt: skip
