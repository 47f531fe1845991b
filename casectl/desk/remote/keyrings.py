"""The system's keyring, asked with patience that ends: a locked or hanging one must hang no command.

Only `tokens` and `login` beside it import this module; it is the only one that imports `keyring`, and a command that
has tokens loads no more of it than the backend that holds them.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from casectl.errors import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

SERVICE = "casectl"

PATIENCE = 3.0
"""Seconds a keyring has for an answer."""

_ELSEWHERE = "unlock it, or casectl auth login --insecure-storage keeps tokens in a file; CASECTL_TOKEN needs neither"

_NO_KEYRINGS = ("keyring.backends.fail.", "keyring.backends.null.")
_PLAIN_TEXT = "keyrings.alt."
"""Merely installed, this package makes files in plain text the default; only somebody who names it gets it."""


def probe() -> str:
    """The name of the backend that will hold tokens, tried with a word that is written, read and removed.

    Raises Failure when there is no keyring, or none that keeps what it is given.
    """
    _within(_load, "")
    backend = _within(_chosen, "")
    name = f"{type(backend).__module__}.{type(backend).__qualname__}"
    user, word = f"probe {os.urandom(8).hex()}", os.urandom(8).hex()

    def write_and_read() -> bool:
        backend.set_password(SERVICE, user, word)
        kept = bool(backend.get_password(SERVICE, user) == word)
        if kept:
            backend.delete_password(SERVICE, user)
        return kept

    if name.startswith(_NO_KEYRINGS) or not _within(write_and_read, name):
        raise Failure(
            "there is no keyring to keep the login in",
            hint="--insecure-storage keeps it in a file that only you can read; CASECTL_TOKEN needs no login",
        )
    return name


def get(backend: str, user: str) -> bytes | None:
    """What the backend of that name keeps for `user`, None when nothing. Raises Failure."""
    ring = _ring(backend)
    found = _within(lambda: ring.get_password(SERVICE, user), backend)
    return None if found is None else str(found).encode()


def put(backend: str, user: str, content: str) -> None:
    """Let the backend of that name keep `content`. Raises Failure."""
    ring = _ring(backend)
    _within(lambda: ring.set_password(SERVICE, user, content), backend)


def remove(backend: str, user: str) -> None:
    """Let the backend of that name forget what it keeps; nothing to forget is no error. Raises Failure."""
    ring = _ring(backend)

    def run() -> None:
        if ring.get_password(SERVICE, user) is not None:
            ring.delete_password(SERVICE, user)

    _within(run, backend)


def _ring(backend: str) -> Any:
    """The backend of that name. Its modules have a time of their own: a busy machine takes long to load them."""
    return _within(lambda: _loaded(backend), backend)


def _load() -> None:
    """Load keyring itself, in a time of its own."""
    import keyring  # noqa: F401


def _chosen() -> Any:
    """The backend that keyring itself would take, but for those that keep nothing secret unasked."""
    import keyring
    from keyring.backends import fail

    nothing: Any = fail.Keyring
    backend: Any = keyring.get_keyring()
    if _is_named_by_the_user():
        return backend
    within = getattr(backend, "backends", None)
    found = [one for one in (within or [backend]) if not type(one).__module__.startswith(_PLAIN_TEXT)]
    return found[0] if found else nothing()


def _is_named_by_the_user() -> bool:
    from keyring.util import platform_

    return bool(os.environ.get("PYTHON_KEYRING_BACKEND")) or (platform_.config_root() / "keyringrc.cfg").exists()


def _loaded(name: str) -> Any:
    """The backend of that name; only its module is imported, since the search for all of them takes longer."""
    module, _, word = name.rpartition(".")
    try:
        __import__(module)
        return getattr(sys.modules[module], word)()
    except (ImportError, AttributeError, ValueError):
        import keyring  # where keyringrc.cfg names the folder of a backend, keyring itself must find it

        return keyring.get_keyring()


def _within(call: Callable[[], Any], backend: str) -> Any:
    """What `call` gives within PATIENCE; it runs in a thread, since nothing else ends a wait for another process."""
    import threading

    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.append((True, call()))
        except Exception as error:  # noqa: BLE001 - backends raise what they like
            outcome.append((False, error))

    thread = threading.Thread(target=run, name="keyring", daemon=True)
    thread.start()
    thread.join(PATIENCE)
    which = f" {backend}" if backend else ""
    if not outcome:
        raise Failure(f"the keyring{which} gave no answer within {PATIENCE:.0f} s", hint=_ELSEWHERE)
    done, value = outcome[0]
    if done:
        return value
    reason = (str(value).strip().splitlines() or [""])[0] or type(value).__name__
    raise Failure(f"the keyring{which} failed: {reason}", hint=_ELSEWHERE) from value
