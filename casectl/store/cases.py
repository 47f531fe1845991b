"""Cases in Postgres: read one, lock, insert and write many in one statement. Only `store.unit` imports it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from casectl.errors import Gone, NotAllowed, NotFound, Problem
from casectl.model.case import ContactRef
from casectl.store.case_rows import (
    CASE_COLUMNS,
    COLUMN_TYPES,
    CONTACT,
    ROW_COLUMNS,
    WIDTH,
    case_of,
    names_of,
    row_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from typing import LiteralString

    from casectl.model.case import Case, CasePage
    from casectl.rules.query import Query
    from casectl.store.context import Context
    from casectl.unit import CaseRow, NewCase

_WITH_CONTACT: LiteralString = (
    " FROM cases c LEFT JOIN contacts k ON k.tenant_id = c.tenant_id AND k.id = c.contact_id"
    " WHERE c.tenant_id = %s AND "
)
_BY_ID = "c.id = %s"
_BY_NUMBER = "c.number = %s"
_MOST_DIGITS = 18
"""Longer digit strings exceed a bigint and are no id."""

_PEEK: LiteralString = (
    "SELECT " + ROW_COLUMNS + " FROM cases WHERE tenant_id = %s AND (id = ANY(%s::bigint[]) OR number = ANY(%s))"
)

_LOCK: LiteralString = _PEEK + " ORDER BY id FOR UPDATE"

_LOCK_EXTERNAL: LiteralString = (
    "SELECT " + ROW_COLUMNS + " FROM cases WHERE tenant_id = %s AND channel = %s AND external_id = ANY(%s)"
    " ORDER BY id FOR UPDATE"
)

_INTO: LiteralString = """
    INSERT INTO cases (tenant_id, id, number, title, description, case_type_id, type_revision, status_id, category,
        priority, assignee_id, team_id, reporter_id, contact_id, parent_id, tags, fields, due_at, channel, external_id,
        is_restricted, created_by, created_at, first_response_at, resolved_at, closed_at, changed_by, changed_at)
"""

_INSERT: LiteralString = (
    _INTO
    + """
    SELECT %(tenant)s, n.id, n.number, n.title, n.description, n.case_type_id, n.type_revision, n.status_id,
        n.category, n.priority, n.assignee_id, n.team_id, n.reporter_id, n.contact_id, n.parent_id, n.tags, n.fields,
        n.due_at, n.channel, n.external_id, n.is_restricted, n.created_by, coalesce(n.created_at, now()),
        n.first_response_at, n.resolved_at, n.closed_at, n.created_by, coalesce(n.created_at, now())
    FROM jsonb_to_recordset(%(cases)s::jsonb) AS n(
        id bigint, number text, title text, description text, case_type_id int, type_revision int, status_id int,
        category smallint, priority smallint, assignee_id int, team_id int, reporter_id int, contact_id int,
        parent_id bigint, tags text[], fields jsonb, due_at timestamptz, channel text, external_id text,
        is_restricted boolean, created_by int, created_at timestamptz, first_response_at timestamptz,
        resolved_at timestamptz, closed_at timestamptz)
"""
)

_INSERT_ONE: LiteralString = (
    _INTO
    + """
    SELECT %(tenant)s, taken.id, coalesce(%(number)s, %(prefix)s
            || lpad(taken.number::text, greatest(%(width)s, length(taken.number::text)), '0') || %(suffix)s),
        %(title)s, %(description)s, %(case_type_id)s, %(type_revision)s, %(status_id)s, %(category)s, %(priority)s,
        %(assignee_id)s::int, %(team_id)s::int, %(reporter_id)s::int, %(contact_id)s::int, %(parent_id)s::bigint,
        %(tags)s::text[], %(fields)s::jsonb, %(due_at)s::timestamptz, %(channel)s, %(external_id)s::text,
        %(is_restricted)s, %(created_by)s, now(), NULL, NULL, NULL, %(created_by)s, now()
    FROM (SELECT coalesce(%(id)s::bigint, take_numbers('cases.id', 1)) AS id,
                 CASE WHEN %(number)s::text IS NULL THEN take_numbers('number:' || %(sequence)s, 1) END AS number) taken
    RETURNING """
    + CASE_COLUMNS.replace("c.", "cases.")
    + ", cases.description"
)
"""One case with its id, number and answer in a single statement: whoever else opens one waits for the number's row
until the commit, and a round trip more would keep him waiting through it."""

_OPENED = (
    "title", "description", "case_type_id", "type_revision", "status_id", "category", "priority",
    "assignee_id", "team_id", "reporter_id", "contact_id", "parent_id", "tags", "due_at", "channel", "external_id",
    "is_restricted", "created_by",
)  # fmt: skip
"""What _INSERT_ONE takes of a NewCase as it is."""

UNVERSIONED = frozenset({"first_response_at"})
"""Columns that follow from a note, which steps no version (DECISIONS 23)."""


def update_statement(columns: Sequence[str]) -> LiteralString:
    """UPDATE of the given columns (keys of COLUMN_TYPES) from a JSON record set."""
    chosen: list[LiteralString] = [name for name in COLUMN_TYPES if name in columns]
    assignments = "".join([f"{name} = u.{name}, " for name in chosen])
    record = "".join([f", {name} {COLUMN_TYPES[name]}" for name in chosen])
    return (
        "UPDATE cases c SET " + assignments + "version = c.version + u.step, changed_by = u.changed_by,"
        " changed_at = coalesce(u.changed_at, now())"
        " FROM jsonb_to_recordset(%(rows)s::jsonb) AS u(id bigint, step int, changed_by int,"
        " changed_at timestamptz" + record + ")"
        " WHERE c.tenant_id = %(tenant)s AND c.id = u.id"
    )


def step_of(changes: Mapping[str, Any]) -> int:
    """How far the version steps."""
    return int(bool(changes.keys() & COLUMN_TYPES.keys() - UNVERSIONED))


def _numbers(new: Sequence[NewCase], following: dict[str, int]) -> list[str]:
    """The numbers of new cases; `following` holds the last taken value of each sequence and is counted up."""
    numbers = []
    for case in new:
        if case.number is not None:
            numbers.append(case.number)
            continue
        name = f"number:{case.number_sequence}"
        following[name] += 1
        numbers.append(case.number_prefix + str(following[name]).rjust(case.number_width, "0") + case.number_suffix)
    return numbers


def _refuse_back_dated(at: datetime | None, touched: Sequence[tuple[CaseRow, Mapping[str, Any]]]) -> None:
    """An import gives each change its time; others may not slip one in behind what is in the audit (DECISIONS 31)."""
    if at is None:
        return
    for row, changes in touched:
        if "changed_at" not in changes and row.changed_at > at:
            raise NotAllowed(
                f"{row.number} has changed since {at.isoformat()}: its history cannot be changed behind that",
                hint=f"casectl history {row.number} tells its newest change",
            )


class StoredCases:
    """See `casectl.unit.Cases`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def get(self, reference: str, *, with_description: bool = True) -> Case:
        """See `casectl.unit.Cases.get`."""
        is_id = reference.isascii() and reference.isdigit() and len(reference) <= _MOST_DIGITS
        statement: LiteralString = (
            "SELECT " + CASE_COLUMNS + ", k.name, k.email" + (", c.description" if with_description else "")
            + _WITH_CONTACT + (_BY_ID if is_id else _BY_NUMBER)
        )  # fmt: skip
        key = int(reference) if is_id else reference.upper()
        rows = await self._context.sql.rows(statement, (self._context.tenant_id, key))
        if not rows and not is_id and key != reference:
            rows = await self._context.sql.rows(statement, (self._context.tenant_id, reference))
        if not rows:
            raise await self._not_found([reference])
        row, (name, email, *description) = rows[0][:WIDTH], rows[0][WIDTH:]
        contacts = [ContactRef(id=row[CONTACT], name=name, email=email)] if name is not None else []
        return case_of((*row, *description), await names_of(self._context, [row], contacts))

    async def lock(self, references: Sequence[str]) -> list[CaseRow]:
        """See `casectl.unit.Cases.lock`."""
        return await self._rows(_LOCK, references)

    async def peek(self, reference: str) -> CaseRow:
        """See `casectl.unit.Cases.peek`."""
        return (await self._rows(_PEEK, [reference]))[0]

    async def lock_found(self, references: Sequence[str]) -> tuple[list[CaseRow], list[str]]:
        """As `lock`, but with the references that are not there as a second result instead of a refusal."""
        rows, missing = await self._rows_found(_LOCK, references)
        return rows, sorted(missing)

    async def _rows(self, statement: LiteralString, references: Sequence[str]) -> list[CaseRow]:
        rows, missing = await self._rows_found(statement, references)
        if missing:
            raise await self._not_found(missing)
        return rows

    async def _rows_found(self, statement: LiteralString, references: Sequence[str]) -> tuple[list[CaseRow], list[str]]:
        """The rows, and the references of none."""
        ids = [int(text) for text in references if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS]
        numbers = [name for text in references for name in {text, text.upper()}]
        rows = await self._context.sql.rows(statement, (self._context.tenant_id, ids, numbers))
        found_rows = [row_of(row) for row in rows]
        found = {str(row.id) for row in found_rows} | {row.number for row in found_rows}
        missing = [text for text in references if text not in found and text.upper() not in found]
        return found_rows, list(dict.fromkeys(missing))

    async def find_external(self, channel: str, external_ids: Sequence[str]) -> dict[str, CaseRow]:
        """See `casectl.unit.Cases.find_external`."""
        rows = await self._context.sql.rows(_LOCK_EXTERNAL, (self._context.tenant_id, channel, list(external_ids)))
        return {str(row.external_id): row for row in map(row_of, rows)}

    async def _not_found(self, references: Sequence[str]) -> NotFound | Gone:
        if len(references) == 1:
            from casectl.store.trash import StoredTrash

            purged = await StoredTrash(self._context).purged(references[0])
            if purged is not None:
                return Gone(
                    f"{purged.number} was purged by {purged.by} on {purged.at:%Y-%m-%d}: nothing it held is left",
                    hint=f"casectl history {purged.number} tells who did what to it, and when",
                )
        problems = [Problem(code="not_found", message=f"there is no case {text}") for text in references]
        named = ", ".join(references[:5]) + (f" and {len(references) - 5} more" if len(references) > 5 else "")  # noqa: PLR2004
        return NotFound(
            f"there is no case {named}", hint="casectl list shows the open ones, casectl search finds words",
            problems=problems,
        )  # fmt: skip

    async def open(self, new: NewCase) -> Case:
        """See `casectl.unit.Cases.open`."""
        context = self._context
        if new.created_at is not None or context.changed_at is not None:
            # Row-level security shows what was written in this transaction only where its time is the transaction's.
            return await self.get(str((await self.insert([new]))[0][0]))
        case_id, number = await self._number(new) if context.numbers is not None else (None, new.number)
        rows = await context.sql.rows(
            _INSERT_ONE,
            {name: getattr(new, name) for name in _OPENED}
            | {
                "id": case_id, "number": number,
                "tenant": context.tenant_id, "prefix": new.number_prefix, "width": new.number_width,
                "suffix": new.number_suffix, "sequence": new.number_sequence,
                "fields": msgspec.json.encode(new.fields).decode(),
            },
        )  # fmt: skip
        return case_of(rows[0], await names_of(context, rows))

    async def _number(self, new: NewCase) -> tuple[int, str]:
        """The id and the number of a new case, where they are taken beside the transaction."""
        name = f"number:{new.number_sequence}"
        last = await self._context.take_each({"cases.id": 1} | ({} if new.number else {name: 1}))
        return last["cases.id"], _numbers([new], {name: last.get(name, 1) - 1})[0]

    async def insert(self, new: Sequence[NewCase]) -> list[tuple[int, str]]:
        """See `casectl.unit.Cases.insert`."""
        if not new:
            return []
        context = self._context
        counts = {"cases.id": len(new)}
        for case in new:
            if case.number is None:
                name = f"number:{case.number_sequence}"
                counts[name] = counts.get(name, 0) + 1
        last = await context.take_each(counts)
        following = {name: last[name] - count for name, count in counts.items()}
        numbers = _numbers(new, following)
        first = following["cases.id"] + 1
        records = [
            msgspec.to_builtins(case) | {"id": first + offset, "number": number}
            for offset, (case, number) in enumerate(zip(new, numbers, strict=True))
        ]
        await context.sql.run(_INSERT, {"tenant": context.tenant_id, "cases": msgspec.json.encode(records).decode()})
        return [(first + offset, number) for offset, number in enumerate(numbers)]

    async def write(self, rows: Sequence[tuple[CaseRow, Mapping[str, Any]]]) -> list[int]:
        """See `casectl.unit.Cases.write`; `changed_by` and `changed_at` may be given per row in historic mode."""
        touched = [(row, changes) for row, changes in rows if changes]
        columns = {name for _, changes in touched for name in changes} & COLUMN_TYPES.keys()
        if touched:
            context = self._context
            _refuse_back_dated(context.changed_at, touched)
            defaults = {"changed_by": context.changed_by, "changed_at": context.changed_at}
            records = [
                {"id": row.id, "step": step_of(changes)}
                | defaults
                | {name: getattr(row, name) for name in columns}
                | dict(changes)
                for row, changes in touched
            ]
            await context.sql.run(
                update_statement(sorted(columns)),
                {"tenant": context.tenant_id, "rows": msgspec.json.encode(records).decode()},
            )
        for row, changes in touched:
            for name in changes.keys() & COLUMN_TYPES.keys():
                setattr(row, name, changes[name])
            row.version += step_of(changes)
        return [row.version for row, _ in rows]

    async def page(self, query: Query, *, limit: int, after: str | None, with_description: bool) -> CasePage:
        """See `casectl.unit.Cases.page`."""
        from casectl.store import pages

        return await pages.page(self._context, query, limit=limit, after=after, with_description=with_description)

    async def matching(self, query: Query, *, limit: int) -> list[str]:
        """See `casectl.unit.Cases.matching`."""
        from casectl.store import pages

        return await pages.matching(self._context, query, limit=limit)

    async def among(self, query: Query, case_ids: Sequence[int]) -> set[int]:
        """See `casectl.unit.Cases.among`."""
        from casectl.store import pages

        return await pages.among(self._context, query, case_ids)

    async def plan(self, query: Query, *, limit: int) -> list[str]:
        """See `casectl.unit.Cases.plan`."""
        from casectl.store import pages

        return await pages.plan(self._context, query, limit=limit)
