"""The audit as a stream that loses nothing, from Postgres. Only `store.unit` imports this module.

Pages are read in the order (xid, seq) and only below the oldest running transaction (DECISIONS 12). A cursor holds the
epoch, the last place, and the time from which on rows count; it is signed and bound to the tenant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from casectl import typed
from casectl.errors import Gone, InvalidInput, Problem
from casectl.model.case import CaseRef
from casectl.model.event import Event, EventPage
from casectl.rules.event_names import names_of
from casectl.store.cursors import seal, unseal
from casectl.store.history import changes_of, names_in

if TYPE_CHECKING:
    from datetime import datetime
    from typing import LiteralString

    from casectl.store.context import Context

_LOOKED_AT = 2_000
"""Rows of the audit that one page looks at; most of them may be hidden from the reader."""

_WINDOW: LiteralString = """
    SELECT left(encode(w.epoch, 'hex'), 16), w.from_xid::text, w.from_seq, w.to_xid::text, w.to_seq, w.is_full
    FROM event_window(%s::xid8, %s, %s) w
"""

_ROWS: LiteralString = """
    SELECT a.xid::text, a.seq, a.occurred_at, coalesce(u.login, 'casectl'), a.operation, a.request_id, a.object,
           a.object_id, a.case_id, c.number, a.action, a.is_internal, coalesce(a.payload, '{}')
    FROM audit a
    CROSS JOIN LATERAL (
        SELECT k.number FROM cases k WHERE k.tenant_id = a.tenant_id AND k.id = a.case_id
        UNION ALL
        SELECT p.number FROM purged_cases p
        WHERE p.tenant_id = a.tenant_id AND p.case_id = a.case_id AND a.object = 'case' AND a.action = 'delete'
    ) AS c
    LEFT JOIN users u ON u.tenant_id = a.tenant_id AND u.id = a.actor_id
    WHERE a.tenant_id = %s AND (a.xid, a.seq) > (%s::xid8, %s) AND (a.xid, a.seq) <= (%s::xid8, %s)
      AND NOT a.historic AND a.recorded_at >= %s AND (%s OR NOT a.is_internal)
"""


class Place(msgspec.Struct, frozen=True, array_like=True):
    """What a cursor holds; `since` is the time from which on rows count, '' for always."""

    epoch: str
    xid: str
    seq: int
    since: str = ""


class StoredEvents:
    """See `casectl.unit.Events`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def page(
        self, *, after: str | None, since: datetime | None, limit: int, with_changes: bool, with_internal: bool
    ) -> EventPage:
        """See `casectl.unit.Events.page`."""
        place = await self._place(after, since)
        window = (await self._context.sql.rows(_WINDOW, (*_start(place), _LOOKED_AT)))[0]
        epoch, is_full = window[0], bool(window[5])
        if place is not None and place.epoch not in ("", epoch):
            raise _gone()
        begin = place.since if place else ""
        rows = await self._rows(window, begin, limit, with_internal=with_internal, newest=place is None)
        cut = place is not None and len(rows) == limit
        xid, seq = rows[-1][:2] if cut else window[3:5]
        end = Place(epoch, xid, seq, begin)
        return EventPage(
            items=await self._events(rows, epoch, begin, with_changes=with_changes),
            next=await self._cursor(end),
            more=is_full or cut,
        )

    async def _rows(
        self, window: tuple[Any, ...], since: str, limit: int, *, with_internal: bool, newest: bool
    ) -> list[tuple[Any, ...]]:
        """Rows of the window that the reader may see, in order."""
        order: LiteralString = " ORDER BY a.xid, a.seq LIMIT %s"
        if newest:
            order = " ORDER BY a.xid DESC, a.seq DESC LIMIT %s"
        from_time = since or "-infinity"
        values = (self._context.tenant_id, *window[1:5], from_time, with_internal, limit)
        rows = await self._context.sql.rows(_ROWS + order, values)
        return rows[::-1] if newest else rows

    async def _events(
        self, rows: list[tuple[Any, ...]], epoch: str, since: str, *, with_changes: bool
    ) -> list[Event]:  # fmt: skip
        names = await names_in(self._context, [row[12] for row in rows]) if with_changes else {}
        events = []
        for row in rows:
            name, *also = names_of(row[6], row[10], row[4], row[12])
            events.append(Event(
                cursor=await self._cursor(Place(epoch, row[0], row[1], since)), name=name, also=also, at=row[2],
                actor=row[3], operation=row[4], request_id=row[5], object=row[6], object_id=row[7],
                case=CaseRef(id=row[8], number=row[9]), is_internal=row[11],
                changes=changes_of(row[12], names) if with_changes else [],
            ))  # fmt: skip
        return events

    async def _place(self, after: str | None, since: datetime | None) -> Place | None:
        """Where to begin; None for the newest."""
        if after is not None:
            values = await unseal(self._context, self._bound(), after)
            if values is None:
                raise _refused()
            return typed.decode(values, Place)
        if since is None:
            return None
        xid = (await self._context.sql.rows("SELECT event_place(%s)::text", (since,)))[0][0]
        return Place("", xid, 0, since.isoformat())

    async def _cursor(self, place: Place) -> str:
        return await seal(self._context, self._bound(), msgspec.json.encode(place))

    def _bound(self) -> bytes:
        return msgspec.json.encode([self._context.tenant_id, "events"])


def _start(place: Place | None) -> tuple[str | None, int | None]:
    return (None, None) if place is None else (place.xid, place.seq)


def _gone() -> Gone:
    return Gone(
        "the cursor is from before the desk was restored; what happened since cannot be told from it",
        hint="begin anew, without a cursor or from a time",
    )


def _refused() -> InvalidInput:
    problem = Problem(pointer="/after", code="bad_cursor", message="the cursor is none of these events")
    return InvalidInput(problem.message, hint="use the cursor of an event or of a page", problems=[problem])
