"""The parameters of a verb's command: which option or argument a field becomes, and what its words come to.

Only casectl.cli imports this module. Absent parameters are None and leave the field out, so that the verb's own
default holds; where null is allowed, the word `none` clears.
"""

from __future__ import annotations

from inspect import Parameter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casectl.errors import InvalidInput, Problem
from casectl.field_types import FIELD_TYPES, FieldType, VerbField

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from casectl.operation import Cli

OWN = "Options"
"""The heading of a verb's own options."""

BODY_FILE = "body_file"
"""The parameter of `--file`, which verbs with a long text have."""

EDIT = "edit"
"""The parameter of `--edit`, which verbs with a template have."""

NONE = "none"

DOCUMENT = FieldType(str, "FILE")
"""A map that is a whole document comes as JSON or TOML from a file."""

_LONGEST_CHOICE = 30


def verb_parameters(fields: Sequence[VerbField], cli: Cli) -> list[Parameter]:
    """Arguments in the order of `cli.positionals`, then the options, `--file` for a long text among them."""
    by_name = {field.name: field for field in fields}
    found = [argument(by_name[name], cli) for name in cli.positionals]
    found += [option(field, cli) for field in fields if field.name not in cli.positionals]
    if any(field.is_body for field in fields):
        found += [_edit(), _body_file()] if cli.template else [_body_file()]
    return found


def argument(field: VerbField, cli: Cli) -> Parameter:
    """A positional; those that take several words are the ones of case lists, lists and queries."""
    row = DOCUMENT if field.is_json else FIELD_TYPES[field.kind]
    annotation: Any = list[str] if takes_many(field) else row.parameter
    declared = typer.Argument(metavar=argument_metavar(field, cli), help=field.help, show_default=False)
    return Parameter(
        field.name, Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[annotation | None, declared]
    )


def takes_many(field: VerbField) -> bool:
    """Whether a positional swallows any number of words."""
    return field.kind in ("list", "map") and not field.is_json


def argument_metavar(field: VerbField, cli: Cli) -> str:
    """`CASE`, `[TEXT]`, `CASE...`: as the usage line shows it."""
    name = "text" if field.is_body else singular(field.name) if field.kind == "list" else field.name
    word = cli.metavars.get(field.name) or name.upper()
    word = word.replace("_", "-") + ("..." if takes_many(field) and not word.endswith("...") else "")
    return word if field.is_required and not field.is_body else f"[{word}]"


def option(field: VerbField, cli: Cli) -> Parameter:
    """An option of a field, named as `option_names` says."""
    row = DOCUMENT if field.is_json else FIELD_TYPES[field.kind]
    declared = typer.Option(
        *option_names(field, cli),
        help=field.help,
        metavar=cli.metavars.get(field.name) or _choice_metavar(field) or row.metavar or None,
        show_default=False,
        rich_help_panel=OWN,
    )
    return Parameter(
        field.name, Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[row.parameter | None, declared]
    )


def option_names(field: VerbField, cli: Cli) -> tuple[str, ...]:
    """Lists and maps in the singular (`--add-tag`), flags without their `is_`, with `--no-` unless off by default.

    What `cli.options` says replaces the long name, or stands beside it when it is short only.
    """
    name = singular(field.name) if field.kind in ("list", "map") and not field.is_json else field.name
    long = "--" + name.removeprefix("is_").replace("_", "-")
    told = cli.options.get(field.name, ())
    names = told if any(word.startswith("--") for word in told) else (*told, long)
    if field.kind == "flag" and field.default is not False and not any("/" in word for word in names):
        return tuple(f"{word}/--no-{word[2:]}" if word.startswith("--") else word for word in names)
    return names


def singular(name: str) -> str:
    """`statuses` → `status`, `replies` → `reply`, `add_tags` → `add_tag`: enough for names of fields."""
    for ending, single in (("ies", "y"), ("sses", "ss"), ("uses", "us"), ("ss", "ss"), ("s", "")):
        if name.endswith(ending):
            return name.removesuffix(ending) + single
    return name


def _choice_metavar(field: VerbField) -> str:
    words = "|".join(field.choices)
    return words if len(words) <= _LONGEST_CHOICE else ""


def _body_file() -> Parameter:
    declared = typer.Option(
        "-F", "--file", help="read the text from FILE; - is standard input", metavar="FILE", rich_help_panel=OWN,
        show_default=False,
    )  # fmt: skip
    return Parameter(BODY_FILE, Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[str | None, declared])


def _edit() -> Parameter:
    declared = typer.Option(
        "-e", "--edit", help="write it in $VISUAL or $EDITOR, from a template", rich_help_panel=OWN, show_default=False
    )
    return Parameter(EDIT, Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[bool | None, declared])


def given_values(fields: Sequence[VerbField], values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that were given, each as `build` wants it. Raises InvalidInput for malformed maps, all at once."""
    found: dict[str, Any] = {}
    problems: list[Problem] = []
    for field in fields:
        raw = values.get(field.name)
        if raw is None or raw in ([], ()):
            continue
        try:
            found[field.name] = value_of(field, raw)
        except InvalidInput as refusal:
            problems += refusal.problems
    if problems:
        raise InvalidInput("; ".join(problem.message for problem in problems), problems=problems)
    return found


def value_of(field: VerbField, raw: Any) -> Any:
    """The value of a field that its parameter's `raw` value means. Case lists are left for `case_references`."""
    if field.is_query:
        return raw
    if field.is_nullable and raw in (NONE, [NONE]):
        return None
    if field.is_json:
        from casectl.cli.text_input import read_document

        return read_document(raw, f"/{field.name}")
    if field.kind == "list" and not field.takes_stdin:
        return _words(field, raw)
    if field.kind == "map":
        return dict(_pair(field, word) for word in raw)
    return raw


def _words(field: VerbField, raw: list[str]) -> list[str]:
    """The items of a list; `none` alone is the empty list. An empty item, as an unset variable makes it, is refused."""
    if raw == [NONE]:
        return []
    found = [word.strip() for words in raw for word in words.split(",")]
    if "" in found:
        message = f"{field.name.replace('_', ' ')}: an empty word was given"
        problem = Problem(message=message, pointer=f"/{field.name}", code="empty", hint="the word none clears a list")
        raise InvalidInput(problem.message, hint=problem.hint, problems=[problem])
    return found


def _pair(field: VerbField, word: str) -> tuple[str, Any]:
    """`key=text`, `key=none` clears, `key:=JSON` is for numbers, lists and the word none itself."""
    key, separator, value = word.partition("=")
    if not separator or not key.strip(":"):
        raise _malformed(field, word, "KEY=VALUE")
    if not key.endswith(":"):
        return key.strip(), None if value == NONE else value
    import msgspec

    try:
        return key[:-1].strip(), msgspec.json.decode(value)
    except msgspec.DecodeError as error:
        raise _malformed(field, word, "KEY:=JSON") from error


def _malformed(field: VerbField, word: str, shape: str) -> InvalidInput:
    message = f"--{singular(field.name).replace('_', '-')} {word!r} is not {shape}"
    return InvalidInput(message, problems=[Problem(pointer=f"/{field.name}", code="malformed", message=message)])
