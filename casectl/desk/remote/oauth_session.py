"""requests-oauthlib, tamed: what `desk.authorization` speaks with a token endpoint through. Nobody else imports it.

requests reads .netrc and proxies of the environment, and follows redirects with the token; requests-oauthlib logs
tokens and secrets at DEBUG, and raises a Warning where the server grants less than was asked for. None of it here.
"""

from __future__ import annotations

import contextlib
import os
import threading
from typing import TYPE_CHECKING, Any, Protocol

from casectl import __version__
from casectl.desk.remote.exchange import Place, Settings, fault_of
from casectl.errors import InvalidInput, NotLoggedIn, Refusal, TooManyRequests, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TALKATIVE = ("requests_oauthlib", "requests_oauthlib.oauth2_session", "oauthlib")
_SERVER_FAULT, _REDIRECT, _TOO_MANY = 500, 300, 429
_ENVIRONMENT = threading.RLock()

_CHUNK, _LARGEST = 65_536, 1_000_000
"""Bytes: of a token endpoint's answer at once, and at most."""

_ENDED = "casectl auth login"


class Poster(Protocol):
    """A token endpoint's counterpart. Its methods raise NotLoggedIn, InvalidInput or Unreachable."""

    def page(self, endpoint: str, redirect_uri: str, **extra: str) -> tuple[str, str]:
        """The address of the login page with a PKCE challenge, and the `state` that must come back to the redirect."""
        ...

    def fetch(self, endpoint: str, **grant: Any) -> dict[str, Any]:
        """The token endpoint's answer to a grant."""
        ...

    def refresh(self, endpoint: str, refresh_token: str) -> dict[str, Any]:
        """The token endpoint's answer to a refresh token."""
        ...


class OAuthError(NotLoggedIn):
    """The refusal of a token endpoint; `error` is its word (RFC 6749, 5.2 and RFC 8628, 3.5)."""

    error = ""


def posting(place: Place, settings: Settings, kind: str, client_id: str, scope: str) -> Poster:
    """See `casectl.desk.remote.authorization.Authorization.poster`."""
    import requests_oauthlib
    from oauthlib import oauth2

    clients: dict[str, Any] = {
        "code": oauth2.WebApplicationClient,
        "refresh": oauth2.WebApplicationClient,
        "device": oauth2.DeviceClient,
        "client": oauth2.BackendApplicationClient,
    }
    # The scope of a session is not sent for every kind of client; that of the client itself is.
    client = clients[kind](client_id, scope=scope.split() or None)
    pkce = "S256" if kind == "code" else None
    session = _tamed(requests_oauthlib.OAuth2Session)(client=client, pkce=pkce)
    session.trust_env = False  # neither .netrc, which would replace our header, nor proxies of the environment
    session.headers["User-Agent"] = f"casectl/{__version__}"
    session.verify = _trusted(settings.ca_file)
    session.proxies = {} if place.is_loopback or not settings.proxy else dict.fromkeys(_SCHEMES, settings.proxy)
    session.patience = (settings.connect_timeout, settings.read_timeout)
    return _Poster(place, session)


_SCHEMES = ("http", "https")


def _tamed(base: type[Any]) -> type[Any]:
    class Session(base):  # type: ignore[misc]
        """The session of requests-oauthlib without its habits."""

        patience = (10.0, 60.0)

        def request(self, *words: Any, **options: Any) -> Any:
            options |= {"timeout": self.patience, "allow_redirects": False, "stream": True}
            return _read(super().request(*words, **options))

    return Session


def _read(response: Any) -> Any:
    """The response with its whole body, which requests would read however long it is."""
    parts, size = [], 0
    with response:
        for part in response.iter_content(_CHUNK):
            parts.append(part)
            size += len(part)
            if size > _LARGEST:
                raise ValueError("the answer is too long for a token")
    response._content = b"".join(parts)  # noqa: SLF001 - where requests keeps what `content` gives
    return response


def _trusted(ca_file: str) -> str | bool:
    """The authorities to trust: those named, else the system's, which requests would not look at."""
    import ssl

    paths = ssl.get_default_verify_paths()
    return ca_file or paths.cafile or paths.capath or True


class _Poster:
    def __init__(self, place: Place, session: Any) -> None:
        self._place = place
        self._session = session
        for hook in ("access_token_response", "refresh_token_response"):
            session.register_compliance_hook(hook, self._checked)

    def page(self, endpoint: str, redirect_uri: str, **extra: str) -> tuple[str, str]:
        self._session.redirect_uri = redirect_uri
        address, state = self._asked(lambda: self._session.authorization_url(endpoint, **extra))
        return str(address), str(state)

    def fetch(self, endpoint: str, **grant: Any) -> dict[str, Any]:
        include = None if "client_secret" in grant else True
        return dict(self._asked(lambda: self._session.fetch_token(endpoint, include_client_id=include, **grant)))

    def refresh(self, endpoint: str, refresh_token: str) -> dict[str, Any]:
        client_id = self._session.client_id
        return dict(
            self._asked(lambda: self._session.refresh_token(endpoint, refresh_token=refresh_token, client_id=client_id))
        )

    def _asked(self, ask: Callable[[], Any]) -> Any:
        from oauthlib.oauth2 import MissingTokenError, OAuth2Error
        from requests.exceptions import RequestException

        _hush()
        try:
            with _settings_of_oauthlib(self._place):
                return ask()
        except RequestException as error:
            fault = fault_of(_root(error), self._place)
            raise Unreachable(fault.message, hint=fault.hint) from None
        except MissingTokenError:
            raise _no_answer(self._place) from None
        except OAuth2Error as error:
            raise refusal_of(self._place, str(error.error), str(error.description or "")) from None
        except (ValueError, TypeError, KeyError):  # what oauthlib makes of an answer that is none
            raise _no_answer(self._place) from None

    def _checked(self, response: Any) -> Any:
        if response.status_code == _TOO_MANY:
            raise TooManyRequests(f"{self._place.base} asks to wait: too many logins", hint="try again in a minute")
        if response.status_code >= _SERVER_FAULT:
            raise Unreachable(f"{self._place.base} is away: it answered {response.status_code}", hint="try again later")
        if _REDIRECT <= response.status_code < _REDIRECT + 100:
            raise Unreachable(f"{self._place.base} redirects instead of answering", hint="casectl config show")
        return response


def refusal_of(place: Place, error: str, description: str) -> Refusal:
    """The refusal that an error of OAuth means; a program that polls reads its word in `error`."""
    told = f": {description.rstrip('.')}" if description and description != error else ""
    if error in ("invalid_scope", "invalid_request", "unsupported_grant_type"):
        return InvalidInput(f"{place.base} refused the login ({error}){told}")
    sentence = {
        "invalid_grant": "the login has ended or was refused",
        "access_denied": "the login was denied",
        "expired_token": "nobody approved the login in time",
        "invalid_client": "the client is not known, or its secret is wrong",
    }.get(error, f"the login was refused ({error[:60]})")
    refusal = OAuthError(f"{place.base}: {sentence}{told}", hint=_ENDED)
    refusal.error = error
    return refusal


def _no_answer(place: Place) -> Unreachable:
    return Unreachable(
        f"{place.base} gave an answer that is no token: it is no casectl server", hint="casectl config show"
    )


def _root(error: Exception) -> Exception:
    """The error of urllib3 below that of requests."""
    inner: Any = error.args[0] if error.args else error
    reason = getattr(inner, "reason", None)
    found = reason if isinstance(reason, Exception) else inner
    return found if isinstance(found, Exception) else error


def _is_no_chatter(record: Any) -> bool:
    return bool(record.levelno > 10)  # noqa: PLR2004 - logging.DEBUG, at which they write tokens and client secrets


def _hush() -> None:
    """Let the libraries' DEBUG reach no log, whatever the program around us has set up."""
    import logging

    for name in [*_TALKATIVE, *logging.root.manager.loggerDict]:
        if name.partition(".")[0] in _TALKATIVE:
            logging.getLogger(name).addFilter(_is_no_chatter)  # the same function twice is one filter


@contextlib.contextmanager
def _settings_of_oauthlib(place: Place) -> Iterator[None]:
    """oauthlib is told by variables only that less may be granted than asked for, and that loopback needs no TLS."""
    wanted = {"OAUTHLIB_RELAX_TOKEN_SCOPE": "1"}
    if place.scheme == "http":  # which place_of lets pass on loopback, or where the user insists
        wanted["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
    with _ENVIRONMENT:
        before = {name: os.environ.get(name) for name in wanted}
        os.environ.update(wanted)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
