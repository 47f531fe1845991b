"""The fields of the query language as data: parser, completion and manual read this table. Anyone above model may."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Kind: TypeAlias = Literal["name", "text", "priority", "past", "future", "number", "state", "form", "sort"]

FORM_PREFIX = "field."
COMPARISONS = ("<=", ">=", "<", ">")
ORDERED: frozenset[Kind] = frozenset({"priority", "past", "future", "number"})
"""Kinds with comparisons and ranges; a form field joins them where its value is a number."""


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A field a query may name.

    `source` is what its values are looked up in (status, type, person, team, contact, tag, channel), `absent` whether
    `none` and `any` make sense, `sortable` whether `sort:` knows it.
    """

    name: str
    kind: Kind
    help: str
    example: str
    aliases: tuple[str, ...] = ()
    source: str = ""
    absent: bool = False
    sortable: bool = False


def _name(name: str, source: str, help_: str, example: str, *aliases: str, absent: bool = False) -> Field:
    return Field(name=name, kind="name", source=source, help=help_, example=example, aliases=aliases, absent=absent)


FIELDS: tuple[Field, ...] = (
    _name("status", "status", "name of the status", 'status:"on hold",new'),
    Field(name="is", kind="state", help="category or state of the case", example="is:open,pending"),
    Field(
        name="priority",
        kind="priority",
        help="low, medium, high, critical or 1 to 4",
        example="priority:>=high",
        aliases=("prio",),
        sortable=True,
    ),
    _name("assignee", "person", "who works on it", "assignee:@me", "assigned_to", "owner", absent=True),
    _name("team", "team", "team it lies with", "-team:l2", absent=True),
    _name("type", "type", "case type", "type:incident", "case_type"),
    _name("tag", "tag", "has one of these tags", "tag:vip", "tags", absent=True),
    _name("reporter", "person", "who reported it", "reporter:@me", absent=True),
    _name("contact", "contact", "whom it is about: mail address or name", "contact:a@b.c", "requester", absent=True),
    Field(
        name="created",
        kind="past",
        help="when it was opened",
        example="created:<7d",
        aliases=("opened",),
        sortable=True,
    ),
    Field(name="updated", kind="past", help="when it last changed", example="updated:>14d", sortable=True),
    Field(
        name="due",
        kind="future",
        help="when it is due; <2h includes what is overdue",
        example="due:<2h",
        absent=True,
        sortable=True,
    ),
    Field(name="responded", kind="past", help="first response", example="responded:none", absent=True),
    Field(
        name="resolved", kind="past", help="when it was resolved", example="resolved:today", absent=True, sortable=True
    ),
    Field(name="closed", kind="past", help="when it was closed", example="closed:2026-11", absent=True, sortable=True),
    _name("number", "", "case number", "number:INC-2026-00042", "case_number"),
    Field(name="id", kind="number", help="id of the case", example="id:100..200", sortable=True),
    _name("parent", "", "number or id of the parent case", "parent:none", absent=True),
    _name("channel", "channel", "how it came in", "channel:mail,web"),
    _name("external", "", "id in the system it came from", "external:ABC-1", absent=True),
    Field(
        name="field",
        kind="form",
        help="form field of the case type: text, or a number to compare",
        example="field.system:crm",
        absent=True,
    ),
    Field(name="text", kind="text", help="words in title, description and notes", example="text:timeout"),
)
SORT = Field(name="sort", kind="sort", help="order; - before a key: descending", example="sort:-priority,due")

IS_VALUES: dict[str, str] = {
    "new": "category new",
    "open": "category open",
    "pending": "category pending: waiting for the reporter",
    "on_hold": "category on hold",
    "resolved": "category resolved",
    "closed": "category closed",
    "active": "neither resolved nor closed; the default of list",
    "deleted": "in the trash",
    "overdue": "active and past its due time",
    "unassigned": "nobody is assigned",
    "mine": "assigned to you",
    "restricted": "restricted",
    "all": "any state but deleted",
}
IS_ALIASES = {"any": "all"}

INSTEAD = {
    "title": "plain words search titles, descriptions and notes",
    "description": "plain words search titles, descriptions and notes",
    "note": "plain words search titles, descriptions and notes",
    "state": "is: takes categories (is:open), status: names",
    "category": "is: takes categories (is:open)",
    "order": "say sort:-priority,due",
}
"""What to write instead of fields people expect but that do not exist."""

SORT_KEYS = tuple(field.name for field in FIELDS if field.sortable)

_BY_NAME = {name: field for field in (*FIELDS, SORT) for name in (field.name, *field.aliases) if name != "field"}
_FORM = next(field for field in FIELDS if field.kind == "form")


def find_field(name: str) -> Field | None:
    """The field of this name or alias in any case; `field.KEY` is the form field."""
    name = name.lower()
    if name.startswith(FORM_PREFIX):
        return _FORM if len(name) > len(FORM_PREFIX) else None
    return _BY_NAME.get(name)


def find_sort_key(name: str) -> str | None:
    """The sort key of this name or of a field's alias; the number sorts as the id does."""
    field = find_field(name)
    if field is not None and field.name == "number":
        return "id"
    return field.name if field is not None and field.sortable else None


def field_names() -> list[str]:
    """Every name and alias a query may use, for suggestions."""
    return [*_BY_NAME, FORM_PREFIX]
