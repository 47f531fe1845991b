"""The server's application: `make_app(config)` is what `casectl serve` runs.

Each neighbour is one line: verbs, login, documents, health, events, jobs. State lives in Postgres; the application
holds a pool of connections and caches.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from casectl.api.compression import Compression
from casectl.api.docs import docs_routes
from casectl.api.envelope import Envelope
from casectl.api.problems import http_problem
from casectl.api.routes import VerbRoutes, verb_routes
from casectl.desk.access import Gate
from casectl.desk.pool import SCHEMA, Pool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.routing import BaseRoute

    from casectl.config import Config


def make_app(config: Config) -> Starlette:
    """The application of one process; its lifespan opens the pool of connections.

    Raises, at the start of the lifespan, what `Pool.open` raises.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        pool = Pool(config, config.number("server.pool_size") or 10)
        await pool.open()
        app.state.pool, app.state.gate = pool, Gate(pool, config)
        await app.state.gate.open()
        try:
            yield
        finally:
            await app.state.gate.close()
            await pool.close()

    app = Starlette(
        routes=_routes(config),
        lifespan=lifespan,
        middleware=[Middleware(Envelope, schema=SCHEMA), Middleware(Compression)],
        exception_handlers={HTTPException: http_problem},
    )
    app.state.config = config
    app.router.redirect_slashes = False
    return app


def _routes(config: Config) -> list[BaseRoute]:
    """Verbs first: they are what is asked for most."""
    max_body = config.number("server.max_body") or 0
    return [VerbRoutes(verb_routes(max_body)), *docs_routes()]
