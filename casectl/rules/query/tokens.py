"""Cuts the text of a query into tokens with their columns. For the modules of this package only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from casectl.rules.query.explain import shown
from casectl.rules.query.fields import find_field

if TYPE_CHECKING:
    from casectl.rules.query.explain import Problems

TokenKind: TypeAlias = Literal["(", ")", "AND", "OR", "NOT", "term", "word", "phrase"]

_TOKEN = re.compile(
    r'(?P<space>\s++)|(?P<paren>[()])|(?P<minus>-)|"(?P<phrase>(?:[^"\\]|\\.)*+)"(?P<star>\*?)|(?P<open>")'
    r"|(?P<name>[^\W\d][\w.\-]*+)(?P<operator>:(?:[<>!]=|[<>=])?|[<>!]=|[<>=])|(?P<word>[^\s()\"]++)",
    re.DOTALL,
)
_VALUE = re.compile(r'"(?P<quoted>(?:[^"\\]|\\.)*+)"|(?P<bare>[^\s()",]++)|(?P<open>")', re.DOTALL)
_ENDS = re.compile(r"[\s)]|\Z")
_KEYWORDS: dict[str, TokenKind] = {"AND": "AND", "OR": "OR", "NOT": "NOT"}


class RawValue(msgspec.Struct, frozen=True):
    """A value as written; `quoted` ones are never markers like none."""

    text: str
    position: int
    quoted: bool = False


class Token(msgspec.Struct, frozen=True):
    """A piece of the query; `text` is the field's name of a term, or the words of a word or phrase."""

    kind: TokenKind
    position: int
    text: str = ""
    prefix: bool = False
    operator: str = "="
    values: tuple[RawValue, ...] = ()


def tokenise(text: str, problems: Problems) -> list[Token]:
    """The tokens of `text`; what is wrong goes to `problems`, and an open quote ends it."""
    tokens: list[Token] = []
    at = 0
    while found := _TOKEN.match(text, at):
        at = found.end()
        group = found.lastgroup
        if group == "space":
            continue
        if group == "operator" and (found["operator"][0] == ":" or find_field(found["name"])):
            values, at = _values(text, at, problems)
            operator = found["operator"].lstrip(":") or "="
            tokens.append(Token("term", found.start() + 1, found["name"], operator=operator, values=values))
            continue
        if group == "operator":  # `a=b` of no field of ours is a word
            found = _WORD.match(text, found.start()) or found
            at = found.end()
        tokens.append(_simple(found, problems))
    return tokens


_WORD = re.compile(r'(?P<word>[^\s()"]++)')


def _simple(found: re.Match[str], problems: Problems) -> Token:
    column = found.start() + 1
    kind, whole = found.lastgroup, found.group()
    if kind == "paren":
        return Token("(" if whole == "(" else ")", column)
    if kind == "minus":
        return _minus(found, problems)
    if kind == "open":
        problems.fatal(column, "this quote is never closed", "unbalanced_quote", hint='close it, or write it as \\"')
    if kind == "star":
        return _text("phrase", column, unescape(found["phrase"]), found["star"] == "*", problems)
    if whole in _KEYWORDS:
        return Token(_KEYWORDS[whole], column)
    return _text("word", column, whole.removesuffix("*"), whole.endswith("*"), problems)


def _minus(found: re.Match[str], problems: Problems) -> Token:
    column = found.start() + 1
    if _ENDS.match(found.string, found.end()):
        hint = 'write -tag:vip without a space, or "-" to search for it'
        problems.fatal(column, "'-' stands before nothing", "misplaced_operator", hint=hint)
    return Token("NOT", column)


def _text(kind: TokenKind, column: int, words: str, prefix: bool, problems: Problems) -> Token:
    if not words.strip():
        problems.add(column, "there is no word to search for", "empty_value", hint="leave it out")
    return Token(kind, column, words, prefix=prefix)


def _values(text: str, at: int, problems: Problems) -> tuple[tuple[RawValue, ...], int]:
    """The comma list that begins at index `at`, and the index behind it."""
    values: list[RawValue] = []
    while True:
        found = _VALUE.match(text, at)
        if found is None or (found["quoted"] is not None and not found["quoted"].strip()):
            _no_value(text, at, problems)
            at = found.end() if found else at
        elif found["open"]:
            problems.fatal(at + 1, "this quote is never closed", "unbalanced_quote", hint="close it with '\"'")
        else:
            quoted = found["quoted"] is not None
            value = unescape(found["quoted"]).strip() if quoted else found["bare"]
            values.append(RawValue(value, at + 1, quoted))
            at = found.end()
        if not text.startswith(",", at):
            break
        at += 1
    if values and not _ENDS.match(text, at):
        problems.fatal(at + 1, f"unexpected {shown(text[at])} behind a value", "syntax", hint="put a space before it")
    return tuple(values), at


def _no_value(text: str, at: int, problems: Problems) -> None:
    hint = "no space behind ':', and quote values with spaces"
    if text.startswith("(", at):
        hint = "separate alternatives by commas: status:new,open"
    problems.add(at + 1, "a value is missing", "empty_value", hint=hint)


def unescape(quoted: str) -> str:
    r"""The inside of a quotation: `\"` is a quote, `\\` a backslash, any other backslash itself."""
    return re.sub(r'\\(["\\])', r"\1", quoted) if "\\" in quoted else quoted
