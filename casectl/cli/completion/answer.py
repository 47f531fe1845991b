"""What may stand at the cursor: `casectl __complete SOURCE TYPED ABOUT COMMAND WORD...`, as the shells' scripts ask it.

SOURCE says what kind of word is typed, TYPED is the word up to the cursor, ABOUT the case that the command is about and
WORD... all words before it, from which the place to work at is read. Behind MARKED each of them has a sign before it
that counts for nothing, since PowerShell loses arguments that are empty. The answer is lines of a word, a tab and what
it means. Only casectl.cli.main imports this module. A key press waits for it, so it loads no more than it must, and
whatever goes wrong leads to no words, silently.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

from casectl.model.suggestion import Suggestion
from casectl.rules.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from casectl.config import Config

MARKED = "--marked"

_LONGEST_HELP = 72
_SPECIAL = {"person": ("@me", "none"), "user": ("@me",), "contact": ("none",), "team": ("none",), "parent": ("none",)}
"""Words that stand for somebody or nobody, offered before the names."""

_MEANING = {"@me": "you", "none": "nobody, nothing"}
ASKED = {"user": "person", "parent": "case", "form": "field"}
"""Kinds of words that are another source's names."""

_PLACE = {"--profile": "profile", "--tenant": "tenant", "--as": "user"}
"""Options before the cursor that lead to another desk."""


def answer(words: Sequence[str]) -> str:
    """The lines for the words behind `__complete`. Raises whatever goes wrong."""
    if words[0] == MARKED:
        words = [word[1:] for word in words[1:]]
    source, typed, about, command, *line = words
    if source.endswith(","):
        before, comma, last = typed.rpartition(",")
        found: Iterable[Suggestion] = _of_source(source[:-1], last, about, command, line)
        return _lines(found, before + comma)
    return _lines(_of_source(source, typed, about, command, line), negates=source == "query")


def _lines(found: Iterable[Suggestion], before: str = "", *, negates: bool = False) -> str:
    """Lines that cannot steer a terminal; only a query's word may begin as an option does, and negates a term then."""
    seen: dict[str, str] = {}
    with contextlib.suppress(Exception):  # a desk that does not answer takes back no word that needs none
        for word in found:
            text = before + word.text
            if word.text and safe_text(text) == text and (negates or text[0] != "-"):
                seen.setdefault(text, safe_text(word.help)[:_LONGEST_HELP].strip())
    return "".join(f"{text}\t{meaning}\n" for text, meaning in seen.items())


def _of_source(source: str, typed: str, about: str, command: str, line: Sequence[str]) -> Iterator[Suggestion]:
    if source == "query":
        yield from _of_query(typed, line)
    elif source == "profile":
        yield from _begun([*_config(line).profiles, "none"], typed)
    elif source == "fields":
        yield from _begun(_fields(command), typed)
    else:
        yield from _named(source, typed, about, line)


def _named(source: str, typed: str, about: str, line: Sequence[str]) -> Iterator[Suggestion]:
    yield from _begun(_SPECIAL.get(source, ()), typed)
    case = about if source in ("status", "form") else ""
    case_type = _value(line, "-t", "--type") if source == "form" and not case else ""
    yield from _suggested(_config(line), ASKED.get(source, source), typed, case, case_type)


def _begun(words: Iterable[str], typed: str) -> Iterator[Suggestion]:
    return (Suggestion(text=word, help=_MEANING.get(word, "")) for word in words if word.startswith(typed))


def _config(line: Sequence[str]) -> Config:
    """The configuration as the line so far would have it."""
    from casectl.config import load

    file = _value(line, "--config")
    environ = {**os.environ, "CASECTL_CONFIG": file} if file else os.environ
    return load({setting: _value(line, option) or None for option, setting in _PLACE.items()}, environ)


def _value(line: Sequence[str], *options: str) -> str:
    """The value of an option in the line: of several the last, '' without one."""
    found = ""
    for word, following in zip(line, [*line[1:], ""], strict=False):
        name, equals, value = word.partition("=")
        if name in options:
            found = value if equals else following
    return found


def _suggested(config: Config, source: Any, typed: str, case: str = "", case_type: str = "") -> Iterator[Suggestion]:
    from msgspec import UNSET

    from casectl.desk.hints import perform_at_once
    from casectl.operations.suggest import Suggest

    yield from perform_at_once(
        config, Suggest(source=source, prefix=typed, case=case or UNSET, type=case_type or UNSET)
    )


def _of_query(typed: str, line: Sequence[str]) -> Iterator[Suggestion]:
    """The rest of a term: names of fields, values, and names that the desk knows."""
    from casectl.rules.query.completion import complete

    config: Config | None = None
    for suggestion in complete(typed, len(typed)):
        before = typed[: suggestion.start]
        if not suggestion.source:
            yield Suggestion(text=before + suggestion.text, help=suggestion.help)
            continue
        config = config or _config(line)
        for word in _suggested(config, suggestion.source, suggestion.text):
            yield Suggestion(text=before + _as_value(word.text, suggestion), help=word.help)


def _as_value(name: str, suggestion: Any) -> str:
    """A name as a value of the query language: quoted where it would be more than one word."""
    if suggestion.source == "field":
        return name.rstrip("=") + ":"
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    plain = name.replace("-", "").replace("_", "").replace("@", "").replace(".", "")
    return name if plain.isalnum() and not suggestion.quoted else f'"{escaped}"'


def _fields(command: str) -> list[str]:
    """The fields of a command's result, and the word that lists them."""
    from casectl import registry
    from casectl.cli.noun_views import view_of
    from casectl.result_fields import field_paths

    entry = registry.find(command)
    if entry is None or entry.kind != "verb":
        return []
    return ["help", *field_paths(view_of(registry.load(entry.name)).result)]
