"""Reads TOML, and tells what cannot be read as `FILE:LINE:COLUMN: what`. Anyone above config may import this module."""

from __future__ import annotations

from typing import Any

from casectl.errors import InvalidInput, Problem


def read_toml(source: str, text: str, *, pointer: str = "", hint: str = "") -> dict[str, Any]:
    """The document in `text`, which came from `source`.

    Raises InvalidInput with the place, `pointer` being that of the whole document and `hint` what to do about it.
    """
    if not text.strip():
        return {}
    import tomllib

    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise unread(source, "", "not TOML: it is nested too deeply", pointer, hint) from error
    except tomllib.TOMLDecodeError as error:
        reason, _, at = str(error).partition(" (at ")
        line, _, column = at.removeprefix("line ").rstrip(")").partition(", column ")
        if not line.isdigit():  # at the end of the document
            lines = text.split("\n")
            line, column = str(len(lines)), str(len(lines[-1]) + 1)
        raise unread(
            source, f"{line}:{column}", f"not TOML: {reason[:1].lower()}{reason[1:]}", pointer, hint
        ) from error


def decoded(source: str, content: bytes) -> str:
    """The text of a TOML file. Raises InvalidInput with the place of what is not UTF-8."""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        lines = content[: error.start].split(b"\n")
        raise unread(source, f"{len(lines)}:{len(lines[-1]) + 1}", "not UTF-8, as TOML must be") from error


def unread(source: str, at: str, what: str, pointer: str = "", hint: str = "") -> InvalidInput:
    """The refusal of a text that is not what it should be at `LINE:COLUMN`; '' where that is not known."""
    place = f"{source}:{at}" if at else ""
    message = f"{place or source}: {what}"
    problem = Problem(message=message, pointer=pointer, code="syntax", hint=hint, place=place)
    return InvalidInput(message, hint=hint, problems=[problem])
