"""What accompanies a verb: idempotency key, expected version, dry run, request id, times of the past, retries."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from casectl.errors import Conflict, IdempotencyConflict, NotAllowed, NotFound, NotPermitted, VersionConflict
from casectl.operation import Operation
from casectl.operations.bulk_update import BulkUpdate
from casectl.operations.create import Create
from casectl.operations.history import History
from casectl.operations.list import ListCases
from casectl.operations.note import AddNote
from casectl.operations.show import Show
from casectl.operations.take import Take
from casectl.operations.update import Update

EVERYTHING = ListCases(query=["is:all"], limit=500)


def at_once(*acts: Any) -> list[Any]:
    """Run the functions in threads of their own, begun together; results or refusals in their order."""
    barrier, answers = threading.Barrier(len(acts)), [None] * len(acts)

    def run(place: int, act: Any) -> None:
        barrier.wait(10)
        try:
            answers[place] = act()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            answers[place] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return answers


def titles(desk: Any) -> list[str]:
    return sorted(case.title for case in desk.perform(EVERYTHING).items)


def test_a_key_gives_the_same_answer_and_one_case(desk: Any) -> None:
    wish = Create(title="Once", contact="ada@example.com", tags=["vip"])
    first = desk.perform(wish, idempotency_key="k-1")
    again = desk.perform(wish, idempotency_key="k-1")
    assert again == first
    assert titles(desk) == ["Once"]
    assert len(desk.perform(History(case=first.number))) == 1


def test_the_kept_answer_is_the_first_one_even_when_the_case_went_on(desk: Any) -> None:
    made = desk.perform(Create(title="Once"), idempotency_key="k-1")
    desk.perform(Update(case=made.number, title="Renamed"))
    assert desk.perform(Create(title="Once"), idempotency_key="k-1") == made


def test_a_key_with_another_body_or_verb_is_refused(desk: Any) -> None:
    made = desk.perform(Create(title="Once"), idempotency_key="k-1")
    for other in (Create(title="Twice"), Take(case=made.number)):
        with pytest.raises(IdempotencyConflict, match="k-1"):
            desk.perform(other, idempotency_key="k-1")
    assert titles(desk) == ["Once"]
    assert desk.perform(Show(case=made.number)).assignee is None


def test_keys_are_the_actors_own(desk: Any) -> None:
    mine = desk.perform(Create(title="Mine"), idempotency_key="k-1")
    theirs = desk.as_user("wanda").perform(Create(title="Hers"), idempotency_key="k-1")
    elsewhere = desk.as_user("admin", "globex").perform(Create(title="Theirs"), idempotency_key="k-1")
    assert mine.number != theirs.number
    assert elsewhere.title == "Theirs"
    assert titles(desk) == ["Hers", "Mine"]


def test_two_callers_at_once_make_one_case(desk: Any) -> None:
    callers = [desk.as_user("wanda") for _ in range(2)]
    wish = Create(title="Once")
    answers = at_once(*[lambda caller=caller: caller.perform(wish, idempotency_key="k-1") for caller in callers])
    assert answers[0] == answers[1]
    assert titles(desk) == ["Once"]


def test_a_refused_first_attempt_leaves_the_key_free(desk: Any) -> None:
    with pytest.raises(NotFound):
        desk.perform(Create(title="Once", type="no such type"), idempotency_key="k-1")
    made = desk.perform(Create(title="Once"), idempotency_key="k-1")
    assert desk.perform(Create(title="Once"), idempotency_key="k-1") == made


def test_a_dry_run_keeps_no_answer(desk: Any) -> None:
    desk.perform(Create(title="Tried"), idempotency_key="k-1", dry_run=True)
    assert desk.perform(Create(title="Done"), idempotency_key="k-1").title == "Done"


def test_a_key_serves_one_day(desk: Any, prepared_database: Any) -> None:
    desk.perform(Create(title="Old"), idempotency_key="k-1")
    with psycopg.connect(**prepared_database.owner) as owner:
        owner.execute("UPDATE idempotency_keys SET created_at = created_at - interval '25 hours'")
    assert desk.perform(Create(title="New"), idempotency_key="k-1").title == "New"


def test_an_expected_version_must_be_the_cases(desk: Any) -> None:
    made = desk.perform(Create(title="Mine"))
    changed = desk.perform(Update(case=made.number, title="Changed"), expected_version=made.version)
    with pytest.raises(VersionConflict) as refusal:
        desk.perform(Update(case=made.number, title="Lost"), expected_version=made.version)
    assert f"{changed.version}" in refusal.value.message
    assert f"{made.version}" in refusal.value.message
    assert desk.perform(Show(case=made.number)).title == "Changed"


def test_a_dry_run_shows_the_result_and_writes_nothing(desk: Any) -> None:
    made = desk.perform(Create(title="There"))
    shown = desk.perform(Update(case=made.number, title="Elsewhere", priority="critical"), dry_run=True)
    noted = desk.perform(AddNote(case=made.number, content="never"), dry_run=True)
    assert (shown.title, shown.version) == ("Elsewhere", made.version + 1)
    assert noted.content == "never"
    now = desk.perform(Show(case=made.number))
    assert (now.title, now.version, now.notes) == ("There", made.version, [])
    assert len(desk.perform(History(case=made.number))) == 1


def test_a_dry_run_takes_no_number(desk: Any) -> None:
    tried = desk.perform(Create(title="Tried"), dry_run=True)
    made = desk.perform(Create(title="Made"))
    assert (tried.id, tried.number) == (made.id, made.number)
    assert titles(desk) == ["Made"]


def test_the_request_id_stands_in_the_history(desk: Any) -> None:
    made = desk.perform(Create(title="Traced"), request_id="req-7")
    desk.perform(Update(case=made.number, title="Traced on"))
    first, second = desk.perform(History(case=made.number))
    assert first.request_id == "req-7"
    assert second.request_id not in ("", "req-7")


def test_the_past_needs_the_right_to_import(desk: Any) -> None:
    then = datetime(2024, 5, 6, 7, 8, tzinfo=UTC)
    with pytest.raises(NotPermitted, match="import:run"):
        desk.as_user("wanda").perform(Create(title="Backdated"), historic_at=then)
    with pytest.raises(NotPermitted, match="import:run"):
        desk.as_user("wanda").perform(Create(title="Backdated"), historic_actor=1)
    assert titles(desk) == []
    made = desk.perform(Create(title="Backdated"), historic_at=then)
    assert made.created_at == then
    assert desk.perform(History(case=made.number))[0].at == then


def test_a_back_dated_change_is_not_older_than_the_newest(desk: Any) -> None:
    then = datetime(2024, 5, 6, 7, 8, tzinfo=UTC)
    made = desk.perform(Create(title="Backdated"), historic_at=then)
    later = desk.perform(Update(case=made.number, priority="high"), historic_at=then + timedelta(days=2))
    assert later.updated_at == then + timedelta(days=2)
    for verb in (Update(case=made.number, title="Slipped in"), BulkUpdate(cases=[made.number], priority="low")):
        with pytest.raises(NotAllowed, match="has changed since"):
            desk.perform(verb, historic_at=then + timedelta(days=1))
    assert len(desk.perform(History(case=made.number))) == 2


def test_two_who_take_a_case_at_once(desk: Any) -> None:
    made = desk.perform(Create(title="Wanted"))
    takers = [desk.as_user(login) for login in ("wanda", "walt")]
    answers = at_once(*[lambda taker=taker: taker.perform(Take(case=made.number)) for taker in takers])
    won = [answer for answer in answers if not isinstance(answer, Exception)]
    lost = [answer for answer in answers if isinstance(answer, Conflict)]
    assert len(won) == len(lost) == 1
    holder = won[0].assignee.login
    assert holder in lost[0].message
    assert desk.perform(Show(case=made.number)).assignee.login == holder
    assert len(desk.perform(History(case=made.number))) == 2


class Contend(Operation[int], frozen=True, kw_only=True):
    """Fails as Postgres does when transactions get into each other's way, as often as `attempts` has entries left."""

    name, right = "contend", "case:create"
    attempts: list[str]

    async def run(self, unit: Any) -> int:
        await unit.perform(Create(title="Contended"))
        if self.attempts:
            code = self.attempts.pop()
            await unit.context.sql.run(f"DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '{code}'; END $$")
        return len(self.attempts)


@pytest.mark.parametrize("code", ["40001", "40P01"])
def test_what_got_in_each_others_way_is_tried_again(desk: Any, code: str) -> None:
    assert desk.perform(Contend(attempts=[code] * 3)) == 0
    assert titles(desk) == ["Contended"]


def test_after_three_retries_it_is_told(desk: Any) -> None:
    with pytest.raises(Conflict):
        desk.perform(Contend(attempts=["40001"] * 4))
    assert titles(desk) == []
    assert desk.perform(Create(title="Next")).title == "Next"


def test_two_writers_of_two_cases_in_opposite_order(desk: Any) -> None:
    """A real deadlock: each holds the case that the other wants; one is tried again, both succeed."""
    cases = [desk.perform(Create(title=f"Case {number}")).number for number in (1, 2)]
    met = threading.Barrier(2)
    writers = [desk.as_user("admin") for _ in cases]
    orders = (cases, cases[::-1])
    answers = at_once(*[
        lambda writer=writer, order=order: writer.perform(Both(cases=order, met=[met]))
        for writer, order in zip(writers, orders, strict=True)
    ])  # fmt: skip
    assert answers == [None, None]
    assert [desk.perform(Show(case=number)).version for number in cases] == [3, 3]


class Both(Operation[None], frozen=True, kw_only=True):
    """Change two cases, having met the other writer once in between."""

    name, right = "both", "case:update"
    cases: list[str]
    met: list[Any]

    async def run(self, unit: Any) -> None:
        for place, number in enumerate(self.cases):
            if place and self.met:
                self.met.pop().wait(10)
            await unit.perform(Update(case=number, add_tags=[f"first-{self.cases[0]}"]))


def test_answers_that_are_a_day_old_go_with_somebodys_write(
    desk: Any, prepared_database: Any, monkeypatch: Any
) -> None:
    from casectl.store import outbox

    def keys() -> list[str]:
        with psycopg.connect(**prepared_database.owner) as owner:
            rows = owner.execute("SELECT key FROM idempotency_keys WHERE key ~ '^mine' OR key ~ E'\\nmine'")
            return sorted(row[0].rpartition("\n")[2] for row in rows)  # a program's name stands before its keys

    desk.as_user("wanda").perform(Create(title="Old"), idempotency_key="mine-old")
    desk.as_user("admin", "globex").perform(Create(title="Theirs"), idempotency_key="mine-globex")
    with psycopg.connect(**prepared_database.owner) as owner:
        owner.execute("UPDATE idempotency_keys SET created_at = created_at - interval '25 hours'")
    monkeypatch.setattr(outbox, "_next_look", {})
    desk.as_user("rita").perform(Create(title="New"), idempotency_key="mine-new")
    assert keys() == ["mine-globex", "mine-new"]


def test_old_rows_of_the_outbox_go_with_a_write(desk: Any, prepared_database: Any, monkeypatch: Any) -> None:
    from casectl.store import outbox

    monkeypatch.setattr(outbox, "_next_look", {})
    monkeypatch.setattr(outbox, "MOST_ROWS", 2)
    made = desk.perform(Create(title="Noisy"))
    for number in range(4):
        desk.perform(AddNote(case=made.number, content=f"n{number}"))
    theirs = desk.as_user("admin", "globex").perform(Create(title="Theirs"))
    with psycopg.connect(**prepared_database.owner) as owner:
        owner.execute("UPDATE outbox SET created_at = now() - interval '29 days' WHERE object = 'case'")
        owner.execute("UPDATE outbox SET created_at = now() - interval '31 days' WHERE object = 'note'")
    monkeypatch.setattr(outbox, "_next_look", {})
    left = []
    for _ in range(4):
        desk.perform(Update(case=made.number, add_tags=[f"t{len(left)}"]))
        left.append(rows_of_notes(prepared_database))
    assert left == [2, 0, 0, 0]
    with psycopg.connect(**prepared_database.owner) as owner:
        kept = owner.execute("SELECT DISTINCT tenant_id, object, case_id FROM outbox ORDER BY 1").fetchall()
        changes = owner.execute("SELECT count(*) FROM audit WHERE case_id > 0 AND object = 'case'").fetchone()
        rows = owner.execute("SELECT count(*) FROM outbox").fetchone()
    assert kept == [(1, "case", made.id), (2, "case", theirs.id)]
    assert rows == changes


def rows_of_notes(database: Any) -> int:
    with psycopg.connect(**database.owner) as owner:
        row = owner.execute("SELECT count(*) FROM outbox WHERE object = 'note'").fetchone()
    return int(row[0]) if row else -1


@pytest.mark.parametrize("how", ["read", "dry run", "reporter", "looked lately"])
def test_the_outbox_is_left_alone(desk: Any, prepared_database: Any, monkeypatch: Any, how: str) -> None:
    from casectl.store import outbox

    made = desk.perform(Create(title="Noisy"))
    desk.perform(AddNote(case=made.number, content="n"))
    with psycopg.connect(**prepared_database.owner) as owner:
        owner.execute("UPDATE outbox SET created_at = now() - interval '31 days'")
    if how != "looked lately":
        monkeypatch.setattr(outbox, "_next_look", {})
    match how:
        case "read":
            desk.perform(Show(case=made.number))
        case "dry run":
            desk.perform(Update(case=made.number, title="x"), dry_run=True)
            monkeypatch.setattr(outbox, "_next_look", {1: float("inf")})
        case "reporter":
            desk.as_user("rita").perform(Create(title="Hers"))
        case _:
            desk.perform(Create(title="Soon after"))
    assert rows_of_notes(prepared_database) == 1
