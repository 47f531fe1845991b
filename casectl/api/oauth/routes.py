"""The routes of the authorization server. `casectl.api.app` gets them by `casectl.api.oauth`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from starlette.routing import Route

from casectl.api.oauth import authorize, browser, device, endpoints
from casectl.api.oauth.exchange import BadRequest
from casectl.api.oauth.pages import told_page
from casectl.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from casectl.api.oauth.authority import Authority
    from casectl.api.oauth.browser import Outcome, Visit

METADATA = "/.well-known/oauth-authorization-server"


def oauth_routes(authority: Authority) -> list[BaseRoute]:
    """All routes of this authorization server."""
    pages = {"authorize": authorize.authorize, "device": device.device, "logout": device.logout}
    programs = {
        "token": endpoints.token, "revoke": endpoints.revoke, "introspect": endpoints.introspect,
        "device_authorization": endpoints.device_authorization,
    }  # fmt: skip
    return [
        *(Route(f"/oauth/{name}", _page(authority, show), methods=["GET", "POST"]) for name, show in pages.items()),
        *(Route(f"/oauth/{name}", _bound(authority, work), methods=["POST"]) for name, work in programs.items()),
        Route(METADATA + "{path:path}", _bound(authority, endpoints.well_known), methods=["GET"]),
    ]


def _bound(
    authority: Authority, work: Callable[[Authority, Request], Awaitable[Response]]
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return await work(authority, request)

    return endpoint


def _page(
    authority: Authority, show: Callable[[Authority, Visit], Outcome]
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            visit = await browser.visit_of(authority, request)
        except BadRequest as bad:
            return browser.unreadable(bad)
        try:
            return browser.answer(visit, await authority.run(partial(show, authority, visit)))
        except Refusal as refusal:
            text = f"{refusal.message[:1].upper()}{refusal.message[1:]}."
            return told_page("This does not work now", text, refusal.http_status).response()

    return endpoint
