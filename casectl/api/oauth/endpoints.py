"""The endpoints for programs: tokens, revocation, introspection, device authorization, metadata.

Each reads its form, and answers within one step in a thread. Only casectl.api.oauth imports this module.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any

from oauthlib.oauth2.rfc6749.errors import OAuth2Error

from casectl.api.limits import address_of, throttle
from casectl.api.oauth.exchange import NO_STORE, BadRequest, Reply, basic_of, decoded, error, form_of, origin_of
from casectl.api.oauth.grant_types import introspection_endpoint, revocation_endpoint, token_endpoint
from casectl.api.oauth.validator import INTROSPECT, Validator
from casectl.desk.server import codes, grants
from casectl.desk.server.oauth_clients import CODE, CREDENTIALS, DEVICE, REFRESH
from casectl.errors import Refusal
from casectl.rules.rights import RIGHTS

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from casectl.api.oauth.authority import Authority
    from casectl.desk.server.access_steps import Step

UNAUTHORIZED = 401

DEVICES_A_SECOND, DEVICES_AT_ONCE = 0.5, 30
"""What one address may begin: everybody may, without a proof, and each leaves a row for a while."""

KNOWN = frozenset((
    "grant_type", "client_id", "client_secret", "code", "code_verifier", "redirect_uri", "refresh_token", "scope",
    "device_code", "token", "token_type_hint", "response_type", "state", "code_challenge", "code_challenge_method",
))  # fmt: skip
"""All that oauthlib is handed: it would take a parameter called `user` for its own knowledge."""

_HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}


def known(form: dict[str, str]) -> list[tuple[str, str]]:
    """The parameters that oauthlib may see."""
    return [(name, word) for name, word in form.items() if name in KNOWN]


async def answer(authority: Authority, request: Request, kind: str, work: Any) -> Response:
    """Read the form, let `work(step, validator, form)` answer it, and record a refusal."""
    if request.scope["query_string"]:
        return error("invalid_request", "parameters belong into the body, not into the address").response()
    try:
        form, basic = await form_of(request), basic_of(request)
    except BadRequest as bad:
        return error("invalid_request", str(bad)).response()
    if basic is not None and "client_secret" in form:
        return error("invalid_request", "the client proves itself in two ways at once").response()
    origin = origin_of(request)

    def step() -> Reply:
        with authority.steps.step(kind, origin) as begun:
            validator = Validator(begun, basic)
            reply: Reply = work(begun, validator, form)
            if reply.status >= 400:  # noqa: PLR2004 - HTTP's line between answers and refusals
                validator.refuse(kind, reply.document.get("error", ""))
            return reply

    try:
        return _challenged(await authority.run(step), basic is not None).response()
    except Refusal as refusal:
        return error("temporarily_unavailable", refusal.message, 503).response()


def _challenged(reply: Reply, is_basic: bool) -> Reply:
    """The statuses of RFC 6749, section 5.2: 401 is for who one is, and is told in HTTP's own way to HTTP Basic."""
    apart = ("www-authenticate", "content-type")
    headers = {name: word for name, word in reply.headers.items() if name.lower() not in apart}
    status = reply.status
    if status == UNAUTHORIZED and reply.document["error"] not in ("invalid_client", "invalid_token"):
        status = 400
    if status == UNAUTHORIZED and is_basic:
        headers["WWW-Authenticate"] = 'Basic realm="casectl", charset="UTF-8"'
    return Reply(status, reply.document, headers)


async def token(authority: Authority, request: Request) -> Response:
    """Tokens for a code, a refresh token, a device code, or a client's own credentials."""

    def work(_: Step, validator: Validator, form: dict[str, str]) -> Reply:
        endpoint = token_endpoint(validator)
        headers, body, status = endpoint.create_token_response("/oauth/token", "POST", known(form), _HEADERS)
        return Reply(status, decoded(body), headers)

    return await answer(authority, request, "token", work)


async def revoke(authority: Authority, request: Request) -> Response:
    """End a login by one of its tokens (RFC 7009)."""

    def work(_: Step, validator: Validator, form: dict[str, str]) -> Reply:
        endpoint = revocation_endpoint(validator)
        headers, body, status = endpoint.create_revocation_response("/oauth/revoke", "POST", known(form), _HEADERS)
        return Reply(status, decoded(body), headers)

    return await answer(authority, request, "revoke", work)


async def introspect(authority: Authority, request: Request) -> Response:
    """What a token is good for (RFC 7662), for confidential clients and API keys with the right to ask."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")

    def work(step: Step, validator: Validator, form: dict[str, str]) -> Reply:
        if scheme.lower() == "bearer":
            return _introspect_by_key(step, bearer.strip(), form)
        endpoint = introspection_endpoint(validator)
        headers, body, status = endpoint.create_introspect_response("/oauth/introspect", "POST", known(form), _HEADERS)
        client = validator.client
        if status == 200 and (client is None or not client.is_confidential or INTROSPECT not in (client.rights or ())):  # noqa: PLR2004
            validator.reason = "may not introspect"
            return error("unauthorized_client", f"the client needs a secret and the right {INTROSPECT}", 403)
        return Reply(status, decoded(body), headers)

    return await answer(authority, request, "introspect", work)


def _introspect_by_key(step: Step, bearer: str, form: dict[str, str]) -> Reply:
    key_id = bearer[3:].partition("_")[0] if bearer.startswith("ck_") and bearer.isascii() else ""
    row = step.row(
        "SELECT tenant_id, user_id, rights, digest FROM find_key(%s)"
        " WHERE NOT revoked AND coalesce(expires_at > now(), true)",
        (key_id[:100],),
    )
    given = hashlib.sha256(bearer.encode("utf-8", "surrogatepass")).digest()
    if row is None or not hmac.compare_digest(bytes(row[3]), given):
        return Reply(401, {"error": "invalid_token"}, {})
    step.enter(row[0])
    rights = [right for right in grants.rights_of(step, row[1]) if row[2] is None or right in row[2]]
    if INTROSPECT not in rights:
        return error("insufficient_scope", f"the key needs the right {INTROSPECT}", 403)
    if "token" not in form:
        return error("invalid_request", "Missing token parameter.")
    found = grants.introspect(step, row[0], form["token"])
    return Reply(200, {"active": True, **found} if found else {"active": False})


async def device_authorization(authority: Authority, request: Request) -> Response:
    """A code for a device without a browser, and one for its user to type in elsewhere (RFC 8628)."""
    await throttle(request, f"device:{address_of(request.scope)}", DEVICES_A_SECOND, DEVICES_AT_ONCE)
    address = f"{authority.issuer(request)}/oauth/device"

    def work(step: Step, validator: Validator, form: dict[str, str]) -> Reply:
        refused = _device_refusal(validator, form)
        if refused is not None or validator.client is None:
            return refused or error("invalid_client", "there is no such client", 401)
        asked = form["scope"].split() if "scope" in form else None
        device_code, user_code = codes.new_device(step, validator.client, asked)
        return Reply(200, {
            "device_code": device_code,
            "user_code": user_code,
            "verification_uri": address,
            "verification_uri_complete": f"{address}?user_code={user_code}",
            "expires_in": round(step.seconds("device_ttl")),
            "interval": round(step.seconds("device_poll")),
        })  # fmt: skip

    return await answer(authority, request, "device", work)


def _device_refusal(validator: Validator, form: dict[str, str]) -> Reply | None:
    """Why a device may not begin, judged by oauthlib."""
    from oauthlib.common import Request as Asked
    from oauthlib.oauth2.rfc8628.grant_types import DeviceCodeGrant

    asked = Asked("/oauth/device_authorization", "POST", known(form), _HEADERS)
    try:
        grant = DeviceCodeGrant(validator)
        if not form.get("client_id") and validator.named:
            asked.client_id = validator.named
        grant.validate_device_authorization_request(asked)
        asked.grant_type = DEVICE
        grant.validate_grant_type(asked)
    except OAuth2Error as refusal:
        return Reply(refusal.status_code, decoded(refusal.json))
    return None


def metadata(issuer: str) -> dict[str, Any]:
    """What the server can do and where (RFC 8414)."""
    place = f"{issuer}/oauth"
    ways = ["none", "client_secret_basic", "client_secret_post"]
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{place}/authorize",
        "token_endpoint": f"{place}/token",
        "revocation_endpoint": f"{place}/revoke",
        "introspection_endpoint": f"{place}/introspect",
        "device_authorization_endpoint": f"{place}/device_authorization",
        "scopes_supported": list(RIGHTS),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [CODE, REFRESH, CREDENTIALS, DEVICE],
        "token_endpoint_auth_methods_supported": ways,
        "revocation_endpoint_auth_methods_supported": ways,
        "introspection_endpoint_auth_methods_supported": ways[1:],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
    }


async def well_known(authority: Authority, request: Request) -> Response:
    """The metadata, below the path of the issuer if it has one."""
    from urllib.parse import urlsplit

    from starlette.responses import JSONResponse

    issuer = authority.issuer(request)
    if request.path_params.get("path", "").rstrip("/") not in ("", urlsplit(issuer).path):
        return Reply(404, {"error": "not_found"}).response()
    return JSONResponse(metadata(issuer), headers={**NO_STORE, "Access-Control-Allow-Origin": "*"})
