"""Standard input as lines and as text; closed input is empty. Only casectl.cli imports this module."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator


def stream() -> TextIO | None:
    """Standard input, None when it is closed; bytes that are no UTF-8 become escapes."""
    # Python refuses it for a stream that was read: whoever reads an answer comes here first as well.
    if sys.stdin is not None and hasattr(sys.stdin, "reconfigure") and sys.stdin.errors != "backslashreplace":
        sys.stdin.reconfigure(encoding="utf-8", errors="backslashreplace")
    return sys.stdin


def lines() -> Iterator[str]:
    """The lines of standard input."""
    yield from stream() or ()
