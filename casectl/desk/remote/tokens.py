"""Tokens at rest: in the keyring, or, only when that was asked for, in a file of mode 0600. Only `desk` imports it.

Beside them lies a note without secrets that says where they are, so that a command asks no keyring for a login that
was never made, and loads only the backend that has it. `keyring` is imported nowhere else.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, Literal

import msgspec

from casectl import typed
from casectl.desk.remote import private_files
from casectl.errors import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from casectl.config import Config

FOLDER = "sessions"

LOCK_WAIT = 60.0
"""Seconds to wait for another command that is refreshing the same tokens."""


Method = Literal["browser", "device", "client", "token", "environment"]
"""How somebody logged in."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Whose tokens: of a server, as a profile names it."""

    url: str
    profile: str = ""

    @property
    def name(self) -> str:
        """The user's name in the keyring: the address first, so that tokens are bound to it."""
        return f"{self.url} profile={self.profile!r}" if self.profile else self.url


class Tokens(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a login gave, for the server at `url` alone; times are seconds since 1970, None: not known.

    `client_secret` is kept only where it came from standard input; else `secret_file` is read again.
    """

    url: str
    access: str
    client_id: str
    refresh: str = ""
    obtained_at: float = 0.0
    expires_at: float | None = None
    scopes: list[str] | None = None
    token_endpoint: str = ""
    revocation_endpoint: str = ""
    client_secret: str = ""
    secret_file: str = ""

    @property
    def is_client(self) -> bool:
        """Whether a program's own credentials got them (RFC 6749, 4.4): these give no refresh token."""
        return bool(self.client_secret or self.secret_file)


class Note(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where the tokens of an account are, and whom the server took their holder for. Nothing secret."""

    account: Account
    store: Literal["keyring", "file"]
    backend: str = ""
    method: Method
    tenant: str = ""
    user: str = ""
    logged_in_at: float = 0.0


class TokenStore:
    """The tokens of this user on this machine. `folder` is below the state folder."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    @classmethod
    def of(cls, config: Config) -> TokenStore:
        """The store of this configuration's user; nothing is made yet."""
        return cls(os.path.join(config.state_folder, FOLDER))  # noqa: PTH118 - pathlib would cost every command 5 ms

    def note(self, account: Account) -> Note | None:
        """Where the tokens of the account are; None when there was no login."""
        content = private_files.read(self._path(account, "json"))
        if content is None:
            return None
        try:
            note = typed.decode(content, Note)
        except msgspec.DecodeError:
            return None
        return note if note.account == account else None

    def read(self, note: Note) -> Tokens | None:
        """The tokens, None when they are gone. Raises Failure where keyring or file cannot be read or believed."""
        if note.store == "file":
            content = private_files.read(self._path(note.account, "token"), secret=True)
        else:
            from casectl.desk.remote import keyrings

            content = keyrings.get(note.backend, note.account.name)
        if content is None:
            return None
        try:
            tokens = typed.decode(content, Tokens)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Failure("the stored tokens cannot be read", hint="casectl auth login") from error
        return tokens if tokens.url == note.account.url else None

    def write(self, note: Note, tokens: Tokens) -> None:
        """Keep the tokens where the note says, then the note. Raises Failure."""
        content = msgspec.json.encode(tokens)
        if note.store == "file":
            private_files.write(self._path(note.account, "token"), content)
        else:
            from casectl.desk.remote import keyrings

            keyrings.put(note.backend, note.account.name, content.decode())
        private_files.write(self._path(note.account, "json"), msgspec.json.encode(note))

    def forget(self, note: Note) -> None:
        """Take tokens and note away. Raises Failure when the keyring does not let go of them."""
        if note.store == "file":
            private_files.remove(self._path(note.account, "token"))
        else:
            from casectl.desk.remote import keyrings

            keyrings.remove(note.backend, note.account.name)
        private_files.remove(self._path(note.account, "json"))

    @contextlib.contextmanager
    def lock(self, account: Account) -> Iterator[None]:
        """Hold the account's lock, which one command or thread at a time may have. Raises Failure after LOCK_WAIT."""
        import fcntl

        descriptor = private_files.open_lock(self._path(account, "lock"))
        end = time.monotonic() + LOCK_WAIT
        try:
            while True:
                try:
                    # Not lockf: its locks belong to the process, so two threads would both have it.
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > end:
                        raise Failure(
                            f"another casectl has been refreshing the login for {LOCK_WAIT:.0f} s", hint="try again"
                        ) from None
                    time.sleep(0.02)
            yield
        finally:
            os.close(descriptor)

    def _path(self, account: Account, kind: str) -> str:
        from hashlib import sha256

        return f"{self.folder}/{sha256(account.name.encode()).hexdigest()[:32]}.{kind}"
