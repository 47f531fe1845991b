"""Verbs inside one process that keeps its connection, beside the bare SQL that does the least of the same.

The bare SQL runs without policies, triggers, rights or names: it is a limit, not a way to run a desk.
"""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Any

from casectl.operations.create import Create
from casectl.operations.list import ListCases
from casectl.operations.note import AddNote
from casectl.operations.search import Search
from casectl.operations.show import Show
from tests.bench.figures import Figure, medians

if TYPE_CHECKING:
    from collections.abc import Callable

    from casectl.desk.local import LocalDesk
    from tests.bench.place import Place

MOST = {"list": 1.0, "show": 0.8, "create": 2.0, "note": 1.5}

_COLUMNS = "id, number, title, priority, tags, fields, due_at, status_id, assignee_id, team_id, created_at, changed_at"
_LIST = (
    f"SELECT {_COLUMNS} FROM cases WHERE tenant_id = 1 AND deleted_at IS NULL AND category < 5"
    " ORDER BY urgency, due_key, id LIMIT 50"
)
_DEEP = (
    f"SELECT {_COLUMNS} FROM cases WHERE tenant_id = 1 AND deleted_at IS NULL AND category < 5"
    " AND (urgency, due_key, id) > (%s, %s, %s) ORDER BY urgency, due_key, id LIMIT 50"
)
_SHOW = f"SELECT {_COLUMNS}, description FROM cases WHERE tenant_id = 1 AND id = %s"
_NOTES = (
    "SELECT id, content, author_id, created_at FROM notes WHERE tenant_id = 1 AND case_id = %s ORDER BY id LIMIT 20"
)
_AUDIT = (
    "INSERT INTO audit (tenant_id, occurred_at, actor_id, operation, request_id, object, object_id, case_id, action,"
    " payload) VALUES (1, now(), 1, 'bench', '', 'cases', %s, %s, 'insert', '{}')"
)
_CREATE = (
    "INSERT INTO cases (tenant_id, id, number, title, case_type_id, type_revision, status_id, category, priority,"
    " created_by, changed_by) SELECT tenant_id, %s, %s, title, case_type_id, type_revision, status_id, category,"
    " priority, created_by, changed_by FROM cases WHERE tenant_id = 1 AND id = 2004"
)
_NOTE = "INSERT INTO notes (tenant_id, id, case_id, content, changed_by) VALUES (1, %s, 2004, 'bare', 1)"
_SEARCH = (
    "SELECT c.id, c.number, c.title FROM case_search s JOIN cases c ON c.tenant_id = 1 AND c.id = s.case_id"
    " WHERE s.vector @@ to_tsquery('simple', '613') ORDER BY urgency, due_key, id LIMIT 50"
)


_FREE = itertools.count(1_000_000_000)
"""Ids that no case of ours reaches."""


def timed(call: Callable[[], Any]) -> Callable[[], float]:
    """Milliseconds of a call."""

    def run() -> float:
        began = time.perf_counter()
        call()
        return (time.perf_counter() - began) * 1000

    return run


def bare_page(bare: Any) -> None:
    """The 50 most urgent cases by bare SQL."""
    bare.execute(_LIST).fetchall()
    bare.commit()


def measure(place: Place, rounds: int, cases: int) -> list[Figure]:
    """The four verbs, search and a deep page."""
    with place.desk() as desk, place.superuser() as bare:
        bare.execute("SET session_replication_role = replica")
        bare.commit()
        return [*_four(desk, bare, rounds), _search(desk, bare, rounds, cases), _deep(desk, bare, rounds, cases)]


def _four(desk: LocalDesk, bare: Any, rounds: int) -> list[Figure]:
    count = itertools.count(2004)

    def write(statement: str, *more: Any) -> None:
        key = next(_FREE)
        bare.execute(statement, (key, *(word.format(key) for word in more)))
        bare.execute(_AUDIT, (key, 2004))
        bare.commit()

    def show() -> None:
        bare.execute(_SHOW, (2004,)).fetchall()
        bare.execute(_NOTES, (2004,)).fetchall()
        bare.commit()

    verbs: dict[str, Callable[[], Any]] = {
        "list": lambda: desk.perform(ListCases()),
        "show": lambda: desk.perform(Show(case=_number(next(count)))),
        "create": lambda: desk.perform(Create(title=f"Login {next(count)} fails", fields={"system": "crm"})),
        "note": lambda: desk.perform(AddNote(case="BEN-00002004", content=f"attempt {next(count)}")),
    }
    limits: dict[str, Callable[[], Any]] = {
        "list": lambda: bare_page(bare), "show": show,
        "create": lambda: write(_CREATE, "X-{}"), "note": lambda: write(_NOTE),
    }  # fmt: skip
    figures = []
    for name, most in MOST.items():
        taken = medians(rounds, {"ours": timed(verbs[name]), "limit": timed(limits[name])})
        figures.append(
            Figure(name=name, value=taken["ours"], limit=taken["limit"], limit_name="bare SQL", most=most)
        )  # fmt: skip
    return figures


def _number(count: int) -> str:
    return f"BEN-{2004 + count % 400:08}"


def _search(desk: LocalDesk, bare: Any, rounds: int, cases: int) -> Figure:
    taken = medians(
        max(3, rounds // 4),
        {
            "ours": timed(lambda: desk.perform(Search(query=["613"]))),
            "limit": timed(lambda: (bare.execute(_SEARCH).fetchall(), bare.commit())),
        },
    )
    return Figure(
        name=f"search of a word in {cases:,}", value=taken["ours"], limit=taken["limit"], limit_name="bare SQL",
        most=3,
    )  # fmt: skip


def _deep(desk: LocalDesk, bare: Any, rounds: int, cases: int) -> Figure:
    """A page of 50 far down the queue, reached by its cursor."""
    page = desk.perform(ListCases(limit=500))
    depth = min(200, cases // 2000)
    for _ in range(depth):
        assert page.next is not None
        page = desk.perform(ListCases(limit=500, cursor=page.next))
    cursor, last = page.next, page.items[-1]
    assert cursor is not None
    at = bare.execute("SELECT urgency, due_key::text, id FROM cases WHERE tenant_id = 1 AND id = %s", (last.id,))
    key = at.fetchone()
    taken = medians(
        rounds,
        {
            "ours": timed(lambda: desk.perform(ListCases(cursor=cursor))),
            "limit": timed(lambda: (bare.execute(_DEEP, key).fetchall(), bare.commit())),
        },
    )
    return Figure(
        name="list, a page far down the queue", value=taken["ours"], limit=taken["limit"],
        limit_name="bare SQL", most=1,
    )  # fmt: skip
