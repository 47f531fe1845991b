"""What a query means, said a second time and without SQL: the cases it finds among rows held in Python.

Words are the exception: how a text falls into lexemes is Postgres's own affair, so it is asked for each text alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from casectl.rules.query.ast import And, Marker, Not, Or, Range, Span, Text

if TYPE_CHECKING:
    from datetime import datetime

    import psycopg

    from casectl.rules.query.ast import Expression, Query, Test, Value

NUMBERED = {"new": 1, "open": 2, "pending": 3, "on_hold": 4, "resolved": 5, "closed": 6}
COLUMNS = {"created": "created_at", "updated": "changed_at", "due": "due_at", "responded": "first_response_at",
           "resolved": "resolved_at", "closed": "closed_at", "id": "id"}  # fmt: skip
COMPARE = {
    "=": lambda a, b: a == b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}  # fmt: skip
PLAIN = "to_tsvector('simple', text) || array_to_tsvector(ARRAY[lower(label)])"


class UnknownNameError(Exception):
    """The query names somebody or something that is not there."""


class Rows:
    """A tenant's cases with all that belongs to them, as a superuser reads them."""

    def __init__(self, connection: psycopg.Connection[Any], tenant: int) -> None:
        self.connection, self.tenant = connection, tenant
        self.cases = self._all("SELECT to_jsonb(c) - 'due_key' FROM desk.cases c WHERE tenant_id = %s ORDER BY id")
        times = "created_at, changed_at, due_at, first_response_at, resolved_at, closed_at"
        found = connection.execute(f"SELECT id, {times} FROM desk.cases WHERE tenant_id = %s", (tenant,))
        by_id = {row[0]: dict(zip(times.split(", "), row[1:], strict=True)) for row in found}
        self.cases = [case | by_id[case["id"]] for case in self.cases]
        self.notes = self._all("SELECT to_jsonb(n) FROM desk.notes n WHERE tenant_id = %s")
        self.users = self._all("SELECT to_jsonb(u) FROM desk.users u WHERE tenant_id = %s")
        self.contacts = self._all("SELECT to_jsonb(k) FROM desk.contacts k WHERE tenant_id = %s")
        self.names = {
            kind: self._all(f"SELECT jsonb_build_object('id', id, 'name', name) FROM desk.{table} WHERE tenant_id = %s")
            for kind, table in {"status": "statuses", "type": "case_types", "team": "teams"}.items()
        }

    def _all(self, statement: Any) -> list[dict[str, Any]]:
        return [row[0] for row in self.connection.execute(statement, (self.tenant,))]


class Reader:
    """Somebody who asks: `scope` as row-level security has it, his teams, and whether he reads internal notes."""

    def __init__(  # noqa: PLR0913 - all that decides about what he finds
        self, rows: Rows, login: str, scope: str, teams: set[int], now: datetime, *, internal: bool
    ) -> None:
        self.rows, self.scope, self.teams, self.now, self.internal = rows, scope, teams, now, internal
        self.id = next(user["id"] for user in rows.users if user["login"] == login)
        self.visible = [case for case in rows.cases if self._sees(case)]

    def _sees(self, case: dict[str, Any]) -> bool:
        if self.scope == "own":
            return bool(case["reporter_id"] == self.id and case["deleted_at"] is None)
        mine = self.id in (case["assignee_id"], case["reporter_id"]) or case["team_id"] in self.teams
        return self.scope == "admin" or not case["is_restricted"] or mine

    def finds(self, query: Query) -> list[str]:
        """The numbers of the cases, in the query's order."""
        found = [case for case in self.visible if query.where is None or self._holds(query.where, case)]
        if not speaks_of_trash(query.where):
            found = [case for case in found if case["deleted_at"] is None]
        downwards = [key.descending != (key.key == "priority") for key in query.sort[:-1]]
        for key in reversed(query.sort):
            # The id breaks ties the way that Postgres reads the keys before it; urgent first is its way up.
            ties_down = key is query.sort[-1] and bool(downwards) and all(downwards)
            _sort(found, COLUMNS.get(key.key, key.key), descending=key.descending or ties_down)
        return [case["number"] for case in found]

    def _holds(self, node: Expression, case: dict[str, Any]) -> bool:
        if isinstance(node, And):
            # Each is asked, so that an unknown name is met whatever stands before it.
            return False not in {self._holds(item, case) for item in node.items}
        if isinstance(node, Or):
            return True in {self._holds(item, case) for item in node.items}
        if isinstance(node, Not):
            return not self._holds(node.item, case)
        if isinstance(node, Text):
            return case["id"] in self._with_words(node)
        return True in {self._fits(node, value, case) for value in node.values}

    def _fits(self, test: Test, value: Value, case: dict[str, Any]) -> bool:
        if test.field in COLUMNS and test.field != "id":
            return _in_span(case[COLUMNS[test.field]], value)
        if test.field in ("channel", "external"):
            return _is(case["channel" if test.field == "channel" else "external_id"], value, str(value))
        if test.field in ("priority", "id"):
            return _compares(case[test.field], test.operator, value)
        judges = {"is": self._state, "number": _number, "tag": _tag, "field": _form_field}
        if test.field in judges:
            return judges[test.field](test, value, case)
        own = case[{"status": "status_id", "type": "case_type_id"}.get(test.field, f"{test.field}_id")]
        if isinstance(value, Marker):
            return own == self.id if value is Marker.ME else (own is None) == (value is Marker.NONE)
        return own in self.ids(test.field, str(value))

    def _state(self, test: Test, value: Value, case: dict[str, Any]) -> bool:
        del test
        if value in NUMBERED:
            return bool(case["category"] == NUMBERED[str(value)])
        active = case["category"] < NUMBERED["resolved"]
        return bool({
            "active": active, "all": True, "deleted": case["deleted_at"] is not None,
            "mine": case["assignee_id"] == self.id,
            "overdue": active and case["due_at"] is not None and case["due_at"] < self.now,
            "unassigned": case["assignee_id"] is None, "restricted": case["is_restricted"],
        }[str(value)])  # fmt: skip

    def ids(self, field: str, name: str) -> set[int]:
        """What a name stands for. Raises UnknownNameError where the query is refused for it."""
        wanted = name.strip().lower()
        if field == "parent":
            return {case["id"] for case in self.visible if name in (case["number"], str(case["id"]))
                    or name.upper() == case["number"]}  # fmt: skip
        if field == "contact":
            return {one["id"] for one in self.rows.contacts
                    if wanted in ((one["email"] or "").lower(), one["name"].lower(), str(one["id"]))}  # fmt: skip
        if field in ("assignee", "reporter"):
            told = [({user["login"].lower(), (user["email"] or "").lower(), user["name"].lower()}, user["id"])
                    for user in self.rows.users]  # fmt: skip
        else:
            told = [({_spaced(field, one["name"])}, one["id"]) for one in self.rows.names[field]]
        found = {key for names, key in told if _spaced(field, wanted) in names}
        found = found or {key for _, key in told if wanted.isascii() and wanted.isdigit() and key == int(wanted)}
        if not found:
            raise UnknownNameError(name)
        return found

    def _with_words(self, node: Text) -> set[int]:
        """Ids of the visible cases one of whose texts has the words."""
        texts = [(case["id"], f"{case['number']}\n{case['title']}\n{case['description']}", case["number"])
                 for case in self.visible]  # fmt: skip
        seen = {case["id"] for case in self.visible}
        texts += [(note["case_id"], note["content"], " no word") for note in self.rows.notes
                  if note["case_id"] in seen and (self.internal or not note["is_internal"])]  # fmt: skip
        how = "phraseto_tsquery" if node.phrase else "plainto_tsquery"
        query = f"{how}('simple', %(words)s)"
        if node.prefix and node.phrase:
            query = f"(nullif({query}::text, '') || ':*')::tsquery"
        elif node.prefix:
            query = f"(replace(nullif({query}::text, ''), ''' & ''', ''':* & ''') || ':*')::tsquery"
        found = self.rows.connection.execute(
            f"SELECT id FROM unnest(%(ids)s::bigint[], %(texts)s::text[], %(labels)s::text[]) AS t(id, text, label)"
            f" WHERE numnode({query}) > 0 AND ({PLAIN}) @@ {query}",
            {"ids": [text[0] for text in texts], "texts": [text[1] for text in texts],
             "labels": [text[2] for text in texts], "words": node.words},
        )  # fmt: skip
        return {row[0] for row in found}


def _sort(found: list[dict[str, Any]], column: str, *, descending: bool) -> None:
    """One stable pass; those without a value come last either way."""
    absent = [case for case in found if case[column] is None]
    there = [case for case in found if case[column] is not None]
    found[:] = sorted(there, key=lambda case: case[column], reverse=descending) + absent


def speaks_of_trash(node: Expression | None) -> bool:
    """Whether `is:deleted` stands anywhere."""
    if isinstance(node, And | Or):
        return any(speaks_of_trash(item) for item in node.items)
    if isinstance(node, Not):
        return speaks_of_trash(node.item)
    return node is not None and not isinstance(node, Text) and node.field == "is" and "deleted" in node.values


def _spaced(field: str, name: str) -> str:
    lowered = name.strip().lower()
    return lowered.replace("_", " ").replace("-", " ") if field == "status" else lowered


def _is(own: Any, value: Value, wanted: str) -> bool:
    if isinstance(value, Marker):
        return (own is None) == (value is Marker.NONE)
    return bool(own == wanted)


def _in_span(own: datetime | None, value: Value) -> bool:
    if isinstance(value, Marker):
        return (own is None) == (value is Marker.NONE)
    assert isinstance(value, Span)
    return own is not None and (value.start is None or own >= value.start) and (value.end is None or own < value.end)


def _compares(own: Any, operator: str, value: Value) -> bool:
    if isinstance(value, Range):
        return (value.low is None or own >= value.low) and (value.high is None or own <= value.high)
    return COMPARE[operator](own, value)


def _number(test: Test, value: Value, case: dict[str, Any]) -> bool:
    del test
    return case["number"] in (str(value), str(value).upper())


def _tag(test: Test, value: Value, case: dict[str, Any]) -> bool:
    del test
    if isinstance(value, Marker):
        return bool(case["tags"]) == (value is Marker.ANY)
    return not {str(value), str(value).lower()}.isdisjoint(case["tags"])


def _form_field(test: Test, value: Value, case: dict[str, Any]) -> bool:
    own = case["fields"].get(test.key)
    items = [one for one in (own if isinstance(own, list) else [own]) if isinstance(one, str | int | float)]
    if isinstance(value, Marker):
        return bool(items) == (value is Marker.ANY)
    if isinstance(value, str):
        return value.lower()[:200] in [_written(one).lower()[:200] for one in items]
    return any(_compares(one, test.operator, value) for one in items
               if isinstance(one, int | float) and not isinstance(one, bool))  # fmt: skip


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
