"""`casectl help`: the manual's pages, every command's help, a search. Loaded by the registry's table for cli only."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from casectl import registry
from casectl.cli.common_options import CommonOptions  # noqa: TC001 - Typer resolves the annotations
from casectl.cli.manual_pages import TOPICS, Passage, Topic, search, source
from casectl.cli.parameters import OWN
from casectl.cli.views import Column, View
from casectl.errors import NotFound, Refusal, UsageError
from casectl.rules.text import did_you_mean, near

if TYPE_CHECKING:
    from casectl.cli.output import Output

_TOPICS = View(
    result=Topic,
    id="topic",
    columns=(
        Column(header="TOPIC", path="topic", rank=0),
        Column(header="ABOUT", path="about", rank=0),
        Column(header="GROUP", path="group", rank=1),
    ),
)

_PASSAGES = View(
    result=Passage,
    id="read",
    columns=(
        Column(header="READ", path="read", rank=0),
        Column(header="SECTION", path="section", rank=1, least=16),
        Column(header="TEXT", path="text", rank=0, least=20),
    ),
    empty="The manual does not have that; casectl help lists its pages.",
)


class Page(msgspec.Struct, frozen=True):
    """A page as a program reads it: its Markdown."""

    topic: str
    text: str


_PAGE = View(
    result=Page, id="topic", columns=(Column(header="TOPIC", path="topic"), Column(header="TEXT", path="text"))
)


class Written(msgspec.Struct, frozen=True):
    """The man pages that were written; `command` shows the first of them."""

    folder: str
    pages: int
    command: str


_WRITTEN = View(
    result=Written,
    id="folder",
    columns=(
        Column(header="FOLDER", path="folder"),
        Column(header="PAGES", path="pages"),
        Column(header="READ", path="command"),
    ),
)


def topic(
    options: CommonOptions,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TOPIC]", help="a page of the manual, or a command", show_default=False),
    ] = None,
    wanted: Annotated[
        str | None,
        typer.Option(
            "--search", metavar="WORDS", help="where all these words stand", show_default=False, rich_help_panel=OWN
        ),
    ] = None,
    man: Annotated[
        str | None,
        typer.Option(
            "--man", metavar="DIR", help="write the man pages into DIR", show_default=False, rich_help_panel=OWN
        ),
    ] = None,
) -> None:
    """Read a page of the manual, or the help of a command.

    Without a topic the pages are listed. A page is laid out for a terminal; in a pipe it is plain Markdown. Man pages
    are made of the same pages and commands where you want them: casectl help --man ~/.local/share/man.
    """
    if sum(one is not None for one in (words or None, wanted, man)) > 1:
        raise UsageError("a topic, --search and --man exclude each other")
    output = _output(options)
    if man is not None:
        from casectl.cli.man_files import write_man_pages

        output.emit_one(Written(*write_man_pages(man)), _WRITTEN)
    elif wanted is not None:
        output.emit_many(search(wanted), _PASSAGES)
    elif words:
        _show(options, output, " ".join(words))
    elif output.is_plain:
        output.emit_text(_list())
    else:
        output.emit_many(list(TOPICS.values()), _TOPICS)


topic.examples = (  # type: ignore[attr-defined]
    ("casectl help", "the pages of the manual"),
    ("casectl help query", "one of them"),
    ("casectl help bulk-update", "the options of a command, as with --help"),
    ("casectl help --search pgbouncer", ""),
)


def _output(options: CommonOptions) -> Output:
    """Where the page goes; a configuration that is wrong must not keep the manual shut."""
    try:
        return options.output_for(options.settings())
    except UsageError:
        raise
    except Refusal:
        from casectl.cli.output import Output

        return Output("json" if options.json else options.output or "table", color=options.color or "auto")


def _list() -> str:
    from casectl.cli.help_page import Section, page, width

    groups = dict.fromkeys(found.group for found in TOPICS.values())
    sections = [
        Section(group, [(found.topic, found.about) for found in TOPICS.values() if found.group == group])
        for group in groups
    ]
    ending = (
        "casectl COMMAND --help tells about a command, casectl help --search WORDS finds\n"
        "a place in the manual, casectl help --man DIR writes man pages."
    )
    return page(["casectl help TOPIC", "The pages of the manual."], sections, ending, (), width())


def _show(options: CommonOptions, output: Output, name: str) -> None:
    """The page or the command that `name` names, or the only one that is near."""
    if name not in TOPICS and not _is_command(name):
        name = _meant(options, name)
    if name in TOPICS:
        _show_page(output, name)
        if _is_command(name):
            options.tell(f"The command's options: casectl {name} --help")
    else:
        from casectl.cli.command_help import command_help

        output.emit_text(command_help(name))


def _show_page(output: Output, name: str) -> None:
    if not output.is_plain:
        output.emit_one(Page(name, source(name)), _PAGE)
        return
    from casectl.cli.manual_blocks import blocks_of, without_comments
    from casectl.cli.manual_screen import page_lines

    text = source(name)
    output.emit_page(lambda screen: page_lines(blocks_of(text), screen), without_comments(text))


def _is_command(name: str) -> bool:
    return name in registry.NOUNS or registry.find(name) is not None


def _meant(options: CommonOptions, name: str) -> str:
    """The one topic or command near `name`. Raises NotFound with the near ones where there are several, or none."""
    known = [*TOPICS, *registry.NOUNS, *(entry.name for entry in registry.ENTRIES if not entry.hidden)]
    begun = [one for one in known if one.startswith(name.casefold())]
    found = list(dict.fromkeys(begun or near(name, known)))
    pages = [one for one in found if one in TOPICS]
    if len(found) == 1 or len(pages) == 1:
        (only,) = pages if len(pages) == 1 else found
        options.tell(f"The manual has no page {name!r}; this is {only!r}.")
        return only
    hint = did_you_mean(name, known) or f"casectl help --search {shlex.quote(name)}"
    raise NotFound(f"the manual has no page {name!r}", hint=hint)
