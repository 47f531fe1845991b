"""The instants that verbs look back at. Only verbs import this module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casectl.errors import InvalidInput, NotFound, Problem
from casectl.rules.case_input import zone_of
from casectl.rules.times import parse_past

if TYPE_CHECKING:
    from datetime import datetime

    from casectl.model.case import Case
    from casectl.unit import Unit


async def instant_of(unit: Unit, case: Case, text: str, pointer: str) -> datetime:
    """The instant of the case's life that `text` names.

    Raises InvalidInput for one that lies ahead, NotFound for one before the case was created.
    """
    now, zone = await unit.now(), zone_of(unit.actor.zone)
    instant = parse_past(text, now, zone, pointer)
    if instant > now:
        message = f"{instant.astimezone(zone).isoformat()} lies ahead: what will be is in no audit"
        raise InvalidInput(message, problems=[Problem(message=message, pointer=pointer, code="future")])
    if instant < case.created_at:
        raise NotFound(
            f"{case.number} was not there yet: it was created at {case.created_at.astimezone(zone).isoformat()}",
            hint=f"casectl history {case.number} tells what happened since",
        )
    return instant
