"""The verb `import changes` on both colours of the desk: the log's own story comes out, twice is once, rules hold."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from casectl.errors import InvalidInput, NotPermitted
from casectl.model.imports import ChangeRecord, ContactName, CreateOptions
from casectl.operations.create import Create
from casectl.operations.delete import Delete
from casectl.operations.history import History
from casectl.operations.import_changes import ImportChanges
from casectl.operations.list import ListCases
from casectl.operations.purge import Purge
from casectl.operations.role_add import AddRole
from casectl.operations.show import Show
from casectl.operations.update import Update
from casectl.operations.user_add import AddUser
from casectl.rules.import_map import read_map
from casectl.rules.import_values import record_of
from tests import incident_log as log

NOON = datetime(2020, 5, 4, 12, tzinfo=UTC)
EVERYBODY = CreateOptions(users=True, teams=True, contacts=True)


def at(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def change(line, case="A-1", **values):
    values = {"at": at(line), "by": "Ann Lee", "type": "incident", "line_key": f'["{case}","{line}"]'} | values
    return ChangeRecord(line=line, digest=bytes([line]) * 32, external_id=case, **values)


def run(desk, *records, run_id="r1", **options):
    options = {"source": "s", "create": EVERYBODY} | options
    return desk.perform(ImportChanges(run_id=run_id, records=list(records), **options))


def sample(desk, size=1000, run_id="r1"):
    """Import the sample in batches; the results."""
    found = read_map(tomllib.loads(log.MAP.read_text()), "x")
    records = [record_of(found, line, row) for line, row in log.rows_of(log.SAMPLE)]
    return [
        run(desk, *records[start : start + size], run_id=run_id, source=found.source, channel=found.channel)
        for start in range(0, len(records), size)
    ]


def outcomes(result):
    return [(outcome.line, outcome.result) for outcome in result.outcomes]


def importer(desk):
    """Somebody who imports, but reads no restricted case."""
    desk.perform(AddRole(role="Importer", rights=["case:create", "case:read", "case:read_any", "import:run"]))
    desk.perform(AddUser(login="otto", roles=["Importer"]))
    return desk.as_user("otto")


def number_of(desk):
    """The number of the case there is."""
    return desk.perform(ListCases(query=["is:all"])).items[0].number


@pytest.mark.parametrize("size", [1000, 23])
def test_the_sample_comes_out_as_its_rows_say(desk, prepared_database, size) -> None:
    results = sample(desk, size)
    rows = log.incidents(log.rows_of(log.SAMPLE))
    finals, moves, history = log.stored(prepared_database.superuser)
    assert finals == {number: log.final_of(own) for number, own in rows.items()}
    assert moves == {number: log.reassignments(own) for number, own in rows.items()}
    assert history == {number: log.audit_of(own) for number, own in rows.items()}
    assert sum(result.rows for result in results) == sum(map(len, rows.values()))
    assert sum(result.created for result in results) == len(rows)
    assert not any(result.outcomes for result in results)


def test_batches_of_any_size_and_a_second_run_make_no_difference(desk, prepared_database) -> None:
    sample(desk, 23)
    first = log.fingerprint(prepared_database.superuser)
    again = sample(desk, 1000, run_id="r2")
    assert sum(result.seen for result in again) == sum(result.rows for result in again) == 197
    assert log.fingerprint(prepared_database.superuser) == first


@pytest.mark.parametrize("size", [1000, 23])
def test_a_missing_edge_refuses_its_rows_and_blocks_those_behind(desk, prepared_database, size) -> None:
    log.without_edge(prepared_database.superuser, "new", "resolved")
    results = sample(desk, size)
    refused, blocked = log.refused_without(log.rows_of(log.SAMPLE), "new", "resolved")
    assert refused
    assert blocked
    told = {outcome.line: outcome for result in results for outcome in result.outcomes}
    assert {line for line, outcome in told.items() if outcome.result == "refused"} == set(refused)
    assert all("cannot become resolved" in told[line].reason for line in refused)
    assert {line: told[line].reason for line in told if told[line].result == "blocked"} == {
        line: f"blocked by line {blocker}" for line, blocker in blocked.items()
    }


def test_refused_lines_are_tried_again_when_the_rule_has_changed(desk, prepared_database) -> None:
    first, second = change(1, status="active"), change(2, status="closed")
    log.without_edge(prepared_database.superuser, "active", "closed")
    assert outcomes(run(desk, first, second, change(3, priority="high"))) == [(2, "refused"), (3, "blocked")]
    again = run(desk, first, second, change(3, priority="high"), run_id="r2")
    assert (again.seen, again.refused, again.blocked) == (1, 1, 1)
    mended = change(2, status="resolved")
    done = run(desk, first, mended, change(3, priority="high"), run_id="r3")
    assert (done.seen, done.imported, done.outcomes) == (1, 2, [])
    case = desk.perform(Show(case=number_of(desk)))
    assert (case.status.name, case.priority) == ("resolved", 3)


def test_a_block_holds_in_later_batches_of_its_run_only(desk) -> None:
    assert outcomes(run(desk, change(1, status="active"), change(2, status="nonsense"))) == [(2, "refused")]
    assert outcomes(run(desk, change(3, priority="high"))) == [(3, "blocked")]
    assert outcomes(run(desk, change(3, priority="high"), run_id="r2")) == []


def test_a_changed_line_is_refused_and_its_import_is_remembered(desk) -> None:
    line = change(1, status="active")
    run(desk, line)
    other = ChangeRecord(**{name: getattr(line, name) for name in line.__struct_fields__} | {"digest": b"x" * 32})
    result = run(desk, other, run_id="r2")
    assert [outcome.reason for outcome in result.outcomes] == ["it was imported before with other content"]
    assert run(desk, line, run_id="r3").seen == 1


def test_first_line_opens_in_the_initial_status_then_changes(desk) -> None:
    result = run(desk, change(1, status="resolved", opened_at=at(-5), opened_by="Opener", title="T", team="g"))
    assert (result.created, result.changes) == (1, 1)
    entries = desk.perform(History(case=number_of(desk)))
    assert [(entry.at, entry.historic) for entry in entries] == [(at(-5), True), (at(1), True)]
    assert [entry.actor for entry in entries] == ["opener", "ann-lee"]
    case = desk.perform(Show(case=number_of(desk)))
    assert (case.created_at, case.resolved_at, case.closed_at) == (at(-5), at(1), None)
    assert case.first_response_at is None


def test_times_never_run_backwards_and_that_is_told(desk) -> None:
    lines = [
        change(1, at=at(5), opened_at=at(9)), change(2, at=at(8), priority="high"), change(3, at=at(6), priority="low"),
        change(4, at=at(6), priority="low"),
    ]  # fmt: skip
    result = run(desk, *lines)
    assert (result.openings_moved, result.raised, result.unchanged) == (1, 1, 1)
    entries = desk.perform(History(case=number_of(desk)))
    assert sorted(entry.at for entry in entries) == [at(5), at(8), at(8)]
    assert run(desk, change(5, at=at(1), priority="critical")).raised == 1


def test_reopening_clears_the_stamps(desk) -> None:
    steps = ["active", "resolved", "closed", "active", "resolved"]
    run(desk, *(change(line, status=status) for line, status in enumerate(steps, 1)))
    case = desk.perform(Show(case=number_of(desk)))
    assert (case.resolved_at, case.closed_at) == (at(5), None)


REFUSED = [
    ({"status": "nonsense"}, "unknown status"),
    ({"priority": "urgent"}, "unknown priority"),
    ({"type": "incidnt"}, "no case type incidnt"),
    ({"fields": {"systm": "crm"}}, "unknown field 'systm'"),
    ({"fields": {"users_affected": "many"}}, "whole number"),
    ({"fields": {"system": "toaster"}}, "must be one of"),
    ({"title": "x" * 301}, "301 characters"),
    ({"tags": ["a b"]}, "is no tag"),
    ({"number": "12345"}, "cannot be a number"),
    ({"number": "INC-2016-123456789"}, "leave few for new cases"),
    ({"at": datetime(2199, 1, 1, tzinfo=UTC)}, "future"),
    ({"contact": ContactName(email="no address", name="x")}, "no mail address"),
    ({"refused": "it is no CSV"}, "it is no CSV"),
    ({"type": "request"}, "justification"),
    ({"assignee": "\u4e2d"}, "cannot be a login"),
]


def test_what_the_rules_refuse_is_refused_whole_and_nothing_else(desk, prepared_database) -> None:
    bad = [change(line, f"A-{line}", **values) for line, (values, _) in enumerate(REFUSED, 2)]
    result = run(desk, change(1, "B-1"), *bad, change(100, "C-1"))
    assert outcomes(result) == [(record.line, "refused") for record in bad]
    for outcome, (_, reason) in zip(result.outcomes, REFUSED, strict=True):
        assert reason in outcome.reason
    with psycopg.connect(**prepared_database.superuser) as connection:
        made = connection.execute("SELECT external_id FROM desk.cases ORDER BY id").fetchall()
    assert made == [("B-1",), ("C-1",)]


def test_nobody_is_made_unless_told_to(desk, prepared_database) -> None:
    nobody = CreateOptions()
    line = change(1, by="wanda", assignee="Walt of acme", team="L2", contact=ContactName(email=None, name="Zoe"))
    result = run(desk, line, change(2, "B-1", by="Somebody"), create=nobody)
    assert [outcome.reason for outcome in result.outcomes] == ["there is no contact Zoe", "there is no user Somebody"]
    assert result.lacking == ["contacts", "users"]
    known = change(3, by="wanda", assignee="Walt of acme", team="L2")
    done = run(desk, known, create=nobody, run_id="r2")
    assert (done.created, done.lacking) == (1, [])
    case = desk.perform(Show(case=number_of(desk)))
    assert (case.assignee.login, case.team.name) == ("walt", "l2")


def test_refused_lines_make_no_people(desk, prepared_database) -> None:
    run(desk, change(1, status="nonsense", by="Ghost", team="ghosts", contact=ContactName(email=None, name="Ghost")))
    with psycopg.connect(**prepared_database.superuser) as connection:
        found = connection.execute(
            "SELECT (SELECT count(*) FROM desk.users WHERE login = 'ghost'),"
            " (SELECT count(*) FROM desk.teams WHERE name = 'ghosts'), (SELECT count(*) FROM desk.contacts)"
        ).fetchone()
    assert found == (0, 0, 0)


def test_a_whole_case_may_come_in_any_status(desk) -> None:
    closed = change(1, "A-1", type="request", status="fulfilled", fields={"justification": "needed"})
    assert outcomes(run(desk, closed, mode="change")) == [(1, "refused")]
    assert run(desk, closed, mode="case", run_id="r2").created == 1
    case = desk.perform(Show(case=number_of(desk)))
    assert (case.status.name, case.resolved_at) == ("fulfilled", at(1))
    fields = {"product": "x", "received_on": "2020-01-01"}
    complaint = change(2, "A-2", type="complaint", status="resolved", fields=fields)
    result = run(desk, complaint, mode="case", run_id="r2")
    assert "remedy is required for resolved" in result.outcomes[0].reason


def test_a_line_may_change_the_type_of_its_case(desk, prepared_database) -> None:
    why = {"justification": "needed"}
    lines = [
        change(1), change(2, type="request"), change(3, "B-1"), change(4, "B-1", type="request", fields=why),
        change(5, "B-1", type="request", status="in progress"), change(6, "B-1", type=None, usual_type="incident"),
        change(7, "C-1", type=None, usual_type="incident"), change(8, "C-1", type="nonsense"),
        change(9, "D-1", status="active"), change(10, "D-1", type="complaint", fields={"product": "x"}),
    ]  # fmt: skip
    dry = run(desk, *lines, dry_run=True)
    result = run(desk, *lines)
    assert (dry.outcomes, dry.changes) == (result.outcomes, result.changes)
    reasons = {outcome.line: outcome.reason for outcome in result.outcomes}
    assert reasons.keys() == {2, 8, 10}
    assert "justification is required" in reasons[2]
    assert "no case type nonsense" in reasons[8]
    assert "no status for active" in reasons[10]
    (found,) = desk.perform(ListCases(query=["type:request is:all"])).items
    case = desk.perform(Show(case=found.number))
    assert (case.type.name, case.status.name, case.fields) == ("request", "in progress", why)
    moved = [entry for entry in desk.perform(History(case=case.number)) if entry.at == at(4)]
    assert ("type", "incident", "request") in [(one.field, one.before, one.after) for one in moved[0].changes]


def test_numbers_of_the_file_are_kept_and_never_taken_twice(desk) -> None:
    own = desk.perform(Create(title="Ours"))
    lines = [change(1, "A-1", number="OLD-1"), change(2, "A-2", number="old-1"), change(3, "A-3", number="OLD-3")]
    assert outcomes(run(desk, *lines)) == [(2, "refused")]
    assert desk.perform(Show(case="OLD-3")).external_id == "A-3"
    later = change(4, "A-4", number="OLD-3")
    assert "cannot be taken" in run(desk, later).outcomes[0].reason
    assert desk.perform(Create(title="Next")).number != own.number


def test_a_case_changed_meanwhile_keeps_its_order(desk) -> None:
    run(desk, change(1, status="active", number="OLD-1"))
    desk.perform(Update(case="OLD-1", priority="critical"))
    result = run(desk, change(2, team="l1"))
    assert (result.changes, result.raised) == (1, 1)
    desk.perform(Delete(case="OLD-1"))
    assert "in the trash" in run(desk, change(3, team="l2")).outcomes[0].reason


def test_a_dry_run_tells_the_same_and_writes_nothing(desk, prepared_database) -> None:
    log.without_edge(prepared_database.superuser, "new", "resolved")
    found = read_map(tomllib.loads(log.MAP.read_text()), "x")
    records = [record_of(found, line, row) for line, row in log.rows_of(log.SAMPLE)]
    before = log.fingerprint(prepared_database.superuser)
    carried: dict[str, bytes] = {}
    dry = []
    for start in range(0, len(records), 23):
        part = records[start : start + 23]
        result = run(desk, *part, source=found.source, channel=found.channel, dry_run=True, carried=carried)
        carried |= result.carried
        dry.append(result)
    assert log.fingerprint(prepared_database.superuser) == before
    real = sample(desk, 23)
    for name in ("created", "changes", "unchanged", "refused", "blocked", "raised", "openings_moved"):
        assert sum(getattr(result, name) for result in dry) == sum(getattr(result, name) for result in real), name
    assert [result.outcomes for result in dry] == [result.outcomes for result in real]


def test_import_needs_its_right_and_has_a_limit(desk) -> None:
    for login in ("wanda", "rita", "apic"):
        with pytest.raises(NotPermitted):
            run(desk.as_user(login), change(1))
    with pytest.raises(InvalidInput, match=r"at most 1,?000"):
        run(desk, *(change(1, f"A-{case}") for case in range(1001)))


def test_tenants_do_not_see_each_others_lines(desk) -> None:
    run(desk, change(1, number="OLD-1"))
    other = desk.as_user("admin", "globex")
    assert run(other, change(1, number="OLD-1")).created == 1


@pytest.mark.parametrize("dry_run", [True, False])
def test_hole_a_hidden_case_refused_a_whole_batch_and_told_that_it_exists(desk, dry_run) -> None:
    """One whose number or external id is a restricted case's is refused like any bad line, the others come in."""
    desk.perform(Create(title="secret", channel="import", external_id="A-1", is_restricted=True))
    number = number_of(desk)
    gone = desk.perform(Create(title="gone for good", is_restricted=True)).number
    desk.perform(Delete(case=gone))
    desk.perform(Purge(cases=[gone], confirm=[gone]))
    lines = [
        change(1, status="active", by="otto"), change(2, status="resolved", by="otto"), change(3, "B-1", by="otto"),
        change(4, "B-2", number=number, by="otto"), change(5, "B-3", number=f" {number.lower()} ", by="otto"),
        change(6, "B-4", number=gone, by="otto"), change(7, "B-5", number="OLD-1", by="otto"),
        change(8, "B-6", number="OLD-1", by="otto"),
    ]  # fmt: skip
    told = run(importer(desk), *lines, create=CreateOptions(), dry_run=dry_run)
    assert [(one.line, one.reason) for one in told.outcomes] == [
        (1, "the external id A-1 of the channel import cannot be taken"), (2, "blocked by line 1"),
        (4, f"the number {number} cannot be taken"), (5, f"the number {number.lower()} cannot be taken"),
        (6, f"the number {gone} cannot be taken"), (8, "the number OLD-1 cannot be taken"),
    ]  # fmt: skip
    assert told.created == 2
    assert desk.perform(Show(case=number)).status.name == "new"
    assert len(desk.perform(ListCases(query=["is:all"])).items) == (1 if dry_run else 3)


@pytest.mark.parametrize("dry_run", [True, False])
def test_who_reads_his_own_cases_only_imports_none(desk, dry_run) -> None:
    """He is told which right he lacks, and not by a dry run which external ids others have."""
    desk.perform(AddRole(role="Importer", rights=["case:create", "case:read", "import:run"]))
    desk.perform(AddUser(login="otto", roles=["Importer"]))
    with pytest.raises(NotPermitted, match="case:read_any"):
        run(desk.as_user("otto"), change(1, by="otto"), create=CreateOptions(), dry_run=dry_run)
