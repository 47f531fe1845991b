"""The trash: what is in it, who put it there, who sees it, and what a purge leaves of it."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import psycopg
import pytest
from psycopg import sql

from casectl.errors import Conflict, Gone, InvalidInput, NotAllowed, NotFound, NotPermitted, VersionConflict
from casectl.model.imports import ChangeRecord, CreateOptions
from casectl.operations.actions import Actions
from casectl.operations.bulk_update import BulkUpdate
from casectl.operations.create import Create
from casectl.operations.delete import Delete
from casectl.operations.events import Events
from casectl.operations.history import History
from casectl.operations.import_changes import ImportChanges
from casectl.operations.job_cancel import CancelJob
from casectl.operations.job_show import ShowJob
from casectl.operations.job_start import StartJob
from casectl.operations.list import ListCases
from casectl.operations.note import AddNote
from casectl.operations.purge import Purge
from casectl.operations.restore import Restore
from casectl.operations.search import Search
from casectl.operations.show import Show
from casectl.operations.team_deactivate import DeactivateTeam
from casectl.operations.trash_list import ListTrash
from casectl.operations.type_change import ChangeType
from casectl.operations.type_migrate import MigrateType
from casectl.operations.type_show import ShowType
from casectl.operations.update import Update
from casectl.operations.user_deactivate import DeactivateUser
from casectl.store.binaries import wheel_binaries
from casectl.store.checks import run_checks

if TYPE_CHECKING:
    from tests.conftest import Database

CANARY = "quetzalcoatl"


def trashed(desk: Any, title: str = "gone", **fields: Any) -> Any:
    """A new case in the trash."""
    return desk.perform(Delete(case=desk.perform(Create(title=title, **fields)).number))


def purge(desk: Any, *cases: Any, **call: Any) -> Any:
    """Purge cases and say it twice."""
    numbers = [case.number for case in cases]
    return desk.perform(Purge(cases=numbers, confirm=numbers), **call)


def telling_case(desk: Any, word: str = CANARY) -> Any:
    """A deleted case with the word in everything that people write into a case, after some changes."""
    case = desk.perform(
        Create(title=f"{word} one", description=f"about {word}", tags=[word], fields={"system": "crm"},
               external_id=f"X-{word}", channel="mail"),
        idempotency_key="the-creation",
    )  # fmt: skip
    number = case.number
    desk.perform(Update(case=number, title=f"{word} two", description=f"more {word}", fields={"system": "erp"},
                        add_tags=[f"{word}-tag"]))  # fmt: skip
    desk.perform(AddNote(case=number, content=f"a note on {word}"), idempotency_key="the-note")
    desk.perform(AddNote(case=number, content=f"{word} within", is_internal=True))
    job = desk.perform(StartJob(bulk_update={"cases": [number.lower()], "add_tags": [f"{word}-job"]}))
    if desk.perform(ShowJob(job=str(job.id))).finished_at is None:
        end(desk, job)
    return desk.perform(Delete(case=number))


def end(desk: Any, job: Any) -> None:
    """Cancel a job, unless a server has done it meanwhile."""
    try:
        desk.perform(CancelJob(job=str(job.id)))
    except NotAllowed:
        return


def places(database: Database, word: str) -> set[str]:
    """Every table that still holds the word somewhere, in text, JSON, arrays, words of the search or bytes."""
    found = set()
    with psycopg.connect(**database.superuser) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'desk'").fetchall()
        for (table,) in tables:
            statement = sql.SQL("SELECT count(*) FROM desk.{} t WHERE strpos(lower(t::text), %s) > 0 "
                                "OR strpos(lower(t::text), %s) > 0").format(sql.Identifier(table))  # fmt: skip
            rows = connection.execute(statement, (word, word.encode().hex())).fetchone()
            if rows and rows[0]:
                found.add(table)
    dump = subprocess.run(
        [wheel_binaries().folder / "pg_dump", "--no-password", "--host", database.superuser["host"], "--port",
         str(database.superuser["port"]), "--username", database.superuser["user"], database.name],
        capture_output=True, text=True, check=True, env={"PGPASSWORD": database.superuser.get("password", "")},
    )  # fmt: skip
    return found | ({"the dump"} if word in dump.stdout.lower() else set())


def findings(database: Database) -> list[str]:
    """What `casectl db check` finds."""
    with psycopg.connect(**database.owner) as connection:
        return [found.message for found in run_checks(connection, app_role="desk_app", read_role="desk_read")]


def age(database: Database, number: str, days: int) -> None:
    """Let a case have been in the trash for so many days."""
    with psycopg.connect(**database.superuser) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "UPDATE desk.cases SET deleted_at = now() - make_interval(days => %s) WHERE tenant_id = 1 AND number = %s",
            (days, number),
        )


def test_the_trash_tells_who_and_when(desk: Any) -> None:
    first, second = trashed(desk, "first"), trashed(desk, "second")
    desk.perform(Create(title="alive"))
    page = desk.perform(ListTrash())
    assert [(one.number, one.title) for one in page.items] == [(second.number, "second"), (first.number, "first")]
    assert page.items[0].deleted_by.login == "admin"
    assert page.items[0].deleted_at == second.deleted_at
    assert page.next is None
    shown = desk.perform(Show(case=first.number))
    assert (shown.deleted_by.login, shown.deleted_at) == ("admin", first.deleted_at)
    desk.perform(Restore(case=first.number))
    assert [one.number for one in desk.perform(ListTrash()).items] == [second.number]
    assert desk.perform(Show(case=first.number)).deleted_by is None


def test_the_trash_has_pages(desk: Any) -> None:
    numbers = [trashed(desk, f"case {at}").number for at in range(5)]
    found, cursor = [], None
    while True:
        page = desk.perform(ListTrash(limit=2, **({"cursor": cursor} if cursor else {})))
        found += [one.number for one in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert found == numbers[::-1]
    with pytest.raises(InvalidInput, match="cursor"):
        desk.perform(ListTrash(cursor=desk.perform(ListCases(limit=1, query=["is:deleted"])).next or "x"))
    for wrong in (ListTrash(limit=0), ListTrash(limit=501), ListTrash(older_than="long")):
        with pytest.raises(InvalidInput):
            desk.perform(wrong)


def test_the_trash_by_age(desk: Any, prepared_database: Database) -> None:
    old, new = trashed(desk, "old"), trashed(desk, "new")
    age(prepared_database, old.number, 31)
    assert [one.number for one in desk.perform(ListTrash(older_than="30d")).items] == [old.number]
    assert {one.number for one in desk.perform(ListTrash()).items} == {old.number, new.number}


def test_who_sees_the_trash(desk: Any) -> None:
    """Who reads the tenant's cases sees those in the trash, but restricted ones; a Reporter's own are gone to him."""
    secret = trashed(desk, "secret", is_restricted=True)
    own = desk.perform(Create(title="rita's kumquat", contact="rita@acme.example.com"))
    rita, wanda = desk.as_user("rita"), desk.as_user("wanda")
    start = rita.perform(Events()).next
    assert rita.perform(Show(case=own.number)).title == "rita's kumquat"
    desk.perform(Delete(case=own.number))
    assert [one.number for one in wanda.perform(ListTrash()).items] == [own.number]
    assert wanda.perform(Show(case=own.number)).deleted_by.login == "admin"
    with pytest.raises(NotPermitted, match="case:read_any"):
        rita.perform(ListTrash())
    for query in (["is:deleted"], ["is:all"], [f"number:{own.number}"]):
        assert rita.perform(ListCases(query=query)).items == []
    assert rita.perform(Search(query=["kumquat", "is:deleted"])).items == []
    for look in (Show(case=own.number), Show(case=str(own.id)), History(case=own.number), Actions(case=own.number),
                 AddNote(case=own.number, content="?")):  # fmt: skip
        with pytest.raises(NotFound):
            rita.perform(look)
    assert rita.perform(Events(after=start)).items == []
    assert secret.number in {one.number for one in desk.perform(ListTrash()).items}
    desk.perform(Restore(case=own.number))
    assert rita.perform(Show(case=own.number)).title == "rita's kumquat"


def test_a_purge_leaves_nothing(desk: Any, prepared_database: Database) -> None:
    """The word is nowhere in the database, in no dump of it; another case with another word is as it was."""
    other = desk.perform(Create(title="axolotl", description="axolotl"))
    desk.perform(AddNote(case=other.number, content="axolotl"))
    elsewhere = desk.as_user("admin", "globex").perform(Create(title="axolotl of globex"))
    case = telling_case(desk)
    before = places(prepared_database, "axolotl")
    assert {"cases", "notes", "audit", "case_search", "case_tags", "idempotency_keys", "jobs", "the dump"} <= places(
        prepared_database, CANARY
    )
    result = purge(desk, case, idempotency_key="the-purge")
    assert (result.purged, result.more, result.dry_run) == (1, False, False)
    assert (result.numbers, result.cases) == ([case.number], [])
    assert places(prepared_database, CANARY) == set()
    assert places(prepared_database, "axolotl") == before
    assert findings(prepared_database) == []
    assert desk.as_user("admin", "globex").perform(Show(case=elsewhere.number)).title == "axolotl of globex"
    assert desk.perform(Purge(cases=[case.number], confirm=[case.number]), idempotency_key="the-purge") == result


def with_words(desk: Any, name: str, kind: str) -> None:
    """Give a case type the field `words`."""
    form = desk.perform(ShowType(type=name)).form_schema
    fields = form["properties"] | {"words": {"type": kind}}
    desk.perform(ChangeType(type=name, form_schema=form | {"properties": fields, "required": []}))


def test_hole_the_answers_of_bulks_told_of_a_purged_case_for_a_day(desk: Any, prepared_database: Database) -> None:
    """Why a bulk-update or a type migrate refused a case may hold what was meant for it; other answers are kept."""
    with_words(desk, "incident", "string")
    case = desk.perform(Create(title="x", fields={"words": CANARY}))
    other = desk.perform(Create(title="y"))
    with_words(desk, "incident", "integer")
    bulk = BulkUpdate(cases=[case.number.lower()], fields={"users_affected": CANARY})
    verbs = {"bulk": bulk, "step": MigrateType(type="incident")}
    for key, verb in verbs.items():
        assert case.number in {one.number for one in desk.perform(verb, idempotency_key=key).outcomes if one.message}
    assert "idempotency_keys" in places(prepared_database, CANARY)
    without = BulkUpdate(cases=[other.number], priority="high")
    kept = desk.perform(without, idempotency_key="without")
    purge(desk, desk.perform(Delete(case=case.number)))
    assert places(prepared_database, CANARY) == set()
    for key, verb in verbs.items():
        with pytest.raises(Gone, match="has been purged since"):
            desk.perform(verb, idempotency_key=key)
    assert desk.perform(without, idempotency_key="without") == kept


def test_a_purged_case_is_gone_by_every_path(desk: Any) -> None:
    case = telling_case(desk)
    start = desk.perform(Events()).next
    purge(desk, case)
    for look in (Show(case=case.number), Show(case=str(case.id)), Actions(case=case.number.lower()),
                 Update(case=case.number, priority="high"), Restore(case=case.number), Delete(case=case.number),
                 AddNote(case=case.number, content="x"), Create(title="child", parent=case.number),
                 Purge(cases=[case.number], confirm=[case.number])):  # fmt: skip
        with pytest.raises(Gone) as told:
            desk.perform(look)
        assert told.value.message.startswith(f"{case.number} was purged by admin on ")
        assert told.value.hint.startswith(f"casectl history {case.number}")
    assert desk.perform(BulkUpdate(cases=[case.number], priority="high")).outcomes[0].code == "not_found"
    for query in (["is:all"], ["is:deleted"], [f"id:{case.id}"]):
        assert desk.perform(ListCases(query=query)).items == []
    assert desk.perform(Search(query=[CANARY, "is:deleted"])).items == []
    assert desk.perform(ListTrash()).items == []
    assert [(one.name, one.case.number) for one in desk.perform(Events(after=start)).items] == [
        ("case.purged", case.number)
    ]


def test_what_history_tells_of_a_purged_case(desk: Any) -> None:
    case = telling_case(desk)
    before = desk.perform(History(case=case.number))
    purge(desk, case)
    after = desk.perform(History(case=case.number.lower()))
    facts = [(one.at, one.actor, one.operation, one.object, one.action) for one in after]
    assert facts[: len(before)] == [(one.at, one.actor, one.operation, one.object, one.action) for one in before]
    assert all(one.redacted and not one.changes for one in after)
    assert not any(one.redacted for one in before)
    assert (after[-1].operation, after[-1].actor) == ("purge", "admin")
    assert ("case", "delete") in {(one.object, one.action) for one in after[len(before) :]}
    assert len(desk.as_user("wanda").perform(History(case=case.number))) == len(after)
    with pytest.raises(NotFound):
        desk.as_user("rita").perform(History(case=case.number))


def test_whom_a_purged_case_is_told(desk: Any) -> None:
    """A restricted one only to who may read restricted cases; a Reporter hears of none, not even of his own."""
    secret = trashed(desk, "secret", is_restricted=True)
    own = trashed(desk, "rita's", contact="rita@acme.example.com")
    start = desk.perform(Events()).next
    purge(desk, secret, own)
    for login, told in (("admin", [secret.number, own.number]), ("wanda", [own.number]), ("rita", [])):
        assert [one.case.number for one in desk.as_user(login).perform(Events(after=start)).items] == told
    with pytest.raises(Gone):
        desk.perform(Show(case=secret.number))
    with pytest.raises(Gone):
        desk.as_user("wanda").perform(Show(case=own.number))
    for login, tenant, number in (("wanda", "acme", secret.number), ("rita", "acme", own.number)):
        for look in (Show(case=number), History(case=number)):
            with pytest.raises(NotFound):
                desk.as_user(login, tenant).perform(look)
    with pytest.raises(NotFound):
        desk.as_user("admin", "globex").perform(Show(case=own.number))


def test_only_what_is_in_the_trash(desk: Any) -> None:
    alive, dead = desk.perform(Create(title="alive")), trashed(desk)
    with pytest.raises(NotAllowed, match=f"^{alive.number} is not in the trash"):
        purge(desk, alive, dead)
    with pytest.raises(NotFound, match="INC-1999-00001"):
        desk.perform(Purge(cases=[dead.number, "INC-1999-00001"], confirm=["2"]))
    assert [one.number for one in desk.perform(ListTrash()).items] == [dead.number]
    assert desk.perform(Show(case=alive.number)).title == "alive"


def test_it_has_to_be_said_twice(desk: Any) -> None:
    case, second = trashed(desk), trashed(desk)
    said = (["yes"], ["1"], [second.number], [case.number, second.number])
    for wrong, code in (([], "confirm"), *((words, "unconfirmed") for words in said)):
        with pytest.raises(InvalidInput) as refused:
            desk.perform(Purge(cases=[case.number], confirm=wrong))
        assert [(one.pointer, one.code, one.allowed) for one in refused.value.problems] == [
            ("/confirm", code, [case.number])
        ]
        assert refused.value.hint == f"casectl purge {case.number} --confirm {case.number}"
    both = [case.number, second.number]
    for wrong in ([], ["3"], [case.number], ["all"]):
        with pytest.raises(InvalidInput, match="their count confirms it"):
            desk.perform(Purge(cases=both, confirm=wrong))
    assert len(desk.perform(ListTrash()).items) == 2
    assert desk.perform(Purge(cases=[case.number], confirm=[f" {case.number.lower()}"])).purged == 1
    third = trashed(desk)
    assert desk.perform(Purge(cases=[second.number, third.number], confirm=["2"])).purged == 2


@pytest.mark.parametrize("fields", [{}, {"cases": ["INC-2026-00001"], "older_than": "1d"}, {"older_than": "ages"}])
def test_what_to_purge_has_to_be_said(desk: Any, fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        desk.perform(Purge(**fields, confirm=["1"]))


def test_too_many_at_once(desk: Any) -> None:
    with pytest.raises(InvalidInput, match="1,001 cases were given"):
        desk.perform(Purge(cases=["INC-2026-00001..INC-2026-01001"], confirm=["1001"]))


def test_a_dry_run_tells_what_would_go(desk: Any) -> None:
    case = trashed(desk, "look")
    told = desk.perform(Purge(cases=[case.number]), dry_run=True)
    assert (told.purged, told.dry_run) == (1, True)
    assert [(one.number, one.title, one.deleted_by.login) for one in told.cases] == [(case.number, "look", "admin")]
    assert desk.perform(Restore(case=case.number)).title == "look"


def test_by_age(desk: Any, prepared_database: Database) -> None:
    old, older, new = trashed(desk), trashed(desk), trashed(desk)
    age(prepared_database, old.number, 31)
    age(prepared_database, older.number, 40)
    for wrong in ([], ["2"], ["31d"]):
        with pytest.raises(InvalidInput, match="the age confirms it") as refused:
            desk.perform(Purge(older_than="30d", confirm=wrong))
        assert refused.value.hint == "casectl purge --older-than 30d --confirm 30d"
    assert [one.number for one in desk.perform(Purge(older_than="30d"), dry_run=True).cases] == [
        older.number, old.number,
    ]  # fmt: skip
    assert desk.perform(Purge(older_than="30d", confirm=["30d"])).purged == 2
    again = desk.perform(Purge(older_than="30d", confirm=["30d"]))
    assert (again.purged, again.numbers, again.more) == (0, [], False)
    assert [one.number for one in desk.perform(ListTrash()).items] == [new.number]


def test_who_may(desk: Any) -> None:
    case = trashed(desk, contact="rita@acme.example.com")
    for login in ("wanda", "walt", "rita", "apic"):
        with pytest.raises(NotPermitted, match="case:purge"):
            purge(desk.as_user(login), case)
    with pytest.raises(NotFound):
        purge(desk.as_user("admin", "globex"), case)
    assert [one.number for one in desk.perform(ListTrash()).items] == [case.number]


def test_never_in_another_s_name_or_at_another_time(desk: Any) -> None:
    case = trashed(desk)
    for past in ({"historic_at": datetime(2020, 1, 1, tzinfo=UTC)}, {"historic_actor": 2}):
        if desk.colour != "remote":  # which has no way to say so
            with pytest.raises(NotPermitted, match="cases are erased in one's own name and now"):
                purge(desk, case, **past)


def test_a_version_may_be_expected(desk: Any) -> None:
    case = trashed(desk)
    if desk.colour != "remote":  # a server takes a version with the address of one case
        with pytest.raises(VersionConflict):
            purge(desk, case, expected_version=case.version - 1)
        assert purge(desk, case, expected_version=case.version).purged == 1


def test_children_lose_their_parent(desk: Any) -> None:
    parent = desk.perform(Create(title="parent"))
    child = desk.perform(Create(title="child", parent=parent.number))
    lost = trashed(desk, "deleted child", parent=parent.number)
    desk.perform(Delete(case=parent.number))
    purge(desk, parent)
    after = desk.perform(Show(case=child.number))
    assert (after.parent, after.version) == (None, child.version + 1)
    entry = desk.perform(History(case=child.number))[-1]
    assert (entry.operation, entry.actor, entry.redacted) == ("purge", "admin", False)
    assert [(one.field, one.after) for one in entry.changes] == [("parent", None)]
    assert desk.perform(Show(case=lost.number)).deleted_by.login == "admin"
    assert desk.perform(ListCases(query=[f"parent:{parent.number}", "is:all"])).items == []


def test_parent_and_child_go_together(desk: Any, prepared_database: Database) -> None:
    parent = desk.perform(Create(title="parent"))
    child = trashed(desk, "child", parent=parent.number)
    parent = desk.perform(Delete(case=parent.number))
    assert purge(desk, parent, child).purged == 2
    assert findings(prepared_database) == []


def test_a_job_that_still_works_on_it(desk: Any, prepared_database: Database) -> None:
    """What a job was asked to write is erased only once nothing needs it any more."""
    case = desk.perform(Create(title="worked on"))
    job = desk.perform(StartJob(bulk_update={"cases": [case.number.lower()], "add_tags": [CANARY]}))
    desk.perform(Delete(case=case.number))
    end(desk, job)
    with psycopg.connect(**prepared_database.superuser) as connection:
        connection.execute("UPDATE desk.jobs SET state = 'running', finished_at = NULL, attempt = 99,"
                           " lease_until = now() + interval '1 hour'")  # fmt: skip
    with pytest.raises(NotAllowed, match=f"^job {job.id} has not finished with {case.number}"):
        purge(desk, case)
    with psycopg.connect(**prepared_database.superuser) as connection:
        connection.execute("UPDATE desk.jobs SET state = 'done', finished_at = now()")
    purge(desk, case)
    shown = desk.perform(ShowJob(job=str(job.id)))
    assert (shown.operation, shown.outcomes) == ({}, [])
    assert places(prepared_database, CANARY) == set()


def test_a_number_is_never_given_again(desk: Any) -> None:
    """Neither by the sequence nor by an import that brings numbers of its own."""
    record = ChangeRecord(
        line=1, digest=b"1" * 32, line_key="1", external_id="A-1", at=datetime.now(UTC) - timedelta(days=1),
        by="Ann Lee", type="incident", number="LEGACY-7", title="imported",
    )  # fmt: skip
    people = CreateOptions(users=True)
    desk.perform(ImportChanges(source="s", run_id="1", records=[record], create=people))
    case = desk.perform(Delete(case="LEGACY-7"))
    purge(desk, case)
    again = msgspec.structs.replace(record, external_id="A-2", line_key="2", number="legacy-7")
    refused = desk.perform(ImportChanges(source="s", run_id="2", records=[again], create=people))
    assert [(one.result, one.reason) for one in refused.outcomes] == [
        ("refused", "the number legacy-7 cannot be taken")
    ]
    last = trashed(desk)
    purge(desk, last)
    assert desk.perform(Create(title="next")).number > last.number


def test_an_import_does_not_bring_it_back(desk: Any) -> None:
    record = ChangeRecord(
        line=1, digest=b"1" * 32, line_key="1", external_id="A-1", at=datetime.now(UTC) - timedelta(days=1),
        by="Ann Lee", type="incident", title="imported",
    )  # fmt: skip
    run = ImportChanges(source="s", run_id="1", records=[record], create=CreateOptions(users=True))
    desk.perform(run)
    number = desk.perform(ListCases(query=["is:all"])).items[0].number
    purge(desk, desk.perform(Delete(case=number)))
    assert desk.perform(run).seen == 1
    assert desk.perform(ListCases(query=["is:all"])).items == []


def test_what_an_import_said_of_its_lines_is_erased(desk: Any, prepared_database: Database) -> None:
    """The reason of a refused line may quote it; so may the answer that was kept of the batch."""
    opening = ChangeRecord(
        line=1, digest=b"1" * 32, line_key="1", external_id="A-1", at=datetime.now(UTC) - timedelta(days=2),
        by="Ann Lee", type="incident", title="imported",
    )  # fmt: skip
    wrong = msgspec.structs.replace(opening, line=2, digest=b"2" * 32, line_key="2", status=CANARY)
    run = ImportChanges(source="s", run_id="1", records=[opening, wrong], create=CreateOptions(users=True))
    result = desk.perform(run, idempotency_key="batch")
    assert CANARY in result.outcomes[0].reason
    assert {"import_rows", "idempotency_keys"} <= places(prepared_database, CANARY)
    number = desk.perform(ListCases(query=["is:all"])).items[0].number
    purge(desk, desk.perform(Delete(case=number)))
    assert places(prepared_database, CANARY) == set()
    assert desk.perform(run, idempotency_key="batch").outcomes == []


def test_an_answer_that_was_erased_is_not_repeated(desk: Any) -> None:
    """The command that made the case, sent once more, neither tells what it was nor makes it again."""
    wish = Create(title="Once")
    made = desk.perform(wish, idempotency_key="k")
    purge(desk, desk.perform(Delete(case=made.number)))
    for again in (wish, Create(title="Other")):
        with pytest.raises(Gone, match="purged"):
            desk.perform(again, idempotency_key="k")
    assert desk.perform(ListCases(query=["is:all"])).items == []


def test_whoever_left_does_not_keep_the_titles_of_what_was_erased(desk: Any, prepared_database: Database) -> None:
    """The answers of those who were deactivated name the cases that they had."""
    case = desk.perform(Create(title=f"{CANARY} stays", assignee="walt", team="l2"))
    desk.perform(DeactivateUser(user="walt"), idempotency_key="user")
    desk.perform(DeactivateTeam(team="l2"), idempotency_key="team")
    assert "idempotency_keys" in places(prepared_database, CANARY)
    purge(desk, desk.perform(Delete(case=case.number)))
    assert places(prepared_database, CANARY) == set()
    with pytest.raises(Gone, match="purged"):
        desk.perform(DeactivateUser(user="walt"), idempotency_key="user")


def test_hostile_words_in_the_trash(desk: Any) -> None:
    hostile = "\x1b]52;c;aGk=\x07[/]\u202e'; DROP TABLE cases; --"
    case = trashed(desk, hostile)
    assert desk.perform(ListTrash()).items[0].title == hostile
    for reference in (hostile, "'", "%", "1; DROP TABLE x", "9" * 40):
        with pytest.raises((NotFound, InvalidInput)):
            desk.perform(Purge(cases=[reference], confirm=["1"]))
        with pytest.raises(InvalidInput):
            desk.perform(Purge(cases=[case.number], confirm=[reference]))


class Raw:
    """The application's role with a context of its own choosing, as an injection would have it."""

    def __init__(self, database: Database, *, actor: int, tenant: int = 1, scope: str = "admin") -> None:
        self._settings = {"tenant": tenant, "actor": actor, "scope": scope, "operation": "raw"}
        self._database = database

    def run(self, statement: str, values: Any = ()) -> Any:
        """The rows of one statement, undone afterwards."""
        with psycopg.connect(**self._database.app) as connection:
            for name, value in self._settings.items():
                connection.execute("SELECT set_config('casectl.' || %s, %s, true)", (name, str(value)))
            rows = connection.execute(statement, values).fetchall()
            connection.rollback()
            return rows


@pytest.mark.parametrize("desk", ["sync"], indirect=True)
def test_sql_erases_no_more_than_the_verb(desk: Any, prepared_database: Database) -> None:
    """The function judges itself: whose case it is, where it lies, and who asks."""
    dead, alive = trashed(desk), desk.perform(Create(title="alive"))
    foreign = trashed(desk.as_user("admin", "globex"))
    people = {row[0]: row[1] for row in Raw(prepared_database, actor=1).run(
        "SELECT login, id FROM users WHERE tenant_id = 1")}  # fmt: skip
    admin = Raw(prepared_database, actor=people["admin"])
    assert admin.run("SELECT purge_cases(%s::bigint[])", ([dead.id],)) == [(None,)]
    for case_ids in ([alive.id], [dead.id, alive.id], [dead.id, 999_999]):
        with pytest.raises(psycopg.errors.DatabaseError, match="in the trash"):
            admin.run("SELECT purge_cases(%s::bigint[])", (case_ids,))
    assert foreign.id in {dead.id, alive.id}, "ids count per tenant: the same id is another case in each"
    for login in ("wanda", "rita", "apic"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="may not purge"):
            Raw(prepared_database, actor=people[login]).run("SELECT purge_cases(%s::bigint[])", ([dead.id],))
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="may not purge"):
        Raw(prepared_database, actor=0).run("SELECT purge_cases(%s::bigint[])", ([dead.id],))
    for statement in ("UPDATE audit SET payload = '{}' RETURNING 1", "DELETE FROM audit RETURNING 1",
                      "UPDATE audit SET digest = NULL RETURNING 1", "DELETE FROM purged_cases RETURNING 1",
                      "INSERT INTO purged_cases VALUES (1, 1, 'x', false, 1) RETURNING 1"):  # fmt: skip
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            admin.run(statement)


@pytest.mark.parametrize("desk", ["sync"], indirect=True)
def test_the_digests_are_those_of_what_was_erased(desk: Any, prepared_database: Database) -> None:
    """Whoever kept a copy of payload and salt can prove it; salts make guessing hopeless; a row is erased once."""
    case = telling_case(desk)
    rows = "SELECT seq, payload::text, salt, digest FROM desk.audit WHERE tenant_id = 1 AND case_id = %s ORDER BY seq"
    computed = (
        "SELECT seq, sha256(salt || convert_to(payload::text, 'UTF8')) FROM desk.audit"
        " WHERE tenant_id = 1 AND case_id = %s ORDER BY seq"
    )
    with psycopg.connect(**prepared_database.superuser, autocommit=True) as connection:
        before = connection.execute(computed, (case.id,)).fetchall()
        assert {row[3] for row in connection.execute(rows, (case.id,))} == {None}
        purge(desk, case)
        after = connection.execute(rows, (case.id,)).fetchall()
    assert [(seq, digest) for seq, _, _, digest in after][: len(before)] == before
    assert {(payload, salt) for _, payload, salt, _ in after} == {(None, None)}
    assert len({digest for *_, digest in after}) == len(after)


@pytest.mark.parametrize("desk", ["sync"], indirect=True)
def test_the_database_itself_keeps_a_purged_number(desk: Any, prepared_database: Database) -> None:
    case, other = trashed(desk), desk.perform(Create(title="other"))
    purge(desk, case)
    assert findings(prepared_database) == []
    with psycopg.connect(**prepared_database.superuser) as connection:
        connection.execute("SET search_path = desk")
        for name, value in {"tenant": 1, "actor": 0, "operation": "raw", "import": "on"}.items():
            connection.execute("SELECT set_config('casectl.' || %s, %s, true)", (name, str(value)))
        with pytest.raises(psycopg.errors.UniqueViolation, match="purged"):
            connection.execute(
                "INSERT INTO cases (tenant_id, id, number, title, case_type_id, type_revision, status_id, category,"
                " priority, created_by, changed_by) SELECT tenant_id, 99, lower(%s), 'x', case_type_id, type_revision,"
                " status_id, category, priority, 0, 0 FROM cases WHERE tenant_id = 1 AND id = %s",
                (case.number, other.id),
            )
        connection.rollback()
        connection.execute("SET session_replication_role = replica")  # as somebody would who gets round all triggers
        connection.execute("UPDATE desk.cases SET number = lower(%s) WHERE id = %s", (case.number, other.id))
    assert "purged cases have left something, or their numbers were given again" in findings(prepared_database)


def test_two_who_purge_at_once(desk: Any) -> None:
    """The second is told that it is gone, whichever is the second."""
    case = trashed(desk)
    purge(desk, case)
    with pytest.raises((Gone, Conflict)):
        purge(desk, case)
