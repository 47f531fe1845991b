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

from casectl.api.access_log import Observed
from casectl.api.compression import Compression
from casectl.api.docs import docs_routes
from casectl.api.envelope import Envelope
from casectl.api.events import streaming
from casectl.api.health import health_routes
from casectl.api.jobs import working
from casectl.api.limits import Limiting, limited
from casectl.api.metrics import Metrics
from casectl.api.oauth import Authority, oauth_routes
from casectl.api.problems import http_problem
from casectl.api.proxies import TrustedProxies
from casectl.api.routes import VerbRoutes, verb_routes
from casectl.api.server_settings import server_settings
from casectl.desk.server.access import Gate
from casectl.desk.server.pool import SCHEMA, Pool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.routing import BaseRoute

    from casectl.config import Config


def make_app(config: Config) -> Starlette:
    """The application of one process; its lifespan opens the pool of connections.

    Raises, at the start of the lifespan, what `Pool.open` raises.
    """
    settings, metrics, authority = server_settings(config), Metrics(), Authority(config)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        pool = Pool(config, settings.pool_size)
        await pool.open()
        app.state.pool, app.state.gate = pool, Gate(pool, config)
        try:
            await app.state.gate.open()
            async with limited(app, settings, pool, metrics), streaming(app, config), working(app, pool):
                yield
        finally:
            await app.state.gate.close()
            authority.close()
            await pool.close()

    app = Starlette(
        routes=_routes(config, authority),
        lifespan=lifespan,
        middleware=[
            Middleware(Observed, metrics=metrics),
            Middleware(TrustedProxies, trusted=settings.trusted_proxies),
            Middleware(Envelope, schema=SCHEMA),
            Middleware(Limiting, settings=settings),
            Middleware(Compression),
        ],
        exception_handlers={HTTPException: http_problem},
    )
    app.state.config, app.state.settings, app.state.metrics = config, settings, metrics
    app.router.redirect_slashes = False
    return app


def _routes(config: Config, authority: Authority) -> list[BaseRoute]:
    """Verbs first: they are what is asked for most."""
    max_body = config.number("server.max_body") or 0
    return [VerbRoutes(verb_routes(max_body)), *oauth_routes(authority), *docs_routes(), *health_routes()]
