"""A case is given to somebody in the same moment in which he is deactivated: it is refused, or told to who does it."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from casectl.errors import Conflict, InvalidInput
from casectl.operations.assign import Assign
from casectl.operations.bulk_update import BulkUpdate
from casectl.operations.create import Create
from casectl.operations.escalate import Escalate
from casectl.operations.show import Show
from casectl.operations.take import Take
from casectl.operations.team_deactivate import DeactivateTeam
from casectl.operations.user_deactivate import DeactivateUser
from casectl.operations.user_show import ShowUser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Database

USER, TEAM = DeactivateUser(user="walt"), DeactivateTeam(team="l2")
GIFTS: dict[str, tuple[str, Callable[[str], Any], Any]] = {
    "assign": ("admin", lambda case: Assign(case=case, assignee="walt"), USER),
    "bulk-update": ("admin", lambda case: BulkUpdate(cases=[case], assignee="walt"), USER),
    "create": ("admin", lambda _: Create(title="born", assignee="walt"), USER),
    "escalate": ("admin", lambda case: Escalate(case=case, reason="it burns"), USER),
    "take": ("walt", lambda case: Take(case=case), USER),
    "assign --team": ("admin", lambda case: Assign(case=case, team="l2"), TEAM),
    "create --team": ("admin", lambda _: Create(title="born", team="l2"), TEAM),
}
"""Who gives a case how, and the verb that ends whoever gets it."""


class Act:
    """A verb in a thread of its own; `result` is its answer or its refusal."""

    def __init__(self, desk: Any, verb: Any) -> None:
        self.result: Any = None
        self._desk, self._verb = desk, verb
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.result = self._desk.perform(self._verb)
        except (InvalidInput, Conflict) as refusal:
            self.result = refusal

    def ended(self) -> Any:
        self.thread.join(30)
        assert not self.thread.is_alive()
        return self.result


@contextmanager
def nobody_writes(database: Database, table: str) -> Iterator[Callable[[], None]]:
    """Whoever writes into the table waits until the block ends; the callable waits until somebody does."""
    with psycopg.connect(**database.superuser) as holder, psycopg.connect(**database.superuser) as observer:
        observer.autocommit = True
        holder.execute(f"LOCK TABLE desk.{table} IN EXCLUSIVE MODE")  # type: ignore[call-overload]
        waiting = "SELECT count(*) FROM pg_locks WHERE relation = %s::regclass AND NOT granted"

        def somebody_waits() -> None:
            end = time.monotonic() + 20
            while not (observer.execute(waiting, (f"desk.{table}",)).fetchone() or (0,))[0]:
                assert time.monotonic() < end
                time.sleep(0.01)

        yield somebody_waits


@pytest.mark.parametrize("how", GIFTS)
def test_hole_a_case_given_meanwhile_was_told_to_nobody(desk: Any, prepared_database: Database, how: str) -> None:
    login, give, end = GIFTS[how]
    case = desk.perform(Create(title="x", team="l2" if how == "escalate" else "l1")).number
    giver, ender = desk.as_user(login), desk.as_user("admin")
    for one in (giver, ender):
        one.perform(ShowUser(user="@me"))
    with nobody_writes(prepared_database, "outbox") as somebody_waits:
        giving = Act(giver, give(case))
        somebody_waits()
        leaving = Act(ender, end)
        leaving.thread.join(1)
        assert leaving.thread.is_alive(), "it waits for who gives"
    given = giving.ended()
    number = given.number if how.startswith("create") else case
    assert [line.number for line in leaving.ended().cases] == [number]


@pytest.mark.parametrize("how", ["assign", "bulk-update", "create", "take"])
def test_who_is_leaving_is_given_nothing(desk: Any, prepared_database: Database, how: str) -> None:
    login, give, end = GIFTS[how]
    case = desk.perform(Create(title="x", team="l1")).number
    giver, ender = desk.as_user(login), desk.as_user("admin")
    for one in (giver, ender):
        one.perform(ShowUser(user="@me"))
    with nobody_writes(prepared_database, "grants") as somebody_waits:
        leaving = Act(ender, end)
        somebody_waits()
        giving = Act(giver, give(case))
        giving.thread.join(1)
        assert giving.thread.is_alive(), "it waits for who leaves"
    assert leaving.ended().open_cases == 0
    given = giving.ended()
    assert isinstance(given, InvalidInput)
    assert "walt is no longer active" in given.message
    assert desk.perform(Show(case=case)).assignee is None
