"""Jobs as verbs, the same on every desk; that servers go on with them is tried over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from casectl.errors import InvalidInput, NotAllowed, NotFound, NotPermitted
from casectl.operations.create import Create
from casectl.operations.job_cancel import CancelJob
from casectl.operations.job_list import ListJobs
from casectl.operations.job_show import ShowJob
from casectl.operations.job_start import StartJob


def start(desk: Any, **fields: Any) -> Any:
    return desk.perform(StartJob(bulk_update=fields))


def test_a_job_fixes_its_cases_when_it_is_asked_for(desk: Any) -> None:
    for number in range(3):
        desk.perform(Create(title=f"case {number}", team="l1"))
    job = start(desk, query="team:l1", priority="high", add_tags=["swept"])
    assert (job.kind, job.total, job.actor) == ("bulk-update", 3, "admin")
    assert job.operation == {"priority": "high", "add_tags": ["swept"]}
    shown = desk.perform(ShowJob(job=str(job.id)))
    assert (shown.id, shown.total, shown.created_at) == (job.id, 3, job.created_at)
    assert [one.id for one in desk.perform(ListJobs())] == [job.id]
    assert start(desk, query="team:l1", priority="low").id == job.id + 1
    assert len(desk.perform(ListJobs(limit=1))) == 1


def test_a_job_is_its_owner_s_and_the_admin_s(desk: Any) -> None:
    desk.perform(Create(title="one", team="l1"))
    job = start(desk.as_user("wanda"), query="team:l1", add_tags=["x"])
    assert desk.perform(ShowJob(job=str(job.id))).actor == "wanda"
    for other in (desk.as_user("walt"), desk.as_user("admin", "globex")):
        assert other.perform(ListJobs()) == []
        for look in (ShowJob(job=str(job.id)), CancelJob(job=str(job.id))):
            with pytest.raises(NotFound):
                other.perform(look)
    with pytest.raises(NotPermitted):
        start(desk.as_user("rita"), query="is:active", add_tags=["x"])
    with pytest.raises(NotFound):
        desk.perform(ShowJob(job="99"))


def test_a_job_is_cancelled_once(desk: Any) -> None:
    desk.perform(Create(title="one", team="l1"))
    job = start(desk, query="team:l1", add_tags=["x"])
    if desk.colour == "remote":  # its server may have done it meanwhile
        return
    cancelled = desk.perform(CancelJob(job=str(job.id)))
    assert (cancelled.state, cancelled.done) == ("cancelled", 0)
    with pytest.raises(NotAllowed):
        desk.perform(CancelJob(job=str(job.id)))


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"priority": "high"}, "/bulk_update/query"),
        ({"cases": ["1"], "query": "is:active", "priority": "high"}, "/bulk_update/query"),
        ({"query": "is:deleted", "priority": "high"}, "/bulk_update/query"),
        ({"query": "is:active", "colour": "red"}, "/bulk_update/colour"),
        ({"query": "is:active", "priority": 7.5}, "/bulk_update/priority"),
        ({"query": "is:active", "priority": "high", "dry_run": True}, "/bulk_update/dry_run"),
        ({"query": "is:active", "priority": "huge"}, None),
        ({"query": "is:active"}, None),
    ],
)
def test_what_a_job_could_never_do_is_refused_at_once(desk: Any, fields: dict[str, Any], pointer: str | None) -> None:
    with pytest.raises(InvalidInput) as caught:
        start(desk, **fields)
    assert pointer is None or pointer in [problem.pointer for problem in caught.value.problems]
    assert desk.perform(ListJobs()) == []
