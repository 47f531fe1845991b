"""The registry's static table and the verbs' own declarations say the same; every verb can be a command."""

from __future__ import annotations

import pkgutil
from typing import get_args

import msgspec
import pytest

import casectl.operations
from casectl import registry
from casectl.cli.common_options import COMMON_OPTIONS
from casectl.cli.from_operation import command_of
from casectl.cli.noun_views import all_views
from casectl.operation import Operation
from casectl.rules.rights import ANY, RIGHTS

VERBS = registry.load_all()
SHOWN = [entry for entry in registry.ENTRIES if not entry.hidden]


def test_every_verb_of_the_package_is_in_the_table():
    names = [module.name for module in pkgutil.iter_modules(casectl.operations.__path__)]
    assert {name for name in names if name[0] != "_"} == {
        target.partition(":")[0].rpartition(".")[2] for target in registry.VERBS.values()
    }


@pytest.mark.parametrize("name", VERBS)
def test_the_table_repeats_what_the_verb_declares(name):
    verb, entry = VERBS[name], registry.ALL[name]
    assert verb.name == name
    assert verb.cli.group == entry.group
    assert verb.cli.group in registry.GROUPS
    assert verb.cli.aliases == entry.aliases
    assert (verb.__doc__ or "").split("\n")[0] == f"{entry.help}."
    assert verb.right in {*RIGHTS, ANY}
    assert entry.hidden or verb.cli.view in all_views()


@pytest.mark.parametrize("name", [entry.name for entry in SHOWN if entry.kind == "verb"])
def test_the_view_is_of_the_verbs_result(name):
    verb = VERBS[name]
    result = get_args(verb.__orig_bases__[0])[0]
    if getattr(result, "__origin__", None) is list:
        result = get_args(result)[0]
    if getattr(verb, "paged", False) or getattr(verb, "followed", False):
        items = next(field for field in msgspec.structs.fields(result) if field.name == "items")
        result = get_args(items.type)[0]
    assert all_views()[verb.cli.view].result is result


@pytest.mark.parametrize("entry", SHOWN, ids=lambda entry: entry.name)
def test_no_option_has_two_meanings(entry):
    command = command_of(entry)
    names = [word for parameter in command.params for word in (*parameter.opts, *parameter.secondary_opts)
             if parameter.param_type_name == "option"]  # fmt: skip
    assert len(names) == len(set(names))
    assert not {"-h", "--help"} & set(names)


@pytest.mark.parametrize("entry", SHOWN, ids=lambda entry: entry.name)
def test_help_explains_every_parameter_in_80_columns(entry):
    command = command_of(entry)
    with command.make_context("casectl " + entry.name, ["--help"], resilient_parsing=True) as ctx:
        page = command.get_help(ctx)
    assert all(parameter.help for parameter in command.params if not parameter.hidden)
    examples = {line for line in page.splitlines() if line.startswith(("  casectl ", "  #"))}
    assert not [line for line in page.splitlines() if len(line) > 80 and line not in examples]
    assert "`" not in page
    assert page.startswith(f"Usage: casectl {entry.name}")


def test_aliases_and_names_are_unique():
    words = [word for entry in registry.ENTRIES for word in (entry.name, *entry.aliases)]
    assert len(words) == len(set(words))
    assert {entry.name.split(" ")[0] for entry in registry.ENTRIES if " " in entry.name} - {"export", "import"} == set(
        registry.NOUNS
    )
    common = [word for option in COMMON_OPTIONS for word in option.names]
    assert len(common) == len(set(common))


def test_aliases_people_expect():
    expected = {"ls": "list", "view": "show", "comment": "note", "find": "search", "new": "create", "edit": "update",
                "rm": "delete"}  # fmt: skip
    found = {alias: registry.find(alias) for alias in expected}
    assert {alias: entry.name for alias, entry in found.items() if entry} == expected


class Nameless(Operation[None], frozen=True, kw_only=True):
    right, routes = "case:read", (("GET", "/v1/x/"),)


class Rightless(Operation[None], frozen=True, kw_only=True):
    """Does nothing."""

    name, routes = "x", (("GET", "/v1/x/"),)


class Routeless(Operation[None], frozen=True, kw_only=True):
    """Does nothing."""

    name, right = "x", "case:read"


@pytest.mark.parametrize(
    ("verb", "told"),
    [(Nameless, "no name, no docstring"), (Rightless, "no right"), (Routeless, "no routes"), (dict, "no Operation")],
)
def test_a_verb_that_does_not_declare_itself_is_refused(verb, told):
    with pytest.raises(TypeError, match=told):
        registry.require_sound(verb)
