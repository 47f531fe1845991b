"""The case and what it refers to. Anyone above `model` may import it."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - msgspec resolves the annotations at run time
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType


class Noun(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every noun: immutable, built by keyword."""


class StatusRef(Noun, frozen=True, kw_only=True):
    """A lifecycle state as a case shows it; `category` is one of the six of rules.lifecycle."""

    id: int
    name: str
    category: str
    is_closed: bool


class TypeRef(Noun, frozen=True, kw_only=True):
    """A case type by id and name."""

    id: int
    name: str


class PersonRef(Noun, frozen=True, kw_only=True):
    """A user of the desk."""

    id: int
    name: str
    login: str
    email: str | None = None


class TeamRef(Noun, frozen=True, kw_only=True):
    """A team of users."""

    id: int
    name: str


class ContactRef(Noun, frozen=True, kw_only=True):
    """The person a case is about."""

    id: int
    name: str
    email: str | None = None


class CaseRef(Noun, frozen=True, kw_only=True):
    """Another case, by id and number."""

    id: int
    number: str


class CaseLine(CaseRef, frozen=True, kw_only=True):
    """Another case by id and number, with what a person needs to know it again."""

    title: str


class Case(Noun, frozen=True, kw_only=True):
    """A ticket, incident, complaint or compliance file. Times are UTC; `version` steps with every change."""

    id: int
    number: str
    title: str
    description: str | UnsetType = UNSET
    type: TypeRef
    status: StatusRef
    priority: int
    priority_name: str
    assignee: PersonRef | None = None
    team: TeamRef | None = None
    reporter: PersonRef | None = None
    contact: ContactRef | None = None
    tags: list[str] = []
    fields: dict[str, Any] = {}
    due_at: datetime | None = None
    channel: str = "cli"
    external_id: str | None = None
    parent: CaseRef | None = None
    is_restricted: bool = False
    created_at: datetime
    updated_at: datetime
    first_response_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    deleted_at: datetime | None = None
    version: int


class Note(Noun, frozen=True, kw_only=True):
    """A note on a case; internal ones are never seen by Reporters."""

    id: int
    case: CaseRef
    content: str
    is_internal: bool
    author: PersonRef | None = None
    channel: str = "cli"
    created_at: datetime


class WrittenNote(Note, frozen=True, kw_only=True):
    """A note as the answer to who wrote it: with the title of its case, so that one on the wrong case is noticed."""

    case: CaseLine


class Discrepancy(Noun, frozen=True, kw_only=True):
    """A field that the change at that time did not find as the audit left it; without a time, the case itself."""

    field: str
    at: datetime | None = None


class CaseDetail(Case, frozen=True, kw_only=True):
    """A case with its newest notes, oldest first; `more_notes` older ones were left out.

    `deleted_by` is who put it into the trash, where it is in there. The last three are there for a case as it was at
    `as_of`: the fields whose audit was erased, and those in which the audit contradicts itself or the case.
    """

    deleted_by: PersonRef | None = None
    notes: list[Note] = []
    more_notes: int = 0
    as_of: datetime | UnsetType = UNSET
    redacted: list[str] | UnsetType = UNSET
    discrepancies: list[Discrepancy] | UnsetType = UNSET


class CasePage(Noun, frozen=True, kw_only=True):
    """One keyset page: `next` is the opaque, signed cursor of the page after it."""

    items: list[Case]
    next: str | None = None
    plan: list[str] | UnsetType = UNSET


class Change(Noun, frozen=True, kw_only=True):
    """One changed column of an audited object, names instead of ids where the desk knows them."""

    field: str
    before: Any = None
    after: Any = None


class HistoryEntry(Noun, frozen=True, kw_only=True):
    """One row of the audit: who did what, when, by which command and request.

    `redacted`: what changed has been erased, by a purge.
    """

    at: datetime
    actor: str
    operation: str
    request_id: str
    object: str
    object_id: int
    action: str
    historic: bool
    redacted: bool = False
    changes: list[Change] = []


class FieldDiff(Noun, frozen=True, kw_only=True):
    """A field that differs between two instants, and the last change of it; nobody's where the audit was erased."""

    field: str
    before: Any = None
    after: Any = None
    at: datetime | None = None
    actor: str | None = None
    operation: str | None = None


class CaseDiff(Noun, frozen=True, kw_only=True):
    """What differs in a case between two instants, and the newest notes written between them, oldest first.

    `redacted` and `discrepancies` are as those of a case at one instant.
    """

    id: int
    number: str
    since: datetime
    until: datetime
    changes: list[FieldDiff] = []
    notes: list[Note] = []
    more_notes: int = 0
    redacted: list[str] = []
    discrepancies: list[Discrepancy] = []


class ActionChoice(Noun, frozen=True, kw_only=True):
    """Something this actor could do to a case, and why not when he cannot."""

    name: str
    command: str
    possible: bool
    reason: str = ""


class BulkOutcome(Noun, frozen=True, kw_only=True):
    """What became of one case of a bulk: `ok`, `unchanged` or `refused` with code and message.

    `number` is the word that was given, and `title` empty, where there is no such case.
    """

    number: str
    title: str = ""
    result: str
    code: str = ""
    message: str = ""
    version: int | None = None


class BulkResult(Noun, frozen=True, kw_only=True):
    """Totals and outcomes of a bulk."""

    changed: int
    unchanged: int
    refused: int
    dry_run: bool = False
    outcomes: list[BulkOutcome] = []
