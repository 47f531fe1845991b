"""How Postgres finds cases: every filter and order of the query language explained at 100,000 cases, as the app role.

A plan may read a whole table only where `list --explain` says so in a line that begins with "scan:".
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from bench.population import populate
from bench.queries import OWNED_UP, SERVED
from copies import copied
from psycopg.conninfo import make_conninfo

from casectl.config import load
from casectl.desk.demo import make_demo
from casectl.desk.identity import Identity
from casectl.desk.local import LocalDesk
from casectl.desk.open import operating_system_user
from casectl.operations.history import History
from casectl.operations.list import ListCases
from casectl.operations.note import AddNote
from casectl.operations.show import Show
from casectl.operations.suggest import Suggest
from casectl.operations.update import Update
from casectl.rules.query.fields import FIELDS, IS_VALUES, SORT_KEYS
from casectl.store.case_plans import ALL_SERVED
from casectl.store.sql import SyncSql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from casectl.operations.suggest import Source

pytestmark = pytest.mark.slow

CASES = 100_000

TABLES = r"Seq Scan on (cases|case_tags|case_fields|case_search|audit|notes) "


class Explaining(SyncSql):
    """Explains every statement besides running it."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        super().__init__(connection)
        self.plans: list[str] = []

    async def rows(self, statement: Any, parameters: Any = ()) -> list[Any]:
        self.plans += [row[0] for row in self.connection.execute("EXPLAIN " + statement, parameters).fetchall()]
        return await super().rows(statement, parameters)


class Measuring(SyncSql):
    """Counts the blocks that every statement looks at."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        super().__init__(connection)
        self.touched: list[int] = []

    async def rows(self, statement: Any, parameters: Any = ()) -> list[Any]:
        explain = "EXPLAIN (ANALYZE, BUFFERS, TIMING off, FORMAT json) "
        row = self.connection.execute(explain + statement, parameters).fetchone()
        assert row is not None
        top = row[0][0]["Plan"]
        self.touched.append(top["Shared Hit Blocks"] + top["Shared Read Blocks"])
        return await super().rows(statement, parameters)


class Crowd:
    """A desk of 100,000 cases, seen by different people."""

    def __init__(self, conninfo: dict[str, str]) -> None:
        self._conninfo = conninfo
        self.desk = self.as_user(operating_system_user())

    def as_user(self, login: str) -> LocalDesk:
        return LocalDesk(lambda: psycopg.connect(**self._conninfo), Identity(tenant="demo", login=login))

    @contextmanager
    def explaining(self, login: str) -> Iterator[tuple[LocalDesk, list[str]]]:
        """A desk, and the plans of all statements it runs."""
        with self.as_user(login) as desk:
            desk._sql = sql = Explaining(psycopg.connect(**self._conninfo))
            yield desk, sql.plans

    @contextmanager
    def measuring(self, login: str) -> Iterator[tuple[LocalDesk, list[int]]]:
        """A desk, and how many blocks each of its statements looks at."""
        with self.as_user(login) as desk:
            desk._sql = sql = Measuring(psycopg.connect(**self._conninfo))
            yield desk, sql.touched

    def plan(self, query: str, desk: LocalDesk | None = None) -> list[str]:
        return list((desk or self.desk).perform(ListCases(query=[query], explain=True)).plan)


@pytest.fixture(scope="module")
def crowd(server: Any, template_database: Any) -> Iterator[Crowd]:
    with copied(server, template_database.name) as made:
        urls = {"database.url": make_conninfo(**made.app), "database.migrate_url": make_conninfo(**made.owner)}
        make_demo(load(urls, {"HOME": "/nonexistent"}), lambda _: None, cases=300)
        with psycopg.connect(**made.superuser) as superuser:
            populate(superuser, 1, CASES)
        crowd = Crowd(made.app)
        yield crowd
        crowd.desk.close()


def notes(plan: list[str], kind: str) -> list[str]:
    return [line for line in plan if line.startswith(f"{kind}: ")]


def test_nothing_of_the_language_is_forgotten() -> None:
    asked = " ".join(SERVED + OWNED_UP)
    assert [field.name for field in FIELDS if not re.search(rf"\b{field.name}[:.]", asked)] == []
    assert [value for value in IS_VALUES if f"is:{value}" not in asked] == []
    assert [key for key in SORT_KEYS if not {f"sort:{key}", f"sort:-{key}"} & set(asked.split())] == []


@pytest.mark.parametrize("query", SERVED)
def test_an_index_leads_there(crowd: Crowd, query: str) -> None:
    plan = crowd.plan(query)
    assert [line for line in plan if re.search(TABLES, line)] == []
    assert notes(plan, "scan") == []
    assert ALL_SERVED in plan or notes(plan, "sort") or notes(plan, "walk")


@pytest.mark.parametrize("query", OWNED_UP)
def test_what_reads_more_says_so(crowd: Crowd, query: str) -> None:
    plan = crowd.plan(query)
    assert notes(plan, "scan") or notes(plan, "sort") or notes(plan, "walk")
    assert ALL_SERVED not in plan
    if any(re.search(TABLES, line) for line in plan):
        assert notes(plan, "scan")


@pytest.mark.parametrize(
    ("query", "is_walk"),
    [
        ("tag:vip", True),
        ("tag:site-3", False),
        ("text:printer", True),
        ("977", False),
        ('"does not"', True),
        ("field.system:any", True),
        ("field.floor:7", False),
        ("-tag:vip", True),
        ("-tag:site-3", False),
        ("text:printer field.floor:7", False),
        ("text:printer OR tag:site-3", True),
        ("tag:vip assignee:@me", True),
    ],
)
def test_what_many_have_is_walked_and_said_so(crowd: Crowd, query: str, is_walk: bool) -> None:
    assert bool(notes(crowd.plan(query), "walk")) == is_walk


@pytest.mark.parametrize("login", [operating_system_user(), "aiko"])
def test_a_page_is_little_work_however_many_have_what_it_asks_for(crowd: Crowd, login: str) -> None:
    """Pages of 8 kB that a list looks at: less than one for each case of the desk."""
    with crowd.measuring(login) as (desk, touched):
        for query in (
            "text:printer", '"does not"', "prin*", "977", "tag:vip", "-tag:vip", "field.system:any", "field.floor:7",
            "-field.floor:7", "parent:any", "is:all", "is:closed", "is:resolved", "is:restricted", "-status:closed",
            "resolved:today", "closed:today", "resolved:none", "text:printer tag:vip", "text:printer OR tag:vip",
            "text:printer sort:created", "tag:vip sort:-updated", "parent:BEN-00001199", "is:closed sort:-closed",
            "is:all sort:resolved", "text:printer is:all sort:-closed", "sort:-due",
        ):  # fmt: skip
            touched.clear()
            desk.perform(ListCases(query=[query]))
            assert sum(touched) < CASES, query


@pytest.mark.parametrize("login", ["aiko", "paul"])
def test_workers_and_reporters_are_served_as_well(crowd: Crowd, login: str) -> None:
    with crowd.as_user(login) as desk:
        for query in SERVED + OWNED_UP:
            plan = crowd.plan(query, desk)
            assert notes(plan, "scan") or not any(re.search(TABLES, line) for line in plan), query


@pytest.mark.parametrize("login", [operating_system_user(), "aiko", "paul"])
def test_no_verb_on_one_case_reads_a_whole_table(crowd: Crowd, login: str) -> None:
    mine = "reporter:@me" if login == "paul" else "assignee:@me"
    with crowd.explaining(login) as (desk, plans):
        number = desk.perform(ListCases(query=[mine, "id:>1000"], limit=1)).items[0].number
        plans.clear()
        assert desk.perform(Show(case=number)).number == number
        desk.perform(History(case=number))
        desk.perform(AddNote(case=number, content="seen"))
        if login != "paul":
            desk.perform(Update(case=number, priority="high"))
    assert len(plans) > 50
    assert [line for line in plans if re.search(TABLES, line)] == []


@pytest.mark.parametrize("login", [operating_system_user(), "aiko", "paul"])
def test_no_suggestion_reads_a_whole_table(crowd: Crowd, login: str) -> None:
    wished: list[tuple[Source, str]] = [
        ("case", ""), ("case", "BEN-0000"), ("case", "BEN-00000500"), ("case", "nothing"), ("closed", "BEN-"),
        ("closed", ""), ("person", "a"), ("contact", "a"), ("tag", ""),
        ("tag", "site-"), ("channel", ""), ("team", "n"), ("status", ""),
    ]  # fmt: skip
    with crowd.explaining(login) as (desk, plans):
        for source, prefix in wished:
            desk.perform(Suggest(source=source, prefix=prefix))
        assert [line for line in plans if "Sort Key: c." in line and login != "paul"] == []
        for prefix in ("", "BEN-"):
            desk.perform(Suggest(source="trash", prefix=prefix))
    assert len(plans) > 30
    assert [line for line in plans if re.search(TABLES, line)] == []
