"""`casectl` itself: the options before any command, `--version`, and what it says without a command.

Only casectl.cli.main imports this module.
"""

from __future__ import annotations

import inspect
from typing import Annotated, Any

import typer

from casectl.cli.command_tree import CONTEXT, PROGRAM, CommandGroup, unshielded
from casectl.cli.common_options import EVERYWHERE, CommonOptions, common_parameters, split
from casectl.cli.messages import can_ask

ABOUT = "A case desk for the terminal: tickets, incidents and complaints worked, escalated and proved."


def root_command() -> Any:
    """The command tree, ready to read words."""
    app = typer.Typer(
        name=PROGRAM, cls=CommandGroup, help=ABOUT, add_completion=False, rich_markup_mode=None,
        pretty_exceptions_enable=False, context_settings=CONTEXT, invoke_without_command=True,
    )  # fmt: skip
    app.callback()(_callback())
    return typer.main.get_command(app)


def _callback() -> Any:
    def begin(ctx: typer.Context, *, version: bool = False, **values: Any) -> None:
        _, common = split({name: unshielded(value) for name, value in values.items()})
        ctx.obj = CommonOptions().overlaid(common)
        if version:
            _emit(f"{PROGRAM} {_version()}", ctx.obj)
        elif ctx.invoked_subcommand is None and not _is_looked_at(ctx.obj):
            _emit(ctx.get_help(), ctx.obj)
        elif ctx.invoked_subcommand is None:
            from casectl.cli.overview import show_overview

            show_overview(ctx.obj)

    declared = typer.Option("--version", help="show the version", show_default=False, rich_help_panel=EVERYWHERE)
    parameters = [
        inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context),
        inspect.Parameter(
            "version", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Annotated[bool, declared]
        ),
        *common_parameters(),
    ]
    begin.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    begin.__annotations__ = {}
    return begin


def _is_looked_at(options: CommonOptions) -> bool:
    """Whether somebody sits in front of it, who wants to see the desk; a program gets the help."""
    from casectl.cli.output import Output

    return Output().is_terminal and can_ask() and not options.output and not options.json


def _version() -> str:
    from casectl import __version__

    return __version__


def _emit(text: str, options: CommonOptions) -> None:
    from casectl.cli.output import Output

    Output(quiet=bool(options.quiet), pager="off").emit_text(text)
