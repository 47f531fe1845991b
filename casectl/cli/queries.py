"""`--select`, `--jq` and `--template`: what a user makes of the JSON of a result. Only casectl.cli imports this module.

Each function compiles once, before anything is done, and returns a function over JSON. None of them runs code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from casectl.cli.formats import plain
from casectl.errors import InvalidInput, UsageError
from casectl.result_fields import Path, chosen, pick
from casectl.rules.text import safe_text

if TYPE_CHECKING:
    import msgspec

Query = Callable[[Any], list[Any]]
"""Takes JSON, gives the results."""

_ESCAPES = {"\\n": "\n", "\\t": "\t", "\\\\": "\\", "{{": "{", "}}": "}"}


def compile_select(expression: str) -> Query:
    """A JMESPath expression; it has one result. Raises InvalidInput for an expression that does not parse."""
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        compiled = jmespath.compile(expression)
    except (JMESPathError, RecursionError) as error:
        raise InvalidInput(f"--select: {_first_line(error)}", hint="JMESPath: [].number") from error

    def run(value: Any) -> list[Any]:
        try:
            return [compiled.search(value)]
        except (JMESPathError, RecursionError) as error:
            raise InvalidInput(f"--select: {_first_line(error)}") from error

    return run


def compile_jq(expression: str) -> Query:
    """A jq program; it has any number of results.

    Raises UsageError where the extra is not installed, InvalidInput for a program that does not compile or fails.
    """
    try:
        import jq
    except ImportError as error:
        hint = "install it: pip install 'casectl[jq]'; --select (JMESPath) is always there"
        raise UsageError("--jq needs the extra 'jq', which is not installed", hint=hint) from error
    try:
        program = jq.compile(expression)
    except ValueError as error:
        raise InvalidInput(f"--jq: {_first_line(error)}") from error

    def run(value: Any) -> list[Any]:
        try:
            return list(program.input_value(value))
        except ValueError as error:
            raise InvalidInput(f"--jq: {_first_line(error)}") from error

    return run


def compile_template(template: str, result: type[msgspec.Struct]) -> Callable[[Any], str]:
    r"""`{number} {assignee.name}`: dotted fields in braces; `{{` and `}}` are braces, `\n`, `\t`, `\\` as in a shell.

    The texts put in are made safe, on one line. Raises InvalidInput for unknown fields and for an open brace.
    """
    pieces = [_piece(token, result) for token in _tokens(template)]

    def run(value: Any) -> str:
        filled = (part if isinstance(part, str) else safe_text(plain(pick(value, part))) for part in pieces)
        return "".join(filled)

    return run


def _tokens(template: str) -> list[str]:
    import re

    return [word for word in re.split(r"(\{\{|\}\}|\\[nt\\]|\{[^{}]*\})", template) if word]


def _piece(token: str, result: type[msgspec.Struct]) -> str | Path:
    if token in _ESCAPES:
        return _ESCAPES[token]
    if token[0] == "{" and token[-1] == "}":
        return chosen(token[1:-1].replace(",", "\0"), result, "--template")[0]
    if "{" in token or "}" in token:
        raise InvalidInput(f"--template: a brace without its partner in {token!r}", hint="write {{ and }} for braces")
    return token.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")  # as no stream takes half ones


def _first_line(error: BaseException) -> str:
    return safe_text(str(error).partition("\n")[0] or "too deep")
