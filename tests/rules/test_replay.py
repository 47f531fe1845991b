"""The audit replayed: every past state comes out, what is erased is unknown, and what does not fit is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casectl.rules.replay import COLUMNS, Contradiction, Entry, Replay, differing_keys

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
FIRST = {"title": "One", "priority": 2, "tags": [], "fields": {}, "status_id": 1, "created_at": "2026-11-23T09:00:00Z"}


def minute(number):
    return START + timedelta(minutes=number)


def entry(number, is_insert=False, steps=True, actor_id=1, **payload):
    return Entry(
        at=minute(number), actor_id=actor_id, actor="ada", operation="update", is_insert=is_insert, steps=steps,
        payload=payload,
    )  # fmt: skip


def erased_entry(number, is_insert=False):
    return msgspec.structs.replace(entry(number, is_insert), payload=None)


def created(**values):
    return entry(0, is_insert=True, **{name: (None, value) for name, value in (FIRST | values).items()})


def replayed(entries, *numbers, stored=None, version=None):
    """The moments at these minutes; the stored case is what the entries make of it unless told otherwise."""
    last = dict.fromkeys(COLUMNS)
    for one in entries:
        last |= {name: after for name, (_, after) in (one.payload or {}).items()}
    replay = Replay(*map(minute, numbers))
    for one in entries:
        replay.feed(one)
    replay.end(last | (stored or {}), len(entries) if version is None else version)
    return replay


def titles(replay):
    return [moment.values.get("title", "?") for moment in replay.moments]


def test_each_state_in_turn():
    entries = [created(), entry(2, title=("One", "Two")), entry(4, title=("Two", "Three"), priority=(2, 3))]
    replay = replayed(entries, 0, 1, 2, 3, 4, 9)
    assert titles(replay) == ["One", "One", "Two", "Two", "Three", "Three"]
    assert [moment.version for moment in replay.moments] == [1, 1, 2, 2, 3, 3]
    assert [moment.changed_at for moment in replay.moments] == list(map(minute, (0, 0, 2, 2, 4, 4)))
    assert replay.contradictions == []
    assert all(moment.unknown == [] for moment in replay.moments)
    assert replay.moments[0].values["created_at"] == START


def test_before_the_creation_there_is_nothing():
    (moment,) = replayed([created()], -1).moments
    assert moment.changed_at is None


def test_what_steps_no_version():
    replay = replayed(
        [created(), entry(1, steps=False, first_response_at=(None, "2026-11-23T09:01:00Z"))], 5, version=1
    )
    assert (replay.moments[0].version, replay.contradictions) == (1, [])


def test_a_time_counts_from_that_of_the_entry_before():
    entries = [created(), entry(4, title=("One", "Two")), entry(2, title=("Two", "Three"))]
    replay = replayed(entries, 3, 4)
    assert titles(replay) == ["One", "Three"]
    assert replay.moments[1].changed_at == minute(2)
    assert replay.contradictions == []


def test_the_same_instant_written_two_ways_is_no_contradiction():
    due = entry(1, due_at=(None, "2026-11-24T10:00:00+00:00"))
    moved = entry(2, due_at=("2026-11-24T11:00:00+01:00", None))
    assert replayed([created(), due, moved], 5).contradictions == []


@pytest.mark.parametrize(
    ("erased", "told"),
    [
        ({}, ["One", "Two", "Three"]),
        ({0}, ["One", "Two", "Three"]),
        ({1}, ["One", "Two", "Three"]),
        ({2}, ["One", "Two", "Three"]),
        ({0, 1}, ["?", "Two", "Three"]),
        ({1, 2}, ["One", "?", "Three"]),
        ({0, 2}, ["One", "Two", "Three"]),
        ({0, 1, 2}, ["?", "?", "Three"]),
    ],
)
def test_only_what_is_erased_on_both_sides_is_unknown(erased, told):
    entries = [created(), entry(2, title=("One", "Two")), entry(4, title=("Two", "Three"))]
    left = [erased_entry(2 * place, place == 0) if place in erased else one for place, one in enumerate(entries)]
    stored = {name: after for name, (_, after) in created().payload.items()} | {"title": "Three"}
    replay = replayed(left, 1, 3, 5, stored=stored)
    assert titles(replay) == told
    assert replay.contradictions == []
    assert ["title" in moment.unknown for moment in replay.moments] == [word == "?" for word in told]
    both = [min(erased, default=9) < place <= max(erased, default=0) for place in (1, 2, 3)]
    assert [moment.version for moment in replay.moments] == [
        None if cut else place for place, cut in enumerate(both, 1)
    ]
    assert ["version" in moment.unknown for moment in replay.moments] == both


def test_contradictions_are_told_where_they_are():
    entries = [created(), entry(2, title=("Uno", "Two")), entry(4, priority=(2, 3))]
    replay = replayed(entries, 1, 3, stored={"status_id": 9}, version=7)
    assert replay.contradictions == [
        Contradiction("title", minute(2)), Contradiction("status_id"), Contradiction("version"),
    ]  # fmt: skip
    assert titles(replay) == ["One", "Two"]


def test_who_put_it_into_the_trash():
    bin_it = entry(2, actor_id=2, deleted_at=(None, "2026-11-23T09:02:00Z"))
    back = entry(4, actor_id=3, deleted_at=("2026-11-23T09:02:00Z", None))
    moments = replayed([created(), bin_it, entry(3, title=("One", "Two")), back], 1, 2, 3, 5).moments
    assert [moment.trashed_by for moment in moments] == [None, 2, 2, 3]


def test_a_case_whose_creation_is_not_told():
    replay = replayed([entry(2, title=("One", "Two"))], 1, 3, version=1)
    assert replay.contradictions == [Contradiction("created_at", minute(2))]
    assert titles(replay) == ["One", "Two"]


def test_who_changed_a_field_last_between_two_instants():
    system = entry(3, fields=({"a": 1, "b": 1}, {"a": 2, "c": 1}))
    entries = [created(fields={"a": 1, "b": 1}), entry(1, title=("One", "Two")), entry(2, title=("Two", "Three")),
               system, entry(5, title=("Three", "Four"))]  # fmt: skip
    replay = replayed(entries, 1, 4)
    assert replay.changed == {"title": entries[2], "fields.a": system, "fields.b": system, "fields.c": system}
    assert replayed([*entries[:3], erased_entry(3)], 1, 4).changed == {}


def test_keys_that_differ():
    assert differing_keys({"a": 1, "b": None}, {"a": 1, "b": 2, "c": 3}) == ["b", "c"]
    assert differing_keys(None, {"a": 1}) == ["a"]
    assert differing_keys({}, None) == []


CHANGES = st.lists(
    st.tuples(st.sampled_from(["title", "priority", "assignee_id", "tags"]), st.integers(0, 3), st.integers(0, 2)),
    max_size=12,
)


@given(CHANGES, st.sets(st.integers(0, 12)))
def test_whatever_is_told_was_so(changes, erased):
    """Over any history and anything erased from it: never another value than there was, and all when nothing is."""
    state, entries, states, time = dict.fromkeys(COLUMNS), [], [], 0
    for place, (column, value, pause) in enumerate([("channel", "cli", 0), *changes]):
        time += pause
        made = entry(time, place == 0, **{column: (state[column], value)})
        entries.append(erased_entry(time, place == 0) if place in erased else made)
        state = state | {column: value}
        states.append((time, state))
    replay = Replay(*[minute(number) for number in range(time + 1)])
    for one in entries:
        replay.feed(one)
    replay.end(state, len(entries))
    assert replay.contradictions == []
    for number, moment in enumerate(replay.moments):
        then = [known for at, known in states if at <= number][-1]
        assert all(then[column] == value for column, value in moment.values.items())
        assert moment.version in (None, sum(at <= number for at, _ in states))
        assert erased & set(range(len(entries))) or moment.unknown == []
