"""What may stand where on the command line, read from the commands themselves. Only casectl.cli imports this module.

Of each word the scripts know its kind: `` for an option without a value, `text` for anything, `file`, `words:a b` for
fixed words; any other is a source that `answer` knows. A comma at the end stands for several separated by commas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from casectl import registry
from casectl.cli.common_options import COMMON_OPTIONS, PREFIX
from casectl.cli.from_operation import command_of
from casectl.cli.output import FORMATS
from casectl.field_types import describe
from casectl.rules.priorities import NAMES
from casectl.rules.query.fields import SORT_KEYS
from casectl.rules.rights import RIGHTS

if TYPE_CHECKING:
    from collections.abc import Callable

_BY_NAME = {
    "case": "case", "cases": "case", "parent": "parent", "status": "status", "assignee": "person", "reporter": "person",
    "lead": "user", "members": "user,", "user": "user", "as_user": "user", "of_user": "user", "team": "team",
    "add_members": "user,", "remove_members": "user,", "member": "user", "reassign_to": "person", "lead_to": "person",
    "role": "role", "add_roles": "role,", "remove_roles": "role,", "having": f"words:{' '.join(RIGHTS)}",
    "add_rights": f"words:{' '.join(RIGHTS)}", "remove_rights": f"words:{' '.join(RIGHTS)}",
    "contact": "contact", "type": "type", "tags": "tag,", "add_tags": "tag,", "remove_tags": "tag,", "roles": "role,",
    "channel": "channel", "query": "query", "fields": "form", "priority": f"words:{' '.join(NAMES)}",
    "sort": f"words:{' '.join(sign + key for key in SORT_KEYS for sign in ('', '-'))}",
    "rights": f"words:{' '.join(RIGHTS)}", "scope": f"words:{' '.join(RIGHTS)}",
    "log_format": "words:auto text json", "mode": "words:fast smart immediate",
}  # fmt: skip
"""The kind of a parameter by its name; those called otherwise take any text, or what their metavar says."""

_BY_METAVAR = {"FILE": "file", "MAP.toml": "file"}

_IN_COMMAND = {
    ("reopen", "case"): "closed", ("restore", "case"): "trash", ("purge", "cases"): "trash",
    ("type add", "type"): "text", ("team add", "team"): "text",
    ("role add", "role"): "text", ("team deactivate", "reassign_to"): "team", ("user list", "prefix"): "user",
    ("contact add", "contact"): "text", ("session revoke", "session"): "words:all",
    ("profile show", "name"): "profile", ("profile use", "name"): "profile",
    ("profile remove", "name"): "profile", ("contact list", "prefix"): "contact",
    ("client add", "grants"): "words:authorization_code client_credentials device_code refresh_token",
}  # fmt: skip
"""Where a name means something else."""

_COMMON = {
    "output": f"words:{' '.join(FORMATS)}", "fields": "fields,", "profile": "profile", "config": "file",
    "color": "words:auto always never", "user": "user",
}  # fmt: skip


class Option(msgspec.Struct, frozen=True):
    """An option: its names, the kind of its value, and its help."""

    names: tuple[str, ...]
    kind: str
    help: str


class Command(msgspec.Struct, frozen=True):
    """A command: its words, one line of help, its own options, the common ones, the kinds of its arguments.

    `rest` tells that the last argument may be repeated.
    """

    name: str
    help: str
    options: tuple[Option, ...]
    common: tuple[Option, ...]
    arguments: tuple[str, ...] = ()
    rest: bool = False
    aliases: tuple[str, ...] = ()


HELP = Option(("-h", "--help"), "", "show the help")


def commands() -> list[Command]:
    """Every command that the help shows, in the order of the registry."""
    return [_command(entry) for entry in registry.ENTRIES if not entry.hidden]


def subcommands(prefix: str) -> list[tuple[str, str]]:
    """The words that may follow `prefix` (which ends with a blank, or is empty), each with its help; aliases too."""
    found: dict[str, str] = {}
    for entry in registry.ENTRIES:
        if entry.hidden or not entry.name.startswith(prefix):
            continue
        word, _, more = entry.name[len(prefix) :].partition(" ")
        found.setdefault(word, registry.NOUNS.get(prefix + word, "") if more else entry.help)
        if not more:
            found |= dict.fromkeys(entry.aliases, entry.help)
    return list(found.items())


def _command(entry: registry.Entry) -> Command:
    parameters: list[Any] = command_of(entry).params  # Any, as all that Typer vendors: see command_tree
    choices = {}
    if entry.kind == "verb":
        choices = {field.name: field.choices for field in describe(registry.load(entry.name))}
    shown = [parameter for parameter in parameters if not parameter.hidden]
    own = [parameter for parameter in shown if not parameter.name.startswith(PREFIX)]
    arguments = [parameter for parameter in own if parameter.param_type_name == "argument"]
    return Command(
        name=entry.name,
        help=entry.help,
        options=tuple(_option(one, _kind(entry.name, one, choices)) for one in own if one not in arguments),
        common=tuple(_option(one, _common_kind(one)) for one in shown if one not in own),
        arguments=tuple(_kind(entry.name, one, choices) for one in arguments),
        rest=any(one.nargs == -1 for one in arguments),
        aliases=entry.aliases,
    )


def root_options() -> tuple[Option, ...]:
    """The options before any command."""
    common = [Option(row.names, _COMMON.get(row.name, "text") if row.type is not bool else "", row.help)
              for row in COMMON_OPTIONS]  # fmt: skip
    return (*common, Option(("--version",), "", "show the version"), HELP)


def _option(parameter: Any, kind: str) -> Option:
    names = tuple(word for word in (*parameter.opts, *parameter.secondary_opts))
    return Option(names, "" if parameter.is_flag else kind, parameter.help or "")


def _kind(command: str, parameter: Any, choices: dict[str, tuple[str, ...]]) -> str:
    if choices.get(parameter.name):
        return f"words:{' '.join(choices[parameter.name])}"
    if (command, parameter.name) in _FIXED:
        return f"words:{' '.join(_FIXED[command, parameter.name]())}"
    given = _IN_COMMAND.get((command, parameter.name))
    return given or _BY_METAVAR.get(parameter.metavar) or _BY_NAME.get(parameter.name, "text")


def _common_kind(parameter: Any) -> str:
    return _COMMON.get(parameter.name.removeprefix(PREFIX), "text")


def _topics() -> list[str]:
    from casectl.cli.manual_pages import TOPICS

    return list(TOPICS)


def _settings() -> list[str]:
    from casectl.config import SETTINGS

    return [setting.name for setting in SETTINGS]


_FIXED: dict[tuple[str, str], Callable[[], list[str]]] = {
    ("help", "words"): _topics, ("completion", "shell"): lambda: ["bash", "zsh", "fish", "powershell"],
    ("config get", "name"): _settings, ("config set", "name"): _settings, ("config unset", "name"): _settings,
}  # fmt: skip
"""Arguments whose words are all fixed, and many."""
