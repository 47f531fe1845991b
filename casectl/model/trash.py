"""What is in the trash, and what is left of it when that is emptied. Anyone above `model` may import it."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - msgspec resolves the annotations at run time

import msgspec

from casectl.model.case import PersonRef  # noqa: TC001 - as above


class TrashedCase(msgspec.Struct, frozen=True, kw_only=True):
    """A case in the trash; `deleted_by` is None where the desk itself put it there."""

    id: int
    number: str
    title: str
    deleted_at: datetime
    deleted_by: PersonRef | None = None


class TrashPage(msgspec.Struct, frozen=True, kw_only=True):
    """One keyset page of the trash, what was deleted last first."""

    items: list[TrashedCase]
    next: str | None = None


class PurgeResult(msgspec.Struct, frozen=True, kw_only=True):
    """The cases that a purge has erased, or with `dry_run` would erase: then `cases` tells what they are.

    `more`: further cases of the age that was asked for are left in the trash.
    """

    purged: int
    more: bool = False
    dry_run: bool = False
    numbers: list[str] = []
    cases: list[TrashedCase] = []


class PurgedCase(msgspec.Struct, frozen=True, kw_only=True):
    """That there was a case, who erased it and when."""

    id: int
    number: str
    by: str
    at: datetime
