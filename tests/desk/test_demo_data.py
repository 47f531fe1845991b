"""The made-up desk: the same for the same seed, and nothing on it that the rules would have refused."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from casectl.desk.demo_data import CONTACTS, ME, make_desk
from casectl.rules.defaults import CASE_TYPES
from casectl.rules.forms import validate_form
from casectl.rules.lifecycle import category, check_transition
from casectl.rules.rights import ROLES

NOW = datetime(2026, 3, 11, 15, 20, tzinfo=ZoneInfo("Europe/Berlin"))
TYPES = {kind.name: kind for kind in CASE_TYPES}


@pytest.fixture(scope="module")
def desk():
    return make_desk(1000, 7, NOW)


def last_status(case):
    if any(step.deletes for step in case.steps):
        return "trash"
    return next((step.changes["status"] for step in reversed(case.steps) if "status" in step.changes), "new")


def test_the_same_seed_tells_the_same_desk(desk):
    again = make_desk(1000, 7, NOW)
    assert msgspec.json.encode(again) == msgspec.json.encode(desk)
    assert make_desk(50, 8, NOW).cases[0].title != make_desk(50, 7, NOW).cases[0].title


def test_on_another_day_the_same_stories_are_told(desk):
    sunday = make_desk(1000, 7, datetime(2027, 8, 1, 3, 0, tzinfo=ZoneInfo("UTC")))
    assert Counter(case.title for case in sunday.cases) == Counter(case.title for case in desk.cases)
    assert Counter(map(last_status, sunday.cases)) == Counter(map(last_status, desk.cases))


def test_every_step_is_one_the_lifecycle_allows(desk):
    for case in desk.cases:
        lifecycle, status, fields = TYPES[case.kind].lifecycle, "new", {}
        for step in case.steps:
            fields |= {"field.remedy": step.changes["remedy"]} if "remedy" in step.changes else {}
            if "status" in step.changes:
                check_transition(lifecycle, status, step.changes["status"], ROLES["Case Worker"], fields)
                status = step.changes["status"]
        assert validate_form(TYPES[case.kind].form_schema, case.fields) == []


def test_time_goes_forward_until_now(desk):
    assert [case.created_at for case in desk.cases] == sorted(case.created_at for case in desk.cases)
    for case in desk.cases:
        times = [case.created_at, *(step.at for step in case.steps), NOW]
        assert times == sorted(times)
    assert (NOW - desk.cases[0].created_at).days >= 50
    assert (NOW - desk.cases[-1].created_at).days <= 1


def test_the_desk_keeps_office_hours(desk):
    worked = [step.at for case in desk.cases for step in case.steps]
    assert all(moment.weekday() < 5 and 8 <= moment.hour <= 18 for moment in worked)
    night = [case for case in desk.cases if not 8 <= case.created_at.hour <= 18]
    assert 5 < len(night) < 100
    assert all("monitoring" in case.tags or case.priority == 4 for case in night)


def test_all_states_are_there_and_most_work_is_done(desk):
    states = Counter(map(last_status, desk.cases))
    known = {status.name for kind in CASE_TYPES for status in kind.lifecycle.statuses}
    assert set(states) == known | {"trash"}
    categories = Counter(category(TYPES[case.kind].lifecycle, last_status(case)) for case in desk.cases
                         if last_status(case) != "trash")  # fmt: skip
    assert categories["closed"] > 500
    assert 100 < sum(categories[name] for name in ("new", "open", "pending", "on_hold")) < 300
    assert set(Counter(case.priority for case in desk.cases)) == {1, 2, 3, 4}


def test_cases_read_as_if_people_had_written_them(desk):
    titles = [case.title for case in desk.cases]
    assert len(set(titles)) > 950
    assert not [text for case in desk.cases for text in (case.title, case.description) if "{" in text]
    assert not [step.note for case in desk.cases for step in case.steps if "{" in step.note]
    assert len(desk.contacts) == len({address for address, _ in desk.contacts}) == CONTACTS
    assert all(address.isascii() and address.endswith("@example.com") for address, _ in desk.contacts)


def test_everybody_works_in_a_team_of_his_own(desk):
    people = set(desk.staff) | {ME}
    assert len(desk.staff) == 12
    assert len(desk.teams) == 4
    actors = {step.actor for case in desk.cases for step in case.steps}
    assert actors <= people
    assert {case.created_by for case in desk.cases} <= people
    mine = [case for case in desk.cases if any(step.changes.get("assignee") == ME for step in case.steps)]
    assert len(mine) > 30
