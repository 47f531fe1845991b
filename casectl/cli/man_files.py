"""The man pages, made of the manual's pages and of the commands' own declarations. Only casectl.cli imports it.

Section 1 has casectl(1) and a page for each word behind it, `casectl-list` or `casectl-user`; section 7 has the topics.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from casectl import __version__, registry
from casectl.cli import roff
from casectl.cli.command_help import context_of
from casectl.cli.command_tree import PROGRAM
from casectl.cli.common_options import COMMON_OPTIONS, PREFIX, SAFETY
from casectl.cli.export_file import NewFile
from casectl.cli.group_help import EXAMPLES
from casectl.cli.help_page import option_names
from casectl.cli.manual_blocks import blocks_of
from casectl.cli.manual_pages import TOPICS, source
from casectl.cli.root import ABOUT
from casectl.errors import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator

_ELSEWHERE = "name a folder of your own"

_FILES = {
    "$XDG_CONFIG_HOME/casectl/config.toml": "your settings; casectl help configuration",
    "casectl.toml": "a project's settings, in its folder or one above",
    "$XDG_DATA_HOME/casectl": "the embedded Postgres",
    "$XDG_STATE_HOME/casectl": "the log of failures, and drafts of texts that could not be written",
}


def write_man_pages(folder: str) -> tuple[str, int, str]:
    """Write all pages below `folder`, man1 and man7; the folder, how many there are, and a command that shows one.

    Pages that are there are replaced; everybody may read them, as far as the umask allows. Raises Failure where they
    cannot be written and UsageError for a link in the place of a page.
    """
    pages = man_pages()
    root = Path(folder).expanduser().resolve()
    try:
        for name, text in pages.items():
            path = root / f"man{name[-1]}" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with NewFile(path, overwrite=True, mode=0o644, hint=_ELSEWHERE) as page:
                page.write([text.encode("ascii")])
    except OSError as error:
        raise Failure(f"cannot write {error.filename}: {error.strerror}", hint=_ELSEWHERE) from error
    return str(root), len(pages), f"man -M {root} casectl"


def man_pages() -> dict[str, str]:
    """The text of every page by its file's name, `casectl-list.1`."""
    words = dict.fromkeys(entry.name.split(" ")[0] for entry in registry.ENTRIES if not entry.hidden)
    pages = {"casectl.1": _page("casectl", 1, ABOUT, _program())}
    for word in words:
        about = registry.NOUNS.get(word) or registry.ALL[word].help
        pages[f"casectl-{word}.1"] = _page(f"casectl-{word}", 1, about, _commands(word))
    for name, found in TOPICS.items():
        pages[f"casectl-{name}.7"] = _page(f"casectl-{name}", 7, found.about, _topic(name))
    return pages


def _page(name: str, section: int, about: str, lines: list[str]) -> str:
    short = about[:1].lower() + about[1:].rstrip(".")
    head = [
        roff.title(name, section, __version__),
        roff.heading("Name"),
        f"{roff.escaped(name, code=True)} \\- {roff.escaped(short)}",
    ]
    first = ["'\\\" t"] if roff.needs_tbl(lines) else []
    return "\n".join([*first, *head, *lines]) + "\n"


def _program() -> list[str]:
    lines = [roff.heading("Synopsis"), *_synopsis("casectl COMMAND [options]"), roff.heading("Description")]
    lines += ["A case desk for the terminal. Each command has a page of its own, casectl\\-COMMAND(1)."]
    for group in registry.GROUPS:
        words = dict.fromkeys(
            one.name.split(" ")[0] for one in registry.ENTRIES if one.group == group and not one.hidden
        )
        lines.append(roff.heading(group))
        for word in words:
            lines += roff.entry(f"casectl-{word}(1)", registry.NOUNS.get(word) or registry.ALL[word].help)
    lines.append(roff.heading("Options of every command"))
    for option in COMMON_OPTIONS:
        lines += roff.entry(" ".join(filter(None, [", ".join(option.names), option.metavar])), option.help)
    lines.append(roff.heading("Files"))
    for path, text in _FILES.items():
        lines += roff.entry(path, text)
    lines += [roff.heading("Exit status"), *roff.body(blocks_of(source("exit-codes"))[1:])]
    lines += [roff.heading("Examples"), *_examples(EXAMPLES)]
    return [
        *lines,
        roff.heading("See also"),
        ", ".join(f"casectl\\-{roff.escaped(name, code=True)}(7)" for name in TOPICS),
    ]


def _commands(word: str) -> list[str]:
    """The page of a command, or of all commands behind a noun."""
    names = [entry.name for entry in registry.ENTRIES if entry.name.split(" ")[0] == word and not entry.hidden]
    found = {name: context_of(name)[0] for name in names}
    lines = [roff.heading("Synopsis")]
    for name, command in found.items():
        lines += _synopsis(f"{PROGRAM} {name} {_arguments(command)}[options]")
    for name, command in found.items():
        lines += [roff.heading("Description" if name == word else f"{PROGRAM} {name}"), *_command(name, command)]
    aliases = [alias for name in names for alias in registry.ALL[name].aliases]
    if aliases:
        lines += [".PP", roff.line("Also called " + " and ".join(f"`casectl {alias}`" for alias in aliases) + ".")]
    return [
        *lines,
        roff.heading("See also"),
        "casectl(1), casectl\\-verbs(7), casectl\\-output(7), casectl\\-exit\\-codes(7)",
    ]


def _command(name: str, command: Any) -> Iterator[str]:
    from inspect import cleandoc

    yield from roff.body(blocks_of(cleandoc(command.help or registry.ALL[name].help)))
    shown = [parameter for parameter in command.params if not parameter.hidden]
    for parameter in shown:
        if not parameter.name.startswith(PREFIX):
            is_argument = parameter.param_type_name == "argument"
            yield from roff.entry(parameter.metavar if is_argument else option_names(parameter), parameter.help or "")
    safety = [f"`{one.opts[-1]}`, " for one in shown if one.name.startswith(PREFIX) and one.rich_help_panel == SAFETY]
    yield from [".PP", roff.line(f"Also {''.join(safety)}and the options of every command, which casectl(1) explains.")]
    if command.examples:
        yield from [".PP", "Examples:", *_examples(command.examples)]


def _arguments(command: Any) -> str:
    return "".join(f"{one.metavar} " for one in command.params if one.param_type_name == "argument")


def _synopsis(line: str) -> list[str]:
    return [".PP", f"\\fB{roff.escaped(line, code=True)}\\fR"]


def _examples(rows: Any) -> list[str]:
    lines = []
    for command, text in rows:
        command, text = (command, text) if command.startswith(PROGRAM) else (text, command)  # noqa: PLW2901
        lines += [f"# {text}"] if text else []
        lines.append(command)
    return roff.example(lines)


def _topic(name: str) -> list[str]:
    found = blocks_of(source(name))[1:]
    lead = [] if found and found[0].kind == "heading" else [roff.heading("Description")]
    return [*lead, *roff.body(found), roff.heading("See also"), "casectl(1)"]
