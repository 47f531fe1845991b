"""How revisions and changes of case types look. Only casectl.cli.noun_views imports this module."""

from __future__ import annotations

from typing import Any

from casectl.cli.formats import moment
from casectl.cli.views import Column, Part, View
from casectl.model.configuration import (
    LifecycleDetail,
    LifecycleSummary,
    TypeChange,
    TypeDifference,
    TypeMigration,
    TypeRevision,
)


def _yes(value: Any) -> str:
    return "yes" if value else ""


_DIFFERENCES = (
    Column(header="CHANGE", path="change", rank=0, least=7),
    Column(header="WHAT", path="what", rank=0, least=20),
    Column(header="BEFORE", path="before", rank=1, least=10),
    Column(header="AFTER", path="after", rank=1, least=10),
)
_EFFECTS = (
    Column(header="WHAT", path="message", rank=0, least=30),
    Column(header="TYPE MIGRATE NEEDS", path="remedy", rank=0, least=16),
)

TYPE_VIEWS: dict[str, View] = {
    "type_change": View(
        result=TypeChange,
        id="type",
        columns=(),
        labels=(
            Column(header="Type", path="type"),
            Column(header="Revision before", path="revision_before"),
            Column(header="Revision", path="revision"),
            Column(header="Open cases", path="open_cases"),
            Column(header="Dry run", path="dry_run", format=_yes),
        ),
        parts=(
            Part(heading="Differences", path="differences", columns=_DIFFERENCES),
            Part(heading="Open cases, once they are brought to this revision", path="effects", columns=_EFFECTS),
        ),
    ),
    "type_revisions": View(
        result=TypeRevision,
        id="revision",
        columns=(
            Column(header="REVISION", path="revision", rank=0, right=True),
            Column(header="CURRENT", path="is_current", format=_yes, rank=3),
            Column(header="AT", path="at", format=moment, least=16, rank=1),
            Column(header="WHO", path="actor", rank=2),
            Column(header="OPEN CASES", path="open_cases", rank=1, right=True),
            Column(header="CHANGES", path="summary", rank=0, least=16),
        ),
    ),
    "type_migration": View(
        result=TypeMigration,
        id="outcomes.number",
        columns=(),
        labels=(
            Column(header="Type", path="type"),
            Column(header="Revision", path="revision"),
            Column(header="Changed", path="changed"),
            Column(header="Refused", path="refused"),
            Column(header="Dry run", path="dry_run", format=_yes),
        ),
        parts=(
            Part(
                heading="Cases",
                path="outcomes",
                columns=(
                    Column(header="NUMBER", path="number", least=30, rank=0),
                    Column(header="RESULT", path="result", style="result"),
                    Column(header="TITLE", path="title", least=12),
                    Column(header="REASON", path="message", least=24, rank=0, wraps=True),
                ),
            ),
        ),
    ),
    "lifecycles": View(
        result=LifecycleSummary,
        id="type",
        columns=(
            Column(header="TYPE", path="type", rank=0),
            Column(header="REVISION", path="revision", rank=2, right=True),
            Column(header="TRANSITIONS", path="transitions", rank=1, right=True),
            Column(header="STATUSES", path="statuses", rank=0, least=20),
            Column(header="ACTIVE", path="is_active", rank=4),
        ),
        empty="There are no case types.",
    ),
    "lifecycle": View(
        result=LifecycleDetail,
        id="type",
        columns=(),
        labels=(
            Column(header="Type", path="type"),
            Column(header="Revision", path="revision"),
            Column(header="Begins in", path="initial"),
            Column(header="Close leads to", path="close_to"),
            Column(header="Reopen leads to", path="reopen_to"),
            Column(header="Resolved is", path="resolve_to"),
            Column(header="Escalate leads to", path="escalate_to"),
        ),
        parts=(
            Part(
                heading="Statuses",
                path="statuses",
                columns=(
                    Column(header="STATUS", path="name", rank=0, style="category", least=17),
                    Column(header="CATEGORY", path="category", rank=1),
                    Column(header="LEADS TO", path="leads_to", rank=0, least=20),
                ),
            ),
        ),
    ),
    "type_diff": View(result=TypeDifference, id="what", columns=_DIFFERENCES, empty="Nothing differs."),
}
