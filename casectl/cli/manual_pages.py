"""The pages of the manual: which there are, what they are about, and where a word stands in them.

Only casectl.cli imports this module.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from casectl import registry
from casectl.cli.manual_blocks import Block, blocks_of, plain
from casectl.manual import GROUPS

if TYPE_CHECKING:
    from collections.abc import Iterator

_FOLDER = Path(__file__).parents[1] / "manual"
_EXCERPT = 120
"""Characters of a place that a search shows."""


class Topic(msgspec.Struct, frozen=True):
    """A page of the manual."""

    topic: str
    group: str
    about: str


class Passage(msgspec.Struct, frozen=True):
    """A place in the manual where what was searched stands; `read` is the command that shows its page."""

    read: str
    section: str
    text: str


TOPICS: dict[str, Topic] = {
    name: Topic(name, group, about) for group, pages in GROUPS.items() for name, about in pages.items()
}
"""Every page by its name, in the order in which they are listed."""


def source(name: str) -> str:
    """The Markdown of a page."""
    return (_FOLDER / f"{name}.md").read_text(encoding="utf-8")


def blocks(name: str) -> list[Block]:
    """The blocks of a page; its title comes first."""
    return blocks_of(source(name))


def search(words: str) -> list[Passage]:
    """Where all of `words` stand together, in any case: what begins a page or section first, commands last."""
    wanted = words.casefold().split()
    if not wanted:
        return []
    passages = [passage for name in TOPICS for passage in _passages(name, wanted)]
    commands = [
        Passage(f"casectl help {entry.name}", "", entry.help)
        for entry in registry.ENTRIES
        if not entry.hidden and _all_in(wanted, f"{entry.name} {entry.help}")
    ]
    return [passage for passage, is_heading in sorted(passages, key=lambda found: not found[1])] + commands


def _passages(name: str, wanted: list[str]) -> Iterator[tuple[Passage, bool]]:
    section = ""
    for block in blocks(name):
        is_heading = block.kind == "heading"
        section = plain(block.text) if is_heading else section
        for text in block.lines if block.kind in ("code", "table") else (block.text,):
            told = plain(text.replace("\t", "  "))
            if _all_in(wanted, f"{name} {told}" if is_heading and block.level == 1 else told):
                yield Passage(f"casectl help {name}", section, _excerpt(told, wanted[0])), is_heading


def _all_in(wanted: list[str], text: str) -> bool:
    folded = text.casefold()
    return all(word in folded for word in wanted)


def _excerpt(text: str, word: str) -> str:
    """As much of `text` around `word` as is shown."""
    if len(text) <= _EXCERPT:
        return text
    begin = max(0, min(text.casefold().find(word) - _EXCERPT // 3, len(text) - _EXCERPT))
    begin = text.find(" ", begin) + 1 if begin else 0
    return (
        ("… " if begin else "")
        + text[begin : begin + _EXCERPT].rstrip()
        + (" …" if begin + _EXCERPT < len(text) else "")
    )
