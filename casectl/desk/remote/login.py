"""Logging in at a server and out again: the flows of OAuth, and where what they give is kept.

`casectl.cli.commands.auth` imports this module. The store is tried before a flow begins: nobody shall approve a login
that cannot be kept.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from casectl.desk.remote.authorization import DEVICE_INTERVAL, Authorization, DeviceCode, settings_of
from casectl.desk.remote.oauth_session import refusal_of
from casectl.desk.remote.session import account_of, credentials_of, is_renewable, not_logged_in, session_of
from casectl.desk.remote.tokens import Account, Method, Note, Tokens, TokenStore
from casectl.errors import InvalidInput, NotFound, NotLoggedIn, NotPermitted, Refusal, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from casectl.config import Config
    from casectl.model.people import WhoAmI

SLOWER = 5
"""Seconds by which a device asks less often when it is told to (RFC 8628, 3.5)."""


class LoggedIn(msgspec.Struct, frozen=True, kw_only=True):
    """A login that is there: where, as whom, with what scopes (None: all rights of the user), and where it is kept.

    `expires_at` is the access token's end (None: not known); one that `is_renewable` is renewed without anybody's help.
    """

    url: str
    profile: str | None
    tenant: str | None
    user: str | None
    method: Method
    stored_in: str
    scopes: list[str] | None
    expires_at: datetime | None
    is_renewable: bool


class LoggedOut(msgspec.Struct, frozen=True, kw_only=True):
    """A login that is forgotten; `is_revoked` tells whether the server has taken it back, `reason` why not."""

    url: str
    profile: str | None
    user: str | None
    is_revoked: bool
    reason: str


class Login:
    """A login that is to be made at the server of a configuration.

    Raises Failure, before anything else is done, when there is no place to keep tokens: the keyring, or with
    `insecure_storage` a file of mode 0600.
    """

    def __init__(self, config: Config, *, client_id: str = "", insecure_storage: bool = False) -> None:
        self.account: Account = account_of(config)
        self.tenant = config.server_tenant()
        self.server = Authorization.of(config, client_id)
        self._config = config
        self._store = TokenStore.of(config)
        self._backend = ""
        if not insecure_storage:
            from casectl.desk.remote import keyrings

            self._backend = keyrings.probe()

    def by_browser(self, scope: str, show: Callable[[str], None], patience: float) -> LoggedIn:
        """The authorization code flow with PKCE on a port of this machine; `show` shows somebody the login page."""
        from casectl.desk.remote.loopback import Loopback

        metadata = self.server.metadata()
        if not metadata.authorization_endpoint:
            raise NotLoggedIn(f"{self.account.url} has no login page", hint="casectl auth login --device")
        poster = self.server.poster("code", scope)
        with Loopback() as door:
            extra = {"tenant": self.tenant} if self.tenant else {}
            address, state = poster.page(metadata.authorization_endpoint, door.redirect_uri, **extra)
            door.expect(state)
            show(address)
            answer = door.wait(patience)
        self._believe(answer)
        return self._keep(self.server.tokens_of(poster.fetch(metadata.token_endpoint, code=answer["code"])), "browser")

    def _believe(self, answer: dict[str, str]) -> None:
        """Refuse an answer of another server (RFC 9207), a denial, and one without a code."""
        issuer, metadata = answer.get("iss"), self.server.metadata()
        if issuer is None and metadata.authorization_response_iss_parameter_supported:
            raise NotLoggedIn("the login page's answer does not say whose it is", hint="casectl auth login")
        if issuer is not None and issuer.rstrip("/") != metadata.issuer.rstrip("/"):
            raise NotLoggedIn("another server answered than the one that was asked", hint="casectl config show")
        if "error" in answer:
            raise refusal_of(self.server.place, answer["error"], answer.get("error_description", ""))
        if not answer.get("code"):
            raise NotLoggedIn("the login page's answer holds no code", hint="casectl auth login")

    def by_device(self, scope: str, show: Callable[[DeviceCode], None], patience: float) -> LoggedIn:
        """The device flow: `show` tells the code, which somebody approves in a browser elsewhere."""
        code = self.server.device_code(scope)
        show(code)
        poster, endpoint = self.server.poster("device"), self.server.metadata().token_endpoint
        pause = code.interval if code.interval is not None else DEVICE_INTERVAL
        end = time.monotonic() + min(patience, code.expires_in)
        while True:
            time.sleep(max(0.0, min(pause, end - time.monotonic())))
            try:
                found = poster.fetch(endpoint, device_code=code.device_code)
                return self._keep(self.server.tokens_of(found), "device")
            except NotLoggedIn as refusal:
                pause += self._patiently(refusal)
            except Unreachable as refusal:
                pause += self._patiently(refusal)
            if time.monotonic() >= end:
                raise NotLoggedIn("nobody approved the login in time", hint="casectl auth login --device")

    @staticmethod
    def _patiently(refusal: NotLoggedIn | Unreachable) -> float:
        """Seconds by which to ask less often; raises what is final."""
        error = getattr(refusal, "error", "")
        if error == "slow_down" or isinstance(refusal, Unreachable):
            return SLOWER
        if error != "authorization_pending":
            raise refusal
        return 0

    def by_client(self, secret: str, scope: str, secret_file: str) -> LoggedIn:
        """A program's own credentials; the secret of a file is read again when the token must be renewed."""
        return self._keep(self.server.client_tokens(secret, scope, secret_file), "client")

    def by_token(self, token: str) -> LoggedIn:
        """A token or an API key that was got elsewhere; the server is asked whose it is."""
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise InvalidInput("no token was given on standard input", hint="casectl auth login --with-token < FILE")
        tokens = Tokens(url=self.account.url, access=token, client_id="", obtained_at=time.time())
        return self._keep(tokens, "token")

    def _keep(self, tokens: Tokens, method: Method) -> LoggedIn:
        who = _asked_who(self._config, tokens, is_vital=method == "token")
        tenant = who.tenant if who else ""
        if who and self.tenant and tenant.lower() != self.tenant.lower():
            _revoked(self.server, tokens)
            raise InvalidInput(
                f"this login is for the tenant {tenant}, not for {self.tenant}",
                hint="choose the tenant on the login page, or leave out --tenant",
            )
        note = Note(
            account=self.account,
            store="keyring" if self._backend else "file",
            backend=self._backend,
            method=method,
            tenant=tenant,
            user=who.user.login if who else "",
            logged_in_at=time.time(),
        )
        with self._store.lock(self.account):  # a command that refreshes the former login would write over this one
            self._forget_former()
            self._store.write(note, tokens)
        return described(note, tokens)

    def _forget_former(self) -> None:
        """End the login that this one replaces; that it cannot be ended must not hinder the new one."""
        former = self._store.note(self.account)
        if former is None or former.account != self.account:
            return
        try:
            tokens = self._store.read(former)
            self._store.forget(former)
            if tokens is not None:
                self.server.revoke(tokens)
        except Refusal:
            return


def described(note: Note, tokens: Tokens) -> LoggedIn:
    """A stored login for people and programs, without a token."""
    return LoggedIn(
        url=note.account.url,
        profile=note.account.profile or None,
        tenant=note.tenant or None,
        user=note.user or None,
        method=note.method,
        stored_in=f"keyring {note.backend}" if note.store == "keyring" else "file",
        scopes=tokens.scopes,
        expires_at=None if tokens.expires_at is None else datetime.fromtimestamp(tokens.expires_at, UTC),
        is_renewable=is_renewable(tokens),
    )


def _asked_who(config: Config, tokens: Tokens, *, is_vital: bool) -> WhoAmI | None:
    """Whom the server takes the holder for; None where it does not say, which refuses a given token only."""
    from casectl.desk.remote.desk import RemoteDesk, StaticToken
    from casectl.operations.whoami import AskWhoAmI

    try:
        with RemoteDesk(tokens.url, StaticToken(tokens.access), settings_of(config)) as desk:
            return desk.perform(AskWhoAmI())
    except (NotPermitted, NotFound):
        return None
    except Refusal:
        if is_vital:
            raise
        return None


def _revoked(server: Authorization, tokens: Tokens) -> str:
    """Take the tokens back at the server; why it was not told, '' when it was."""
    try:
        server.revoke(tokens)
    except (Unreachable, NotLoggedIn) as refusal:  # the second: where the secret's file is gone
        return refusal.message
    return ""


def log_out(config: Config) -> LoggedOut:
    """Forget the login here, and tell the server. Raises NotLoggedIn when there is none, Failure when it stays."""
    account, store = account_of(config), TokenStore.of(config)
    note = store.note(account)
    if note is None:
        raise not_logged_in(account)
    with store.lock(note.account):
        tokens = store.read(note)
        store.forget(note)
    reason = _revoked(Authorization.of(config), tokens) if tokens else "its tokens were gone"
    return LoggedOut(
        url=account.url,
        profile=account.profile or None,
        user=note.user or None,
        is_revoked=not reason,
        reason=reason,
    )


def logged_in(config: Config, *, refresh: bool = False) -> LoggedIn:
    """The login that commands of this configuration work with; `refresh` renews it first.

    Raises NotLoggedIn when there is none, or when there is nothing to renew it with.
    """
    account, store = account_of(config), TokenStore.of(config)
    if config.token:
        if refresh:
            raise NotLoggedIn("the token of CASECTL_TOKEN cannot be refreshed", hint="set a new one")
        return LoggedIn(
            url=account.url, profile=account.profile or None, tenant=None, user=None, method="environment",
            stored_in="CASECTL_TOKEN", scopes=None, expires_at=None, is_renewable=False,
        )  # fmt: skip
    session = session_of(config)
    stale = session.token() if refresh else ""
    if refresh and session.renewed(stale) is None:
        raise NotLoggedIn(f"the token for {account.url} cannot be refreshed", hint="casectl auth login")
    note = store.note(account)
    tokens = store.read(note) if note else None
    if note is None or tokens is None:
        raise not_logged_in(account)
    return described(note, tokens)


def confirmed(config: Config, login: LoggedIn) -> LoggedIn:
    """The login as the server knows it now. Raises NotLoggedIn when it refuses it, Unreachable when it is away."""
    from casectl.desk.remote.desk import RemoteDesk
    from casectl.operations.whoami import AskWhoAmI

    with RemoteDesk(login.url, credentials_of(config), settings_of(config)) as desk:
        try:
            who = desk.perform(AskWhoAmI())
        except (NotPermitted, NotFound):
            return login
    scopes = login.scopes if login.method != "environment" else who.rights
    return msgspec.structs.replace(login, tenant=who.tenant, user=who.user.login, scopes=scopes)
