"""A connection that does not wait for a server which will never answer. Only `desk.open` imports this module.

A server at work may take as long as `statement_timeout` lets it. One whose processes are stopped or whose machine went
away without a word says nothing at all, and no timeout of its own ends that: so after some seconds of silence it is
asked at a second connection whether it is there. The kernel's keepalives answer for a stopped process as well.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from psycopg import Connection, OperationalError

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg.abc import RV, PQGen

SILENCE = 3.0
"""Seconds without a word before the server is asked, and between two questions."""

MARGIN = 5.0
"""Seconds beyond `statement_timeout` in which the server has to tell that a statement was ended by it."""

QUESTIONS = 2
"""Questions without an answer that make a server a lost one; each waits for some seconds."""


class SilentServerError(OperationalError):
    """The server did not answer, neither here nor at a connection of its own."""


class WatchedConnection(Connection[Any]):
    """psycopg's connection. `longest` is the most seconds a statement may take, the server's own limit included."""

    longest: float | None = None

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """As psycopg's; raises SilentServerError, with the connection closed, when the server is lost."""
        try:
            return super().wait(_watched(gen, self._is_there, self.longest), interval, timeout)
        except SilentServerError:
            self.close()
            raise

    def _is_there(self) -> bool:
        from casectl.store.server_process import answers

        info = self.info
        return answers(info.hostaddr or info.host, info.port)


def _watched(gen: PQGen[RV], is_there: Callable[[], bool], longest: float | None) -> PQGen[RV]:
    """The same steps, with a question whenever nothing has been heard for a while."""
    begun = heard = time.monotonic()
    unanswered = 0
    try:
        wish = next(gen)
        while True:
            ready = yield wish
            now = time.monotonic()
            if ready:
                heard, unanswered = now, 0
            elif longest is not None and now - begun > longest:
                raise SilentServerError("the server does not keep its own time limit")
            elif now - heard > SILENCE:
                unanswered = 0 if is_there() else unanswered + 1
                heard = time.monotonic()
                if unanswered == QUESTIONS:
                    raise SilentServerError("the server is silent")
            wish = gen.send(ready)
    except StopIteration as done:
        answer: RV = done.value
        return answer
