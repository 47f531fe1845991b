"""Durations and times as people write them: what is understood, what is refused, and the nights the clock changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from casectl.errors import InvalidInput
from casectl.rules.times import (
    LONGEST,
    age,
    format_duration,
    local_instant,
    parse_duration,
    parse_past,
    parse_span,
    parse_when,
)

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)  # a Monday, 11:30 in Berlin


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("2h30m", 9_000),
        ("7d", 7 * 86_400),
        ("1w", 7 * 86_400),
        ("1w2d3h4m5s", 788_645),
        ("PT4H", 14_400),
        ("P1DT2H", 93_600),
        ("p1w", 604_800),
        (" 2H ", 7_200),
        ("0s", 0),
    ],
)
def test_durations(text, seconds):
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "90", "h", "2h2h", "30m2h", "1.5h", "-2h", "2 h", "P", "PT", "P1Y", "P1M", "2hours", "٣d", "101w1x"]
)
def test_no_duration(text):
    with pytest.raises(InvalidInput) as refused:
        parse_duration(text, "/length")
    (problem,) = refused.value.problems
    assert (problem.pointer, problem.code) == ("/length", "bad_duration")
    assert "2h30m" in refused.value.hint


def test_more_than_a_hundred_years_is_a_typing_error():
    assert parse_duration("36525d") == LONGEST
    with pytest.raises(InvalidInput, match="hundred years"):
        parse_duration("999999999w")


@given(st.integers(0, int(LONGEST.total_seconds())))
def test_a_formatted_duration_reads_back(seconds):
    length = timedelta(seconds=seconds)
    assert parse_duration(format_duration(length)) == length


@pytest.mark.parametrize(
    ("seconds", "text"), [(9_000, "2h30m"), (0, "0s"), (93_784, "1d2h3m4s"), (-7_200, "-2h"), (0.9, "0s")]
)
def test_format_duration(seconds, text):
    assert format_duration(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(40, "40s"), (60, "1m"), (7_199, "1h"), (3 * 86_400, "3d"), (400 * 86_400, "400d"), (-9, "0s")],
)
def test_age(seconds, text):
    assert age(NOW, NOW - timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("now", "2026-11-23 11:30"),
        ("2h", "2026-11-23 13:30"),
        ("+2h30m", "2026-11-23 14:00"),
        ("today", "2026-11-23 23:59"),
        ("eod", "2026-11-23 23:59"),
        ("EOD", "2026-11-23 23:59"),
        ("tomorrow", "2026-11-24 23:59"),
        ("tomorrow 17:00", "2026-11-24 17:00"),
        ("tomorrow 5pm", "2026-11-24 17:00"),
        ("today 9:05", "2026-11-23 09:05"),
        ("today 12am", "2026-11-23 00:00"),
        ("today  12:30pm", "2026-11-23 12:30"),
        ("tue", "2026-11-24 23:59"),
        ("mon", "2026-11-30 23:59"),
        ("Sunday 8am", "2026-11-29 08:00"),
        ("2026-11-30", "2026-11-30 23:59"),
        ("2026-11-30 17:00", "2026-11-30 17:00"),
        ("2026-11-30 5pm", "2026-11-30 17:00"),
        ("2026-11-30T17:00", "2026-11-30 17:00"),
        ("2026-11-30T17:00Z", "2026-11-30 18:00"),
        ("2026-11-30T17:00:00-05:00", "2026-11-30 23:00"),
        ("2026-07-01T17:00", "2026-07-01 17:00"),
    ],
)
def test_when(text, local):
    instant = parse_when(text, NOW, BERLIN)
    assert instant.tzinfo is UTC
    assert f"{instant.astimezone(BERLIN):%Y-%m-%d %H:%M}" == local


@pytest.mark.parametrize(
    "text",
    [
        *("", "90", "17", "5pm", "17:00", "soon", "tomorrow 17", "tomorrow 13pm", "tomorrow 0am", "tomorrow 24:00"),
        *("2026-02-29", "2026-11", "1899-12-31", "2201-01-01", "2026-11-30T24:00", "2026-11-30T17:00:61", "20261130"),
        *("2026-11-30T17:00+25:00", "0001-01-01T00:00+14:00", "+", "-2h", "now 5pm", "eod 5pm", "2026-W48", "1e3"),
        *("9999-12-31", "0000-01-01"),
    ],
)
def test_no_time(text):
    with pytest.raises(InvalidInput) as refused:
        parse_when(text, NOW, BERLIN, "/due_at")
    assert refused.value.problems[0].pointer == "/due_at"
    assert "tomorrow 5pm" in refused.value.hint
    assert "23:59" in refused.value.hint


def test_a_skipped_local_time_moves_forward_and_a_repeated_one_is_the_first():
    assert local_instant(datetime(2026, 3, 29, 2, 30), BERLIN).astimezone(BERLIN).hour == 3  # noqa: DTZ001
    assert parse_when("2026-03-29 02:30", NOW, BERLIN) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert parse_when("2026-10-25 02:30", NOW, BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "start", "hours"),
    [
        ("2026-11-23", "2026-11-22T23:00Z", 24),
        ("today", "2026-11-22T23:00Z", 24),
        ("yesterday", "2026-11-21T23:00Z", 24),
        ("tomorrow", "2026-11-23T23:00Z", 24),
        ("2026-03-29", "2026-03-28T23:00Z", 23),
        ("2026-10-25", "2026-10-24T22:00Z", 25),
        ("2026-02", "2026-01-31T23:00Z", 28 * 24),
        ("2026-12", "2026-11-30T23:00Z", 31 * 24),
        ("2026-11-23T10:00", "2026-11-23T09:00Z", 1 / 60),
        ("2026-11-23T10:00:00Z", "2026-11-23T10:00Z", 1 / 3600),
    ],
)
def test_a_written_time_covers_what_it_says(text, start, hours):
    first = datetime.fromisoformat(start)
    assert parse_span(text, NOW, BERLIN) == (first, first + timedelta(hours=hours))


def test_now_and_fractions_are_a_microsecond():
    tick = timedelta(microseconds=1)
    assert parse_span("now", NOW, BERLIN) == (NOW, NOW + tick)
    start, end = parse_span("2026-11-23T10:00:00.5Z", NOW, BERLIN)
    assert (start.microsecond, end - start) == (500_000, tick)


def test_a_day_that_a_zone_skipped_is_empty():
    start, end = parse_span("2011-12-30", NOW, ZoneInfo("Pacific/Apia"))
    assert start == end


@given(st.text(max_size=30), st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Apia", "America/St_Johns"]))
@example("9999-12-31", "UTC")
@example("1900-01-01T00:00", "Pacific/Apia")
@example("2200-12", "America/St_Johns")
@example("99999999999999999999d", "UTC")
@example("\ud800 5pm", "UTC")
def test_any_text_is_a_time_or_refused(text, zone):
    for read in (parse_when, parse_span):
        try:
            result = read(text, NOW, ZoneInfo(zone))
        except InvalidInput as refusal:
            assert refusal.hint  # noqa: PT017 - the other outcome is as good
        else:
            assert result


@given(
    st.datetimes(datetime(1900, 1, 1), datetime(2200, 12, 31)),  # noqa: DTZ001
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"]),
)
def test_an_instant_reads_back_from_its_own_text(local, zone):
    instant = local_instant(local, ZoneInfo(zone))
    assert parse_when(instant.isoformat(), NOW, ZoneInfo(zone)) == instant


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2h", "2026-11-23T08:30:00"),
        ("2h ago", "2026-11-23T08:30:00"),
        (" 1W AGO ", "2026-11-16T10:30:00"),
        ("PT4H", "2026-11-23T06:30:00"),
        ("now", "2026-11-23T10:30:00"),
        ("today", "2026-11-22T23:00:00"),
        ("yesterday", "2026-11-21T23:00:00"),
        ("tomorrow", "2026-11-23T23:00:00"),
        ("2026-11", "2026-10-31T23:00:00"),
        ("2026-10-25", "2026-10-24T22:00:00"),
        ("2026-11-20 17:00", "2026-11-20T16:00:00"),
        ("2026-11-20T17:00:01.5Z", "2026-11-20T17:00:01.500000"),
        ("9:15", "2026-11-23T08:15:00"),
        ("14:30", "2026-11-23T13:30:00"),
        ("yesterday 14:30", "2026-11-22T13:30:00"),
        ("Today 9am", "2026-11-23T08:00:00"),
        ("2026-10-25 5:30pm", "2026-10-25T16:30:00"),
        ("2026-10-24 5pm", "2026-10-24T15:00:00"),
    ],
)
def test_times_of_a_look_back(text, told):
    assert parse_past(text, NOW, BERLIN) == datetime.fromisoformat(told).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["", "ago", "soon ago", "today ago", "-2h", "2 h", "fri", "2026-13-01", "2026-02-30", "14", "25:00", "now 14:30",
     "2h 14:30", "2026-11 14:30", "14:30 ago", "yesterday 14"],
)  # fmt: skip
def test_no_times_of_a_look_back(text):
    with pytest.raises(InvalidInput) as refused:
        parse_past(text, NOW, BERLIN, "/at")
    (problem,) = refused.value.problems
    assert (problem.pointer, problem.code) == ("/at", "bad_time")
    assert "2h (ago), 14:30, yesterday, yesterday 14:30, " in refused.value.hint
    assert refused.value.hint.endswith("; without a zone it is Europe/Berlin")
