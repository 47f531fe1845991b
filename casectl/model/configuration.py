"""Case types with their revisions, and what changes of them mean. Anyone above `model` may import it."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - msgspec resolves the annotations at run time
from typing import Any, Literal

from casectl.model.case import BulkResult, Noun

Difference = Literal["added", "removed", "changed", "renamed"]


class CaseType(Noun, frozen=True, kw_only=True):
    """A kind of case: intake form, lifecycle and number pattern of its current revision."""

    id: int
    name: str
    title: str
    revision: int
    number_pattern: str
    form_schema: dict[str, Any]
    lifecycle: dict[str, Any]
    is_active: bool


class TypeRevision(Noun, frozen=True, kw_only=True):
    """One revision of a case type: who made it when, what it changed, and how many open cases live under it."""

    revision: int
    is_current: bool
    at: datetime
    actor: str
    open_cases: int
    summary: str


class TypeDifference(Noun, frozen=True, kw_only=True):
    """One thing that differs between two revisions of a type; values are words or canonical JSON, '' for none."""

    part: Literal["type", "form", "lifecycle"]
    what: str
    change: Difference
    before: str = ""
    after: str = ""


class TypeEffect(Noun, frozen=True, kw_only=True):
    """What a revision means to open cases once they are brought to it.

    `remedy` is the option of `type migrate` that settles it, '' where nothing has to be said.
    """

    kind: Literal["status", "transition", "field"]
    what: str
    cases: int
    message: str
    remedy: str = ""


class TypeChange(Noun, frozen=True, kw_only=True):
    """What a change of a case type did, or would do: its revision before and after, the differences, the effects."""

    type: str
    revision_before: int
    revision: int
    open_cases: int
    differences: list[TypeDifference]
    effects: list[TypeEffect]
    dry_run: bool = False


class TypeMigration(BulkResult, frozen=True, kw_only=True):
    """What became of open cases on their way to a revision of their type.

    `total` is how many had another one when the first step began, `next` the `after` of the following step, None
    behind the last.
    """

    type: str
    revision: int
    total: int = 0
    next: int | None = None


class LifecycleSummary(Noun, frozen=True, kw_only=True):
    """The lifecycle of a type in one line."""

    type: str
    revision: int
    initial: str
    statuses: list[str]
    transitions: int
    is_active: bool


class LifecycleStep(Noun, frozen=True, kw_only=True):
    """A status with the statuses it leads to; what a transition asks for stands behind its target."""

    name: str
    title: str
    category: str
    leads_to: list[str]


class LifecycleDetail(Noun, frozen=True, kw_only=True):
    """A lifecycle as people read it: of a type in one of its revisions, or of a document that belongs to none yet."""

    type: str | None
    revision: int | None
    initial: str
    close_to: str
    reopen_to: str
    resolve_to: str
    escalate_to: str
    statuses: list[LifecycleStep]
