"""The completion scripts of four shells: tables made of the commands, around an engine in each shell's own language.

Only casectl.cli imports this module. Words that are fixed stand in the tables, so that a shell offers them by itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from casectl import registry
from casectl.cli.completion.words import Command, Option, commands, root_options, subcommands

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_ENGINES = Path(__file__).parent

FILES = {"bash": "casectl.bash", "zsh": "_casectl", "fish": "casectl.fish", "powershell": "casectl.ps1"}
"""The file of each shell's script in completions/."""

_MADE = "# Completion of casectl for {}, made by: casectl completion {}"


class Tables(msgspec.Struct, frozen=True):
    """What all scripts are made of: commands, groups of common options, and the words behind each word."""

    commands: list[Command]
    groups: list[tuple[Option, ...]]
    nouns: dict[str, list[tuple[str, str]]]

    def group_of(self, command: Command) -> int:
        """The number of the command's common options."""
        return self.groups.index(command.common)


def script(shell: str) -> str:
    """The script for one of FILES."""
    found = commands()
    groups = list(dict.fromkeys(command.common for command in found))
    nouns = {"": subcommands(""), **{noun: subcommands(f"{noun} ") for noun in registry.NOUNS}}
    return _RENDERERS[shell](Tables(found, groups, nouns))


def _rows(options: Sequence[Option]) -> list[str]:
    return [f"{','.join(option.names)}|{option.kind}|{option.help}" for option in options]


def _steps(tables: Tables) -> Iterator[tuple[str, str, str]]:
    """Command so far, next word, and the command that they make: aliases lead to the command's own name."""
    for so_far, words in tables.nouns.items():
        prefix = f"{so_far} " if so_far else ""
        for word, _ in words:
            entry = registry.find(prefix + word)
            yield so_far, word, entry.name if entry else prefix + word


def _engine(name: str) -> str:
    return (_ENGINES / name).read_text(encoding="utf-8")


def _quoted(text: str) -> str:
    r"""As bash and zsh take it: nothing is special between single quotes, one itself is `'\''`."""
    return "'" + text.replace("'", "'\\''") + "'"


def _bash(tables: Tables) -> str:
    return _MADE.format("bash", "bash") + "\n" + _shell(tables) + _engine("core.sh") + _engine("ending.bash")


def _zsh(tables: Tables) -> str:
    head = "#compdef casectl\n" + _MADE.format("zsh", "zsh") + "\n"
    return head + _shell(tables) + _engine("core.sh") + _engine("ending.zsh")


def _shell(tables: Tables) -> str:
    """The tables as functions that bash and zsh both understand."""
    lines = ["", "# Sets _options, _arguments and _rest of command $1.", "_casectl_command() {"]
    lines += ["    _options='' _rest=''", "    _arguments=()", "    case $1 in", "    '')"]
    lines += [f"        _options={_quoted(_text(root_options()))}", "        ;;"]
    for command in tables.commands:
        lines.append(f"    {_quoted(command.name)})")
        if command.arguments:
            lines.append(f"        _arguments=({' '.join(map(_quoted, command.arguments))})")
        if command.rest:
            lines.append("        _rest=1")
        lines += [f"        _options={_quoted(_text(command.options))}"] if command.options else []
        lines += [f"        _casectl_common {tables.group_of(command)}", "        ;;"]
    lines += [
        "    esac",
        "}",
        "",
        "# Adds the options that many commands share.",
        "_casectl_common() {",
        "    case $1 in",
    ]
    for number, group in enumerate(tables.groups):
        lines += [f"    {number}) _options+={_quoted(_text(group))} ;;"]
    lines += ["    esac", "}", "", "# Sets _reply to the command that $2 makes of $1; fails when there is none."]
    lines += ["_casectl_subcommand() {", '    case "$1|$2" in']
    lines += [f"    {_quoted(f'{so_far}|{word}')}) _reply={_quoted(name)} ;;" for so_far, word, name in _steps(tables)]
    lines += ["    *) return 1 ;;", "    esac", "}", "", "# Offers the words that may follow command $1."]
    lines += ["_casectl_subcommands() {", "    local word help rows=''", "    case $1 in"]
    for so_far, words in tables.nouns.items():
        rows = "".join(f"{word}|{help_}\n" for word, help_ in words)
        lines += [f"    {_quoted(so_far)}) rows={_quoted(rows)} ;;"]
    lines += ["    esac", "    while IFS='|' read -r word help; do"]
    lines += ['        [[ -n $word && $word == "$_typed"* ]] && _casectl_offer "$word" "$help"']
    return "\n".join([*lines, '    done <<<"$rows"', "}", ""])


def _text(options: Sequence[Option]) -> str:
    return "".join(f"{row}\n" for row in _rows(options))


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _fish(tables: Tables) -> str:
    quoted: Callable[[str], str] = _fish_quoted
    lines = [_MADE.format("fish", "fish"), "", "# Sets what options and arguments a command has."]
    lines += ["function __casectl_describe", "    set -g __casectl_options", "    set -g __casectl_arguments"]
    lines += ["    set -g __casectl_rest ''", '    switch "$argv[1]"', "        case ''"]
    lines += [f"            set -g __casectl_options {' '.join(map(quoted, _rows(root_options())))}"]
    for command in tables.commands:
        lines.append(f"        case {quoted(command.name)}")
        if command.arguments:
            lines.append(f"            set -g __casectl_arguments {' '.join(map(quoted, command.arguments))}")
        if command.rest:
            lines.append("            set -g __casectl_rest 1")
        if command.options:
            lines.append(f"            set -g __casectl_options {' '.join(map(quoted, _rows(command.options)))}")
        lines.append(f"            __casectl_common {tables.group_of(command)}")
    lines += ["    end", "end", "", "# Adds the options that many commands share.", "function __casectl_common"]
    lines += ['    switch "$argv[1]"']
    for number, group in enumerate(tables.groups):
        lines += [
            f"        case {number}",
            f"            set -a __casectl_options {' '.join(map(quoted, _rows(group)))}",
        ]
    lines += ["    end", "end", "", "# Sets the command that a word makes of the one so far; fails when there is none."]
    lines += ["function __casectl_subcommand", '    switch "$argv[1]|$argv[2]"']
    for so_far, word, name in _steps(tables):
        lines += [f"        case {quoted(f'{so_far}|{word}')}", f"            set -g __casectl_command {quoted(name)}"]
    lines += ["        case '*'", "            return 1", "    end", "end", ""]
    lines += [
        "# Prints the words that may follow a command.",
        "function __casectl_subcommands",
        '    switch "$argv[1]"',
    ]
    for so_far, words in tables.nouns.items():
        rows = " ".join(f"{quoted(word)} {quoted(help_)}" for word, help_ in words)
        lines += [f"        case {quoted(so_far)}", f"            printf '%s\\t%s\\n' {rows}"]
    return "\n".join([*lines, "    end", "end", ""]) + _engine("engine.fish")


def _powershell_quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _powershell(tables: Tables) -> str:
    quoted: Callable[[str], str] = _powershell_quoted

    def listed(words: Sequence[str]) -> str:
        return f"@({', '.join(map(quoted, words))})"

    lines = [_MADE.format("PowerShell", "powershell"), ""]
    lines += ["# What options and arguments a command has.", "function Get-CasectlCommand([string] $Name) {"]
    lines += [
        "    $options = @(); $arguments = @(); $rest = $false; $common = -1",
        "    switch -CaseSensitive ($Name) {",
    ]
    lines += [f"        '' {{ $options = {listed(_rows(root_options()))} }}"]
    for command in tables.commands:
        parts = [f"$common = {tables.group_of(command)}"]
        parts += [f"$arguments = {listed(command.arguments)}"] if command.arguments else []
        parts += ["$rest = $true"] if command.rest else []
        parts += [f"$options = {listed(_rows(command.options))}"] if command.options else []
        lines.append(f"        {quoted(command.name)} {{ {'; '.join(parts)} }}")
    lines += ["    }", "    switch ($common) {"]
    lines += [
        f"        {number} {{ $options += {listed(_rows(group))} }}" for number, group in enumerate(tables.groups)
    ]
    lines += ["    }", "    return @{ Options = $options; Arguments = $arguments; Rest = $rest }", "}", ""]
    lines += ["# The command that a word makes of the one so far; nothing when there is none."]
    lines += ["function Get-CasectlSubcommand([string] $Command, [string] $Word) {"]
    lines += ['    switch -CaseSensitive ("$Command|$Word") {']
    lines += [f"        {quoted(f'{one}|{word}')} {{ return {quoted(name)} }}" for one, word, name in _steps(tables)]
    lines += ["    }", "}", "", "# The words that may follow a command, each with a tab and what it means."]
    lines += ["function Get-CasectlSubcommands([string] $Command) {", "    switch -CaseSensitive ($Command) {"]
    for so_far, words in tables.nouns.items():
        rows = ", ".join(f'({quoted(word)} + "`t" + {quoted(help_)})' for word, help_ in words)
        lines += [f"        {quoted(so_far)} {{ {rows} }}"]
    return "\n".join([*lines, "    }", "}", ""]) + _engine("engine.ps1")


_RENDERERS: dict[str, Callable[[Tables], str]] = {
    "bash": _bash, "zsh": _zsh, "fish": _fish, "powershell": _powershell,
}  # fmt: skip
