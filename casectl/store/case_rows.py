"""Cases between SQL and structs: the columns, their order, and how a row becomes a noun. Only `store` imports it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from casectl.model.case import Case, CaseRef, ContactRef, PersonRef, StatusRef, TeamRef, TypeRef
from casectl.rules.priorities import priority_name
from casectl.store.known import contacts_known_to, known_to
from casectl.unit import CaseRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import LiteralString

    from casectl.store.context import Context
    from casectl.store.known import Known

CATEGORIES = ("", "new", "open", "pending", "on_hold", "resolved", "closed")
CLOSED = 6
RESOLVED = 5
"""Categories from this number on are no longer active."""

CASE_COLUMNS = """
    c.id, c.number, c.title, c.priority, c.tags, c.fields, c.due_at, c.channel, c.external_id, c.is_restricted,
    c.created_at, c.changed_at, c.first_response_at, c.resolved_at, c.closed_at, c.deleted_at, c.version,
    c.status_id, c.case_type_id, c.assignee_id, c.reporter_id, c.team_id, c.contact_id, c.parent_id
"""
WIDTH = 24
"""How many CASE_COLUMNS there are; a description may follow them."""

CONTACT = 22
"""Which of them is the contact's id."""

ROW_COLUMNS = """
    id, number, title, description, case_type_id, type_revision, status_id, category, priority, assignee_id, team_id,
    reporter_id, contact_id, parent_id, tags, fields, due_at, channel, external_id, is_restricted, created_at,
    changed_at, first_response_at, resolved_at, closed_at, deleted_at, version
"""

_ROW_NAMES = CaseRow.__struct_fields__

COLUMN_TYPES: dict[LiteralString, LiteralString] = {
    "title": "text", "description": "text", "case_type_id": "int", "type_revision": "int", "status_id": "int",
    "category": "smallint", "priority": "smallint", "assignee_id": "int", "team_id": "int", "reporter_id": "int",
    "contact_id": "int", "parent_id": "bigint", "tags": "text[]", "fields": "jsonb", "due_at": "timestamptz",
    "is_restricted": "boolean", "first_response_at": "timestamptz", "resolved_at": "timestamptz",
    "closed_at": "timestamptz", "deleted_at": "timestamptz", "external_id": "text", "channel": "text",
}  # fmt: skip
"""What a verb may write on a case, and the type it is read as from JSON."""


def person(row: tuple[Any, ...], at: int) -> PersonRef | None:
    """The person in four columns (id, name, login, email) from `at`, None without id."""
    if row[at] is None:
        return None
    return PersonRef(id=row[at], name=row[at + 1], login=row[at + 2], email=row[at + 3])


class Names:
    """What the ids of a page of cases stand for: one noun per id, shared by all cases of the page."""

    def __init__(self, known: Known, contacts: dict[int | None, ContactRef]) -> None:
        self.status, self.type = known.status_refs, known.type_refs
        self.user, self.team, self.contact = known.user_refs, known.team_refs, contacts
        self.parent: dict[int | None, CaseRef] = {}

    def take(self, rows: Iterable[tuple[Any, ...]]) -> Names:
        """Learn what the look-ups found."""
        for kind, key, *told in rows:
            _REMEMBER[kind](self, key, *told)
        return self

    def lack(self, kind: str, columns: tuple[int, ...], rows: Sequence[tuple[Any, ...]]) -> set[int]:
        """The ids in these columns that have no name yet."""
        found: set[int] = {row[column] for row in rows for column in columns} - {None} - getattr(self, kind).keys()
        return found


def _status(names: Names, key: int, name: str, category: str, _: str) -> None:
    number = int(category)
    names.status[key] = StatusRef(id=key, name=name, category=CATEGORIES[number], is_closed=number == CLOSED)


def _type(names: Names, key: int, name: str, *_: str) -> None:
    names.type[key] = TypeRef(id=key, name=name)


def _user(names: Names, key: int, name: str, login: str, email: str | None) -> None:
    names.user[key] = PersonRef(id=key, name=name, login=login, email=email)


def _team(names: Names, key: int, name: str, *_: str) -> None:
    names.team[key] = TeamRef(id=key, name=name)


def _contact(names: Names, key: int, name: str, email: str | None, _: str) -> None:
    names.contact[key] = ContactRef(id=key, name=name, email=email)


def _parent(names: Names, key: int, number: str, *_: str) -> None:
    names.parent[key] = CaseRef(id=key, number=number)


_REMEMBER: dict[str, Callable[..., None]] = {
    "status": _status, "type": _type, "user": _user, "team": _team, "contact": _contact, "parent": _parent,
}  # fmt: skip


_LOOKUPS: tuple[tuple[str, tuple[int, ...], LiteralString], ...] = (
    ("status", (17,), "SELECT 'status', id::int8, name, category::text, '' FROM statuses"),
    ("type", (18,), "SELECT 'type', id::int8, name, NULL, NULL FROM case_types"),
    ("user", (19, 20), "SELECT 'user', id::int8, name, login, email FROM users"),
    ("team", (21,), "SELECT 'team', id::int8, name, NULL, NULL FROM teams"),
    ("contact", (CONTACT,), "SELECT 'contact', id::int8, name, email, NULL FROM contacts"),
    ("parent", (23,), "SELECT 'parent', id, number, NULL, NULL FROM cases"),
)
"""Which columns of CASE_COLUMNS hold ids of what. Asked beside the page instead of joined: planning eight joins under
row-level security costs 3 ms, more than all else that a list does."""


async def names_of(
    context: Context, rows: Sequence[tuple[Any, ...]], contacts: Iterable[ContactRef] = ()
) -> Names:  # fmt: skip
    """The names that these rows of CASE_COLUMNS need, in at most one statement; `contacts` are told already."""
    parts: list[LiteralString] = []
    parameters: list[Any] = []
    names = Names(known_to(context), contacts_known_to(context))
    names.contact.update((contact.id, contact) for contact in contacts)
    for kind, columns, lookup in _LOOKUPS:
        ids = names.lack(kind, columns, rows)
        if ids:
            parts.append(lookup + " WHERE tenant_id = %s AND id = ANY(%s::int8[])")
            # As text: psycopg would give the array the type of its largest id, and every type is prepared anew.
            parameters += [context.tenant_id, "{" + ",".join(map(str, ids)) + "}"]
    return names.take(await context.sql.rows(" UNION ALL ".join(parts), parameters) if parts else ())


def case_of(row: tuple[Any, ...], names: Names) -> Case:
    """A case from CASE_COLUMNS, with its description when that follows them.

    Contact and parent are None where the actor may not see them.
    """
    return Case(
        id=row[0], number=row[1], title=row[2], priority=row[3], priority_name=priority_name(row[3]), tags=row[4],
        fields=row[5], due_at=row[6], channel=row[7], external_id=row[8], is_restricted=row[9], created_at=row[10],
        updated_at=row[11], first_response_at=row[12], resolved_at=row[13], closed_at=row[14], deleted_at=row[15],
        version=row[16], status=names.status[row[17]], type=names.type[row[18]], assignee=names.user.get(row[19]),
        reporter=names.user.get(row[20]), team=names.team.get(row[21]), contact=names.contact.get(row[22]),
        parent=names.parent.get(row[23]), description=row[WIDTH] if len(row) > WIDTH else UNSET,
    )  # fmt: skip


def row_of(row: tuple[Any, ...]) -> CaseRow:
    """A case as rules work on it, from ROW_COLUMNS."""
    return CaseRow(**dict(zip(_ROW_NAMES, row, strict=True)))
