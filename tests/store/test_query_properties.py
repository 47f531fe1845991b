"""Whatever the query language accepts runs and finds exactly what it says; what it refuses it explains; and no text of
a query ever becomes SQL. Random queries on a real database, as people who see different cases and notes, on each of the
ways to look for what few or many cases have."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import psycopg
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from query_oracle import Reader, Rows, UnknownNameError

from casectl.desk.identity import Identity
from casectl.desk.local import LocalDesk
from casectl.errors import InvalidInput
from casectl.operations.bulk_update import BulkUpdate
from casectl.operations.close import Close
from casectl.operations.create import Create
from casectl.operations.delete import Delete
from casectl.operations.list import ListCases
from casectl.operations.note import AddNote
from casectl.operations.search import Search
from casectl.operations.status import SetStatus
from casectl.rules.case_input import zone_of
from casectl.rules.query import QueryContext, QueryError, active_by_default, parse
from casectl.rules.query.canonical import unparse
from casectl.rules.query.fields import FIELDS, IS_VALUES, SORT_KEYS
from casectl.store import ways
from casectl.store.sql import SyncSql
from tests.conftest import copied
from tests.contract.conftest import contract_template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Database

__all__ = ["contract_template"]

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]

EVIL = "zq7x"
"""Part of every word that a statement must not contain."""

HOSTILE = [
    f"{EVIL}'; DROP TABLE desk.cases; --", f"{EVIL}' OR 1=1", f"{EVIL}\\", f"\\'{EVIL}", f"{EVIL}%", f"%{EVIL}_",
    f"{EVIL}%s", f"%({EVIL})s", f"$${EVIL}$$", f"$1{EVIL}", f"--{EVIL}", f"/*{EVIL}*/", f"{EVIL};", f"E'\\x27{EVIL}",
    f"U&'\\0027{EVIL}", f"{EVIL}\u2019", f"\u202e{EVIL}", f"{EVIL}\U0001f993", f"{EVIL}\u0130\u00c4\u00df",
    f"{{{EVIL}}}", f"{EVIL}::int", f"{EVIL}:*", f"{EVIL} & !", f"{EVIL}|x", f"<->{EVIL}", f"{EVIL}\x00",
    f"{EVIL}\ud800", f"{EVIL}\x1b[2J", f"{EVIL}" * 80, f"'{EVIL}", f'"{EVIL}', f"{EVIL}\n{EVIL}",
    "'", "''", "\\", "%", "_", "$$", "--", "/*", "*", "..",
]  # fmt: skip
WORDS = [
    "printer", "PRINT", "prin", "fire", "crm", "caf\u00e9", "na\u00efve", "e-mail", "a/b", "10:30", "vpn", "it's",
    "100%",
]  # fmt: skip
PLACES = [
    "Bari", "bari", "\u00c4pfel", "\u00e4PFEL", "\u0130zmir", "it's", "100%", "a_b", "a\\b", "x;y", "..", "1..2",
    "none", "5",
]  # fmt: skip
PEOPLE = ["rita@acme.example.com", "ann@example.com", "Ann <bob@example.com>"]
TAGS = ["vip", "VIP", "it's", "100%", "a_b", "\u00e4", "$$", "--", "\\"]
VALUES: dict[str, list[str]] = {
    "status": ["new", "New", "awaiting user", "awaiting_user", "in-progress", "resolved", "closed", "1", "nonsense"],
    "is": [*IS_VALUES, "any", "on-hold"],
    "priority": ["low", "HIGH", "4", "P1", "2..3", "high..", "..2", "low..critical"],
    "assignee": ["@me", "none", "any", "wanda", "WALT", "walt@acme.example.com", "2", "nobody"],
    "team": ["l1", "L2", "none", "any", "1", "l9"],
    "type": ["incident", "Request", "complaint", "1", "nothing"],
    "tag": [*TAGS, "none", "any"],
    "reporter": ["@me", "rita", "none", "any"],
    "contact": ["rita@acme.example.com", "ANN@example.com", "ann", "none", "any", "1"],
    "created": ["<7d", ">2d", "today", "2026", "2020-01..", "..<2030-01-01", "1d..9d", "<=0s", "1d"],
    "due": ["<2h", ">1d", "any", "none", "today", "..2030-01-01", "tomorrow"],
    "resolved": ["any", "none", "<7d", "today"],
    "number": ["{number}", "{NUMBER}", "INC-1999-1"],
    "id": ["1", ">5", "3..9", "<=2", "99999", "..4", "9223372036854775807", "9223372036854775808"],
    "parent": ["{number}", "1", "none", "any"],
    "channel": ["cli", "mail", "CLI"],
    "external": ["X-1", "it's", "none", "any"],
    "field.location": [*PLACES, "any"],
    "field.users_affected": ["5", ">3", "<=7", "2..9", "..", "1e1", "any", "none", "7.0"],
    "field.cost": ["99.5", ">99", "<100.25", "0..1e3", "none"],
    "field.regulator_informed": ["true", "True", "false", "none"],
    "field.nothing": ["x", "none", "any"],
    "text": [*WORDS, "print*", '"on fire"'],
}
OPERATORS = [":", ":", ":", ":!=", "!=", ":<", ":<=", ":>", ":>=", ":=", "=", ">="]
ALIASES = {"assignee": "owner", "created": "opened", "priority": "prio", "updated": "updated"}


def written(value: str) -> st.SearchStrategy[str]:
    """A value as people write it: bare, or in quotes."""
    quoted = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return st.sampled_from([value, quoted, quoted]) if value not in ("none", "any", "@me") else st.just(value)


def terms() -> st.SearchStrategy[str]:
    """A field, an operator and one to three values, most of them of the field's own."""

    def of(name: str) -> st.SearchStrategy[str]:
        known = VALUES.get(name, VALUES["created"])
        value = (st.sampled_from(known) | st.sampled_from(known) | st.sampled_from(known + HOSTILE)).flatmap(
            lambda text: st.just(text) if text[:1] in "<>" else written(text)
        )
        values = st.lists(value, min_size=1, max_size=2).map(",".join)
        return st.builds("{}{}{}".format, st.sampled_from([name, ALIASES.get(name, name).upper()]),
                         st.sampled_from(OPERATORS), values)  # fmt: skip

    names = [field.name for field in FIELDS if field.kind != "form"] + [name for name in VALUES if name[:6] == "field."]
    return st.sampled_from(names).flatmap(of)


WHOLE = st.one_of(
    terms(), terms(), terms(),
    st.sampled_from(WORDS + HOSTILE).flatmap(written),
    st.sampled_from(["print*", '"on fire"', '"on fi"*', "e-ma*", '"printer on"*']),
)  # fmt: skip
SORTED = st.lists(st.sampled_from([*SORT_KEYS, *(f"-{key}" for key in SORT_KEYS)]), max_size=3).map(
    lambda keys: "sort:" + ",".join(keys) if keys else ""
)
GROUPED = st.recursive(
    WHOLE,
    lambda inner: st.one_of(
        st.builds("-{}".format, inner),
        st.builds("NOT {}".format, inner),
        st.lists(inner, min_size=2, max_size=3).map(" ".join),
        st.lists(inner, min_size=2, max_size=3).map(" OR ".join),
        st.lists(inner, min_size=1, max_size=2).map(lambda items: f"({' '.join(items)})"),
    ),
    max_leaves=5,
)
QUERIES = st.builds("{} {}".format, GROUPED, SORTED)
JUNK = st.lists(
    WHOLE | st.sampled_from(["(", ")", "OR", "AND", "NOT", "-", '"', ",", ":", "field.", "sort:", "sort:x", "\\"]),
    max_size=8,
).flatmap(lambda pieces: st.sampled_from([" ", ""]).map(lambda gap: gap.join(pieces)))

PEOPLE_WHO_ASK = st.sampled_from(["admin", "wanda", "wanda's key", "rita"])
BOUNDS = st.sampled_from([
    ways.BOUNDS, ((4, "10000"),), ((0, "10000"),), ((4, "12"),), ((0, "25"),), ((2, "3"),), ((2, "9"), (5, "20")),
])  # fmt: skip
"""How many entries of an index are few, and after how many cases a walk is given up: as it is, and so that every way is
gone among these few cases as well."""


@contextmanager
def bounds(other: Any) -> Iterator[None]:
    """Other bounds for the ways to look for cases."""
    usual = ways.BOUNDS
    ways.BOUNDS = other
    try:
        yield
    finally:
        ways.BOUNDS = usual


BOUNDED = settings(
    derandomize=True, deadline=None, database=None, max_examples=250,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)  # fmt: skip


class Recorded(SyncSql):
    """Remembers the text of every statement."""

    statements: ClassVar[set[str]] = set()

    async def rows(self, statement: Any, parameters: Any = ()) -> list[Any]:
        """See `SyncSql.rows`."""
        self.statements.add(str(statement))
        return await super().rows(statement, parameters)

    async def run(self, statement: Any, parameters: Any = ()) -> int:
        """See `SyncSql.run`."""
        self.statements.add(str(statement))
        return await super().run(statement, parameters)


class Asked:
    """A desk of one tenant with its rows, and the people who ask."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.desks = {login: self._desk(login) for login in ("admin", "wanda", "rita")}
        self.desks["wanda's key"] = self._by_key("wanda", "case:read", "case:read_any", "case:bulk_update")
        self.numbers = fill(self.desks["admin"])
        with self._desk("admin", "globex") as elsewhere:
            fill(elsewhere)
        shift(database)
        self.superuser = psycopg.connect(**database.superuser, autocommit=True)
        self.rows = Rows(self.superuser, 1)
        self.structure = self.shape()

    def _desk(self, login: str, tenant: str = "acme") -> LocalDesk:
        return self._recorded(Identity(tenant=tenant, login=login))

    def _recorded(self, identity: Identity) -> LocalDesk:
        desk = LocalDesk(lambda: psycopg.connect(**self.database.app), identity)
        desk._sql = Recorded(psycopg.connect(**self.database.app))
        return desk

    def _by_key(self, login: str, *rights: str) -> LocalDesk:
        """The desk of somebody who comes with fewer rights than he has."""
        with psycopg.connect(**self.database.superuser) as superuser:
            row = superuser.execute("SELECT id FROM desk.users WHERE tenant_id = 1 AND login = %s", (login,)).fetchone()
        assert row is not None
        return self._recorded(Identity(tenant_id=1, user_id=row[0], scopes=rights))

    def reader(self, who: str, now: datetime) -> Reader:
        """The same person in Python."""
        login = who.removesuffix("'s key")
        scope = {"admin": "admin", "wanda": "tenant", "rita": "own"}[login]
        teams = {1} if login == "wanda" else set()
        return Reader(self.rows, login, scope, teams, now, internal=who in ("admin", "wanda"))

    def shape(self) -> Any:
        """Everything there is in the schema, and how many rows of it."""
        tables = [row[0] for row in self.superuser.execute(
            "SELECT relname::text FROM pg_class WHERE relnamespace = 'desk'::regnamespace ORDER BY 1")]  # fmt: skip
        functions = self.superuser.execute("SELECT count(*), max(oid) FROM pg_proc").fetchone()
        cases = self.superuser.execute("SELECT count(*), max(changed_at), sum(version) FROM desk.cases").fetchone()
        return tables, functions, cases

    def close(self) -> None:
        """Close every connection."""
        for desk in self.desks.values():
            desk.close()
        self.superuser.close()


def fill(desk: LocalDesk) -> list[str]:
    """Cases of all kinds; their numbers."""
    numbers: list[str] = []
    for at in range(36):
        texts = [*WORDS, *HOSTILE]
        title = " ".join(word.replace("\x00", "").replace("\ud800", "").replace("\n", " ").strip() or "x"
                         for word in (texts[at], texts[-at]))[:300]  # fmt: skip
        kind = ("incident", "incident", "request", "complaint")[at % 4]
        fields: dict[str, Any] = {
            "incident": {"location": PLACES[at % len(PLACES)], "users_affected": at % 11},
            "request": {"justification": "because", "cost": (at * 12.5) + 0.25 * (at % 3), "cost_center": "1234"},
            "complaint": {"product": "toaster", "received_on": "2026-01-01", "regulator_informed": at % 8 == 3},
        }[kind]
        case = desk.perform(Create(
            title=title, description="the printer is on fire" if at % 5 == 0 else "", type=kind, fields=fields,
            priority=("low", "medium", "high", "critical")[at % 4 - at % 3], tags=TAGS[at % 9 : at % 9 + at % 3],
            **({"assignee": ("wanda", "walt", "admin")[at % 3]} if at % 4 else {}),
            **({"team": ("l1", "l2")[at % 2]} if at % 3 else {}),
            **({"contact": PEOPLE[at % 3]} if at % 2 else {}),
            **({"parent": numbers[at // 2]} if at % 7 == 6 else {}), **({"due": f"{at}h"} if at % 5 else {}),
            **({"channel": "mail"} if at % 6 == 0 else {}), **({"external_id": f"X-{at}"} if at % 9 == 1 else {}),
            is_restricted=at % 10 == 9,
        ))  # fmt: skip
        numbers.append(case.number)
        if at % 3 == 1:
            note = f"a note about the vpn {at} caf\u00e9"
            desk.perform(AddNote(case=case.number, content=note, is_internal=at % 2 == 0))
        if kind == "incident" and at % 6 == 5:
            desk.perform(Close(case=case.number))
        elif kind == "incident" and at % 8 == 1:
            desk.perform(SetStatus(case=case.number, status="awaiting user"))
    for number in numbers[10::12]:
        desk.perform(Delete(case=number))
    return numbers


def shift(database: Database) -> None:
    """Give the cases times that lie apart."""
    with psycopg.connect(**database.superuser) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "UPDATE desk.cases SET created_at = created_at - id * interval '9 hours',"
            " changed_at = changed_at - (id % 17) * interval '11 hours', due_at = due_at - interval '12 hours',"
            " resolved_at = resolved_at - (id % 5) * interval '2 days'"
        )


@pytest.fixture(scope="module")
def asked(server: Any, contract_template: Any) -> Iterator[Asked]:
    with copied(server, contract_template.name) as database:
        made = Asked(database)
        yield made
        made.close()


def ask(asked: Asked, login: str, verb: Any, text: str) -> tuple[list[str] | None, InvalidInput | None]:
    """The numbers that a verb gives, or its refusal."""
    try:
        page = asked.desks[login].perform(verb(query=[text], limit=500))
    except InvalidInput as refusal:
        return None, refusal
    return [case.number for case in page.items], None


def check_refusal(refusal: InvalidInput, text: str) -> None:
    """Every problem says where and what, in words of the query, not of the database."""
    assert refusal.problems
    for problem in refusal.problems:
        assert problem.pointer == "/query"
        assert problem.message
        assert problem.code
        assert "column " in problem.message or problem.code == "no_words"
        assert not any(word in problem.message for word in ("Traceback", "psycopg", "SELECT", "syntax error at"))
        if isinstance(refusal, QueryError):
            assert 1 <= problem.column <= len(text) + 1
    if isinstance(refusal, QueryError):
        assert refusal.excerpt().count("\n") == 1


def check_statements() -> None:
    """No statement holds a word of a query."""
    assert not [text for text in Recorded.statements if EVIL in text]
    assert Recorded.statements


@BOUNDED
@given(text=QUERIES, login=PEOPLE_WHO_ASK, bound=BOUNDS)
def test_what_is_accepted_runs_and_finds_exactly_that(asked: Asked, text: str, login: str, bound: Any) -> None:
    text = text.replace("{number}", asked.numbers[6].lower()).replace("{NUMBER}", asked.numbers[3])
    with bounds(bound):
        found, refusal = ask(asked, login, ListCases, text)
    now = datetime.now(UTC)
    context = QueryContext(now, zone_of("UTC"), login)
    if refusal is not None:
        event("refused")
        check_refusal(refusal, text)
        if not isinstance(refusal, QueryError):
            with pytest.raises(UnknownNameError):
                asked.reader(login, now).finds(parse(text, context))
        return
    event("accepted")
    query = parse(text, context)
    assert found == asked.reader(login, now).finds(active_by_default(query))
    again = parse(unparse(query), QueryContext(now + timedelta(days=9), zone_of("Asia/Tokyo"), login))
    assert asked.reader(login, now).finds(again) == asked.reader(login, now).finds(query)
    check_statements()


@BOUNDED
@given(text=JUNK, login=st.sampled_from(["admin", "rita"]))
def test_whatever_is_typed_is_answered_or_explained(asked: Asked, text: str, login: str) -> None:
    for verb in (ListCases, Search):
        _, refusal = ask(asked, login, verb, text)
        if refusal is not None:
            check_refusal(refusal, text)
    check_statements()


@settings(BOUNDED, max_examples=80)
@given(text=QUERIES, size=st.integers(1, 9), login=PEOPLE_WHO_ASK, bound=BOUNDS)
def test_pages_of_a_query_are_the_whole_of_it(asked: Asked, text: str, size: int, login: str, bound: Any) -> None:
    whole, refusal = ask(asked, login, ListCases, text)
    if refusal is not None:
        return
    found: list[str] = []
    cursor: dict[str, str] = {}
    with bounds(bound):
        while True:
            page = asked.desks[login].perform(ListCases(query=[text], limit=size, **cursor))
            found += [case.number for case in page.items]
            if page.next is None:
                break
            cursor = {"cursor": page.next}
    assert found == whole


@settings(BOUNDED, max_examples=60)
@given(text=QUERIES, bound=BOUNDS)
def test_a_bulk_takes_what_the_list_shows(asked: Asked, text: str, bound: Any) -> None:
    """The same words find the same cases for a change; an order alone is no wish to change everything."""
    listed, refusal = ask(asked, "admin", ListCases, text)
    change = BulkUpdate(query=text, priority="high", dry_run=True)
    with bounds(bound):
        check_bulk(asked, change, listed, refusal)


def check_bulk(asked: Asked, change: BulkUpdate, listed: list[str] | None, refusal: InvalidInput | None) -> None:
    """The change would be made to what was listed, or is refused."""
    text = str(change.query)
    if refusal is not None or not text.partition("sort:")[0].strip():
        with pytest.raises(InvalidInput):
            asked.desks["admin"].perform(change)
        return
    result = asked.desks["admin"].perform(change)
    assert {outcome.number for outcome in result.outcomes} == set(listed or [])


def test_nothing_was_changed_by_asking(asked: Asked) -> None:
    """Stands behind the others: the schema and the cases are as they were."""
    for text in HOSTILE:
        for field in ("", "tag:", "field.location:", "external:", "channel:", "parent:", "contact:", "text:"):
            ask(asked, "admin", ListCases, field + text)
            ask(asked, "admin", ListCases, field + '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"')
    check_statements()
    assert asked.shape() == asked.structure
