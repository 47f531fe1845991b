"""/oauth/device and /oauth/logout: approve a device by the code it shows, and end a browser's login.

Only casectl.api.oauth imports this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from casectl.api.oauth.authorize import begin, log_in
from casectl.api.oauth.browser import FORGED, Outcome
from casectl.api.oauth.pages import Consent, consent_page, device_page, login_page, logout_page, told_page
from casectl.desk.server import codes, grants, logins
from casectl.desk.server.oauth_clients import find_client

if TYPE_CHECKING:
    from casectl.api.oauth.authority import Authority
    from casectl.api.oauth.browser import Visit
    from casectl.desk.server.access_steps import Step
    from casectl.desk.server.codes import Device
    from casectl.desk.server.logins import Person
    from casectl.desk.server.oauth_clients import Client

_UNKNOWN = "No device waits with this code. It may have expired: begin anew on the device."


def device(authority: Authority, visit: Visit) -> Outcome:
    """One visit to the page for devices."""
    with authority.steps.step("device", visit.origin) as step:
        if visit.form and visit.is_forged(authority, step):
            return Outcome(page=FORGED)
        asks = begin(authority, visit, step, "to let a device in")
        person = logins.who_is(step, visit.cookie)
        if visit.action == "leave":
            logins.end_session(step, visit.cookie)
            return Outcome(location=visit.path, drops_cookie=True)
        if visit.action != "login":
            if person is None:
                return Outcome(page=login_page(asks))
            return _look(authority, visit, step, person)
    return log_in(authority, visit, asks, visit.form.get("tenant", ""), None)


def _look(authority: Authority, visit: Visit, step: Step, person: Person) -> Outcome:
    """Find the device, then ask, or do what was answered."""
    token = visit.token(authority, step)
    typed = visit.form.get("user_code") or visit.query.get("user_code", "")
    if not typed:
        return Outcome(page=device_page(person, token=token))
    wait = logins.may_guess(step, person)
    if wait > 0:
        return Outcome(page=told_page("Too many codes", f"Try again in {round(wait + 0.5)} s.", 429, wait=wait))
    code = codes.typed(typed)
    found = codes.find_device(step, code) if code else None
    client = find_client(step, found.client_id) if found else None
    if found is None or client is None or found.tenant_id not in (0, person.tenant_id):
        logins.count_guess(step, person)
        step.event("device", "refused", "unknown user code", user_id=person.user_id)
        return Outcome(page=device_page(person, token=token, code=typed[:12], alert=_UNKNOWN))
    scopes = grants.scopes_for(step, client, person.user_id, found.scopes)
    if visit.action in ("allow", "deny"):
        return _answer(step, person, found, client, scopes if visit.action == "allow" else None)
    if not scopes.told:
        return Outcome(page=told_page("Nothing to allow", "You have none of the rights that the device asks for.", 403))
    asks = Consent(client=client.name, told=scopes.told, is_all=scopes.kept is None, token=token, user_code=code)
    return Outcome(page=consent_page(person, asks))


def _answer(step: Step, person: Person, found: Device, client: Client, scopes: grants.Scopes | None) -> Outcome:
    """Approve with these scopes, or deny without any."""
    user = (person.tenant_id, person.user_id)
    approve = scopes is not None and bool(scopes.told)
    done = codes.decide(step, found, user, scopes.kept if scopes else None, approve=approve)
    step.event("device", "done" if approve and done else "refused", "approved" if approve else "denied by the user",
               client_id=client.client_id, user_id=person.user_id)  # fmt: skip
    if not done:
        return Outcome(page=told_page("Too late", _UNKNOWN, 410))
    if approve:
        return Outcome(page=told_page("The device is in", "You can close this window and go on at the device."))
    return Outcome(page=told_page("Denied", "The device was not let in. You can close this window."))


def logout(authority: Authority, visit: Visit) -> Outcome:
    """One visit to the page for logging out."""
    with authority.steps.step("logout", visit.origin) as step:
        if not visit.form:
            return Outcome(page=logout_page(visit.token(authority, step)))
        if visit.is_forged(authority, step):
            return Outcome(page=FORGED)
        logins.end_session(step, visit.cookie)
        return Outcome(page=told_page("Logged out", "This browser is logged out."), drops_cookie=True)
