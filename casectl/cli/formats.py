"""Makes text for people of values as they stand in JSON. Only casectl.cli imports this module.

Nothing here makes text harmless: the table does that for every cell.
"""

from __future__ import annotations

from typing import Any

SYMBOLS = {"new": "*", "open": ">", "pending": "?", "on_hold": "=", "resolved": "+", "closed": "x"}
"""A sign for each status category, so that it is told without colour; ASCII shows everywhere."""

_STEPS = ((365 * 86400, "y"), (86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def plain(value: Any) -> str:
    """Text as it is, nothing for null, `yes` and `no`, lists by comma, anything deeper as JSON."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (str, int, float)):
        return str(value)
    if isinstance(value, list) and not any(isinstance(item, (list, dict)) for item in value):
        return ", ".join(plain(item) for item in value)
    import msgspec

    return msgspec.json.encode(value).decode()


def status(value: Any) -> str:
    """`> In progress` of a status with name and category."""
    return f"{SYMBOLS.get(value.get('category', ''), ' ')} {plain(value.get('name'))}" if value else ""


def person(value: Any) -> str:
    """The name of a user, contact or team, else the login or mail address."""
    return plain(value.get("name") or value.get("login") or value.get("email")) if value else ""


def people(value: Any) -> str:
    """The names of users, contacts or teams, by comma."""
    return ", ".join(person(one) for one in value or [])


def moment(value: Any) -> str:
    """`2026-11-23 10:14` in the zone of this machine, of an ISO 8601 time."""
    return exact_moment(value)[:16]


def exact_moment(value: Any) -> str:
    """`2026-11-23 10:14:05`, where seconds count."""
    if not value:
        return ""
    from datetime import datetime

    return datetime.fromisoformat(value).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def zoned_moment(value: Any) -> str:
    """`2026-11-23 10:14:05 CET`, for what was typed in a zone that may be another one."""
    if not value:
        return ""
    from datetime import datetime

    return datetime.fromisoformat(value).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


def age(value: Any) -> str:
    """How long ago an ISO 8601 time was, in its largest unit: `3d`; `in 2h` when it is yet to come."""
    if not value:
        return ""
    from datetime import UTC, datetime

    seconds = (datetime.now(UTC) - datetime.fromisoformat(value)).total_seconds()
    length, unit = next(((length, unit) for length, unit in _STEPS if abs(seconds) >= length), (1, "s"))
    number = f"{int(abs(seconds) // length)}{unit}"
    return number if seconds >= 0 else f"in {number}"
