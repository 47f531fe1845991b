"""The options that every command takes, before or after its name, and what they come to for one call.

Only casectl.cli imports this module. A table declares them once; the root, every verb and every command get their
parameters from it.
"""

from __future__ import annotations

import os
from inspect import Parameter
from typing import TYPE_CHECKING, Annotated, Any, cast

import msgspec
import typer

from casectl.cli.messages import can_ask, note
from casectl.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from casectl.cli.output import Output
    from casectl.config import Config

PREFIX = "common_"
"""Parameters of common options begin so: a verb may well have a field called `fields`."""

OUTPUT, SAFETY, EVERYWHERE = "Output", "Safety", "Everywhere"


class CommonOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What was given of the options below; what was given behind the command's name wins."""

    output: str | None = None
    json: bool | None = None
    fields: str | None = None
    select: str | None = None
    jq: str | None = None
    template: str | None = None
    quiet: bool | None = None
    yes: bool | None = None
    no_input: bool | None = None
    dry_run: bool | None = None
    if_match: int | None = None
    idempotency_key: str | None = None
    profile: str | None = None
    tenant: str | None = None
    user: str | None = None
    config: str | None = None
    stop_after: str | None = None
    db_user: str | None = None
    color: str | None = None
    no_pager: bool | None = None
    debug: bool | None = None

    def overlaid(self, given: Mapping[str, Any]) -> CommonOptions:
        """These options with those of `given` that are not None laid over them."""
        return msgspec.structs.replace(self, **{name: value for name, value in given.items() if value is not None})

    def settings(self, more: Mapping[str, str | None] | None = None) -> Config:
        """The configuration of this call, `more` being settings that the command has options of its own for.

        See casectl.config.load for what it raises.
        """
        from casectl.config import load

        flags = {
            "profile": self.profile, "tenant": self.tenant, "user": self.user, "color": self.color,
            "database.stop_after": self.stop_after, "database.db_user": self.db_user,
            **(more or {}),
        }  # fmt: skip
        empty = next((name for name, word in flags.items() if word == ""), None)
        if empty is not None:
            raise UsageError(
                f"an empty {empty} was given", hint="leave the option out, or check the variable behind it"
            )
        if self.no_pager:
            flags["pager"] = "off"
        environ = {**os.environ, "CASECTL_CONFIG": self.config} if self.config else os.environ
        config = load(flags, environ)
        for sentence in config.notes:
            note(sentence, quiet=bool(self.quiet))
        return config

    def output_for(self, config: Config) -> Output:
        """Where this call's results go. Raises UsageError for options that exclude each other."""
        from casectl.cli.output import Output

        if self.json and self.output not in (None, "json"):
            raise UsageError(f"--json and -o {self.output} exclude each other")
        return Output(
            "json" if self.json else self.output or "table",
            fields=self.fields,
            select=self.select,
            jq=self.jq,
            template=self.template,
            color=config.text("color"),
            pager=config.text("pager"),
            quiet=bool(self.quiet),
        )

    def tell(self, sentence: str) -> None:
        """A sentence beside the result, unless --quiet."""
        note(sentence, quiet=bool(self.quiet))

    def can_ask(self) -> bool:
        """Whether somebody is there to be asked, and --no-input does not forbid it."""
        return can_ask(no_input=bool(self.no_input))


class CommonOption(msgspec.Struct, frozen=True):
    """One row of the table: the option's names, type, heading in the help, and what it does."""

    name: str
    names: tuple[str, ...]
    type: type
    panel: str
    help: str
    metavar: str = ""


COMMON_OPTIONS: tuple[CommonOption, ...] = (
    CommonOption("output", ("-o", "--output"), str, OUTPUT, "table, json, jsonl, csv, tsv or id", "FORMAT"),
    CommonOption("json", ("--json",), bool, OUTPUT, "the same as -o json"),
    CommonOption("fields", ("--fields",), str, OUTPUT, "only these fields; 'help' lists them", "A,B"),
    CommonOption("select", ("--select",), str, OUTPUT, "JMESPath over the JSON", "EXPR"),
    CommonOption("jq", ("--jq",), str, OUTPUT, "jq over the JSON; needs the extra casectl[jq]", "EXPR"),
    CommonOption("template", ("--template",), str, OUTPUT, "a line for each result: '{number} {title}'", "TEXT"),
    CommonOption("quiet", ("--quiet",), bool, OUTPUT, "only results and errors, no messages"),
    CommonOption("yes", ("-y", "--yes"), bool, SAFETY, "answer yes to what would be asked"),
    CommonOption("no_input", ("--no-input",), bool, SAFETY, "never ask; what is missing is an error"),
    CommonOption("dry_run", ("--dry-run",), bool, SAFETY, "check and show everything, change nothing"),
    CommonOption("if_match", ("--if-match",), int, SAFETY, "refuse if the case has another version", "VERSION"),
    CommonOption(
        "idempotency_key", ("--idempotency-key",), str, SAFETY, "repeated with this key, answer as the first", "KEY"
    ),
    CommonOption("profile", ("--profile",), str, EVERYWHERE, "the place to work at, from the configuration", "NAME"),
    CommonOption("tenant", ("--tenant",), str, EVERYWHERE, "the tenant to work in", "NAME"),
    CommonOption("user", ("--as",), str, EVERYWHERE, "the login to act as on this machine's desk", "LOGIN"),
    CommonOption("config", ("--config",), str, EVERYWHERE, "the user's configuration file", "FILE"),
    CommonOption(
        "stop_after", ("--stop-after",), str, EVERYWHERE, "stop the embedded Postgres after that long unused", "TIME"
    ),
    CommonOption(
        "db_user", ("--db-user",), str, EVERYWHERE, "the user that runs the embedded Postgres for root", "NAME"
    ),
    CommonOption("color", ("--color",), str, EVERYWHERE, "auto, always or never", "WHEN"),
    CommonOption("no_pager", ("--no-pager",), bool, EVERYWHERE, "never page what is longer than the screen"),
    CommonOption("debug", ("--debug",), bool, EVERYWHERE, "show the traceback of a failure"),
)

WRITING = ("dry_run", "if_match", "idempotency_key")
"""What only a command that writes takes."""


def common_parameters(*, without: Iterable[str] = (), quietly: Iterable[str] = ()) -> list[Parameter]:
    """The table as parameters of a Typer function; those named by `quietly` are accepted but not in the help."""
    skipped, hidden = set(without), set(quietly)
    return [_parameter(option, option.name in hidden) for option in COMMON_OPTIONS if option.name not in skipped]


def _parameter(option: CommonOption, hidden: bool) -> Parameter:
    declared = typer.Option(
        *option.names,
        help=option.help,
        metavar=option.metavar or None,
        show_default=False,
        hidden=hidden,
        rich_help_panel=option.panel,
    )
    annotation: Any = Annotated[cast("Any", option.type | None), declared]
    return Parameter(PREFIX + option.name, Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def split(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A function's values as (its own, those of common options by their plain names)."""
    own = {name: value for name, value in values.items() if not name.startswith(PREFIX)}
    return own, {name.removeprefix(PREFIX): value for name, value in values.items() if name.startswith(PREFIX)}
