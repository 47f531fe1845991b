"""The login of this user at a server: its access token, refreshed before it ends or after the server refused it.

`credentials_of(config)` is what `casectl.desk.open` gives a remote desk. A token that is still good costs reading it;
what obtains and refreshes tokens (`desk.authorization`) is imported only then.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from casectl.desk.remote.tokens import Account, Note, Tokens, TokenStore
from casectl.errors import NotLoggedIn, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from casectl.config import Config
    from casectl.desk.remote.desk import Credentials

MARGIN = 30.0
"""Seconds before its end at which a token is refreshed, or a tenth of its life if that is less."""

LOGIN = "casectl auth login"


def account_of(config: Config) -> Account:
    """Whose tokens a command needs. Raises NotLoggedIn where no server is configured."""
    url = config.server()
    if not url:
        raise NotLoggedIn(
            "no server is configured: the desk of this machine needs no login",
            hint="casectl profile add NAME --url https://…",
        )
    return Account(url=url, profile=config.text("profile"))


def credentials_of(config: Config, *, renews: bool = True) -> Credentials:
    """The credentials for the server of this configuration; nothing is read before they are asked for.

    CASECTL_TOKEN goes before every login, and is never stored. Unless `renews`, a login that must be renewed counts as
    a server that cannot be reached: who may be cut off at any moment could lose the new tokens, and so the login.
    """
    if config.token:
        from casectl.desk.remote.desk import StaticToken

        return StaticToken(config.token, "CASECTL_TOKEN holds it, and goes before any login: give another, or unset it")
    return session_of(config, renews=renews)


def session_of(config: Config, *, renews: bool = True) -> Session:
    """The stored login of this configuration, there or not."""
    account = account_of(config)

    def refresh(tokens: Tokens) -> Tokens:
        if not renews:
            raise Unreachable("the login is not renewed here")
        return _refresh(config, tokens)

    return Session(TokenStore.of(config), account, refresh, config.server_tenant())


def _refresh(config: Config, tokens: Tokens) -> Tokens:
    from casectl.desk.remote.authorization import Authorization

    return Authorization.of(config).refreshed(tokens)


class Session:
    """The stored login of an account. Threads and processes may share it: one of them refreshes, the others wait.

    A login has one tenant: where `tenant` names another, there is no login.
    """

    def __init__(
        self, store: TokenStore, account: Account, refresh: Callable[[Tokens], Tokens], tenant: str = ""
    ) -> None:
        self._tenant = tenant
        self._store = store
        self._account = account
        self._refresh = refresh
        self._tokens: Tokens | None = None

    def token(self) -> str:
        """An access token that is good for some seconds at least.

        Raises NotLoggedIn without a login or when it has ended, Unreachable when it must be refreshed and cannot.
        """
        tokens = self._tokens or self._read(self._note())
        self._tokens = tokens
        if not _is_due(tokens) or not is_renewable(tokens):
            return tokens.access
        try:
            return self._renew(tokens.access).access
        except Unreachable:
            if tokens.expires_at is not None and time.time() < tokens.expires_at:
                return tokens.access
            raise

    def renewed(self, refused: str) -> str | None:
        """An access token other than the one the server refused; None when there is none to be had."""
        note = self._note()
        tokens = self._read(note)
        if tokens.access != refused:
            self._tokens = tokens
            return tokens.access
        return self._renew(refused).access if is_renewable(tokens) else None

    def _renew(self, stale: str) -> Tokens:
        """Refresh, unless another command has done so, or has logged in anew, while this one waited for the lock.

        A refresh token is good once: who used it a second time would end the session (RFC 9700, 4.14).
        """
        with self._store.lock(self._account):
            note = self._note()
            tokens = self._read(note)
            if tokens.access == stale or _is_due(tokens):
                tokens = self._refreshed(note, tokens)
        self._tokens = tokens
        return tokens

    def _refreshed(self, note: Note, tokens: Tokens) -> Tokens:
        try:
            fresh = self._refresh(tokens)
        except NotLoggedIn as refusal:
            if getattr(refusal, "error", "") == "invalid_grant":  # the session is over, whoever asks again
                self._tokens = None
                self._store.forget(note)
            raise
        self._store.write(note, fresh)
        return fresh

    def _note(self) -> Note:
        note = self._store.note(self._account)
        if note is None:
            raise not_logged_in(self._account)
        if self._tenant and note.tenant and note.tenant.lower() != self._tenant.lower():
            raise NotLoggedIn(
                f"logged in at {self._account.url} as one of tenant {note.tenant}, not of {self._tenant}",
                hint="another tenant needs a profile of its own: casectl profile add NAME --url … --tenant …",
            )
        return note

    def _read(self, note: Note) -> Tokens:
        tokens = self._store.read(note)
        if tokens is None:
            raise not_logged_in(self._account)
        return tokens


def not_logged_in(account: Account) -> NotLoggedIn:
    """The refusal of somebody without a login for this account, with the command that makes one."""
    profile = f" --profile {account.profile}" if account.profile else ""
    return NotLoggedIn(f"not logged in at {account.url}", hint=f"{LOGIN}{profile}")


def _is_due(tokens: Tokens) -> bool:
    if tokens.expires_at is None:
        return False
    margin = min(MARGIN, (tokens.expires_at - tokens.obtained_at) / 10)
    return time.time() >= tokens.expires_at - margin


def is_renewable(tokens: Tokens) -> bool:
    """Whether new tokens can be had for these without anybody's help."""
    return bool(tokens.token_endpoint and (tokens.refresh or tokens.is_client))
