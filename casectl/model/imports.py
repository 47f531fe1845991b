"""What an import hands to the desk and gets back. Anyone above `model` may import it.

The file is mapped where it lies (rules.import_map, rules.import_values); the desk sees lines in its own words.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - msgspec resolves the annotations at run time
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from casectl.model.export import ExportedCase  # noqa: TC001 - msgspec resolves the annotations at run time

LineResult = Literal["created", "changed", "unchanged", "refused", "blocked", "seen", "incomplete"]


class ContactName(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A contact as a file names it: by mail address, else by name."""

    email: str | None
    name: str


class ChangeRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of an import file in the desk's words.

    `line` is where it begins in the file, `line_key` names it in every run, `digest` is the sha256 of its content.
    `at` and `by` say when and by whom the line's change was made, `opened_at` and `opened_by` the case. A line gives
    its case the `type`; one that it opens without is of the `usual_type`. UNSET is what the line does not tell, None is
    cleared. `refused` says why the line could not be read at all.
    A line of an export has the `whole` case and says nothing besides.
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
    usual_type: str = ""
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
    whole: ExportedCase | None = None
    refused: str = ""


class ParentLink(msgspec.Struct, frozen=True, kw_only=True):
    """A case of a line of this import whose parent came behind it, or is not there at all."""

    line: int
    line_key: str
    number: str
    parent: str


class PlannedCase(msgspec.Struct, frozen=True, kw_only=True):
    """A case as an import would make it; without a number of the file's it would get its type's next one."""

    line: int
    number: str | None
    title: str
    type: str
    status: str
    priority: int
    priority_name: str
    assignee: str | None
    team: str | None
    created_at: datetime


class CreateOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What an import makes when a line names somebody the desk does not know; `role` is what made users get."""

    users: bool = False
    teams: bool = False
    contacts: bool = False
    role: str = "Case Worker"


class LineOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """A line that was not imported, and why: `refused` itself, or `blocked` by an earlier refused line of its case.

    One that is `incomplete` was imported, but its parent is not there.
    """

    line: int
    result: LineResult
    reason: str


class ImportResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the lines of a batch or of a whole file.

    Every row counts once: as imported, unchanged, refused, blocked or seen (by an earlier run). An imported row may
    make both a case and a change of it. `raised` are times moved up to their predecessor's, `openings_moved` openings
    moved down to the first change. `waiting` are cases that have a parent to come: to be sent as `links` when all lines
    have been read; `incomplete` counts those among the links that found none. A dry run hands what it has `carried` to
    its next batch, by the case's key, and tells the first cases as `planned`. `lacking` are the kinds of people (users,
    teams, contacts) that refused lines name and that `create` would make.
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
    incomplete: int = 0
    outcomes: list[LineOutcome] = []
    waiting: list[ParentLink] = []
    planned: list[PlannedCase] = []
    carried: dict[str, bytes] = {}
    lacking: list[str] = []


MOST_PLANNED = 20
"""Cases that a batch of a dry run tells as planned."""

_SUMMED = (
    "rows", "imported", "created", "changes", "unchanged", "refused", "blocked", "seen", "raised", "openings_moved",
    "incomplete", "outcomes", "waiting", "planned",
)  # fmt: skip


def added(one: ImportResult, other: ImportResult) -> ImportResult:
    """Both together."""
    sums = {name: getattr(one, name) + getattr(other, name) for name in _SUMMED}
    lacking = sorted({*one.lacking, *other.lacking})
    return msgspec.structs.replace(one, **sums, carried=one.carried | other.carried, lacking=lacking)


class ImportSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What an import of a file did, or with `dry_run` would do; counts as in ImportResult.

    `refusals` are the first hundred lines that were not imported, `rejects` the file that holds all of them ('' when
    there is none). `planned` are the first cases of a dry run. `seconds` is wall time. `complete` is false when it was
    interrupted.
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
    incomplete: int = 0
    planned: list[PlannedCase] = []
    refusals: list[LineOutcome] = []
