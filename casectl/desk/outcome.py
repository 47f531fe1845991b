"""What became of a change whose commit was sent and never answered. Only `desk.local` imports this module.

Postgres remembers of each transaction whether it was committed, so whoever has noted its id can ask over another
connection: the change is then told as made or as not made, whatever happened to the first one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from casectl.errors import OutcomeUnknown, Refusal, Unreachable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import LiteralString

    from casectl.store.sql import Sql

_STATUS: LiteralString = "SELECT pg_xact_status(%s::xid8) FROM pg_sleep(%s)"

_LOOKS = (0.0, *[0.1] * 20)
"""Seconds before each look at a transaction that still runs: the server has yet to notice that its client is gone."""

_TRACE: LiteralString = """
    SELECT EXISTS (SELECT FROM audit WHERE tenant_id = %s AND xid = %s::xid8 AND request_id = %s)
"""


class CommitLost(Exception):  # noqa: N818 - it is not known yet whether it is an error
    """The connection was lost at the commit of transaction `xid`; `result` is what the verb would have answered."""

    def __init__(self, xid: str, tenant_id: int, request_id: str, result: Any) -> None:
        super().__init__(f"the commit of transaction {xid} was not answered")
        self.xid, self.tenant_id, self.request_id, self.result = xid, tenant_id, request_id, result


def is_lost(error: BaseException) -> bool:
    """Whether an error at a commit leaves open what became of it: all do but those that the server lived to tell.

    An ERROR has rolled the transaction back; with FATAL or PANIC, or without a word, the commit may have been written.
    """
    from psycopg import Error

    return isinstance(error, Error) and error.diag.severity_nonlocalized != "ERROR"


async def settle(sql: Sql, lost: CommitLost, enter: Callable[[], Awaitable[object]]) -> Any:
    """The result of the change, if it was made; `enter` begins the work of its actor again. The caller rolls back.

    Raises Unreachable if it was not made, OutcomeUnknown if nobody can tell.
    """
    status = await _status(sql, lost.xid)
    if status == "aborted":
        raise Unreachable("the database broke off the connection; nothing was changed", hint="try again")
    if status == "committed":
        # A crash forgets ids of which nothing had been written, and gives them again: the trace must be this request's.
        await enter()
        if (await sql.rows(_TRACE, (lost.tenant_id, lost.xid, lost.request_id)))[0][0]:
            return lost.result
    raise unknown()


async def _status(sql: Sql, xid: str) -> str:
    """As Postgres tells it; an id that was not given yet is that of a transaction a crash has undone."""
    from psycopg import errors

    status = ""
    try:
        for seconds in _LOOKS:
            status = (await sql.rows(_STATUS, (xid, seconds)))[0][0]
            if status != "in progress":
                break
    except errors.InvalidParameterValue:
        return "aborted"
    return status


def unknown() -> Refusal:
    """The refusal where nobody could tell."""
    return OutcomeUnknown(
        "the database was lost while it stored the change: it is not known whether the change was made",
        hint="casectl db status tells its state; look whether it was made before you try again",
    )
