"""What happened, as followers are told it. Anyone above `model` may import it; `rules.event_names` gives the names."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - msgspec resolves the annotations at run time

import msgspec

from casectl.model.case import CaseRef, Change  # noqa: TC001 - msgspec resolves the annotations at run time


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One change of a case or of its notes.

    `cursor` names the place right behind the event: who goes on from there misses nothing and sees nothing twice.
    `name` is the most telling name of the change, `also` the others that are true of it (`case.status_changed` of a
    case that was closed). `changes` are for those who may read histories, else empty.
    """

    cursor: str
    name: str
    also: list[str] = []
    at: datetime
    actor: str
    operation: str
    request_id: str
    case: CaseRef
    object: str
    object_id: int
    is_internal: bool = False
    changes: list[Change] = []


class EventPage(msgspec.Struct, frozen=True, kw_only=True):
    """Events in order. `next` is where to go on, now or later; `more`: there is more already."""

    items: list[Event]
    next: str
    more: bool = False
