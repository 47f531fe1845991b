"""Keeps the traceback of a fault of ours where its user finds it. Only casectl.cli.main imports this module."""

from __future__ import annotations

import os
from pathlib import Path

from casectl import __version__
from casectl.errors import Refusal


def log_failure(error: BaseException, command: str) -> str:
    """Append the traceback to the log, readable for its owner only; its path, '' where no log can be written.

    `command` is the command's name alone: arguments may hold what people wrote.
    """
    from datetime import UTC, datetime

    try:
        path = _log_file()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
        with os.fdopen(os.open(path, flags, 0o600), "a", encoding="utf-8") as stream:
            heading = f"{datetime.now(UTC).isoformat(timespec='seconds')} casectl {__version__} {command}"
            stream.write(f"{heading}\n{traceback_text(error)}\n")
    except (OSError, Refusal):
        return ""
    return str(path)


def _log_file() -> Path:
    from casectl.config import load, state_folder

    try:
        return Path(load({}).text("log_file"))
    except Refusal:
        return Path(state_folder()) / "casectl.log"


def traceback_text(error: BaseException) -> str:
    """The traceback as Python would print it."""
    import traceback

    return "".join(traceback.format_exception(error))
