"""/oauth/authorize: who are you, and may this client come in? Only casectl.api.oauth imports this module."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from oauthlib.common import add_params_to_uri
from oauthlib.oauth2.rfc6749.errors import (
    AccessDeniedError,
    FatalClientError,
    InvalidClientIdError,
    InvalidScopeError,
    MismatchingRedirectURIError,
    MissingClientIdError,
    MissingRedirectURIError,
    OAuth2Error,
)

from casectl.api.oauth.browser import FORGED, Outcome
from casectl.api.oauth.endpoints import known
from casectl.api.oauth.grant_types import authorization_endpoint
from casectl.api.oauth.pages import Consent, Login, consent_page, login_page, told_page
from casectl.api.oauth.validator import Validator
from casectl.desk.server import grants, logins

if TYPE_CHECKING:
    from casectl.api.oauth.authority import Authority
    from casectl.api.oauth.browser import Visit
    from casectl.desk.server.access_steps import Step
    from casectl.desk.server.logins import Person

_SENTENCES: dict[type[OAuth2Error], str] = {
    MissingClientIdError: "The address names no client.",
    InvalidClientIdError: "There is no such client, or it is out of use.",
    MissingRedirectURIError: "The address does not say where to go back to.",
    MismatchingRedirectURIError: "The client wants to send you to an address that is not registered for it.",
}


class Refused(Exception):  # noqa: N818 - it is answered
    """What the client is told, where it may be told anything."""

    def __init__(self, error: OAuth2Error) -> None:
        super().__init__(str(error))
        self.error = error


def authorize(authority: Authority, visit: Visit) -> Outcome:
    """One visit to the page."""
    if visit.action == "login":
        return _log_in(authority, visit)
    with authority.steps.step("authorize", visit.origin) as step:
        validator = Validator(step)
        try:
            if visit.form and visit.is_forged(authority, step):
                return Outcome(page=FORGED)
            redirect_uri = _check(validator, visit)
            return _decide(authority, visit, validator, redirect_uri)
        except FatalClientError as fatal:
            validator.refuse("authorize", fatal.error or "")
            sentence = _SENTENCES.get(type(fatal), "The address of this login is wrong.")
            hint = " Nobody was logged in; go back to where you came from."
            return Outcome(page=told_page("This login cannot go on", sentence + hint, 400))
        except OAuth2Error as error:
            validator.refuse("authorize", error.error or "")
            return Outcome(location=_back(visit, error.in_uri(visit.query["redirect_uri"])))


def _uri(visit: Visit) -> str:
    return "/oauth/authorize?" + urlencode(known(visit.query))


def _check(validator: Validator, visit: Visit) -> str:
    """Let oauthlib judge the address; where the browser goes back to. Raises OAuth2Error."""
    _, found = authorization_endpoint(validator).validate_authorization_request(_uri(visit))
    return str(found["redirect_uri"])


def _back(visit: Visit, location: str) -> str:
    """The client's address, with who answers (RFC 9207)."""
    return str(add_params_to_uri(location, [("iss", visit.issuer)]))


def _decide(authority: Authority, visit: Visit, validator: Validator, redirect_uri: str) -> Outcome:
    step, client = validator.step, validator.client
    person = logins.who_is(step, visit.cookie)
    if visit.action == "leave":
        logins.end_session(step, visit.cookie)
        return Outcome(location=visit.path, drops_cookie=True)
    if client is None or person is None or client.tenant_id not in (0, person.tenant_id):
        return Outcome(page=login_page(_asks(authority, visit, validator)))
    validator.user_id = person.user_id
    asked = visit.query["scope"].split() if "scope" in visit.query else None
    scopes = grants.scopes_for(step, client, person.user_id, asked)
    state = visit.query.get("state")
    if not scopes.told:
        validator.reason = "no right is left"
        raise InvalidScopeError(state=state)
    if visit.action == "deny":
        validator.reason = "by the user"
        raise AccessDeniedError(state=state)
    if visit.action == "allow":
        return _allow(visit, validator, person, scopes)
    asks = Consent(
        client=client.name, told=scopes.told, is_all=scopes.kept is None, token=visit.token(authority, step),
        goes_to=redirect_uri,
    )  # fmt: skip
    return Outcome(page=consent_page(person, asks))


def _allow(visit: Visit, validator: Validator, person: Person, scopes: grants.Scopes) -> Outcome:
    validator.step.enter(person.tenant_id, person.user_id)
    endpoint = authorization_endpoint(validator)
    headers, _, _ = endpoint.create_authorization_response(
        _uri(visit), scopes=scopes.told, credentials={"user": person.user_id, "kept": scopes.kept}
    )
    return Outcome(location=_back(visit, headers["Location"]))


def _asks(authority: Authority, visit: Visit, validator: Validator) -> Login:
    """The login page of this address: a client of a tenant lets in nobody else, so there is nothing to choose."""
    step, client = validator.step, validator.client
    belongs = client is not None and client.tenant_id != 0
    only = "" if belongs else logins.only_tenant(step)
    return Login(
        why=f"to continue to {client.name if client else 'a program'}", token=visit.token(authority, step),
        tenant=only or ("" if belongs else visit.query.get("tenant", "")), hides_tenant=belongs or bool(only),
        login=visit.query.get("login_hint", ""),
    )  # fmt: skip


def _log_in(authority: Authority, visit: Visit) -> Outcome:
    """Judge a password; afterwards the address is visited anew."""
    with authority.steps.step("authorize", visit.origin) as step:
        validator = Validator(step)
        if visit.is_forged(authority, step):
            return Outcome(page=FORGED)
        try:
            _check(validator, visit)
        except OAuth2Error:
            return Outcome(location=visit.path)  # where it is told why
        asks = _asks(authority, visit, validator)
        client = validator.client
    tenant = client.tenant if client is not None and client.tenant_id else visit.form.get("tenant", "")
    return log_in(authority, visit, asks, tenant, client.client_id if client else None)


def log_in(authority: Authority, visit: Visit, asks: Login, tenant: str, client_id: str | None) -> Outcome:
    """Begin a session for the right password, else ask again."""
    from msgspec.structs import replace

    login = visit.form.get("login", "")
    password = visit.form.get("password", "")
    given = logins.Try(tenant=tenant, login=login, password=password, client_id=client_id, known=visit.known)
    attempt = authority.passwords.log_in(visit.origin, given)
    if attempt.cookie:
        return Outcome(location=visit.path, cookie=attempt.cookie, known=attempt.known)
    asks = replace(asks, login=login, tenant=asks.tenant if asks.hides_tenant else tenant)
    if attempt.wait > 0:
        seconds = max(1, round(attempt.wait + 0.5))
        told = f"Too many attempts. Try again in {seconds} second{'s' if seconds != 1 else ''}."
        return Outcome(page=login_page(replace(asks, alert=told, status=429, wait=attempt.wait)))
    return Outcome(page=login_page(replace(asks, alert="Login or password is wrong.", status=403)))


def begin(authority: Authority, visit: Visit, step: Step, why: str) -> Login:
    """The login page of an address that belongs to no client."""
    only = logins.only_tenant(step)
    return Login(
        why=why, token=visit.token(authority, step), tenant=only or visit.query.get("tenant", ""),
        hides_tenant=bool(only),
    )  # fmt: skip
