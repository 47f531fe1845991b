"""Durations, dates and instants as people write them. Everything above model may import this module.

A grammar of its own, strict on purpose: what is not certainly meant is refused (`90` is no date and no duration).
The clock and the zone are passed in; what comes out is aware and UTC. Local times that a clock change skips move
forward by the change, those it repeats mean the first (RFC 5545, 3.3.5). Years 1900 to 2200.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, NoReturn

from casectl.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from datetime import tzinfo

FIRST_YEAR, LAST_YEAR = 1900, 2200
LONGEST = timedelta(days=36_525)
"""A hundred years: longer durations are typing errors."""
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DURATION_FORMS = "2h30m, 90s, 7d, 1w or PT4H"
SPAN_FORMS = "2026-11-23, 2026-11, 2026-11-23T17:00, 2026-11-23T17:00Z, today, yesterday, tomorrow or now"
PAST_FORMS = "2h (ago), 14:30, yesterday, yesterday 14:30, 2026-11-23, 2026-11-23 17:00 or now"
WHEN_FORMS = "2026-11-23, 2026-11-23 17:00, 2h, today, tomorrow 5pm, mon 9:00, eod (23:59 today) or now"

# Patterns stay text: re compiles one when the first value needs it, which most commands never do.
_SECONDS = (604_800, 86_400, 3_600, 60, 1)
_DURATION = "".join(f"(?:([0-9]{{1,9}}){unit})?" for unit in "wdhms")
_ISO_DURATION = (
    "p(?:([0-9]{1,9})w)?(?:([0-9]{1,9})d)?(?:t(?=[0-9])(?:([0-9]{1,9})h)?(?:([0-9]{1,9})m)?(?:([0-9]{1,9})s)?)?"
)
_INSTANT = (
    "([0-9]{4}-[0-9]{2}-[0-9]{2}[t ](?:[01][0-9]|2[0-3]):[0-5][0-9])"
    r"(:[0-5][0-9])?(\.[0-9]{1,6})?(z|[+-][0-9]{2}:?[0-9]{2})?"
)
_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_MONTH = "([0-9]{4})-(0[1-9]|1[0-2])"
_CLOCK = "([0-9]{1,2})(?::([0-5][0-9]))?(am|pm)?"
_DAY_END = time(23, 59)
_NOON = 12
# A day more on either side: the first and last local midnight lie there in UTC.
_EARLIEST, _LATEST = datetime(FIRST_YEAR - 1, 12, 31, tzinfo=UTC), datetime(LAST_YEAR + 1, 1, 2, tzinfo=UTC)


def parse_duration(text: str, pointer: str = "") -> timedelta:
    """The length `2h30m`, `90s`, `7d`, `1w` or `PT4H` (ISO 8601 without years and months) stands for; d is 24 hours.

    Raises InvalidInput at `pointer` for anything else, and for more than a hundred years.
    """
    seconds = _read_seconds(text)
    if seconds is None:
        _refuse(f"{_shown(text)} is no duration", f"say {DURATION_FORMS}", "bad_duration", pointer)
    if seconds > LONGEST.total_seconds():
        _refuse(f"{_shown(text)} is longer than a hundred years", "name a date", "bad_duration", pointer)
    return timedelta(seconds=seconds)


def is_duration(text: str) -> bool:
    """Whether `text` has the form of a duration, however long."""
    return _read_seconds(text) is not None


def _read_seconds(text: str) -> int | None:
    lowered = text.strip().lower()
    found = re.fullmatch(_ISO_DURATION if lowered.startswith("p") else _DURATION, lowered)
    if found is None or not any(found.groups()):
        return None
    return sum(int(n or 0) * unit for n, unit in zip(found.groups(), _SECONDS, strict=True))


def format_duration(length: timedelta) -> str:
    """`2h30m` of a length, in days, hours, minutes and seconds; fractions of a second are dropped."""
    seconds = int(length.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    parts = []
    for unit, size in zip("dhms", _SECONDS[1:], strict=True):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return sign + "".join(parts) if parts else "0s"


def age(now: datetime, then: datetime) -> str:
    """How long ago `then` was in its largest whole unit: `3d`, `5h`, `12m`, `40s`; what lies ahead is `0s`."""
    seconds = max(int((now - then).total_seconds()), 0)
    for unit, size in zip("dhm", _SECONDS[1:], strict=False):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def local_instant(local: datetime, zone: tzinfo) -> datetime:
    """The UTC instant of the naive `local` time in `zone`; skipped times move forward, repeated ones are the first."""
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def parse_when(text: str, now: datetime, zone: tzinfo, pointer: str = "") -> datetime:
    """The UTC instant that a due date or the like names, seen at `now` in `zone`.

    A day without a time (`2026-11-23`, `today`, `tomorrow`, `fri`) and `eod` mean 23:59 of that day: who has until
    Friday has all of Friday. A weekday is the next one and never today. `2h` and `+2h` count from now.
    Raises InvalidInput at `pointer`, with the accepted forms as its hint.
    """
    wanted = text.strip().lower()
    if wanted == "now":
        return now.astimezone(UTC)
    length = wanted.removeprefix("+")
    if is_duration(length):
        return now.astimezone(UTC) + parse_duration(length, pointer)
    if (instant := _read_instant(wanted, zone)) is not None:
        return instant
    day, clock = _day_and_clock(wanted, now.astimezone(zone).date())
    if day is None or clock is None:
        _refuse(f"{_shown(text)} is no date or time between 1900 and 2200", f"say {WHEN_FORMS}", "bad_time", pointer)
    return local_instant(datetime.combine(day, clock), zone)


def _day_and_clock(wanted: str, today: date) -> tuple[date | None, time | None]:
    if wanted == "eod":
        return today, _DAY_END
    day, _, clock = wanted.partition(" ")
    return _read_day(day, today), _read_clock(clock.strip()) if clock else _DAY_END


def _read_day(word: str, today: date) -> date | None:
    if word in ("today", "tomorrow"):
        return today + timedelta(days=word == "tomorrow")
    for number, name in enumerate(WEEKDAYS):
        if word in (name, name[:3]):
            return today + timedelta(days=(number - today.weekday() - 1) % 7 + 1)
    return _read_date(word)


def _read_clock(word: str) -> time | None:
    """`17:00`, `5pm`, `5:30pm`; a bare hour is refused."""
    found = re.fullmatch(_CLOCK, word)
    if found is None or not (found[2] or found[3]):
        return None
    hour, minute = int(found[1]), int(found[2] or 0)
    if found[3]:
        if not 1 <= hour <= _NOON:
            return None
        hour = hour % _NOON + (_NOON if found[3] == "pm" else 0)
    return time(hour, minute) if hour < 2 * _NOON else None


def _read_date(word: str) -> date | None:
    if not re.fullmatch(_DATE, word):
        return None
    try:
        day = date.fromisoformat(word)
    except ValueError:
        return None
    return day if FIRST_YEAR <= day.year <= LAST_YEAR else None


def _read_instant(word: str, zone: tzinfo) -> datetime | None:
    found = re.fullmatch(_INSTANT, word)
    if found is None or (found[3] and not found[2]):
        return None
    try:
        instant = datetime.fromisoformat(word.upper())
        instant = instant.astimezone(UTC) if instant.tzinfo else local_instant(instant, zone)
    except (ValueError, OverflowError):
        return None
    return instant if _EARLIEST <= instant <= _LATEST else None


def parse_span(text: str, now: datetime, zone: tzinfo, pointer: str = "") -> tuple[datetime, datetime]:
    """The half-open UTC span a time in a query covers: all of a month, day, minute or second, as exactly as written.

    Days and months begin in `zone`; `now` is a single microsecond. Raises InvalidInput at `pointer`, with the forms.
    """
    wanted = text.strip().lower()
    if wanted == "now":
        start = now.astimezone(UTC)
        return start, start + timedelta(microseconds=1)
    span = _days_span(wanted, now, zone) or _instant_span(wanted, zone)
    if span is None:
        _refuse(f"{_shown(text)} is no date or time between 1900 and 2200", f"say {SPAN_FORMS}", "bad_time", pointer)
    return span


def parse_past(text: str, now: datetime, zone: tzinfo, pointer: str = "") -> datetime:
    """The UTC instant that a look back names, seen at `now` in `zone`: `2h` and `2h ago` are that long ago.

    A day, a month or a minute is its beginning; a clock alone is today's. Raises InvalidInput at `pointer`, with the
    accepted forms as its hint.
    """
    wanted = text.strip().lower()
    length = wanted.removesuffix(" ago")
    if is_duration(length):
        return now.astimezone(UTC) - parse_duration(length, pointer)
    if wanted == "now":
        return now.astimezone(UTC)
    span = _days_span(wanted, now, zone) or _instant_span(wanted, zone)
    if span is not None:
        return span[0]
    word, _, clock = wanted.rpartition(" ")
    day, at = _days_span(word or "today", now, zone), _read_clock(clock)
    if day is None or at is None or re.fullmatch(_MONTH, word):
        message = f"{_shown(text)} is no date or time between 1900 and 2200"
        _refuse(message, f"say {PAST_FORMS}; without a zone it is {zone}", "bad_time", pointer)
    return local_instant(datetime.combine(day[0].astimezone(zone).date(), at), zone)


def _days_span(wanted: str, now: datetime, zone: tzinfo) -> tuple[datetime, datetime] | None:
    shift = {"yesterday": -1, "today": 0, "tomorrow": 1}.get(wanted)
    if shift is not None:
        first = now.astimezone(zone).date() + timedelta(days=shift)
        return _between(first, first + timedelta(days=1), zone)
    if found := re.fullmatch(_MONTH, wanted):
        wanted += "-01"
    day = _read_date(wanted)
    if day is None:
        return None
    after = date(day.year + day.month // 12, day.month % 12 + 1, 1) if found else day + timedelta(days=1)
    return _between(day, after, zone)


def _between(first: date, after: date, zone: tzinfo) -> tuple[datetime, datetime]:
    start, end = (local_instant(datetime.combine(day, time()), zone) for day in (first, after))
    return start, max(start, end)  # a zone that changed sides of the date line skipped a whole day


def _instant_span(wanted: str, zone: tzinfo) -> tuple[datetime, datetime] | None:
    start = _read_instant(wanted, zone)
    if start is None:
        return None
    fraction, seconds = "." in wanted, wanted.count(":", 0, 19) > 1
    return start, start + timedelta(microseconds=1 if fraction else 1_000_000 if seconds else 60_000_000)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:60] + "…")  # noqa: PLR2004 - one line of a terminal


def _refuse(message: str, hint: str, code: str, pointer: str) -> NoReturn:
    raise InvalidInput(message, hint=hint, problems=[Problem(message=message, pointer=pointer, code=code, hint=hint)])
