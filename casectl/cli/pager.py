"""Shows what is longer than the screen in the user's pager. Only casectl.cli.output imports this module."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_USUAL = "less -FIRX"


def pager_command(chosen: str, environ: Mapping[str, str]) -> list[str]:
    """The words of the pager's command: `chosen` (the setting `pager`), else $PAGER, else less.

    Nothing for `off`, for `cat`, and for what cannot be read as words; on a terminal that can only print (TERM=dumb)
    only one that somebody named: less would stop there with a warning and wait for a key.
    """
    import shlex

    usual = "" if environ.get("TERM", "") == "dumb" else _USUAL
    line = chosen or environ.get("PAGER", "") or usual
    try:
        words = shlex.split(line)
    except ValueError:
        return []
    return [] if words in ([], ["off"], ["cat"]) else words


def page(content: bytes, command: list[str], environ: Mapping[str, str]) -> bool:
    """Shows `content` with `command` and waits for its end; False when the pager cannot be started."""
    import signal
    import subprocess

    try:
        viewer = subprocess.Popen(  # noqa: S603 - the user's own choice of a program
            command, stdin=subprocess.PIPE, env={"LESS": "FIRX", "LESSCHARSET": "utf-8", **environ}
        )
    except OSError:
        return False
    # Ctrl-C is a key of the pager; casectl must outlive it, or both would read from the terminal.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        viewer.communicate(content)
    finally:
        signal.signal(signal.SIGINT, before)
    return True
