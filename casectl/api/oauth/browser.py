"""What browsers bring along and are sent home with: the cookie, the form's token, a page or a redirect.

Only casectl.api.oauth imports this module.
"""

from __future__ import annotations

import hmac
import re
import secrets
from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response

from casectl.api.oauth.exchange import BadRequest, form_of, form_token, origin_of, query_of
from casectl.api.oauth.pages import Page, told_page
from casectl.desk.server.access_steps import Origin  # noqa: TC001 - msgspec resolves the annotations at run time

if TYPE_CHECKING:
    from starlette.requests import Request

    from casectl.api.oauth.authority import Authority
    from casectl.desk.server.access_steps import Step

_COOKIE = re.compile(r"[A-Za-z0-9_-]{43}")
_KNOWN = re.compile(r"[A-Za-z0-9_-]{22}\.[0-9a-f]{64}")
_KNOWN_SECONDS = 180 * 86_400


class Visit(msgspec.Struct, kw_only=True):
    """One request of a browser, read: `form` is empty for a GET, `cookie` is made anew where there was none.

    `known` is what the browser got at an earlier login; see `casectl.desk.server.logins`.
    """

    query: dict[str, str]
    form: dict[str, str]
    cookie: str
    is_new: bool
    is_secure: bool
    issuer: str
    path: str
    origin: Origin
    known: str = ""

    @property
    def action(self) -> str:
        """Which button was pressed, '' for a GET."""
        return self.form.get("action", "")

    def token(self, authority: Authority, step: Step) -> str:
        """What this browser's forms must bring back."""
        return form_token(authority.form_key(step), self.cookie)

    def is_forged(self, authority: Authority, step: Step) -> bool:
        """Whether the form was not made for this browser: another site had it sent (CSRF)."""
        given = self.form.get("form", "").encode("utf-8", "surrogatepass")
        return self.is_new or not hmac.compare_digest(self.token(authority, step).encode(), given)


class Outcome(msgspec.Struct, kw_only=True):
    """What to send home: a page, or an address to go to; with `cookie` a new login, which makes the browser `known`."""

    page: Page | None = None
    location: str = ""
    cookie: str = ""
    known: str = ""
    drops_cookie: bool = False


def cookie_name(is_secure: bool, kind: str = "login") -> str:
    """The prefix lets no other host of the domain set the cookie; browsers want https for it."""
    plain = {"login": "casectl_login", "known": "casectl_known"}[kind]
    return {"login": "__Host-casectl", "known": "__Host-casectl-known"}[kind] if is_secure else plain


async def visit_of(authority: Authority, request: Request) -> Visit:
    """The request as it is read. Raises BadRequest."""
    issuer = authority.issuer(request)
    is_secure = issuer.startswith("https://")
    given = request.cookies.get(cookie_name(is_secure), "")
    known = request.cookies.get(cookie_name(is_secure, "known"), "")
    is_post = request.method == "POST"
    if is_post and request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise BadRequest("the form was sent by another site")
    is_known = _COOKIE.fullmatch(given) is not None
    return Visit(
        query=query_of(request), form=await form_of(request) if is_post else {}, issuer=issuer, is_secure=is_secure,
        cookie=given if is_known else secrets.token_urlsafe(32), is_new=not is_known, origin=origin_of(request),
        path=_same_address(request), known=known if _KNOWN.fullmatch(known) else "",
    )  # fmt: skip


def _same_address(request: Request) -> str:
    """The address that was asked for, relative to its folder: right behind every proxy."""
    query = request.scope["query_string"].decode("latin-1")
    return request.url.path.rpartition("/")[2] + (f"?{query}" if query else "")


def answer(visit: Visit, outcome: Outcome) -> Response:
    """Send the outcome, and the cookie where it is a new one."""
    if outcome.page is not None:
        response = outcome.page.response()
    else:
        response = Response(status_code=303, headers={"Location": outcome.location, "Cache-Control": "no-store"})
    value = outcome.cookie or (visit.cookie if visit.is_new and outcome.page is not None else "")
    name, path = cookie_name(visit.is_secure), "/"
    if outcome.known:
        response.set_cookie(cookie_name(visit.is_secure, "known"), outcome.known, max_age=_KNOWN_SECONDS, path=path,
                            secure=visit.is_secure, httponly=True, samesite="lax")  # fmt: skip
    if outcome.drops_cookie:
        response.delete_cookie(name, path, secure=visit.is_secure, httponly=True, samesite="lax")
    elif value:
        response.set_cookie(name, value, path=path, secure=visit.is_secure, httponly=True, samesite="lax")
    return response


def unreadable(bad: BadRequest) -> Response:
    """The page for a request that cannot be read."""
    return told_page("This cannot be read", f"{str(bad).capitalize()}.", 400).response()


FORGED = told_page(
    "Please try again",
    "This form is not the one that your browser was given. Go back to where you came from, and begin anew.",
    403,
)
