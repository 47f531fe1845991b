"""`casectl help`: the pages of the manual. Loaded by the registry's table for casectl.cli only."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from casectl.cli.common_options import CommonOptions  # noqa: TC001 - Typer resolves the annotations
from casectl.cli.views import Column, View
from casectl.errors import NotFound
from casectl.rules.text import did_you_mean

_MANUAL = Path(__file__).parents[2] / "manual"

_ORDER = (
    "concepts", "verbs", "query", "history", "output", "exit-codes", "safety", "roles", "types", "export", "import",
    "events", "postgres", "server", "remote", "oauth", "access", "rest", "client",
)  # fmt: skip
"""From the first steps to servers and programs; a page that is not named here comes last."""


class Topic(msgspec.Struct, frozen=True):
    """A page of the manual."""

    topic: str
    title: str


_TOPICS = View(
    result=Topic,
    id="topic",
    columns=(Column(header="TOPIC", path="topic", rank=0), Column(header="PAGE", path="title", rank=0)),
)


def topic(
    options: CommonOptions,
    name: Annotated[str | None, typer.Argument(metavar="[TOPIC]", help="a page, or a command")] = None,
) -> None:
    """Read a page of the manual.

    Without a topic the pages are listed. For a command use casectl COMMAND --help.
    """
    output = options.output_for(options.settings())
    if name is None:
        output.emit_many([Topic(page.stem, _title(page)) for page in sorted(_MANUAL.glob("*.md"), key=_place)], _TOPICS)
        return
    pages = {page.stem: page for page in _MANUAL.glob("*.md")}
    if name not in pages:
        hint = did_you_mean(name, pages) or _command_hint(name)
        raise NotFound(f"the manual has no page {name!r}", hint=hint)
    output.emit_text(pages[name].read_text(encoding="utf-8"))


def _place(page: Path) -> tuple[int, str]:
    return _ORDER.index(page.stem) if page.stem in _ORDER else len(_ORDER), page.stem


def _title(page: Path) -> str:
    with page.open(encoding="utf-8") as stream:
        return stream.readline().lstrip("# ").strip()


def _command_hint(name: str) -> str:
    from casectl import registry

    return f"casectl {name} --help" if registry.find(name) or name in registry.NOUNS else "casectl help lists the pages"
