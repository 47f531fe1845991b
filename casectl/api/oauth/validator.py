"""What oauthlib asks about one request, answered from the database in one step. Only casectl.api.oauth imports it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oauthlib.oauth2 import RequestValidator
from oauthlib.oauth2.rfc6749.errors import InvalidGrantError, InvalidScopeError

from casectl.desk.server import codes, grants
from casectl.desk.server.oauth_clients import CODE, CREDENTIALS, DEVICE, REFRESH, Client, find_client, note_use
from casectl.rules.rights import RIGHTS

if TYPE_CHECKING:
    from oauthlib.common import Request

    from casectl.desk.server.access_steps import Step

NOT_REFUSED = ("authorization_pending", "slow_down")
"""Errors that a device is told while it waits; they are no refusals."""

INTROSPECT = "token:introspect"


class Validator(RequestValidator):  # type: ignore[misc]  # oauthlib is not typed
    """One request's. `reason` is what has failed, or what fails if the request fails next; it goes into the audit."""

    def __init__(self, step: Step, basic: tuple[str, str] | None = None) -> None:
        self.step = step
        self.reason = ""
        self.user_id: int | None = None
        self.client: Client | None = None
        self._basic = basic
        self._family: grants.Family | None = None
        self._kept: list[str] | None = None

    def refuse(self, kind: str, code: str) -> None:
        """Record that the request was refused with this error."""
        if code in NOT_REFUSED:
            return
        client = self.client
        if not self.step.tenant_id and client is not None and client.tenant_id:
            self.step.enter(client.tenant_id)
        reason = f"{code}: {self.reason}" if self.reason else code
        self.step.event(kind, "refused", reason, client_id=client.client_id if client else None, user_id=self.user_id)

    @property
    def named(self) -> str:
        """The client that HTTP Basic names."""
        return self._basic[0] if self._basic else ""

    # Clients

    def _find(self, client_id: str | None) -> Client | None:
        if self.client is None or self.client.client_id != client_id:
            self.client = find_client(self.step, client_id) if client_id else None
        return self.client

    def _credentials(self, request: Request) -> tuple[str | None, str | None]:
        return self._basic or (request.client_id, request.client_secret)

    def client_authentication_required(self, request: Request, *_: Any, **__: Any) -> bool:
        """Whoever has a secret must show it, and whoever shows one must have it."""
        client_id, secret = self._credentials(request)
        client = self._find(client_id)
        return secret is not None or client is None or client.is_confidential

    def authenticate_client(self, request: Request, *_: Any, **__: Any) -> bool:
        """Whether the client's secret is right."""
        client_id, secret = self._credentials(request)
        client = self._find(client_id)
        self.reason = "wrong client secret" if client else "unknown client"
        if client is None or not client.proves(secret or "") or request.client_id not in (None, client_id):
            return False
        self.reason = ""
        request.client, request.client_id = client, client.client_id
        self.step.enter(client.tenant_id)
        note_use(self.step, client)
        return True

    def authenticate_client_id(self, client_id: str, request: Request, *_: Any, **__: Any) -> bool:
        """Whether there is such a client, without a secret."""
        request.client = self._find(client_id)
        return request.client is not None and not request.client.is_confidential

    def validate_client_id(self, client_id: str, request: Request, *_: Any, **__: Any) -> bool:
        """Whether there is such a client."""
        request.client = self._find(client_id)
        return request.client is not None

    def validate_grant_type(
        self, _id: str, grant_type: str, client: Client, _request: Request, *_: Any, **__: Any
    ) -> bool:
        """Whether the client may do this at all."""
        self.reason = f"grant type {grant_type}"
        allowed = client.may(grant_type) and (grant_type != CREDENTIALS or client.is_confidential)
        self.reason = "" if allowed else self.reason
        return allowed

    def validate_response_type(
        self, _id: str, response_type: str, client: Client, _: Request, *__: Any, **___: Any
    ) -> bool:
        """Codes, and nothing else."""
        return response_type == "code" and client.may(CODE)

    def validate_redirect_uri(self, client_id: str, redirect_uri: str, _: Request, *__: Any, **___: Any) -> bool:
        """Whether a login of this client may end there."""
        client = self._find(client_id)
        self.reason = "other redirect address"
        known = client is not None and client.sends_to(redirect_uri)
        self.reason = "" if known else self.reason
        return known

    def get_default_redirect_uri(self, *_: Any, **__: Any) -> None:
        """There is none: every request names its own."""

    def is_pkce_required(self, *_: Any) -> bool:
        """Always."""
        return True

    # Scopes

    def get_default_scopes(self, *_: Any, **__: Any) -> None:
        """No scope is asked for: all that there is."""

    def validate_scopes(
        self, _id: str, scopes: list[str] | None, client: Client, request: Request, *_: Any, **__: Any
    ) -> bool:
        """Whether anything of what is asked can be had; how much of it the user has is seen when he is known."""
        possible = set(RIGHTS) if client.rights is None else set(client.rights)
        if request.grant_type == CREDENTIALS:
            request.scopes = sorted(possible if scopes is None else possible & set(scopes))
            self._kept = request.scopes
            return bool(request.scopes)
        return scopes is None or bool(possible & set(scopes))

    # Authorization codes

    def save_authorization_code(
        self, client_id: str, code: dict[str, str], request: Request, *_: Any, **__: Any
    ) -> None:
        """Keep a code that the user of this step has agreed to."""
        consent = codes.Consent(
            client_id=client_id,
            redirect_uri=request.redirect_uri,
            challenge=request.code_challenge,
            scopes=request.kept,
        )
        codes.keep_code(self.step, consent, code["code"])

    def validate_code(self, _id: str, code: str, client: Client, request: Request, *_: Any, **__: Any) -> bool:
        """Use the code up."""
        used = codes.use_code(self.step, client, code)
        self.user_id, self.reason = used.user_id, used.refused
        if used.refused:
            return False
        request.used = used
        return self._grant(request, self.step.tenant_id, used.user_id, used.scopes)

    def _grant(self, request: Request, tenant_id: int, user_id: int | None, kept: list[str] | None) -> bool:
        """Let the tokens of this request be those of a user, with what he still may of what was kept."""
        self.step.enter(tenant_id, user_id or 0)
        self.user_id, self._kept = user_id, kept
        mine = grants.rights_of(self.step, user_id or 0)
        request.user, request.scopes = user_id, [right for right in mine if kept is None or right in kept]
        if not request.scopes:
            self.reason = "no right is left"
            raise InvalidScopeError(request=request)
        return True

    def get_code_challenge(self, _code: str, request: Request) -> str:
        """The challenge, which the verifier has to meet now."""
        self.reason = "wrong verifier"
        return request.used.challenge  # type: ignore[no-any-return]

    def get_code_challenge_method(self, *_: Any) -> str:
        """Always the same."""
        return "S256"

    def confirm_redirect_uri(
        self, _id: str, _code: str, uri: str, _client: Client, request: Request, *_: Any, **__: Any
    ) -> bool:
        """Whether the code was sent to this very address."""
        self.reason = "other redirect address"
        if uri != request.used.redirect_uri:
            raise InvalidGrantError("redirect_uri is not the one of the authorization request", request=request)
        self.reason = ""
        return True

    def invalidate_authorization_code(self, *_: Any, **__: Any) -> None:
        """It was used up before it was judged."""

    # Refresh tokens

    def validate_refresh_token(self, token: str, client: Client, request: Request, *_: Any, **__: Any) -> bool:
        """Use the token up."""
        asked = request.scope.split() if request.scope else None
        answer = grants.use_refresh_token(self.step, client, token, asked)
        self._family = answer.family
        self.user_id, self.reason = answer.family.user_id if answer.family else None, answer.refused
        if answer.refused == "scope":
            raise InvalidScopeError(request=request)
        if answer.refused or answer.family is None:
            return False
        request.user = answer.family.user_id
        self.step.enter(answer.family.tenant_id, answer.family.user_id)
        return True

    def get_original_scopes(self, *_: Any, **__: Any) -> list[str]:
        """What the family gives today."""
        return grants.shown_scopes(self.step, self._family) if self._family else []

    def rotate_refresh_token(self, _: Request) -> bool:
        """Always."""
        return True

    # Devices

    def validate_device_code(self, _id: str, device_code: str, request: Request, *_: Any, **__: Any) -> str | None:
        """How far the device is."""
        told = codes.poll(self.step, request.client, device_code)
        self.user_id, self.reason = told.user_id, "" if told.state else "no device code of this client"
        if told.state == "access_denied":
            self.step.enter(told.tenant_id)
        if told.state == "authorized":
            self._grant(request, told.tenant_id, told.user_id, told.scopes)
        return told.state

    # Tokens

    def save_bearer_token(self, token: dict[str, Any], request: Request, *_: Any, **__: Any) -> None:
        """Make the tokens valid: of the family they come from, or of a new one."""
        step, client = self.step, request.client
        if request.grant_type == REFRESH and self._family is not None:
            grant_id, narrowed = self._family.grant_id, request.scopes if request.scope else None
        else:
            grant_id, narrowed = self._open(client, request), None
        grants.keep_token(step, grant_id, "access", token["access_token"], narrowed)
        if "refresh_token" in token:
            grants.keep_token(step, grant_id, "refresh", token["refresh_token"])

    def _open(self, client: Client, request: Request) -> int:
        if request.grant_type == CREDENTIALS:
            self.step.enter(client.tenant_id, client.user_id or 0)
            lifetime = self.step.seconds("access_ttl")
            return grants.open_grant(self.step, client, client.user_id or 0, self._kept, lifetime)
        lifetime = self.step.seconds("refresh_most")
        grant_id = grants.open_grant(self.step, client, request.user, self._kept, lifetime)
        if request.grant_type == CODE:
            codes.bind_code(self.step, request.code, grant_id)
        return grant_id

    def revoke_token(self, token: str, _hint: str | None, request: Request, *_: Any, **__: Any) -> None:
        """End the family of a token."""
        grants.revoke_token(self.step, request.client, token)

    def introspect_token(
        self, token: str, _hint: str | None, request: Request, *_: Any, **__: Any
    ) -> dict[str, Any] | None:
        """What a token of the client's tenant is good for."""
        return grants.introspect(self.step, request.client.tenant_id, token)


__all__ = ["DEVICE", "INTROSPECT", "Validator"]
