"""What a stream can show: colours, width, height; and the 16 colours that every theme of a terminal defines.

Only casectl.cli imports this module. Conventions: no-color.org, bixense.com/clicolors, TERM=dumb.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TextIO

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

_CODES = {"bold": "1", "dim": "2", "underline": "4", "reverse": "7"} | {
    name: str(code)
    for base, prefix in ((30, ""), (90, "bright-"))
    for code, name in enumerate(
        (prefix + word for word in ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")), base
    )
}
_USUAL = (80, 24)


class Screen(msgspec.Struct, frozen=True, kw_only=True):
    """What is written to. `width` and `height` are None where there is no terminal: nothing is cut or paged there."""

    color: bool = False
    width: int | None = None
    height: int | None = None


def screen_of(stream: TextIO | None, color: str = "auto", environ: Mapping[str, str] = os.environ) -> Screen:
    """What `stream` can show; `color` is auto, always or never. Each stream is asked by itself."""
    if stream is None or not stream.isatty():
        return Screen(color=wants_color(color, environ, tty=False))
    width, height = _size(stream, environ)
    return Screen(color=wants_color(color, environ, tty=True), width=width, height=height)


def wants_color(color: str, environ: Mapping[str, str], *, tty: bool) -> bool:
    """Whether to use colours: `color` decides, else NO_COLOR, CLICOLOR_FORCE, TERM=dumb, CLICOLOR, the terminal."""
    if color in ("always", "never"):
        return color == "always"
    if environ.get("NO_COLOR"):
        return False
    if environ.get("CLICOLOR_FORCE", "0") not in ("", "0"):
        return True
    return tty and environ.get("TERM", "") != "dumb" and environ.get("CLICOLOR", "1") != "0"


def _size(stream: TextIO, environ: Mapping[str, str]) -> tuple[int, int]:
    try:
        real: tuple[int, int] = os.get_terminal_size(stream.fileno())
    except OSError:
        real = (0, 0)
    columns = environ.get("COLUMNS", "")
    told = int(columns) if columns.isascii() and columns.isdigit() and len(columns) < 6 else 0  # noqa: PLR2004
    return told or real[0] or _USUAL[0], real[1] or _USUAL[1]


def paint(text: str, style: str) -> str:
    """`text` in `style`: words of bold, dim, underline, reverse and the 16 colours (`red`, `bright-red`)."""
    codes = ";".join(_CODES[word] for word in style.split())
    return f"\x1b[{codes}m{text}\x1b[0m" if codes and text else text
