"""Makes the command of a verb from its declaration, and that of a plain function from its signature.

Only casectl.cli imports this module. What a verb declares beside its fields, and what the command line makes of it:

- `cli`: positionals, names of options, metavars, examples, hidden fields, and the view its result is shown in;
- `Meta(description=...)` of a field is its help; `Meta(extra=...)` marks a list of cases (`stdin`), a long text
  (`text`) and words of the query language (`query`);
- `paged = True`: the verb has `limit` and `cursor`, its result `items` and `next`; `--all` is added;
- `followed = True`: the verb has `after` and `since`, its result `items` and `next`; `--follow` is added;
- `batched = "cases"`: the list field of that name is sent in parts of at most 1,000;
- `stepped = True`: the verb has `after`, its result `outcomes` and `next`; it is performed until nothing is left;
- `question(planned)`: on a terminal the verb's dry run is told and this asked before it is done, unless it is ''.

A function of casectl.cli.commands is written as Typer has it; a parameter `options: CommonOptions` gets the options
that every command takes.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casectl import registry
from casectl.cli.command_tree import CasectlCommand, as_command, unshielded
from casectl.cli.common_options import WRITING, CommonOptions, common_parameters, split
from casectl.cli.parameters import OWN, verb_parameters
from casectl.field_types import describe

if TYPE_CHECKING:
    from collections.abc import Callable

    from casectl.field_types import VerbField
    from casectl.operation import AnyOperation

ALL = "all_pages"
"""The parameter of `--all`, which paged verbs have."""

FOLLOW = "follow"
"""The parameter of `--follow`, which followed verbs have."""

_CONTEXT = inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)


def command_of(entry: registry.Entry) -> CasectlCommand:
    """The command of one row of the registry's table; this imports the verb or the function."""
    if entry.kind == "verb":
        return verb_command(registry.load(entry.name), entry.name.split(" ")[-1])
    return function_command(registry.import_target(entry.target), entry.name.split(" ")[-1])


def verb_command(verb: type[AnyOperation], word: str) -> CasectlCommand:
    """The command that performs `verb`."""
    fields = describe(verb, verb.cli.hidden)
    shown = [field for field in fields if field.name != "dry_run" and not field.is_secret]

    def run(ctx: typer.Context, **values: Any) -> None:
        from casectl.cli.execution import Execution

        own, options = _given(ctx, values)
        Execution(verb, fields, own, options).run()

    parameters = [*verb_parameters(shown, verb.cli), *_paging(verb), *_following(verb), *_common_for(verb, fields)]
    command = _as_command(run, parameters, word, verb.__doc__ or "")
    command.verb = verb
    command.examples = verb.cli.examples
    command.takes_query = any(field.is_query for field in fields)
    return command


def _given(ctx: typer.Context, values: dict[str, Any]) -> tuple[dict[str, Any], CommonOptions]:
    """A call's own values as they were typed, and all common options, those before the command's name included."""
    own, common = split({name: unshielded(value) for name, value in values.items()})
    before = ctx.obj if isinstance(ctx.obj, CommonOptions) else CommonOptions()
    return own, before.overlaid(common)


def _as_command(run: Callable[..., Any], parameters: list[inspect.Parameter], word: str, text: str) -> CasectlCommand:
    run.__signature__ = inspect.Signature([_CONTEXT, *parameters])  # type: ignore[attr-defined]
    run.__annotations__ = {}
    return as_command(run, word, text)


def _paging(verb: type[AnyOperation]) -> list[inspect.Parameter]:
    if not getattr(verb, "paged", False):
        return []
    declared = typer.Option("--all", help="all of them, as they come", show_default=False, rich_help_panel=OWN)
    return [inspect.Parameter(ALL, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[bool, declared])]


def _following(verb: type[AnyOperation]) -> list[inspect.Parameter]:
    if not getattr(verb, "followed", False):
        return []
    text = "go on and tell what comes, until Ctrl-C"
    declared = typer.Option("-f", "--follow", help=text, show_default=False, rich_help_panel=OWN)
    return [
        inspect.Parameter(FOLLOW, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[bool, declared])
    ]


def _common_for(verb: type[AnyOperation], fields: list[VerbField]) -> list[inspect.Parameter]:
    """The common options that make sense for a verb; one who reads is asked nothing, yet may say --yes."""
    if verb.reads:
        return common_parameters(without=WRITING, quietly=("yes", "no_input"))
    is_of_one_case = any(field.name == "case" for field in fields)
    return common_parameters(without=() if is_of_one_case else ("if_match",))


def function_command(function: Callable[..., Any], word: str) -> CasectlCommand:
    """The command that calls `function`; its `examples` attribute, when it has one, goes into the help."""
    own = list(inspect.signature(function, eval_str=True).parameters.values())
    wanted = {parameter.name for parameter in own}

    def run(ctx: typer.Context, **values: Any) -> Any:
        given, options = _given(ctx, values)
        extra = {"ctx": ctx, "options": options}
        return function(**given, **{name: value for name, value in extra.items() if name in wanted})

    kept = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own if one.name not in ("ctx", "options")]
    command = _as_command(run, [*kept, *common_parameters(without=WRITING)], word, function.__doc__ or "")
    command.examples = getattr(function, "examples", ())
    command.takes_query = getattr(function, "takes_query", False)
    return command
