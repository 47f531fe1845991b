"""A real backend of keyring for tests, in a file of JSON that is read anew at each call; and bad ones."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError


class FileKeyring(KeyringBackend):
    """Keeps passwords in the file that FILE_KEYRING names."""

    priority = 1

    @property
    def _path(self):
        return Path(os.environ["FILE_KEYRING"])

    def _all(self):
        return json.loads(self._path.read_text()) if self._path.exists() else {}

    def _keep(self, words):
        draft = self._path.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(words))
        draft.rename(self._path)

    def get_password(self, service, username):
        return self._all().get(f"{service} {username}")

    def set_password(self, service, username, password):
        self._keep(self._all() | {f"{service} {username}": password})

    def delete_password(self, service, username):
        words = self._all()
        if words.pop(f"{service} {username}", None) is None:
            raise PasswordDeleteError(username)
        self._keep(words)


class HangingKeyring(FileKeyring):
    """Locked, and waiting for somebody to unlock it."""

    def get_password(self, service, username):
        time.sleep(60)

    def set_password(self, service, username, password):
        time.sleep(60)


class ForgetfulKeyring(FileKeyring):
    """Takes everything and keeps nothing."""

    def set_password(self, service, username, password):
        pass


class LockedKeyring(FileKeyring):
    """Refuses until it is unlocked."""

    def get_password(self, service, username):
        raise RuntimeError("the collection is locked\nand more lines")

    def set_password(self, service, username, password):
        raise RuntimeError("the collection is locked\nand more lines")
