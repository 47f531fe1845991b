"""Working time of the demo desk: Monday to Friday from 8 to 18, busiest late in the morning.

Only `desk.demo_data` and `desk.demo_story` use it.

Times are told as working days before now, so that the same seed tells the same story on any day it is asked for.
"""

from __future__ import annotations

import math
from datetime import date, datetime, time, timedelta

OPENS = 8
_SHARES = (5, 11, 14, 12, 7, 9, 13, 12, 10, 7)
"""Percent of a day's work by the hour."""
_WORKDAYS, _WEEK = 5, 7


class Office:
    """The working time around `now`, in the zone of `now`."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._present = _index(now)

    def at(self, back: float) -> datetime:
        """The moment `back` working days ago; negative ones lie ahead. What has been is never after now."""
        day, part = divmod(self._present - back, 1)
        seconds = round((OPENS + _hours(part)) * 3600)
        moment = datetime.combine(_date(int(day)), time(), self._now.tzinfo) + timedelta(seconds=seconds)
        return min(moment, self._now) if back >= 0 else moment


def _index(moment: datetime) -> float:
    """Working days from the Monday of year 1 on; a weekend counts as the beginning of its Monday."""
    week, day = divmod(moment.toordinal() - 1, _WEEK)
    if day >= _WORKDAYS:
        return float(week * _WORKDAYS + _WORKDAYS)
    hours = moment.hour - OPENS + moment.minute / 60 + moment.second / 3600
    return week * _WORKDAYS + day + _share(min(max(hours, 0.0), float(len(_SHARES))))


def _date(index: int) -> date:
    week, day = divmod(index, _WORKDAYS)
    return date.fromordinal(week * _WEEK + day + 1)


def _share(hours: float) -> float:
    """The part of the day's work done after so many hours."""
    whole = math.floor(hours)
    begun = _SHARES[whole] * (hours - whole) if whole < len(_SHARES) else 0
    return min((sum(_SHARES[:whole]) + begun) / sum(_SHARES), 0.999)


def _hours(share: float) -> float:
    """The hours after which so much of the day's work is done."""
    left = share * sum(_SHARES)
    for hour, part in enumerate(_SHARES):
        if left < part:
            return hour + left / part
        left -= part
    return float(len(_SHARES))
