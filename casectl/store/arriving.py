"""Writes whole cases of another desk, and goes through their histories step by step. Only `store.exchange` imports it.

The triggers write the audit of what happens here, in import mode: each entry gets the actor and the time that its row
names, and the operation that is set. The n-th steps of all cases are written together, those alike in one statement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from casectl.store.cases import step_of, update_statement

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import LiteralString

    from casectl.store.context import Context
    from casectl.unit_exchange import Arrival

_CASES: LiteralString = """
    INSERT INTO cases (tenant_id, id, number, title, description, case_type_id, type_revision, status_id, category,
        priority, assignee_id, team_id, reporter_id, contact_id, parent_id, tags, fields, due_at, channel, external_id,
        is_restricted, created_by, created_at, first_response_at, resolved_at, closed_at, deleted_at, changed_by,
        changed_at)
    SELECT %(tenant)s, n.id, n.number, n.title, n.description, n.case_type_id, n.type_revision, n.status_id,
        n.category, n.priority, n.assignee_id, n.team_id, n.reporter_id, n.contact_id, n.parent_id, n.tags, n.fields,
        n.due_at, n.channel, n.external_id, n.is_restricted, n.created_by, n.created_at, n.first_response_at,
        n.resolved_at, n.closed_at, n.deleted_at, n.opened_by, n.opened_at
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS n(
        id bigint, number text, title text, description text, case_type_id int, type_revision int, status_id int,
        category smallint, priority smallint, assignee_id int, team_id int, reporter_id int, contact_id int,
        parent_id bigint, tags text[], fields jsonb, due_at timestamptz, channel text, external_id text,
        is_restricted boolean, created_by int, created_at timestamptz, first_response_at timestamptz,
        resolved_at timestamptz, closed_at timestamptz, deleted_at timestamptz, opened_by int, opened_at timestamptz)
"""

_LAST_CHANGES: LiteralString = """
    UPDATE cases c SET changed_by = u.changed_by, changed_at = u.changed_at
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS u(
        id bigint, changed_by int, changed_at timestamptz)
    WHERE c.tenant_id = %(tenant)s AND c.id = u.id AND (c.changed_by, c.changed_at) <> (u.changed_by, u.changed_at)
"""
"""In a statement of its own: the audit has the case from when it was opened on, and by whom."""

_NOTES: LiteralString = """
    INSERT INTO notes (tenant_id, id, case_id, content, is_internal, channel, author_id, created_at, changed_by,
                       changed_at)
    SELECT %(tenant)s, n.id, n.case_id, n.content, n.is_internal, n.channel, n.author, n.at, n.changed_by,
        n.changed_at
    FROM json_to_recordset(%(rows)s::json)
         AS n(id bigint, case_id bigint, content text, is_internal boolean, channel text, author int, at timestamptz,
              changed_by int, changed_at timestamptz)
"""

_OPERATION: LiteralString = "SELECT set_config('casectl.operation', %s, true)"

Row = dict[str, Any]


async def take_in(context: Context, arrivals: Sequence[Arrival]) -> list[int]:
    """See `casectl.unit_exchange.Exchange.take_in`."""
    notes = sum(len(arrival.notes) for arrival in arrivals)
    last = await context.take_each({"cases.id": len(arrivals)} | ({"notes.id": notes} if notes else {}))
    ids = range(last["cases.id"] - len(arrivals) + 1, last["cases.id"] + 1)
    own = str((await context.sql.rows("SELECT current_setting('casectl.operation')"))[0][0])
    batch = _Batch(own, ids, last.get("notes.id", 0) - notes + 1)
    for arrival in arrivals:
        batch.add(msgspec.to_builtins(arrival))
    for group in (*batch.openings(), *batch.rounds):
        for (operation, columns), rows in group.items():
            if operation != own:
                await context.sql.rows(_OPERATION, (operation,))
            await context.sql.run(_statement(columns), _parameters(context, rows))
            if operation != own:
                await context.sql.rows(_OPERATION, (own,))
    await context.sql.run(_LAST_CHANGES, _parameters(context, batch.cases))
    if batch.notes:
        await context.sql.run(_NOTES, _parameters(context, batch.notes))
    return list(ids)


Group = dict[tuple[str, tuple[str, ...]], list[Row]]
"""Rows by the operation that wrote them and the columns they change; `_CASE` and `_NOTE` stand for a new row."""

_CASE, _NOTE = ("case",), ("note",)


def _statement(columns: tuple[str, ...]) -> LiteralString:
    if columns == _CASE:
        return _CASES
    return _NOTES if columns == _NOTE else update_statement(columns)


def _parameters(context: Context, rows: Sequence[Row]) -> dict[str, Any]:
    return {"tenant": context.tenant_id, "rows": msgspec.json.encode(rows).decode()}


class _Batch:
    """The rows of a batch, in the order in which they are written: `openings`, `rounds`, then `notes`."""

    def __init__(self, own: str, ids: range, first_note: int) -> None:
        self.cases: list[Row] = []
        self.notes: list[Row] = []
        self.rounds: list[Group] = []
        self._own, self._ids, self._next_note = own, ids, first_note
        self._levels: list[tuple[int, str]] = []

    def add(self, values: Row) -> None:
        """The next case."""
        place = len(self.cases)
        notes, past = values.pop("notes"), values.pop("past")
        values |= {"id": self._ids[place], "opened_by": values["created_by"], "opened_at": values["created_at"]}
        for note in notes:
            note |= {"id": self._next_note, "case_id": values["id"], "changed_by": note["author"] or 0,
                     "changed_at": note["at"]}  # fmt: skip
            self._next_note += 1
        operation = self._own
        if past:
            opening, *steps = past
            operation = opening["operation"]
            values |= opening["columns"] | {"opened_by": opening["by"], "opened_at": opening["at"]}
            self._add_steps(values["id"], steps, notes)
        else:
            self.notes += notes
        under = self._parent(values)
        self._levels.append((self._levels[under][0] + 1 if under is not None else 0, operation))
        self.cases.append(values)

    def _parent(self, columns: Row) -> int | None:
        """Put the parent's id in its place; the place of the parent where it is one of the batch."""
        parent = columns.get("parent_id")
        if parent is None or parent >= 0:
            return None
        columns["parent_id"] = self._ids[-1 - parent]
        return int(-1 - parent)

    def _add_steps(self, case_id: int, steps: Sequence[Row], notes: Sequence[Row]) -> None:
        for number, step in enumerate(steps):
            if number == len(self.rounds):
                self.rounds.append({})
            columns = step["columns"]
            self._parent(columns)
            stamp = {"changed_by": step["by"], "changed_at": step["at"]}
            if step["note"] is None:
                kind, row = tuple(sorted(columns)), {"id": case_id, "step": step_of(columns)} | columns | stamp
            else:
                kind, row = _NOTE, notes[step["note"]] | stamp
            self.rounds[number].setdefault((step["operation"], kind), []).append(row)

    def openings(self) -> list[Group]:
        """New cases, those that others were opened under before them."""
        found: dict[int, Group] = {}
        for (level, operation), row in zip(self._levels, self.cases, strict=True):
            found.setdefault(level, {}).setdefault((operation, _CASE), []).append(row)
        return [found[level] for level in sorted(found)]
