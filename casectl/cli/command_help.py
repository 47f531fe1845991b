"""The help of a command or a noun by its name, as `--help` prints it. Only casectl.cli imports this module."""

from __future__ import annotations

from typing import Any

from casectl.cli.command_tree import PROGRAM
from casectl.cli.root import root_command


def command_help(name: str) -> str:
    """What `casectl NAME --help` prints; '' is the program itself, an alias will do."""
    command, ctx = context_of(name)
    text: str = command.get_help(ctx)
    return text


def context_of(name: str) -> tuple[Any, Any]:
    """The command called `name`, and the context in which Typer would show it."""
    command = root_command()
    ctx = command.make_context(PROGRAM, [], resilient_parsing=True)
    for word in name.split():
        command = command.get_command(ctx, word)
        ctx = command.make_context(word, [], parent=ctx, resilient_parsing=True)
    return command, ctx
