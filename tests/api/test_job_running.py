"""Jobs over real HTTP: asked for, watched, gone on with by whatever server lives, each case changed once."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from casectl.desk.server.job_runner import JobRunner
from casectl.desk.server.pool import Pool
from tests.served import config_of

if TYPE_CHECKING:
    from tests.copies import Database

CASES = 2_500


def fill(database: Database, count: int = CASES) -> None:
    """Many cases by SQL, in the open, for the team l1."""
    with psycopg.connect(**database.owner) as connection:
        connection.execute("SET search_path = desk")
        for name, value in {"tenant": "1", "actor": "1", "operation": "init", "scope": "admin"}.items():
            connection.execute("SELECT set_config('casectl.' || %s, %s, true)", (name, value))
        connection.execute(
            "INSERT INTO cases (tenant_id, id, number, title, case_type_id, type_revision, status_id, category,"
            " priority, team_id, created_by, changed_by) SELECT 1, n, 'M-' || n, 'many ' || n, t.id, t.revision, s.id,"
            " s.category, 2, m.id, 1, 1 FROM generate_series(100001, 100000 + %s) n,"
            " (SELECT id, revision FROM case_types WHERE tenant_id = 1 AND name = 'incident') t,"
            " (SELECT id, category FROM statuses WHERE tenant_id = 1 AND name = 'new') s,"
            " (SELECT id FROM teams WHERE tenant_id = 1 AND name = 'l1') m",
            (count,),
        )


def versions(database: Database) -> dict[int, int]:
    """How many cases have which version."""
    with psycopg.connect(**database.owner) as connection:
        return dict(connection.execute(
            "SELECT version, count(*) FROM desk.cases WHERE id > 100000 GROUP BY version"
        ).fetchall())  # fmt: skip


def ended(api: Any, where: str) -> Any:
    """The job, when it has ended."""
    end = time.monotonic() + 120
    while (job := api("GET", where).json)["state"] in ("queued", "running"):
        assert time.monotonic() < end, job
        time.sleep(0.05)
    return job


def asked(api: Any, **fields: Any) -> Any:
    return api("POST", "/v1/cases/bulk-update/", fields, Prefer="respond-async")


def test_a_large_bulk_is_a_job_with_progress_of_its_own(api: Any) -> None:
    fill(api.database)
    refused = api("POST", "/v1/cases/bulk-update/", {"query": "team:l1", "priority": "high"})
    assert (refused.status, refused.json["problems"][0]["code"]) == (422, "too_many")
    answer = asked(api, query="team:l1", priority="high", add_tags=["swept"])
    assert answer.status == 202
    assert answer.headers["preference-applied"] == "respond-async"
    assert answer.headers["location"] == f"/v1/jobs/{answer.json['id']}/"
    assert answer.json["total"] == CASES
    job = ended(api, answer.headers["location"])
    assert (job["state"], job["done"], job["changed"], job["refused"]) == ("done", CASES, CASES, 0)
    assert versions(api.database) == {2: CASES}
    history = api("GET", "/v1/cases/M-100001/history/").json
    assert (history[-1]["operation"], history[-1]["actor"]) == ("bulk-update", "admin")
    assert history[-1]["request_id"] == f"job-{job['id']}"
    assert [one["id"] for one in api("GET", "/v1/jobs/").json] == [job["id"]]


def test_a_repeated_request_is_one_job(api: Any) -> None:
    fill(api.database, 3)
    body = {"query": "team:l1", "priority": "high"}
    told = {"Prefer": "respond-async", "Idempotency_Key": "once"}
    first, second = (api("POST", "/v1/cases/bulk-update/", body, **told) for _ in range(2))
    assert first.headers["location"] == second.headers["location"]
    assert len(api("GET", "/v1/jobs/").json) == 1


def test_refused_cases_are_told(api: Any) -> None:
    fill(api.database, 5)
    api("POST", "/v1/cases/M-100002/status/", {"status": "resolved"})
    answer = asked(api, cases=[f"M-{number}" for number in range(100001, 100006)], status="awaiting user")
    job = ended(api, answer.headers["location"])
    assert (job["state"], job["changed"], job["refused"]) == ("done", 4, 1)
    assert [(one["number"], one["code"]) for one in job["outcomes"]] == [("M-100002", "not_allowed")]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"query": "team:l1"}, "nothing"),
        ({"priority": "high"}, "selection"),
        ({"query": "team:l9", "priority": "high"}, ""),
        ({"query": "is:deleted", "priority": "high"}, "selection"),
    ],
)
def test_what_cannot_be_done_is_refused_at_once(shared_api: Any, fields: Any, code: str) -> None:
    answer = asked(shared_api, **fields)
    assert answer.status == 422
    assert not code or answer.json["problems"][0]["code"] in (code, "nothing_to_change", "required")
    assert asked(shared_api.as_user("rita"), query="is:active", priority="high").status == 403


def test_a_job_is_its_owner_s_and_the_admins(api: Any) -> None:
    fill(api.database, 3)
    walt, wanda = api.as_user("walt"), api.as_user("wanda")
    where = asked(wanda, query="team:l1", add_tags=["x"]).headers["location"]
    assert ended(wanda, where)["actor"] == "wanda"
    assert walt("GET", where).status == 404
    assert walt("DELETE", where).status == 404
    assert api("GET", where).status == 200
    assert api.as_user("admin", 2)("GET", where).status == 404
    assert wanda("DELETE", where).status == 409
    assert api("GET", "/v1/jobs/99/").status == 404


class Runners:
    """Runners without a server around them, on pools of their own."""

    def __init__(self, serving: Any, database: Database) -> None:
        self._serving, self._config = serving, config_of(database)

    def run(self, *steps: Any) -> Any:
        """Run `steps(pool)` on a pool, at the same time."""

        async def work() -> Any:
            pool = Pool(self._config)
            await pool.open()
            try:
                return await asyncio.gather(*(step(pool) for step in steps))
            finally:
                await pool.close()

        return self._serving.run(work())


def queue(database: Database, serving: Any, **fields: Any) -> int:
    """A job that no server knows of."""
    from casectl.desk.identity import Identity
    from casectl.operations.job_start import StartJob

    async def start(pool: Pool) -> int:
        job = await pool.desk(Identity(tenant="acme", login="admin")).perform(StartJob(bulk_update=fields))
        return job.id

    made: list[int] = Runners(serving, database).run(start)
    return made[0]


def row(database: Database, job: int) -> tuple[Any, ...]:
    with psycopg.connect(**database.owner) as connection:
        found = connection.execute(
            "SELECT state, done, changed, attempt FROM desk.jobs WHERE tenant_id = 1 AND id = %s", (job,)
        ).fetchone()
    assert found is not None
    return found


def test_many_runners_change_each_case_once(serving: Any, served_database: Any) -> None:
    fill(served_database, 4_200)
    job = queue(served_database, serving, query="team:l1", add_tags=["once"])

    async def work(pool: Pool) -> int:
        runner, steps = JobRunner(pool), 0
        for _ in range(40):
            steps += await runner.step()
            await asyncio.sleep(0.02)
        return steps

    steps = Runners(serving, served_database).run(work, work, work)
    assert sum(steps) == 5
    assert row(served_database, job) == ("done", 4_200, 4_200, 5)
    assert versions(served_database) == {2: 4_200}


def test_a_step_that_dies_is_done_again_by_another(serving: Any, served_database: Any) -> None:
    """What was claimed and not committed, as after kill -9, waits for its lease; who was slow may not write later."""
    from casectl.desk.identity import Identity
    from casectl.operations._job_batch import RunBatch

    fill(served_database, 1_500)
    job = queue(served_database, serving, query="team:l1", add_tags=["once"])

    async def scenario(pool: Pool) -> list[Any]:
        runner = JobRunner(pool)
        found = [await runner.step()]
        async with pool.connection() as connection, connection.transaction():
            claimed = await (await connection.execute("SELECT id, attempt FROM claim_job(60)")).fetchone()
        found += [await runner.step(), claimed]
        with psycopg.connect(**served_database.owner) as owner:
            owner.execute("UPDATE desk.jobs SET lease_until = now()")
        found.append(await runner.step())
        slow = RunBatch(job=job, attempt=claimed[1])
        found.append(await pool.desk(Identity(tenant="acme", login="admin")).perform(slow))
        return found

    (found,) = Runners(serving, served_database).run(scenario)
    assert found == [True, False, (job, 2), True, False]
    assert row(served_database, job) == ("done", 1_500, 1_500, 3)
    assert versions(served_database) == {2: 1_500}


def test_a_job_ends_when_its_actor_may_no_longer(serving: Any, served_database: Any) -> None:
    fill(served_database, 1_500)
    job = queue(served_database, serving, query="team:l1", add_tags=["once"])
    with psycopg.connect(**served_database.superuser) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE desk.users SET is_active = false WHERE tenant_id = 1 AND login = 'admin'")
    (worked,) = Runners(serving, served_database).run(lambda pool: JobRunner(pool).step())
    assert worked
    assert row(served_database, job)[:2] == ("failed", 0)
    assert versions(served_database) == {1: 1_500}


def test_a_cancelled_job_stops_between_steps(serving: Any, served_database: Any) -> None:
    from casectl.desk.identity import Identity
    from casectl.operations.job_cancel import CancelJob

    fill(served_database, 1_500)
    job = queue(served_database, serving, query="team:l1", add_tags=["once"])

    async def scenario(pool: Pool) -> list[Any]:
        runner = JobRunner(pool)
        await runner.step()
        cancelled = await pool.desk(Identity(tenant="acme", login="admin")).perform(CancelJob(job=str(job)))
        return [cancelled.state, cancelled.done, await runner.step()]

    assert Runners(serving, served_database).run(scenario) == [["cancelled", 1_000, False]]
    assert versions(served_database) == {1: 500, 2: 1_000}


def test_what_never_gets_on_is_given_up_and_what_is_old_forgotten(serving: Any, served_database: Any) -> None:
    fill(served_database, 10)
    job = queue(served_database, serving, query="team:l1", add_tags=["once"])
    with psycopg.connect(**served_database.owner) as connection:
        connection.execute("UPDATE desk.jobs SET tries = 5, lease_until = now() - interval '1 minute'")
    (worked,) = Runners(serving, served_database).run(lambda pool: JobRunner(pool).step())
    assert not worked
    assert row(served_database, job)[0] == "failed"
    with psycopg.connect(**served_database.owner) as connection:
        connection.execute("UPDATE desk.jobs SET finished_at = now() - interval '8 days'")
    Runners(serving, served_database).run(lambda pool: JobRunner(pool).step())
    with psycopg.connect(**served_database.owner) as connection:
        assert connection.execute("SELECT count(*) FROM desk.jobs").fetchone() == (0,)
