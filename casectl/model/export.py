"""A case as an export holds it: whole, in names instead of ids, so that another desk can take it in.

Anyone above `model` may import it. rules.export_cells says how it stands in CSV.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from casectl.model.case import Change, Noun

NOBODY = "casectl"
"""The login of what no user did but the desk itself."""

HIDDEN = "(hidden)"
"""Stands for what the reader of a history may not see, such as a restricted parent."""

Instant = Annotated[datetime, Meta(tz=True)]


class ExportedNote(Noun, frozen=True, kw_only=True):
    """A note with its author's login."""

    created_at: Instant
    author: str | None
    channel: str
    is_internal: bool
    content: str


class ExportedEvent(Noun, frozen=True, kw_only=True):
    """An entry of a case's history: of the case itself or of one of its notes."""

    at: Instant
    actor: str
    operation: str
    request_id: str
    object: str
    action: str
    historic: bool
    changes: list[Change]


class ExportedCase(Noun, frozen=True, kw_only=True):
    """A case with everything that is its own; people by login, type, status and team by name, the parent by number.

    `category` and `priority_name` follow from status and priority: they are for readers, an import passes them over.
    """

    number: str
    type: str
    type_revision: int
    title: str
    description: str
    status: str
    category: str
    priority: int
    priority_name: str
    assignee: str | None
    team: str | None
    reporter: str | None
    contact: str | None
    contact_email: str | None
    tags: list[str]
    due_at: Instant | None
    channel: str
    external_id: str | None
    parent: str | None
    is_restricted: bool
    created_at: Instant
    created_by: str
    updated_at: Instant
    updated_by: str
    first_response_at: Instant | None
    resolved_at: Instant | None
    closed_at: Instant | None
    deleted_at: Instant | None
    version: int
    fields: dict[str, Any]
    notes: list[ExportedNote] | UnsetType = UNSET
    history: list[ExportedEvent] | UnsetType = UNSET


class ExportPage(Noun, frozen=True, kw_only=True):
    """One keyset page of an export; `form_fields` are those that the tenant's forms name now, in the forms' order."""

    items: list[ExportedCase]
    form_fields: list[str]
    next: str | None = None
