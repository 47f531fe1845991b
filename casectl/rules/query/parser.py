"""The parser: Pratt's operator precedence over the tokens, NOT before AND before OR. Use casectl.rules.query.parse."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

from casectl.errors import InvalidInput
from casectl.rules.query.ast import (
    DEFAULT_SORT,
    Expression,
    Query,
    SortKey,
    Test,
    Text,
    Value,
    both,
    either,
    negated,
)
from casectl.rules.query.explain import Problems, shown
from casectl.rules.query.fields import (
    COMPARISONS,
    FIELDS,
    FORM_PREFIX,
    INSTEAD,
    ORDERED,
    SORT_KEYS,
    Field,
    field_names,
    find_field,
    find_sort_key,
)
from casectl.rules.query.tokens import RawValue, Token, tokenise
from casectl.rules.query.values import RANGE, QueryContext, read_value
from casectl.rules.text import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST = 4_000
"""Characters of a query."""
DEEPEST = 32
"""Parentheses and negations within each other."""
MOST_TERMS = 200
"""Values and words of a query."""
_UNSTORABLE = "[\x00\ud800-\udfff]"
_OR, _AND, _NOT = 1, 2, 3


def parse(text: str, context: QueryContext) -> Query:
    """The query that `text` says, with times and `@me` seen from `context`.

    Raises QueryError, with as many problems as can be told at once. Never anything else, whatever the text.
    """
    problems = Problems(text)
    if len(text) > LONGEST:
        problems.fatal(LONGEST + 1, f"the query is longer than {LONGEST:,} characters", "too_long", hint="shorten it")
    if not text.isascii() or "\x00" in text:
        _refuse_unstorable(text, problems)
    tokens, sort = _split_sort(tokenise(text, problems), problems)
    where = _Parser(tokens, len(text) + 1, context, problems).parse() if tokens else None
    if problems.found:
        problems.refuse()
    return Query(where, sort)


def _refuse_unstorable(text: str, problems: Problems) -> None:
    found = re.search(_UNSTORABLE, text)
    if found:
        message = f"the character {shown(found.group())} is in no stored text"
        problems.fatal(found.start() + 1, message, "bad_character", hint="leave it out")


def _split_sort(tokens: list[Token], problems: Problems) -> tuple[list[Token], tuple[SortKey, ...]]:
    """The tokens without `sort:`, which is no filter, and the order it asks for."""
    rest: list[Token] = []
    keys: dict[str, SortKey] = {}
    depth = 0
    for token in tokens:
        depth += (token.kind == "(") - (token.kind == ")")
        if token.kind != "term" or token.text.lower() != "sort":
            rest.append(token)
            continue
        _check_sort_place(token, depth, rest, problems)
        for key in _sort_keys(token, problems):
            keys.setdefault(key.key, key)
    if not keys:
        return rest, DEFAULT_SORT
    keys.setdefault("id", SortKey("id"))
    order = list(keys)
    return rest, tuple(keys[key] for key in order[: order.index("id") + 1])  # no two cases share an id


def _check_sort_place(token: Token, depth: int, before: list[Token], problems: Problems) -> None:
    if depth > 0:
        problems.add(token.position, "sort: stands outside of parentheses", "misplaced_sort", hint="move it to the end")
    if before and before[-1].kind == "NOT":
        before.pop()
        problems.add(token.position, "sort: cannot be negated", "misplaced_sort", hint="say sort:-priority to descend")
    if token.operator != "=":
        problems.add(token.position, f"sort: takes no {token.operator}", "bad_operator", hint="say sort:-priority,due")


def _sort_keys(token: Token, problems: Problems) -> list[SortKey]:
    keys = []
    for raw in token.values:
        name = raw.text.removeprefix("-")
        key = find_sort_key(name)
        if key is None:
            hint = did_you_mean(name, SORT_KEYS) or f"sort by {', '.join(SORT_KEYS)}"
            message = f"cannot sort by {shown(name)}"
            problems.add(raw.position, message, "unknown_sort_key", hint=hint, allowed=SORT_KEYS)
        else:
            keys.append(SortKey(key, descending=raw.text.startswith("-")))
    return keys


class _Parser:
    """One pass over the tokens; recursion is bounded by DEEPEST."""

    def __init__(self, tokens: Sequence[Token], end: int, context: QueryContext, problems: Problems) -> None:
        self.tokens = tokens
        self.end = end
        self.context = context
        self.problems = problems
        self.at = 0
        self.depth = 0
        self.terms = 0

    def parse(self) -> Expression:
        """All of the tokens as one expression."""
        where = self._expression(0)
        if (token := self._peek()) is not None:
            hint = "remove it, or open one before"
            self.problems.fatal(token.position, "this ')' closes nothing", "unbalanced_parenthesis", hint=hint)
        return where

    def _peek(self) -> Token | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def _expression(self, binding: int) -> Expression:
        left = [self._prefix()]
        while (token := self._peek()) is not None and token.kind != ")":
            power = _OR if token.kind == "OR" else _AND
            if power <= binding:
                break
            if token.kind in ("OR", "AND"):
                self.at += 1
            right = [self._expression(power)]
            left = [either(left + right) if power == _OR else both(left + right)]
        return left[0]

    def _prefix(self) -> Expression:
        token = self._peek()
        if token is None or token.kind in (")", "OR", "AND"):
            self._missing(token)
        self.at += 1
        if token.kind == "term":
            return self._term(token)
        if token.kind in ("word", "phrase"):
            self._count(token, 1)
            return Text(token.text, token.kind == "phrase", token.prefix, token.position)
        return self._nested(token)

    def _nested(self, token: Token) -> Expression:
        """What follows NOT or stands in parentheses."""
        self.depth += 1
        if self.depth > DEEPEST:
            message = f"more than {DEEPEST} parentheses and negations within each other"
            self.problems.fatal(token.position, message, "too_deep", hint="say it with fewer")
        if token.kind == "NOT":
            inner = negated(self._expression(_NOT))
        else:
            inner = self._expression(0)
            if self._peek() is None:
                self._unclosed(token)
            self.at += 1
        self.depth -= 1
        return inner

    def _missing(self, token: Token | None) -> NoReturn:
        """Refuse the place before `token` (None: the end), where a term should be."""
        before = self.tokens[self.at - 1] if self.at else None
        if before is not None and before.kind in ("OR", "AND", "NOT"):
            message = f"{_written(before)} needs a term behind it"
            self.problems.fatal(before.position, message, "missing_term", hint=_literal(before))
        if token is None:
            self._unclosed(before)
        if token.kind == ")" and before is None:
            self.problems.fatal(token.position, "this ')' closes nothing", "unbalanced_parenthesis", hint="remove it")
        if token.kind == ")":
            message = "there is nothing between the parentheses"
            self.problems.fatal(token.position, message, "missing_term", hint="remove them")
        message = f"{_written(token)} needs a term before it"
        self.problems.fatal(token.position, message, "missing_term", hint=_literal(token))

    def _unclosed(self, opening: Token | None) -> NoReturn:
        column = opening.position if opening else self.end
        self.problems.fatal(column, "this '(' is never closed", "unbalanced_parenthesis", hint="close it with ')'")

    def _count(self, token: Token, terms: int) -> None:
        self.terms += terms
        if self.terms > MOST_TERMS:
            message = f"more than {MOST_TERMS} terms and values"
            self.problems.fatal(token.position, message, "too_many_terms", hint="split the query")

    def _term(self, token: Token) -> Expression:
        self._count(token, len(token.values))
        field = find_field(token.text)
        if field is None:
            self._unknown_field(token)
            return _UNREADABLE
        if not self._operator_fits(field, token):
            return _UNREADABLE
        values = [self._value(field, token, raw) for raw in token.values]
        if not values or None in values:
            return _UNREADABLE
        test = self._test(field, token, tuple(value for value in values if value is not None))
        return negated(test) if token.operator == "!=" else test

    def _test(self, field: Field, token: Token, values: tuple[Value, ...]) -> Expression:
        if field.kind == "text":
            return either([self._text(raw) for raw in token.values])
        spans = field.kind in ("past", "future")
        operator = "=" if spans or token.operator == "!=" else token.operator
        key = token.text[len(FORM_PREFIX) :] if field.kind == "form" else ""
        return Test(field.name, operator, values, key, token.position, tuple(raw.position for raw in token.values))

    def _text(self, raw: RawValue) -> Text:
        prefix = raw.text.endswith("*") and not raw.quoted
        words = raw.text.removesuffix("*") if prefix else raw.text
        if not words:
            self.problems.add(raw.position, "there is no word to search for", "empty_value", hint="leave it out")
        return Text(words, raw.quoted, prefix, raw.position)

    def _unknown_field(self, token: Token) -> None:
        name = token.text.lower()
        if name == FORM_PREFIX:
            message, hint = "field. needs the name of a form field", "say field.system:crm"
        else:
            message = f"unknown field {shown(token.text)}"
            hint = INSTEAD.get(name) or did_you_mean(name, field_names()) or "to search for this text, quote it"
        allowed = [field.name for field in FIELDS]
        self.problems.add(token.position, message, "unknown_field", hint=hint, allowed=allowed)

    def _operator_fits(self, field: Field, token: Token) -> bool:
        if token.operator not in COMPARISONS:
            return True
        name = token.text
        if field.kind not in ORDERED and field.kind != "form":
            message = f"{name} cannot be compared with {token.operator}"
            self.problems.add(token.position, message, "bad_operator", hint=f"say {field.example}", allowed=["=", "!="])
        elif len(token.values) > 1:
            message = f"{token.operator} takes one value, not a list"
            self.problems.add(token.values[1].position, message, "bad_operator", hint=f"say {field.example}")
        else:
            return True
        return False

    def _value(self, field: Field, token: Token, raw: RawValue) -> Value | None:
        """The typed value; None when it is refused."""
        if field.kind in ORDERED and RANGE in raw.text and token.operator in COMPARISONS:
            message = f"a range cannot be compared with {token.operator}"
            self.problems.add(raw.position, message, "bad_operator", hint=f"say {field.name}:{raw.text}")
            return None
        try:
            return read_value(field, token.operator, raw, self.context)
        except InvalidInput as refusal:
            problem = refusal.problems[0]
            hint, allowed = problem.hint, problem.allowed
            self.problems.add(raw.position, problem.message, problem.code, hint=hint, allowed=allowed)
            return None


_UNREADABLE = Text("")
"""Stands for a term that was refused; no query with one leaves the parser."""


def _written(token: Token) -> str:
    return "'-' or NOT" if token.kind == "NOT" else token.kind


def _literal(token: Token) -> str:
    return f'in quotes it is a word to search for: "{token.kind}"'
