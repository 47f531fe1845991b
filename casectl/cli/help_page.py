"""Lays out `--help`: usage, a paragraph, options under their headings, examples, within 80 columns.

Only casectl.cli imports this module. It reads nothing but the parameters of a command, and is loaded for help only.
"""

from __future__ import annotations

import shutil
import textwrap
from typing import TYPE_CHECKING, Any

import msgspec

from casectl.cli.common_options import EVERYWHERE, OUTPUT, SAFETY
from casectl.cli.parameters import OWN

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_WIDEST = 80
_INDENT = "  "
_LEFT = 30
"""A name longer than this has its explanation on the next line."""

Row = tuple[str, str]


class Section(msgspec.Struct, frozen=True):
    """A heading with rows of a name and its explanation."""

    title: str
    rows: Sequence[Row]


def width() -> int:
    """Columns of a help page: those of the terminal, at most 80."""
    return max(40, min(_WIDEST, shutil.get_terminal_size((_WIDEST, 24)).columns))


def command_page(path: str, text: str, parameters: Sequence[Any], examples: Sequence[Row], columns: int) -> str:
    """The help of one command, of its `parameters` as Typer made them; `path` is the command with its program."""
    shown = [parameter for parameter in parameters if not parameter.hidden]
    arguments = [one for one in shown if one.param_type_name == "argument"]
    options = [one for one in shown if one.param_type_name == "option"]
    usage = " ".join([path, *(one.metavar for one in arguments), "[options]"])
    sections = [Section("Arguments", [(_bare(one.metavar), one.help or "") for one in arguments])]
    for title in (OWN, OUTPUT, SAFETY):
        rows = [(_names(one), one.help or "") for one in options if (one.rich_help_panel or OWN) == title]
        sections.append(Section(title, rows))
    everywhere = [_names(one).strip() for one in options if one.rich_help_panel == EVERYWHERE]
    rest = f"{EVERYWHERE}:\n" + flow([*everywhere, "-h, --help"], columns)
    return page([usage, text], sections, rest, examples, columns)


def page(head: Sequence[str], sections: Iterable[Section], rest: str, examples: Sequence[Row], columns: int) -> str:
    """A page of its parts (`head` is usage and text), without the empty ones."""
    usage, text = head
    parts = [_wrapped(f"Usage: {usage}", columns, "", " " * 7), _paragraphs(text, columns)]
    parts += [_section(section, columns) for section in sections if section.rows]
    parts.append(rest)
    if examples:
        parts.append("Examples:\n" + _examples(examples, columns))
    return "\n\n".join(part for part in parts if part)


def _section(section: Section, columns: int) -> str:
    left = min(_LEFT, max(len(name) for name, _ in section.rows)) + 2
    return f"{section.title}:\n" + "\n".join(_row(name, text, left, columns) for name, text in section.rows)


def _row(name: str, text: str, left: int, columns: int) -> str:
    hanging = _INDENT + " " * left
    if len(name) > left - 2:
        return f"{_INDENT}{name}\n{_wrapped(text, columns, hanging, hanging)}" if text else _INDENT + name
    return _wrapped(text, columns, f"{_INDENT}{name:<{left}}", hanging) if text else _INDENT + name


def _paragraphs(text: str, columns: int) -> str:
    """Each paragraph wrapped; indented lines stay as they are."""
    import inspect

    return "\n\n".join(
        textwrap.indent(part, _INDENT) if part.startswith("  ") else _wrapped(part, columns, _INDENT, _INDENT)
        for part in inspect.cleandoc(text.replace("`", "")).split("\n\n")
        if part.strip()
    )


def flow(words: Sequence[str], columns: int) -> str:
    """Options side by side, none broken across lines."""
    held = ", ".join(word.replace(", ", ",\0").replace(" ", "\0") for word in words)
    return _wrapped(held, columns, _INDENT, _INDENT).replace("\0", " ")


def _examples(rows: Sequence[Row], columns: int) -> str:
    told = [_example(row, columns) for row in rows]
    return ("\n\n" if any("\n" in one for one in told) else "\n").join(told)


def _example(row: Row, columns: int) -> str:
    command, text = row if row[0].startswith("casectl") else (row[1], row[0])
    comment = _wrapped(text, columns, f"{_INDENT}# ", f"{_INDENT}# ") + "\n" if text else ""
    return f"{comment}{_INDENT}{command}"


def _wrapped(text: str, columns: int, first: str, rest: str) -> str:
    return textwrap.fill(
        " ".join(text.split(" ")) if "\n" not in text else " ".join(text.split()),
        columns,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _names(parameter: Any) -> str:
    """`-o, --output FORMAT`; long names stand under each other when there is no short one."""
    names = option_names(parameter)
    return " " * 4 + names if names.startswith("--") else names


def option_names(parameter: Any) -> str:
    """`-o, --output FORMAT`: the names of an option, short ones first, with what it takes."""
    words = [*parameter.opts]
    short = [word for word in words if not word.startswith("--")]
    long = [word for word in words if word.startswith("--")] + list(parameter.secondary_opts)
    metavar = "" if parameter.is_flag or not parameter.metavar else f" {parameter.metavar}"
    return ", ".join([*short, *long]) + metavar


def _bare(metavar: str) -> str:
    return metavar.removeprefix("[").removesuffix("]")
