"""The verb `events`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from casectl.errors import InvalidInput, Problem
from casectl.model.event import EventPage
from casectl.operation import Cli, Operation
from casectl.operations._queries import read_query
from casectl.rules.case_input import zone_of
from casectl.rules.times import parse_past

if TYPE_CHECKING:
    from casectl.unit import Unit

_LONGEST_TIME = 40
"""A longer word to begin at is a cursor."""


class Events(Operation[EventPage], frozen=True, kw_only=True):
    """Tell what happens to cases, as it happens.

    Without a place to begin these are the newest. Every event carries a cursor: who goes on from there misses nothing
    and sees nothing twice. A query picks those of cases that match it now.
    """

    name: ClassVar[str] = "events"
    right: ClassVar[str] = "case:read"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("GET", "/v1/events/"),)
    reads: ClassVar[bool] = True
    followed: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(
        group="Look",
        positionals=("query",),
        options={"limit": ("-n", "--limit")},
        metavars={"after": "CURSOR", "since": "TIME"},
        examples=(
            ("casectl events", "the newest"),
            ("casectl events --since 2h team:Network", "of two hours, of cases that are the team's now"),
            ("casectl events --since today -o jsonl", "for programs; --follow waits for more"),
        ),
        view="events",
    )

    query: Annotated[list[str], Meta(description="cases to tell of: team:l2 ...", extra={"query": True})] = []
    after: Annotated[str, Meta(description="go on behind this event or page")] | UnsetType = UNSET
    since: Annotated[str, Meta(description="begin at a time: 2h (ago), today, now; or at a cursor")] | UnsetType = UNSET
    limit: Annotated[int, Meta(description="events at most", ge=1, le=500)] = 50

    async def run(self, unit: Unit) -> EventPage:
        after, since = self.after or None, self.since or None
        if after is None and since is not None and len(since) > _LONGEST_TIME:
            after, since = since, None
        if after is not None and since is not None:
            message = "after and since exclude each other"
            raise InvalidInput(message, problems=[Problem(message=message, pointer="/since", code="excluded")])
        query = await read_query(unit, self.query) if self.query else None
        page = await unit.events.page(
            after=after,
            since=None if since is None else parse_past(since, await unit.now(), zone_of(unit.actor.zone), "/since"),
            limit=self.limit,
            with_changes="history:read" in unit.actor.rights,
            with_internal="note:read_internal" in unit.actor.rights,
        )
        if query is None or not page.items:
            return page
        found = await unit.cases.among(query, sorted({event.case.id for event in page.items}))
        return msgspec.structs.replace(page, items=[event for event in page.items if event.case.id in found])
