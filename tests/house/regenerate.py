"""What is derived from the commands and the verbs' declarations and kept as files: pins of help and of field names, and
the pages of the manual about verbs and roles.

The house tests hold the files against these functions; with CASECTL_UPDATE_PINS=1 they write them instead.
"""

from __future__ import annotations

import os
from pathlib import Path

from casectl import registry
from casectl.cli.command_help import command_help
from casectl.cli.command_tree import PROGRAM
from casectl.cli.from_operation import command_of
from casectl.cli.noun_views import all_views
from casectl.result_fields import field_paths
from casectl.rules.rights import ANY, RIGHTS, ROLES, scope

HERE = Path(__file__).parent
MANUAL = HERE.parents[1] / "casectl/manual"
UPDATE = "CASECTL_UPDATE_PINS"

VERBS = registry.load_all()
SHOWN = [entry for entry in registry.ENTRIES if not entry.hidden]
ABOUT_VERBS = """\
# Verbs

Everything that can be done with a desk, by any front; `casectl help concepts` says what the words mean. `casectl VERB
--help` tells the options. The right is the least that is needed; whose case it is, its fields and its lifecycle may ask
for more (`casectl help roles`).
"""
EVERYBODY = "none of its own; whoever has any right may"
BEGIN, END = "<!-- verbs: begin -->\n", "<!-- verbs: end -->\n"


def hold(path, made):
    """Assert that the file says what was made now, or write it when that is wished."""
    if os.environ.get(UPDATE) == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made, encoding="utf-8")
    kept = path.read_text(encoding="utf-8") if path.exists() else ""
    assert kept == made, f"{path.name} has changed; when it should, run the house tests with {UPDATE}=1 and commit it"


def help_names():
    """The words behind `casectl` of everything that has a help page: '' is the root."""
    return ["", *registry.NOUNS, *(entry.name for entry in SHOWN)]


def help_page(name):
    """What `casectl NAME --help` prints at 80 columns; the caller sets COLUMNS."""
    return command_help(name) + "\n"


def field_list(name):
    """What `--fields help` prints for a verb."""
    return "".join(f"{path}\n" for path in field_paths(all_views()[VERBS[name].cli.view].result))


def verbs_page():
    """The page of the manual about all verbs."""
    parts = [ABOUT_VERBS]
    for group in registry.GROUPS:
        entries = [entry for entry in registry.ENTRIES if entry.group == group and entry.kind == "verb"]
        parts += [f"## {group}\n"] + [_verb(entry) for entry in entries] if entries else []
    return "\n".join(parts)


def _verb(entry):
    verb = VERBS[entry.name]
    paragraph = " ".join((verb.__doc__ or "").split("\n\n")[0].split())
    rights = " and ".join(f"`{right}` (may {RIGHTS[right]})" for right in rights_of(verb) if right != ANY)
    routes = ", ".join(f"`{method} {path}`" for method, path in verb.routes)
    lines = [f"### {entry.name}\n", f"{paragraph}\n", f"- Usage: {_usage(entry)}", f"- Right: {rights or EVERYBODY}"]
    lines.append(f"- Route: {routes}")
    if entry.aliases:
        lines.append(f"- Also called: {', '.join(f'`{alias}`' for alias in entry.aliases)}")
    examples = [f"    {command}" + (f"  # {text}" if text else "") for command, text in verb.cli.examples]
    return "\n".join([*lines, "", *examples, ""] if examples else [*lines, ""])


def _usage(entry):
    if entry.hidden:
        return "no command of its own; other commands perform it"
    words = [one.metavar for one in command_of(entry).params if one.param_type_name == "argument"]
    return f"`{' '.join([PROGRAM, entry.name, *words, '[options]'])}`"


def rights_of(verb):
    """The rights without which nobody may perform a verb at all."""
    return [verb.right, *(["import:run"] if verb.historic and verb.right != "import:run" else [])]


def roles_page():
    """The page about roles with its table made anew; what stands before and after the markers is kept."""
    before, _, rest = (MANUAL / "roles.md").read_text(encoding="utf-8").partition(BEGIN)
    return before.rstrip("\n") + f"\n\n{BEGIN}{_roles_table()}{END}{rest.partition(END)[2]}"


ROLE_COLUMNS = {"Tenant Admin": "Admin", "Case Worker": "Worker", "Reporter": "Reporter"}
"""Roles with rights of their own, by their short names; an API Client has those that it was given."""
ABOUT_TABLE = """\
Which verbs a role may perform, with the rights it has by default: `own` on his own cases only, `free` on those that
nobody has. An API Client may what it was given the right to.

"""
ABOUT_RIGHTS = """\

## Rights

What each right allows, and the roles that have it by default: Admin (A), Worker (W), Reporter (R).

"""


def _roles_table():
    rows = [["verb", "right", *ROLE_COLUMNS.values()], ["---"] * (2 + len(ROLE_COLUMNS))]
    for name, verb in VERBS.items():
        rights = " ".join("any" if right == ANY else f"`{right}`" for right in rights_of(verb))
        rows.append([name, rights, *(_may(verb, ROLES[role]) for role in ROLE_COLUMNS)])
    told = [["right", "roles", "may"], ["---"] * 3]
    for right, text in RIGHTS.items():
        held = "".join(short[0] for role, short in ROLE_COLUMNS.items() if right in ROLES[role])
        told.append([f"`{right}`", held, text])
    return ABOUT_TABLE + _markdown(rows) + ABOUT_RIGHTS + _markdown(told)


def _markdown(rows):
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _may(verb, held):
    """Whether a role with these rights may perform the verb, on which cases where not on all it can read."""
    if not (held if rights_of(verb) == [ANY] else set(rights_of(verb)) <= held):
        return "no"
    if verb.right in ("case:read", "history:read"):
        return "own" if scope(held) == "own" else "yes"
    if not {"case", "cases"} & set(verb.__struct_fields__) or "case:update_any" in held:
        return "yes"
    return "free" if verb.right == "case:take" else "own"
