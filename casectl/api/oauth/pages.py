"""The pages for people: log in, agree, type in a device's code, log out, and what went wrong.

Plain HTML without scripts and without anything from elsewhere. `fill` is the only way text gets into a page, and
escapes all of it. Only casectl.api.oauth imports this module.
"""

from __future__ import annotations

import base64
import hashlib
import re
from html import escape
from typing import TYPE_CHECKING, LiteralString

import msgspec
from starlette.responses import Response

from casectl.api.oauth.style import STYLE
from casectl.desk.server.codes import shown
from casectl.rules.rights import RIGHTS
from casectl.rules.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from casectl.desk.server.logins import Person

_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?", re.ASCII)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:", re.ASCII)


class Html(str):
    """Text that is HTML already: what `fill` has made."""

    __slots__ = ()


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """What the login page says. `tenant` is hidden where there is nothing to choose."""

    why: str
    token: str
    tenant: str = ""
    hides_tenant: bool = False
    login: str = ""
    alert: str = ""
    status: int = 200
    wait: float = 0.0


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """What the consent page says. `user_code` is what the device must show, `goes_to` where the browser goes."""

    client: str
    told: list[str]
    is_all: bool
    token: str
    goes_to: str = ""
    user_code: str = ""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A page; `goes_to` is an address that its form may be redirected to, `wait` the seconds of a Retry-After."""

    title: str
    body: Html
    status: int = 200
    goes_to: str = ""
    wait: float = 0.0

    def response(self) -> Response:
        """The page as it is sent, with its policy."""
        whole = fill(_WHOLE, title=self.title, body=self.body)
        headers = {
            "Content-Security-Policy": _policy(self.goes_to), "Cache-Control": "no-store", "X-Frame-Options": "DENY",
            "Cross-Origin-Opener-Policy": "same-origin",
        }  # fmt: skip
        if self.wait:
            headers["Retry-After"] = str(max(1, round(self.wait + 0.5)))
        return Response(whole.encode("utf-8", "replace"), self.status, headers, "text/html; charset=utf-8")


def _policy(goes_to: str) -> str:
    """Browsers hold the redirect after a form against form-action too; IPv6 addresses cannot be told in it."""
    origin = _ORIGIN.match(goes_to)
    scheme = _SCHEME.match(goes_to)
    target = " " + (origin or scheme)[0] if origin or scheme else ""  # type: ignore[index]
    return (
        f"default-src 'none'; style-src 'sha256-{_HASH}'; img-src data:; form-action 'self'{target};"
        " frame-ancestors 'none'; base-uri 'none'"
    )


def fill(template: LiteralString, **parts: str) -> Html:
    """The template with its parts filled in, each escaped unless it is Html."""
    return Html(template.format_map({name: _escaped(part) for name, part in parts.items()}))


def _escaped(text: str) -> str:
    return text if isinstance(text, Html) else escape(safe_text(text), quote=True)


_LOGO = Html(
    '<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round"'
    ' aria-hidden="true"><path d="M4 7h16v12a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1z"/><path d="M9 7V4h6v3"/>'
    '<path d="m8.5 13.5 2.4 2.4 4.6-4.8" stroke-linecap="round"/></svg>'
)

_ICON = Html(
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='%230b5cad'"
    " stroke-width='2.4'%3E%3Cpath d='M4 7h16v13H4zM9 7V4h6v3m-6.500 6.500 2.400 2.400 4.600-4.800'/%3E%3C/svg%3E"
)

_WHOLE: LiteralString = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,'
    ' initial-scale=1"><meta name="robots" content="noindex"><title>{title} · casectl</title><link rel="icon" href="'
    + _ICON
    + '"><style>'
    + STYLE.replace("{", "{{").replace("}", "}}")
    + '</style></head><body><main><p class="brand">'
    + _LOGO
    + "casectl</p>{body}</main></body></html>"
)

_ALERT: LiteralString = '<p class="alert" role="alert">{text}</p>'

_LOGIN: LiteralString = (
    '<h1>Log in</h1><p class="faint">{why}</p>{alert}<form method="post">'
    '<input type="hidden" name="form" value="{token}"><input type="hidden" name="action" value="login">{tenant}'
    '<div class="field"><label for="login">Login</label><input type="text" id="login" name="login" value="{login}"'
    ' autocomplete="username" autocapitalize="none" spellcheck="false" required{first}></div>'
    '<div class="field"><label for="password">Password</label>'
    '<input type="password" id="password" name="password" autocomplete="current-password" required{second}></div>'
    '<button class="main wide">Log in</button></form>'
)

_TENANT: LiteralString = (
    '<div class="field"><label for="tenant">Tenant</label><input type="text" id="tenant" name="tenant" value="{tenant}"'
    ' autocomplete="organization" autocapitalize="none" spellcheck="false" required{focus}></div>'
)

_HIDDEN_TENANT: LiteralString = '<input type="hidden" name="tenant" value="{tenant}">'

_CONSENT: LiteralString = (
    '<h1><bdi>{client}</bdi> wants to act for you</h1><p class="faint">{what}</p>{rights}{warning}{back}'
    '<form method="post" class="choice"><input type="hidden" name="form" value="{token}">{code}'
    '<button name="action" value="deny">Deny</button>'
    '<button class="main" name="action" value="allow">Allow</button></form>{user}'
)

_USER: LiteralString = (
    '<div class="user"><span>Logged in as <bdi>{login}</bdi> of <bdi>{tenant}</bdi></span><form method="post">'
    '<input type="hidden" name="form" value="{token}"><button class="plain" name="action" value="leave">Not you?'
    "</button></form></div>"
)

_DEVICE: LiteralString = (
    '<h1>Log in on a device</h1><p class="faint">Type in the code that the device shows.</p>{alert}'
    '<form method="post"><input type="hidden" name="form" value="{token}"><div class="field">'
    '<label for="code">Code</label><input type="text" class="code" id="code" name="user_code" value="{code}"'
    ' autocomplete="off" spellcheck="false" autocapitalize="characters" maxlength="12" required autofocus></div>'
    '<button class="main wide" name="action" value="look">Continue</button></form>{user}'
)

_WARNING: LiteralString = (
    '<p class="code-shown">{code}</p><p class="faint">Allow this only if you have just begun to log in on'
    " a device of your own, and it shows this very code.</p>"
)

_LOGOUT: LiteralString = (
    "<h1>Log out</h1><p>This ends your login in this browser. Programs that you let in stay logged in.</p>"
    '<form method="post"><input type="hidden" name="form" value="{token}">'
    '<button class="main wide" name="action" value="leave">Log out</button></form>'
)


def login_page(asks: Login) -> Page:
    """Ask who somebody is; the first field that is still empty has the cursor."""
    tenant, focus = Html(""), Html(" autofocus")
    first_empty = "password" if asks.login else "login"
    if asks.hides_tenant:
        tenant = fill(_HIDDEN_TENANT, tenant=asks.tenant) if asks.tenant else tenant
    else:
        first_empty = first_empty if asks.tenant else "tenant"
        tenant = fill(_TENANT, tenant=asks.tenant, focus=focus if first_empty == "tenant" else Html(""))
    body = fill(
        _LOGIN, why=asks.why, token=asks.token, login=asks.login, alert=_alert(asks.alert), tenant=tenant,
        first=focus if first_empty == "login" else Html(""), second=focus if first_empty == "password" else Html(""),
    )  # fmt: skip
    return Page(title="Log in", body=body, status=asks.status, wait=asks.wait)


def consent_page(person: Person, asks: Consent) -> Page:
    """Ask whether a client may have these rights."""
    code, warning = Html(""), Html("")
    if asks.user_code:
        code = fill('<input type="hidden" name="user_code" value="{code}">', code=asks.user_code)
        warning = fill(_WARNING, code=shown(asks.user_code))
    body = fill(
        _CONSENT, client=asks.client, rights=_rights(asks.told, asks.is_all), warning=warning, code=code,
        what="If you allow it, it may do all that you may." if asks.is_all else "If you allow it, it may:",
        back=_back(asks.goes_to),
        token=asks.token, user=user_line(person, asks.token),
    )  # fmt: skip
    return Page(title="Let a program in", body=body, goes_to=asks.goes_to)


def _back(goes_to: str) -> Html:
    """Where the browser goes afterwards: a client of a familiar name may still live at a strange place."""
    found = _ORIGIN.match(goes_to) or _SCHEME.match(goes_to)
    place = found[0] if found else goes_to
    return fill('<p class="faint">Your browser then goes to <bdi>{place}</bdi></p>', place=place) if place else Html("")


def _rights(told: list[str], is_all: bool) -> Html:
    listed = Html("<ul>" + "".join(fill("<li>{text}</li>", text=text) for text in _words(told)) + "</ul>")
    if not is_all:
        return listed
    count = len(told)
    return fill(
        "<details><summary>{count} rights, one by one</summary>{listed}</details>", count=str(count), listed=listed
    )


def _words(told: Iterable[str]) -> list[str]:
    """What rights allow, in the order in which the table of rights tells them."""
    held = set(told)
    return [f"{text[:1].upper()}{text[1:]}" for right, text in RIGHTS.items() if right in held]


def user_line(person: Person, token: str) -> Html:
    """Who is logged in, and the way to be somebody else."""
    return fill(_USER, login=person.login, tenant=person.tenant, token=token)


def device_page(person: Person, *, token: str, code: str = "", alert: str = "") -> Page:
    """Ask for a device's code."""
    body = fill(_DEVICE, token=token, code=code, alert=_alert(alert), user=user_line(person, token))
    return Page(title="Log in on a device", body=body)


def logout_page(token: str) -> Page:
    """Ask whether to log out: a mere link must not do it."""
    return Page(title="Log out", body=fill(_LOGOUT, token=token))


def told_page(title: str, text: str, status: int = 200, *, wait: float = 0.0) -> Page:
    """Say one thing."""
    return Page(
        title=title, status=status, wait=wait, body=fill("<h1>{title}</h1><p>{text}</p>", title=title, text=text)
    )


def _alert(text: str) -> Html:
    return fill(_ALERT, text=text) if text else Html("")
