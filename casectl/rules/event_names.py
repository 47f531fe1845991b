"""What a change is called when it is told to followers: names of events from rows of the audit.

Pure; everything above model may import this module. The names are a contract: followers filter by them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

EVENT_NAMES: dict[str, str] = {
    "case.created": "a case was opened",
    "case.deleted": "a case went to the trash",
    "case.restored": "a case came back from the trash",
    "case.purged": "a case was removed for good",
    "case.escalated": "a case was escalated",
    "case.closed": "a case was closed",
    "case.resolved": "a case was resolved",
    "case.reopened": "a resolved or closed case became active again",
    "case.status_changed": "a case has another status",
    "case.assigned": "a case has another assignee or team, or none any more",
    "case.priority_changed": "a case has another priority",
    "case.updated": "something of a case changed; every change of a case is also this",
    "note.added": "a note was written; internal ones are marked",
    "note.changed": "a note was changed",
    "note.deleted": "a note was removed",
}
"""Every name with its meaning, those of a case's changes in the order in which they are preferred."""

_WHOLE = {
    ("case", "insert"): "case.created", ("case", "delete"): "case.purged",
    ("note", "insert"): "note.added", ("note", "update"): "note.changed", ("note", "delete"): "note.deleted",
}  # fmt: skip


def names_of(object_: str, action: str, operation: str, payload: Mapping[str, Any]) -> list[str]:
    """The names of one row of the audit, the most telling first.

    `payload` holds `[before, after]` by column. A row that is none of a case or note is just updated.
    """
    whole = _WHOLE.get((object_, action))
    if whole is not None:
        return [whole]
    true = {
        "case.deleted": _became_set(payload, "deleted_at"),
        "case.restored": _became_unset(payload, "deleted_at"),
        "case.escalated": operation == "escalate",
        "case.closed": _became_set(payload, "closed_at"),
        "case.resolved": _became_set(payload, "resolved_at") and not _became_set(payload, "closed_at"),
        "case.reopened": _became_unset(payload, "resolved_at"),
        "case.status_changed": "status_id" in payload,
        "case.assigned": "assignee_id" in payload or "team_id" in payload,
        "case.priority_changed": "priority" in payload,
        "case.updated": True,
    }
    return [name for name in EVENT_NAMES if true.get(name)]


def _became_set(payload: Mapping[str, Any], column: str) -> bool:
    before, after = payload.get(column, (None, None))
    return before is None and after is not None


def _became_unset(payload: Mapping[str, Any], column: str) -> bool:
    before, after = payload.get(column, (None, None))
    return before is not None and after is None
