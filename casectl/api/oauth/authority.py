"""What all endpoints of one process share: configuration, steps, passwords, and the threads they run in.

Only casectl.api.oauth imports this module.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import anyio
from anyio import to_thread

from casectl.desk.server.access_steps import CONNECTIONS, Steps
from casectl.desk.server.grants import signing_key
from casectl.desk.server.logins import Passwords

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from casectl.config import Config
    from casectl.desk.server.access_steps import Step

Answer = TypeVar("Answer")


class Authority:
    """The authorization server of one process."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.steps = Steps(config)
        self._key = b""

    def close(self) -> None:
        """Let go of the database's connections."""
        self.steps.close()

    @cached_property
    def passwords(self) -> Passwords:
        """The judge of passwords."""
        return Passwords(self.steps)

    @cached_property
    def _limiter(self) -> anyio.CapacityLimiter:
        return anyio.CapacityLimiter(CONNECTIONS)

    async def run(self, work: Callable[[], Answer]) -> Answer:
        """Do in a thread what waits for the database, or hashes a password."""
        return await to_thread.run_sync(work, limiter=self._limiter)

    def form_key(self, step: Step) -> bytes:
        """The key of form tokens; it never changes."""
        if not self._key:
            self._key = signing_key(step)
        return self._key

    def issuer(self, request: Request) -> str:
        """Who we are: the configured address, else the one that was asked for; without a slash at its end."""
        return (self.config.text("server.public_url") or str(request.base_url)).rstrip("/")
