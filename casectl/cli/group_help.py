"""The help of `casectl` and of nouns with sub-commands, read from the registry's table. Loaded for help only."""

from __future__ import annotations

from casectl import registry
from casectl.cli.command_tree import PROGRAM
from casectl.cli.common_options import COMMON_OPTIONS, EVERYWHERE
from casectl.cli.help_page import Row, Section, flow, page, width

EXAMPLES: tuple[Row, ...] = (
    ('casectl create "Login fails" --priority high --contact ann@example.com', ""),
    ("casectl list assignee:@me 'due:<2h'", ""),
    ('casectl note INC-2026-00024 --internal "the disk is full"', ""),
    ("casectl status INC-2026-00023 resolved", ""),
)

ENDING = (
    "casectl COMMAND --help tells about a command, casectl help lists the manual.\n"
    "Every command takes -o FORMAT, --json, --fields and --no-input as well."
)


def group_page(prefix: str, path: str, text: str) -> str:
    """The page of the root (`prefix` '') or of a noun (`user `)."""
    usage = f"{path} COMMAND [options]"
    if prefix:
        entries = [entry for entry in registry.ENTRIES if entry.name.startswith(prefix) and not entry.hidden]
        rows = [(entry.name.removeprefix(prefix), entry.help) for entry in entries]
        rows += [(word.removeprefix(prefix), f"The same as {PROGRAM} {entry.name}") for entry in registry.ENTRIES
                 for word in entry.aliases if word.startswith(prefix)]  # fmt: skip
        return page([usage, f"{text}."], [Section("Commands", rows)], f"{path} COMMAND --help tells more.", (), width())
    sections = [Section(group, _rows(group)) for group in registry.GROUPS]
    common = [" ".join(filter(None, [option.names[-1], option.metavar])) for option in COMMON_OPTIONS
              if option.panel == EVERYWHERE]  # fmt: skip
    rest = f"{EVERYWHERE}:\n" + flow([*common, "--version", "-h, --help"], width())
    return page([usage, text], sections, f"{rest}\n\n{ENDING}", EXAMPLES, width())


def _rows(group: str) -> list[Row]:
    """The commands of a heading; those behind a noun on one line."""
    rows: dict[str, str] = {}
    for entry in registry.ENTRIES:
        noun, _, word = entry.name.partition(" ")
        if entry.group != group or entry.hidden:
            continue
        if word:
            rows[noun] = f"{rows[noun]}, {word}" if noun in rows else f"{registry.NOUNS[noun]}: {word}"
        else:
            rows[noun] = entry.help
    return list(rows.items())
