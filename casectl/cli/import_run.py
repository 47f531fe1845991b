"""Imports a file batch by batch: what `casectl import` does between reading its options and telling the result.

Only casectl.cli imports this module. Memory stays the same for a file of any length; a dry run alone keeps what it
has planned, some hundred bytes for each line.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import msgspec

from casectl import typed
from casectl.errors import Conflict
from casectl.model.imports import ImportResult, ImportSummary, LineOutcome
from casectl.operations.import_changes import MAX_RECORDS, ImportChanges

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from casectl.cli.import_file import Line
    from casectl.cli.import_rejects import Rejects
    from casectl.cli.import_source import Source
    from casectl.desk import Desk
    from casectl.model.imports import ChangeRecord, ParentLink, PlannedCase

_BATCH_SIZE = 8_000_000
"""Characters in one batch: lines may be long."""
_SHOWN = 100
_PLANNED = 10
_COUNTS = ("rows", "imported", "created", "changes", "unchanged", "refused", "blocked", "seen", "raised",
           "openings_moved", "incomplete")  # fmt: skip


class ImportRun:
    """One run over one file. `desk` performs the batches, `rejects` takes refused lines (None: nowhere)."""

    def __init__(self, desk: Desk, source: Source, rejects: Rejects | None, *, dry_run: bool) -> None:
        self.desk, self.source, self.rejects, self.dry_run = desk, source, rejects, dry_run
        self.map = source.map
        self.run_id = os.urandom(8).hex()
        self.counts = dict.fromkeys(_COUNTS, 0)
        self.refusals: list[LineOutcome] = []
        self.lacking: set[str] = set()
        self._began = time.monotonic()
        self.planned: list[PlannedCase] = []
        self._waiting: list[ParentLink] = []
        self._carried: dict[str, bytes] = {}
        self._planned: set[bytes] = set()

    def batches(self, lines: Iterable[Line]) -> Iterator[list[Line]]:
        """Lines in batches that one transaction takes."""
        batch: list[Line] = []
        size = 0
        for line in lines:
            if batch and (len(batch) == MAX_RECORDS or size + line.size > _BATCH_SIZE):
                yield batch
                batch, size = [], 0
            batch.append(line)
            size += line.size
        if batch:
            yield batch

    def perform(self, batch: list[Line]) -> ImportResult:
        """Import a batch and add what became of it."""
        records = [self.source.record(line) for line in batch]
        twice = 0
        if self.dry_run:
            records, twice = self._not_planned(records)
        parents = {record.whole.parent.upper() for record in records if record.whole and record.whole.parent}
        try:
            result = self._perform(records, [], parents | {record.external_id for record in records})
        except Conflict as conflict:
            raise Conflict(
                f"{self.source.name}:{batch[0].number}-{batch[-1].number}: {conflict.message}",
                hint="nothing of these lines was imported; the same command goes on with them",
            ) from conflict
        self._waiting += result.waiting
        self.lacking |= set(result.lacking)
        self.planned += result.planned[: _PLANNED - len(self.planned)]
        self.counts["rows"] += twice
        self.counts["seen"] += twice
        self._keep(result, batch)
        return result

    def link(self) -> None:
        """Give the cases their parents that came behind them, once all lines have been read."""
        for start in range(0, len(self._waiting), MAX_RECORDS):
            links = self._waiting[start : start + MAX_RECORDS]
            result = self._perform([], links, {link.parent.upper() for link in links})
            self.refusals += result.outcomes[: _SHOWN - len(self.refusals)]

    def _perform(self, records: list[ChangeRecord], links: list[ParentLink], keys: set[str]) -> ImportResult:
        """Perform the verb and count; a dry run carries the cases of these keys on."""
        result = self.desk.perform(
            ImportChanges(
                source=self.map.source, run_id=self.run_id, records=records, links=links, channel=self.map.channel,
                mode="case" if self.map.mode == "case" else "change", create=self.map.create, dry_run=self.dry_run,
                carried={name: self._carried[name] for name in keys if name in self._carried},
            )
        )  # fmt: skip
        self._carried |= result.carried
        for name in _COUNTS:
            self.counts[name] += getattr(result, name)
        return result

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
        return typed.convert(
            self.counts | {
                "file": file, "source": self.map.source, "dry_run": self.dry_run, "complete": complete,
                "rejects": written, "seconds": round(time.monotonic() - self._began, 2),
                "refusals": msgspec.to_builtins(self.refusals), "planned": msgspec.to_builtins(self.planned),
            },
            ImportSummary,
        )  # fmt: skip
