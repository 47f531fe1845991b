"""The names under which requests may give a verb's fields beside their own: one table, pinned by a test.

Only `casectl.api` imports this module. The names are those of the case management document (DECISIONS 18): an alias
stands for its field wherever a verb has that field. Ids may be JSON integers, and every reference takes id or name.
"""

from __future__ import annotations

ALIASES: dict[str, str] = {
    "assigned_to": "assignee",
    "case_id": "case",
    "case_ids": "cases",
    "case_number": "case",
    "case_type": "type",
    "case_type_id": "type",
    "contact_id": "contact",
    "status_id": "status",
}
"""Field by alias."""

NESTED: dict[str, str] = {"bulk-update": "update_fields"}
"""By verb: the object whose members are fields as if they stood outside of it."""

OUTSIDE: dict[str, frozenset[str]] = {"bulk-update": frozenset({"cases", "query", "dry_run"})}
"""By verb: the fields that may not stand in its nested object, because they say no change."""

NOT_YET: dict[str, dict[str, str]] = {"note": {"document_id": "this desk does not keep documents yet"}}
"""By verb: names of the document that nothing stands behind, and why; null is taken for absent."""

REFERENCES = frozenset({
    "add_members", "assignee", "case", "cases", "contact", "lead", "lead_to", "members", "parent", "priority",
    "reassign_to", "remove_members", "reporter", "role", "status", "team", "type", "user",
})  # fmt: skip
"""Fields that name something by id or name: an integer of JSON is the id (of a priority: its number)."""

MADE: dict[str, frozenset[str]] = {"contact add": frozenset({"contact"})}
"""By verb: fields that describe what is made; no id can stand for them, nor a name that says id."""

FILTERS = ("status", "priority", "assignee", "type", "team", "contact", "tag", "reporter")
"""Parameters of a list that narrow its query; each is the field of the query language of that name."""

UNQUOTED = frozenset({"none", "any", "@me"})
"""Values of a filter that are words of the query language, not names."""


def filter_term(field: str, values: list[str]) -> str:
    """The term of the query language that finds cases with any of `values` in `field`, whatever the values hold.

    Values are quoted, so that no blank, quote or bracket of theirs is read as a part of the query.
    """
    return f"{field}:" + ",".join(value if value.lower() in UNQUOTED else _quoted(value) for value in values)


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
