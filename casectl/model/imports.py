"""What an import hands to the desk and gets back. Anyone above `model` may import it.

The file is mapped where it lies (rules.import_map, rules.import_values); the desk sees lines in its own words.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - msgspec resolves the annotations at run time
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

LineResult = Literal["created", "changed", "unchanged", "refused", "blocked", "seen"]


class ContactName(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A contact as a file names it: by mail address, else by name."""

    email: str | None
    name: str


class ChangeRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of an import file in the desk's words.

    `line` is where it begins in the file, `line_key` names it in every run, `digest` is the sha256 of its content.
    `at` and `by` say when and by whom the line's change was made, `opened_at` and `opened_by` the case. UNSET is what
    the line does not tell, None is cleared. `refused` says why the line could not be read at all.
    """

    line: int
    line_key: str
    digest: bytes
    external_id: str = ""
    at: datetime | None = None
    by: str | None = None
    opened_at: datetime | None = None
    opened_by: str | None = None
    number: str | None = None
    type: str | None = None
    title: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    status: str | UnsetType = UNSET
    priority: str | UnsetType = UNSET
    team: str | UnsetType | None = UNSET
    assignee: str | UnsetType | None = UNSET
    reporter: str | UnsetType | None = UNSET
    contact: ContactName | UnsetType | None = UNSET
    due_at: datetime | UnsetType | None = UNSET
    tags: list[str] | UnsetType = UNSET
    fields: dict[str, Any] = {}
    refused: str = ""


class CreateOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What an import makes when a line names somebody the desk does not know; `role` is what made users get."""

    users: bool = False
    teams: bool = False
    contacts: bool = False
    role: str = "Case Worker"


class LineOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """A line that was not imported, and why: `refused` itself, or `blocked` by an earlier refused line of its case."""

    line: int
    result: LineResult
    reason: str


class ImportResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the lines of a batch or of a whole file.

    Every row counts once: as imported, unchanged, refused, blocked or seen (by an earlier run). An imported row may
    make both a case and a change of it. `raised` are times moved up to their predecessor's, `openings_moved` openings
    moved down to the first change. `carried` is what a dry run hands to its next batch, by external id.
    """

    rows: int = 0
    imported: int = 0
    created: int = 0
    changes: int = 0
    unchanged: int = 0
    refused: int = 0
    blocked: int = 0
    seen: int = 0
    raised: int = 0
    openings_moved: int = 0
    outcomes: list[LineOutcome] = []
    carried: dict[str, bytes] = {}


class ImportSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What an import of a file did, or with `dry_run` would do; counts as in ImportResult.

    `refusals` are the first hundred lines that were not imported, `rejects` the file that holds all of them ('' when
    there is none). `seconds` is wall time. `complete` is false when it was interrupted.
    """

    file: str
    source: str
    rows: int
    imported: int
    created: int
    changes: int
    unchanged: int
    refused: int
    blocked: int
    seen: int
    raised: int
    openings_moved: int
    seconds: float
    rejects: str = ""
    dry_run: bool = False
    complete: bool = True
    refusals: list[LineOutcome] = []
