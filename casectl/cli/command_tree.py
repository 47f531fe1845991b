"""The commands as Typer sees them: a tree read from the registry's table, each command built when it is wanted.

Only casectl.cli imports this module. Typer vendors the library below it and calls that private; what it passes in
(contexts, parameters) is therefore typed Any here and only its documented attributes are used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

from casectl import registry
from casectl.errors import UsageError
from casectl.rules.text import did_you_mean, safe_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from casectl.operation import AnyOperation

PROGRAM = "casectl"

CONTEXT = {"help_option_names": ["-h", "--help"]}

_NEGATED = r"-[^\W\d][\w.\-]*(?::|[<>]=?|=)"
"""`-team:l2` in a query is a negated term, no option."""

_SHIELD = "\0"
"""Put before a negated term while options are read; no argument of a process can hold it."""


class CasectlCommand(TyperCommand):
    """A command with our help page; `takes_query` lets negated terms of the query language stand among options."""

    examples: tuple[tuple[str, str], ...] = ()
    takes_query = False
    verb: type[AnyOperation] | None = None

    def get_help(self, ctx: Any) -> str:
        """The help page."""
        from casectl.cli.help_page import command_page, width

        return command_page(ctx.command_path, self.help or "", self.params, self.examples, width())

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """As Typer's, negated terms shielded."""
        shielded = [_shield(word) for word in args] if self.takes_query else args
        return super().make_context(info_name, shielded, parent, **extra)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As Typer's; words that are too many, and queries in the place of cases, are refused with what to run."""
        typed = [unshielded(word) for word in args]
        ctx.allow_extra_args = True
        super().parse_args(ctx, args)
        extra = [unshielded(word) for word in ctx.args]
        if extra or (self.verb is not None and any(":" in word for word in typed)):
            self._refuse_words(ctx, extra, typed)
        return []

    def _refuse_words(self, ctx: Any, extra: list[str], typed: list[str]) -> None:
        from casectl.cli.case_words import CaseWords

        given = {name: unshielded(value) for name, value in ctx.params.items()}
        refusal = CaseWords(self.verb, given, extra, typed).refusal(too_many=bool(extra)) if self.verb else None
        if refusal is None and extra:
            message = (
                f"got {'an unexpected argument' if len(extra) == 1 else 'unexpected arguments'}: {' '.join(extra)}"
            )
            refusal = UsageError(message, hint=f"put a text with blanks in quotes; {ctx.command_path} --help")
        if refusal is not None:
            raise refusal


def _shield(word: str) -> str:
    import re

    return _SHIELD + word if re.match(_NEGATED, word) and not word.startswith("--") else word


def unshielded(value: Any) -> Any:
    """A parameter's value as it was typed."""
    if isinstance(value, str):
        return value.removeprefix(_SHIELD)
    if isinstance(value, (list, tuple)):
        return [unshielded(word) for word in value]
    return value


class CommandGroup(TyperGroup):
    """The commands below the words in `prefix`, of the registry's table."""

    prefix = ""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the tree does not depend on the call
        """The next words after the prefix, in the table's order."""
        return list(dict.fromkeys(self._next_word(entry) for entry in self._entries()))

    def _entries(self) -> list[registry.Entry]:
        return [entry for entry in registry.ENTRIES if entry.name.startswith(self.prefix) and not entry.hidden]

    def _next_word(self, entry: registry.Entry) -> str:
        return entry.name[len(self.prefix) :].split(" ")[0]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - as above
        """The command or group of that name or alias, None when there is none."""
        name = self.prefix + cmd_name
        entry = registry.find(name)
        if entry is not None:
            from casectl.cli.from_operation import command_of

            return command_of(entry)
        if any(one.name.startswith(name + " ") for one in registry.ENTRIES):
            return noun_group(cmd_name, self.prefix)
        return None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """As Typer's; an unknown word is refused with its near matches."""
        word = args[0]
        if not word.startswith("-") and self.get_command(ctx, word) is None:
            names = [*self.list_commands(ctx), *(alias for entry in self._entries() for alias in entry.aliases)]
            path = ctx.command_path
            hint = did_you_mean(word, names) or f"{path} --help lists the commands"
            raise UsageError(f"there is no command {self.prefix}{safe_text(word)!r}", hint=hint)
        return super().resolve_command(ctx, args)

    def get_help(self, ctx: Any) -> str:
        """The help page: commands under their headings."""
        from casectl.cli.group_help import group_page

        return group_page(self.prefix, ctx.command_path, self.help or "")


def noun_group(word: str, prefix: str = "") -> Any:
    """The group of commands behind a noun, as `user` in `casectl user add`."""

    class NounGroup(CommandGroup):
        pass

    NounGroup.prefix = f"{prefix}{word} "
    app = typer.Typer(
        cls=NounGroup, name=word, help=registry.NOUNS.get(prefix + word, ""), add_completion=False,
        rich_markup_mode=None, context_settings=CONTEXT, invoke_without_command=True,
    )  # fmt: skip
    app.callback()(_show_help)
    return typer.main.get_command(app)


def _show_help(ctx: typer.Context) -> None:
    if ctx.invoked_subcommand is None:
        from casectl.cli.output import Output

        Output(pager="off").emit_text(ctx.get_help())


def as_command(function: Callable[..., Any], name: str, text: str) -> CasectlCommand:
    """A function, with the signature it shows, as a command."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(name, cls=CasectlCommand, help=text, context_settings=CONTEXT)(function)
    command: CasectlCommand = typer.main.get_command(app)  # type: ignore[assignment]
    return command
