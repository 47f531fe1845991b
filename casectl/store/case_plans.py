"""What a query plan does without an index, told in words. Only `store.pages` imports this module."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from casectl.rules.query.ast import Marker, Test, leaves

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from casectl.rules.query import Query

_COLUMNS = {
    "status": "status_id", "type": "case_type_id", "assignee": "assignee_id", "reporter": "reporter_id",
    "team": "team_id", "contact": "contact_id", "parent": "parent_id", "created": "created_at",
    "updated": "changed_at", "due": "due_key", "responded": "first_response_at", "resolved": "resolved_at",
    "closed": "closed_at", "channel": "channel", "external": "external_id", "priority": "urgency", "number": "number",
    "id": "id",
}  # fmt: skip
"""Fields of the query language that one column answers. Tags, form fields and words have tables of their own."""

_STATES = {
    "new": "category", "open": "category", "pending": "category", "on_hold": "category", "resolved": "category",
    "closed": "category", "deleted": "deleted_at", "overdue": "due_key", "unassigned": "assignee_id",
    "mine": "assignee_id", "restricted": "is_restricted",
}  # fmt: skip
_PARTIAL = {
    "parent_id": "cases_parent", "resolved_at": "cases_resolved", "closed_at": "cases_closed",
    "deleted_at": "cases_trash", "is_restricted": "cases_restricted",
}  # fmt: skip
"""Indexes that hold only rows where the column is true or not null: using one answers the question for that."""

ALL_SERVED = "every filter and the order are served by an index"


def owned_up(lines: Sequence[str], query: Query, known: Sequence[str]) -> list[str]:
    """Sentences on what the plan in `lines`, as EXPLAIN prints it, reads or sorts without an index, and the `known`."""
    if not any("Scan" in line for line in lines):
        return [ALL_SERVED]  # the planner knows that nothing can be found
    notes = [note for line in lines for note in _of_line(line)]
    if not any("Seq Scan on cases" in line for line in lines):
        notes += [f"scan: {name} is checked case by case until enough are found" for name in _unserved(lines, query)]
    return list(dict.fromkeys([*notes, *known])) or [ALL_SERVED]


def _of_line(line: str) -> Iterator[str]:
    for table, rows in (("cases", "case"), ("case_tags", "tag"), ("case_fields", "form field")):
        if f"Seq Scan on {table} " in line + " ":
            yield f"scan: no index serves this filter, every {rows} of the desk is read"
    if line.lstrip(" ->").startswith(("Sort ", "Incremental Sort ")):
        yield "sort: no index serves this order, all matches are sorted"


def _unserved(lines: Sequence[str], query: Query) -> Iterator[str]:
    """The tests of the query that no index condition of the plan answers."""
    conditions = {word for line in lines if "Index Cond:" in line for word in re.findall(r"\w+", line)}
    used = {word for line in lines if "Scan" in line for word in re.findall(r"\w+", line)}
    for leaf in leaves(query):
        if not isinstance(leaf, Test):
            continue
        columns = {leaf.field: "tags" if _is_presence(leaf) else _COLUMNS.get(leaf.field)}
        if leaf.field == "is":
            columns = {f"is:{value}": _STATES.get(str(value)) for value in leaf.values}
        for name, column in columns.items():
            if column is not None and column not in conditions and _PARTIAL.get(column, "none") not in used:
                yield name


def _is_presence(leaf: Test) -> bool:
    """Whether it asks for having tags or none, which the table of tags does not tell."""
    return leaf.field == "tag" and any(isinstance(value, Marker) for value in leaf.values)
