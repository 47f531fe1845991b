"""Whatever verbs have done to cases, every state they were in comes out of the audit again."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from msgspec import UNSET

from casectl.desk.identity import Identity
from casectl.desk.local import LocalDesk
from casectl.errors import Refusal
from casectl.model.imports import ChangeRecord
from casectl.operation import Call
from casectl.operations.assign import Assign
from casectl.operations.bulk_update import BulkUpdate
from casectl.operations.close import Close
from casectl.operations.create import Create
from casectl.operations.delete import Delete
from casectl.operations.diff import Diff
from casectl.operations.escalate import Escalate
from casectl.operations.import_changes import ImportChanges
from casectl.operations.note import AddNote
from casectl.operations.reopen import Reopen
from casectl.operations.restore import Restore
from casectl.operations.show import Show
from casectl.operations.status import SetStatus
from casectl.operations.take import Take
from casectl.operations.update import Update
from casectl.store.checks import run_checks

if TYPE_CHECKING:
    from casectl.model.case import CaseDetail
    from casectl.operation import AnyOperation
    from tests.conftest import Database

STATUSES = ("new", "active", "awaiting user", "escalated", "resolved", "closed")
EXAMPLES = count(1)
PEOPLE = ("admin", "wanda", "walt")
ACTORS = st.sampled_from(["admin", "admin", "admin", "wanda", "walt"])
"""Most may do what they try."""
TEXTS = st.sampled_from(["Printer", "it smokes\nand burns", "\x1b]52;c;eA==\x07", "[/] \u202e", "'; --", "ä" * 90, ""])
PRIORITIES = st.sampled_from(["low", "medium", "high", "critical"])
SOMEBODY = st.sampled_from(["wanda", "walt", "@me", "none"])
TAGS = st.lists(st.sampled_from(["vip", "all", "ünï", "a-b"]), max_size=3, unique=True)
VALUES: dict[str, list[Any]] = {
    "title": ["Printer", "Printer on fire", "\x1b]52;c;eA==\x07", "[/] \u202e"],
    "description": ["", "it smokes\nand burns", "it burns\n", "null"],
    "priority": ["low", "medium", "high", "critical"],
    "assignee": ["wanda", "walt", "@me", "none"],
    "team": ["l1", "l2", "none"],
    "tags": [[], ["vip"], ["vip", "ünï"]],
    "add_tags": [["all"], ["vip", "a-b"]],
    "due": ["none", "2030-01-02 10:00", "2030-01-02T10:00:00.5+02:00"],
    "contact": ["ann@example.com", "none"],
    "reporter": ["rita", "none"],
    "parent": ["1", "none"],
    "fields": [{"system": "crm"}, {"system": None, "location": "Rome"}, {"users_affected": "7"}, {"nope": "1"}],
    "is_restricted": [True, False],
    "type": ["incident", "complaint", "request"],
    "status": [*STATUSES],
}
CHANGES = st.lists(
    st.sampled_from([(name, value) for name, values in VALUES.items() for value in values]), min_size=1, max_size=3
).map(dict)


class Work(RuleBasedStateMachine):
    """Does anything to up to five cases and remembers how each was shown, and when."""

    desks: ClassVar[dict[str, LocalDesk]]
    clock: ClassVar[psycopg.Connection[Any]]
    """A connection of the superuser, outside any transaction."""

    def __init__(self) -> None:
        super().__init__()
        self.admin = self.desks["admin"]
        self.cases: list[str] = []
        self.shown: dict[str, list[tuple[datetime, CaseDetail]]] = {}
        self.lines = count(1)
        self.example = str(next(EXAMPLES))

    @initialize()
    def begin(self) -> None:
        self.create("Printer", "", [])

    def do(self, verb: AnyOperation, login: str = "admin", **call: Any) -> Any:
        """Perform it; what is refused has done nothing, and that is remembered as well."""
        try:
            done = self.desks[login].perform(verb, Call(**call))
        except Refusal:
            done = None
        self.look()
        return done

    def look(self) -> None:
        """Remember how every case is now."""
        now = self.clock.execute("SELECT clock_timestamp()").fetchone()[0]
        for number in self.cases:
            shown = self.admin.perform(Show(case=number, notes=1_000))
            seen = self.shown.setdefault(number, [])
            if not seen or seen[-1][1] != shown:
                seen.append((now, shown))

    def case(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(self.cases), label="case")

    @precondition(lambda self: len(self.cases) < 4)
    @rule(title=TEXTS, description=TEXTS, tags=TAGS)
    def create(self, title: str, description: str, tags: list[str]) -> None:
        made = self.do(Create(title=title, description=description, tags=tags, contact="rita@acme.example.com"))
        if made is not None:
            self.cases.append(made.number)
            self.look()

    @rule(data=st.data(), login=ACTORS, changes=CHANGES, dry_run=st.booleans())
    def update(self, data: st.DataObject, login: str, changes: dict[str, Any], dry_run: bool) -> None:
        self.do(Update(case=self.case(data), **changes), login, dry_run=dry_run)

    @rule(data=st.data(), login=ACTORS, status=st.sampled_from(STATUSES))
    def move(self, data: st.DataObject, login: str, status: str) -> None:
        self.do(SetStatus(case=self.case(data), status=status), login)

    @rule(data=st.data(), login=ACTORS, who=SOMEBODY)
    def assign(self, data: st.DataObject, login: str, who: str) -> None:
        self.do(Assign(case=self.case(data), assignee=who), login)

    @rule(data=st.data(), login=ACTORS, verb=st.sampled_from([Take, Close, Reopen, Delete, Restore]),
          dry_run=st.booleans())  # fmt: skip
    def perform(self, data: st.DataObject, login: str, verb: Any, dry_run: bool) -> None:
        self.do(verb(case=self.case(data)), login, dry_run=dry_run)

    @rule(data=st.data(), login=ACTORS)
    def escalate(self, data: st.DataObject, login: str) -> None:
        self.do(Escalate(case=self.case(data), reason="it burns"), login)

    @rule(data=st.data(), login=ACTORS, content=TEXTS, is_internal=st.booleans())
    def note(self, data: st.DataObject, login: str, content: str, is_internal: bool) -> None:
        self.do(AddNote(case=self.case(data), content=content, is_internal=is_internal), login)

    @rule(login=ACTORS, priority=PRIORITIES, tags=TAGS, dry_run=st.booleans())
    def bulk(self, login: str, priority: str, tags: list[str], dry_run: bool) -> None:
        self.do(BulkUpdate(cases=[*self.cases, "99"], priority=priority, add_tags=tags, dry_run=dry_run), login)

    @rule(data=st.data(), title=TEXTS, ahead=st.integers(0, 2))
    def guarded(self, data: st.DataObject, title: str, ahead: int) -> None:
        number = self.case(data)
        self.do(Update(case=number, title=title), expected_version=self.shown[number][-1][1].version + ahead)

    @rule(name=st.sampled_from("AB"), day=st.integers(1, 28), statuses=st.lists(st.sampled_from(STATUSES), min_size=1),
          priority=PRIORITIES, dry_run=st.booleans())  # fmt: skip
    def import_history(self, name: str, day: int, statuses: list[str], priority: str, dry_run: bool) -> None:
        """Lines with times of their own: what their case was seen to be since then is another past from now on."""
        external_id = f"{self.example} {name}"
        records = [
            ChangeRecord(
                line=line, line_key=f"{self.example} {line}", digest=b"%032d" % line, external_id=external_id,
                type="incident", by="walt", at=datetime(2024, 2, day, tzinfo=UTC) + timedelta(hours=hour),
                status=status, priority=priority,
            )
            for hour, (status, line) in enumerate(zip(statuses, self.lines, strict=False))
        ]  # fmt: skip
        verb = ImportChanges(source=self.example, run_id=records[0].line_key, records=records, dry_run=dry_run)
        done = self.admin.perform(verb)
        if done.imported and not dry_run:
            self.rewrite(external_id)
        self.look()

    def rewrite(self, external_id: str) -> None:
        statement = "SELECT number, changed_at FROM desk.cases WHERE external_id = %s"
        number, changed_at = self.clock.execute(statement, (external_id,)).fetchone()
        if number not in self.cases:
            self.cases.append(number)
        earlier = [seen for seen in self.shown.get(number, []) if seen[0] < changed_at]
        self.shown[number] = [*earlier, (changed_at, self.admin.perform(Show(case=number, notes=1_000)))]

    def teardown(self) -> None:
        """Every state seen is rebuilt as it was, and nothing in the audit contradicts itself or a case."""
        for number in self.cases:
            for at, seen in self.shown[number]:
                assert self.then(number, at.isoformat()) == seen
            assert self.then(number, "now") == self.shown[number][-1][1]
            self.compare(number)

    def then(self, number: str, at: str) -> CaseDetail:
        then = self.admin.perform(Show(case=number, notes=1_000, at=at))
        assert (then.redacted, then.discrepancies) == ([], [])
        return msgspec.structs.replace(then, as_of=UNSET, redacted=UNSET, discrepancies=UNSET)

    def compare(self, number: str) -> None:
        """A diff tells what differs between the first and the last that was seen."""
        (first, one), (last, other) = self.shown[number][0], self.shown[number][-1]
        found = {change.field for change in self.admin.perform(
            Diff(case=number, since=first.isoformat(), until=last.isoformat())).changes}  # fmt: skip
        plain = ("title", "description", "status", "priority", "assignee", "team", "contact", "tags", "due_at", "type")
        assert {name for name in plain if getattr(one, name) != getattr(other, name)} == found & set(plain)
        assert (one.fields != other.fields) == any(field.startswith("fields.") for field in found)


@pytest.mark.no_cover
def test_every_state_comes_out_of_the_audit_again(prepared_database: Database) -> None:
    with ExitStack() as opened:
        Work.clock = opened.enter_context(psycopg.connect(**prepared_database.superuser, autocommit=True))
        desk = LocalDesk(lambda: psycopg.connect(**prepared_database.app), Identity(tenant="acme"))
        Work.desks = {login: opened.enter_context(desk.as_user(login)) for login in PEOPLE}
        run_state_machine_as_test(
            Work,
            settings=settings(
                max_examples=40, stateful_step_count=20, derandomize=True, deadline=None, database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )  # fmt: skip
    with psycopg.connect(**prepared_database.owner) as owner:
        assert run_checks(owner, app_role="desk_app", read_role="desk_read") == []
