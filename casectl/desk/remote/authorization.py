"""The OAuth client: obtains, refreshes and revokes tokens at a server of casectl (RFC 6749, 7636, 8628, 8414, 7009).

`session` and `login` import it, only when tokens must be obtained. requests-oauthlib speaks with the token
endpoint; around it no redirect is followed, no .netrc and no proxy of the environment is read, nothing is logged.
"""

from __future__ import annotations

import os
import shlex
import stat
import time
from typing import TYPE_CHECKING, Any

import msgspec

from casectl import __version__, typed, wire
from casectl.desk.remote.exchange import Answer, Exchange, Fault, Place, Settings, place_of
from casectl.desk.remote.oauth_session import Poster, posting
from casectl.desk.remote.tokens import Tokens
from casectl.errors import NotLoggedIn, Refusal, Unreachable

if TYPE_CHECKING:
    from casectl.config import Config

METADATA = "/.well-known/oauth-authorization-server"

_SEE_URL = "casectl config show tells where the address comes from"

DEVICE_INTERVAL = 5
"""Seconds between two questions where the server names none (RFC 8628, 3.5)."""

_OK = 200


class ServerMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """What an authorization server says of itself (RFC 8414)."""

    issuer: str
    token_endpoint: str
    authorization_endpoint: str = ""
    device_authorization_endpoint: str = ""
    revocation_endpoint: str = ""
    introspection_endpoint: str = ""
    scopes_supported: list[str] = []
    grant_types_supported: list[str] = []
    authorization_response_iss_parameter_supported: bool = False


class DeviceCode(msgspec.Struct, frozen=True, kw_only=True):
    """A code to be approved on another device (RFC 8628, 3.2)."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str = ""
    expires_in: float = 600
    interval: float | None = None


def settings_of(config: Config) -> Settings:
    """How the server of this configuration is reached."""
    return Settings(
        connect_timeout=config.seconds("remote.connect_timeout") or 1,
        read_timeout=config.seconds("remote.read_timeout") or 1,
        proxy=config.text("remote.proxy"),
        ca_file=config.text("remote.ca_file"),
        insecure_http=config.flag("remote.insecure_http"),
    )


class Authorization:
    """The authorization server at `url`, as the client `client_id`. Nothing is asked before a method is called."""

    def __init__(self, url: str, client_id: str, settings: Settings) -> None:
        self.client_id = client_id
        self.settings = settings
        self.place: Place = place_of(url, insecure_http=settings.insecure_http)
        self._exchange = Exchange(self.place, settings)
        self._metadata: ServerMetadata | None = None

    @classmethod
    def of(cls, config: Config, client_id: str = "") -> Authorization:
        """That of the configured server. Raises InvalidInput for an address that no token may be sent to."""
        return cls(config.server(), client_id or config.text("remote.client_id"), settings_of(config))

    def metadata(self) -> ServerMetadata:
        """What the server says of itself. Raises Unreachable when it is away or no server of casectl."""
        if self._metadata is None:
            answer = self._ask(wire.Encoded("GET", METADATA))
            found = _decoded(answer, ServerMetadata) if answer.status == _OK else None
            if not isinstance(found, ServerMetadata):
                raise Unreachable(
                    f"{self.place.base} is no casectl server: it has no {METADATA} (it answered {answer.status})",
                    hint=_SEE_URL,
                )
            self._metadata = self._believed(found)
        return self._metadata

    def _believed(self, found: ServerMetadata) -> ServerMetadata:
        """Refuse a server of another name (RFC 8414, 3.3) and endpoints elsewhere: no token is shown to a third."""
        issuer = found.issuer.rstrip("/")
        if issuer != self.place.base:
            shown = issuer if issuer.isprintable() else "something else"
            raise Unreachable(
                f"the server at {self.place.base} calls itself {shown}",
                hint="name it so in remote.url, or let the server know its public address",
            )
        endpoints = [getattr(found, name) for name in found.__struct_fields__ if name.endswith("_endpoint")]
        foreign = [one for one in endpoints if one and not self._is_here(one)]
        if foreign or not found.token_endpoint:
            raise Unreachable(f"the server at {self.place.base} sends logins elsewhere", hint=_SEE_URL)
        return found

    def _is_here(self, endpoint: str) -> bool:
        return endpoint.startswith(f"{self.place.base}/") and endpoint.isascii() and endpoint.isprintable()

    def poster(self, kind: str, scope: str = "") -> Poster:
        """What speaks with the token endpoint for a grant of this `kind`: code, device, client or refresh."""
        return posting(self.place, self.settings, kind, self.client_id, scope)

    def device_code(self, scope: str) -> DeviceCode:
        """Ask for a code that is approved elsewhere. Raises NotLoggedIn where the server has no such way."""
        endpoint = self.metadata().device_authorization_endpoint
        if not endpoint:
            raise NotLoggedIn(f"{self.place.base} has no login by device", hint="casectl auth login")
        answer = self._post(endpoint, {"client_id": self.client_id, "scope": scope})
        found = _decoded(answer, DeviceCode) if answer.status == _OK else None
        if not isinstance(found, DeviceCode):
            raise _refused(self.place, answer)
        return found

    def client_tokens(self, secret: str, scope: str, secret_file: str = "") -> Tokens:
        """Tokens of a program by its own credentials (RFC 6749, 4.4)."""
        metadata = self.metadata()
        found = self.poster("client", scope).fetch(metadata.token_endpoint, client_secret=secret)
        tokens = self.tokens_of(found)
        kept = {"secret_file": secret_file} if secret_file else {"client_secret": secret}
        return msgspec.structs.replace(tokens, refresh="", **kept)

    def tokens_of(self, found: dict[str, Any]) -> Tokens:
        """What the token endpoint answered, as tokens bound to this server."""
        metadata, now = self.metadata(), time.time()
        lifetime = found.get("expires_in")
        return Tokens(
            url=self.place.base, access=str(found["access_token"]), client_id=self.client_id,
            refresh=str(found.get("refresh_token") or ""), obtained_at=now,
            expires_at=None if lifetime is None else now + float(lifetime), scopes=_scopes(found),
            token_endpoint=metadata.token_endpoint, revocation_endpoint=metadata.revocation_endpoint,
        )  # fmt: skip

    def refreshed(self, tokens: Tokens) -> Tokens:
        """Fresh tokens for these. Raises NotLoggedIn when the session has ended, Unreachable when nobody answers.

        A lost answer is asked for once more: a server gives the direct predecessor of a refresh token some grace.
        """
        self.client_id = tokens.client_id
        if tokens.is_client:
            secret = tokens.client_secret or read_secret(tokens.secret_file)
            return self.client_tokens(secret, " ".join(tokens.scopes or []), tokens.secret_file)
        poster, now = self.poster("refresh"), time.time()
        try:
            found = poster.refresh(tokens.token_endpoint, tokens.refresh)
        except Unreachable:
            found = poster.refresh(tokens.token_endpoint, tokens.refresh)
        lifetime = found.get("expires_in")
        return msgspec.structs.replace(
            tokens,
            access=str(found["access_token"]),
            refresh=str(found.get("refresh_token") or tokens.refresh),
            obtained_at=now,
            expires_at=None if lifetime is None else now + float(lifetime),
            scopes=_scopes(found) or tokens.scopes,
        )

    def revoke(self, tokens: Tokens) -> None:
        """Tell the server that the tokens are good no more (RFC 7009). Raises Unreachable when it was not told."""
        if not tokens.revocation_endpoint:
            raise Unreachable("a token that was got elsewhere is revoked there")
        proof = _basic(tokens) if tokens.is_client else {}
        given = {"refresh_token": tokens.refresh, "access_token": tokens.access}
        for hint, token in given.items():
            form = {"token": token, "token_type_hint": hint, "client_id": "" if proof else tokens.client_id}
            answer = self._post(tokens.revocation_endpoint, form, proof) if token else None
            if answer is not None and answer.status != _OK:
                raise Unreachable(f"{self.place.base} did not take back the tokens: it answered {answer.status}")

    def _post(self, endpoint: str, form: dict[str, str], proof: dict[str, str] | None = None) -> Answer:
        from urllib.parse import urlencode

        body = urlencode({name: value for name, value in form.items() if value}).encode()
        path = endpoint.removeprefix(self.place.base)
        headers = {"Content-Type": "application/x-www-form-urlencoded", **(proof or {})}
        return self._ask(wire.Encoded("POST", path, body=body), headers)

    def _ask(self, request: wire.Encoded, headers: dict[str, str] | None = None) -> Answer:
        sent = {"Accept": "application/json", "User-Agent": f"casectl/{__version__}", **(headers or {})}
        answer = self._exchange.send(request, sent, self.settings.read_timeout)
        if isinstance(answer, Fault):
            raise Unreachable(answer.message, hint=answer.hint)
        return answer


def _basic(tokens: Tokens) -> dict[str, str]:
    """How a program proves who it is (RFC 6749, 2.3.1)."""
    from base64 import b64encode

    secret = tokens.client_secret or read_secret(tokens.secret_file)
    return {"Authorization": f"Basic {b64encode(f'{tokens.client_id}:{secret}'.encode()).decode()}"}


def read_secret(path: str) -> str:
    """The client secret in the file at `path`, without the line's end; of a pipe too. Raises NotLoggedIn."""
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - one read of one file
            status = os.fstat(file.fileno())
            if stat.S_ISREG(status.st_mode) and status.st_mode & (stat.S_IRGRP | stat.S_IROTH):
                message = f"{path} holds the client secret, and others can read it"
                raise NotLoggedIn(message, hint=f"chmod 600 {shlex.quote(path)}")
            secret = file.read(10_000).strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise NotLoggedIn(f"cannot read the client secret in {path}: {reason}", hint="casectl auth login") from error
    if not secret:
        raise NotLoggedIn(f"the file of the client secret {path} is empty", hint="casectl auth login")
    return secret


def _scopes(found: dict[str, Any]) -> list[str] | None:
    scope = found.get("scope")
    if scope is None:
        return None
    return scope.split() if isinstance(scope, str) else [str(one) for one in scope]


def _decoded(answer: Answer, kind: type[msgspec.Struct]) -> msgspec.Struct | None:
    try:
        return typed.decode(answer.body, kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _refused(place: Place, answer: Answer) -> Refusal:
    """An OAuth error (RFC 6749, 5.2) as a refusal."""
    from casectl.desk.remote.oauth_session import refusal_of

    try:
        document = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        document = None
    if not isinstance(document, dict) or "error" not in document:
        return Unreachable(f"{place.base} answered {answer.status} with something that is no answer of casectl")
    return refusal_of(place, str(document["error"]), str(document.get("error_description") or ""))
