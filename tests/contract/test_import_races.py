"""Somebody takes a number while a batch is imported: its line alone is refused, with its place, and none is lost."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec
import psycopg
import pytest

from casectl.errors import Conflict
from casectl.operations.create import Create
from casectl.operations.import_changes import ImportChanges
from casectl.operations.list import ListCases
from tests.contract.test_call import at_once
from tests.contract.test_given_while_leaving import Act
from tests.contract.test_import import EVERYBODY, change, run
from tests.contract.test_import_whole import NOBODY, export, records, take_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Database

_COLUMNS = """
    SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns
    WHERE table_schema = 'desk' AND table_name = 'cases' AND is_generated = 'NEVER'
"""


@contextmanager
def being_made(database: Database, tenant_id: int, **values: Any) -> Iterator[psycopg.Connection[Any]]:
    """A case that somebody is about to make, like the first one but for these values; committed at the end."""
    with psycopg.connect(**database.superuser) as connection:
        connection.execute("SET session_replication_role = replica")
        names = connection.execute(_COLUMNS).fetchone()[0]
        connection.execute(
            f"INSERT INTO desk.cases ({names}) SELECT {names} FROM ("
            " SELECT (jsonb_populate_record(c, %s::jsonb)).* FROM desk.cases c WHERE c.tenant_id = %s LIMIT 1) twin",
            (msgspec.json.encode({"id": 5000} | values).decode(), tenant_id),
        )
        yield connection


def wait_for_lock(database: Database) -> None:
    """Until somebody waits for a transaction to end."""
    with psycopg.connect(**database.superuser, autocommit=True) as watcher:
        for _ in range(2000):
            found = watcher.execute(
                "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            ).fetchone()
            if found:
                return
            watcher.execute("SELECT pg_sleep(0.01)")
    pytest.fail("nobody waits")


def test_a_number_taken_meanwhile_refuses_its_line_alone(desk: Any, prepared_database: Database) -> None:
    desk.perform(Create(title="x"))
    lines = [change(n, f"A-{n}", number=f"OLD-{n}", type="incident") for n in (1, 2, 3)]
    with being_made(prepared_database, 1, number="OLD-2"):
        importing = Act(desk, ImportChanges(source="s", run_id="r", records=lines, create=EVERYBODY))
        wait_for_lock(prepared_database)
    result = importing.ended()
    assert (result.created, result.refused) == (2, 1)
    assert [(one.line, one.reason) for one in result.outcomes] == [(2, "the number OLD-2 cannot be taken")]
    again = run(desk, *lines)
    assert (again.seen, again.refused) == (2, 1)


def test_a_number_of_an_export_taken_meanwhile_refuses_its_line_alone(desk: Any, prepared_database: Database) -> None:
    for title in ("one", "two", "three"):
        desk.perform(Create(title=title))
    cases, copy = export(desk), desk.as_user("admin", "globex")
    run(copy, change(1, number="OLD-1"), source="other")
    with being_made(prepared_database, 2, number=cases[1].number, external_id=None):
        importing = Act(copy, ImportChanges(records=records(cases), source="s", run_id="r", create=NOBODY))
        wait_for_lock(prepared_database)
    result = importing.ended()
    assert (result.created, result.refused) == (2, 1)
    assert result.outcomes[0].line == 2
    assert result.outcomes[0].reason == f"the number {cases[1].number} cannot be taken"


def test_an_external_id_taken_meanwhile_is_one_line_of_many(desk: Any, prepared_database: Database) -> None:
    desk.perform(Create(title="x"))
    lines = [change(n, f"A-{n}") for n in (1, 2, 3)]
    with being_made(prepared_database, 1, number="OLD-9", external_id="A-2", channel="import", is_restricted=False):
        importing = Act(desk, ImportChanges(source="s", run_id="r", records=lines, create=EVERYBODY))
        wait_for_lock(prepared_database)
    result = importing.ended()
    assert result.created == 2
    assert len(desk.perform(ListCases(query=["is:all"])).items) == 4


def test_two_imports_of_one_file_at_once_make_its_cases_once(desk: Any) -> None:
    for n in range(30):
        desk.perform(Create(title=f"case {n}"))
    cases = export(desk)
    copies = [desk.as_user("admin", "globex") for _ in range(2)]
    results = at_once(*[lambda copy=copy: take_in(copy, cases) for copy in copies])
    assert [one for one in results if isinstance(one, Exception)] == []
    assert sorted((one.created, one.seen, one.refused) for one in results) == [(0, 30, 0), (30, 0, 0)]
    assert len(export(copies[0])) == 30


def test_what_is_no_batch_tells_of_the_conflict_at_once(desk: Any) -> None:
    """Nothing else is in it that could be saved."""
    desk.perform(Create(title="x", channel="mail", external_id="m-1"))
    with pytest.raises(Conflict, match="external id"):
        desk.perform(Create(title="y", channel="mail", external_id="m-1"))
