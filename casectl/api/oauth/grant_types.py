"""oauthlib's grant types as this server has them: PKCE with S256 alone. Only casectl.api.oauth imports this module.

oauthlib writes tokens and secrets to its log at DEBUG; here it is silenced for good.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

from oauthlib.oauth2 import (
    AuthorizationCodeGrant,
    AuthorizationEndpoint,
    BearerToken,
    ClientCredentialsGrant,
    IntrospectEndpoint,
    RefreshTokenGrant,
    RevocationEndpoint,
    TokenEndpoint,
)
from oauthlib.oauth2.rfc6749.errors import InvalidRequestError
from oauthlib.oauth2.rfc6749.grant_types.authorization_code import code_challenge_method_s256
from oauthlib.oauth2.rfc8628.grant_types import DeviceCodeGrant

from casectl.desk.server.grants import new_secret, successor_of
from casectl.desk.server.oauth_clients import CODE, CREDENTIALS, DEVICE, REFRESH

if TYPE_CHECKING:
    from oauthlib.common import Request

    from casectl.api.oauth.validator import Validator

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
"""A SHA-256 in base64url; anything else could never be met."""

_log = logging.getLogger("oauthlib")
_log.setLevel(logging.CRITICAL)
_log.addHandler(logging.NullHandler())
_log.propagate = False


class PkceGrant(AuthorizationCodeGrant):  # type: ignore[misc]  # oauthlib is not typed
    """Authorization codes, never without a challenge, never with one that shows the verifier."""

    _code_challenge_methods = {"S256": code_challenge_method_s256}  # noqa: RUF012 - oauthlib's own name and kind

    def create_authorization_code(self, request: Request) -> dict[str, str]:
        """A code of ours, and the state it came with."""
        state = {"state": request.state} if request.state else {}
        return {"code": new_secret("cc_"), **state}

    def validate_authorization_request(self, request: Request) -> tuple[Any, dict[str, Any]]:
        """As oauthlib does, and the challenge must be one."""
        found: tuple[Any, dict[str, Any]] = super().validate_authorization_request(request)
        if not _CHALLENGE.fullmatch(request.code_challenge or ""):
            raise InvalidRequestError("code_challenge must be a SHA-256 in base64url", request=request)
        return found


def _bearer(validator: Validator) -> BearerToken:
    def refresh_token(request: Request) -> str:
        if request.grant_type == REFRESH:
            return successor_of(validator.step, request.refresh_token)
        return new_secret("cr_")

    lifetime = round(validator.step.seconds("access_ttl"))
    return BearerToken(validator, lambda _: new_secret("ct_"), lifetime, refresh_token)


def authorization_endpoint(validator: Validator) -> AuthorizationEndpoint:
    """The endpoint that hands out codes."""
    return AuthorizationEndpoint("code", _bearer(validator), {"code": PkceGrant(validator)})


def token_endpoint(validator: Validator) -> TokenEndpoint:
    """The endpoint that hands out tokens, for the four grant types there are."""
    grants = {
        CODE: PkceGrant(validator),
        REFRESH: RefreshTokenGrant(validator),
        CREDENTIALS: ClientCredentialsGrant(validator),
        DEVICE: DeviceCodeGrant(validator),
    }
    return TokenEndpoint(CODE, _bearer(validator), grants)


def revocation_endpoint(validator: Validator) -> RevocationEndpoint:
    """The endpoint of RFC 7009."""
    return RevocationEndpoint(validator)


def introspection_endpoint(validator: Validator) -> IntrospectEndpoint:
    """The endpoint of RFC 7662."""
    return IntrospectEndpoint(validator)
