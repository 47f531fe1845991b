"""Real servers that die or end: another goes on with the job, streams of events end and lose nothing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import psycopg

from casectl.api.app import make_app
from tests.api.conftest import Caller
from tests.api.test_events_stream import listening
from tests.api.test_job_running import asked, ended, fill, versions
from tests.serve_program import serve_program
from tests.served import Answer, config_of, issue_key

if TYPE_CHECKING:
    from tests.copies import Database

CASES = 9_000


class ProgramCaller(Caller):
    """Asks a server in a process of its own."""

    def __call__(self, method: str, target: str, body: Any = None, **headers: str) -> Answer:
        """One request; headers by their names with `_` for `-`."""
        return self.served.ask(method, target, body, token=self.token, **headers)


def done_of(database: Database) -> int:
    with psycopg.connect(**database.owner) as connection:
        row = connection.execute("SELECT coalesce(sum(done), 0) FROM desk.jobs").fetchone()
    return int(row[0]) if row else 0


def test_a_job_outlives_the_server_that_was_asked_for_it(serving: Any, served_database: Any) -> None:
    fill(served_database, CASES)
    token = issue_key(served_database, "admin")
    with serve_program(served_database) as program:
        first = ProgramCaller(program, served_database, token)
        where = asked(first, query="team:l1", add_tags=["once"]).headers["location"]
        while done_of(served_database) < 2_000:
            time.sleep(0.02)
        program.process.kill()
        program.process.wait()
    assert done_of(served_database) < CASES
    with psycopg.connect(**served_database.superuser) as connection:
        # The backend of the dead server's transaction notices by itself; the lease would have a minute to go.
        connection.execute("UPDATE desk.jobs SET lease_until = now()")
    with serving.serve(make_app(config_of(served_database))) as served:
        job = ended(Caller(served, served_database, token), where)
    assert (job["state"], job["done"], job["changed"], job["refused"]) == ("done", CASES, CASES, 0)
    assert versions(served_database) == {2: CASES}


def test_a_server_that_is_told_to_end_ends_its_streams(served_database: Any) -> None:
    token = issue_key(served_database, "admin")
    with serve_program(served_database) as program:
        api = ProgramCaller(program, served_database, token)
        with listening(api) as stream:
            stream.block()
            case = api.create(title="last words")
            assert stream.event()["case"]["id"] == case["id"]
            program.process.terminate()
            assert stream.block() == {}
            assert program.process.wait(20) == 0, "before the grace ends"
