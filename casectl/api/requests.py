"""Requests read into verbs: path, query and JSON body, all problems at once. Only `casectl.api` imports this module.

What a verb needs to be read is found out once, when the server starts (`Reader`).
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec

from casectl import field_types, wire
from casectl.api.aliases import ALIASES, FILTERS, MADE, NESTED, NOT_YET, OUTSIDE, REFERENCES, filter_term
from casectl.api.bodies import decode, header, read_body, refuse_other_types
from casectl.errors import InvalidInput, Problem, Refusal, UsageError
from casectl.rules.text import did_you_mean, json_pointer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import Receive, Scope

    from casectl.operation import AnyOperation, Operation

MOST_PARAMETERS = 500
"""Parameters of a query string."""
MOST_PROBLEMS = 50
"""Unknown names that are told one by one."""

TOLD = 3
"""Problems in the sentence of a refusal; all are in its list."""
MOST_DIGITS = 18
"""Of a number in a query string."""

TYPED = "cli"
"""What verbs take for the channel of what people write."""

CHANNEL = "api"
"""How a case or a note came in that no casectl sends and whose sender says nothing of it."""
_FROM_CASECTL = wire.API_VERSION.lower().encode()

SELECTION = "fields"
"""The parameter that chooses fields of the answer."""

_FLAGS = {"true": True, "false": False}


class Reading(msgspec.Struct):
    """A request as far as it is read: the verb, its parameters, what `?fields=` says, where each field stood."""

    operation: AnyOperation
    parameters: list[tuple[str, str]]
    selection: str | None = None
    places: dict[str, str] = {}

    def placed(self, refusal: Refusal) -> None:
        """Let the problems of a refusal point to where the request gave the field, under whatever name."""
        refusal.problems = tuple(_placed(problem, self.places) for problem in refusal.problems)


class _Gathered(msgspec.Struct):
    """What is found in a request: values by field, the JSON pointer to each, and all that is wrong."""

    given: dict[str, Any]
    places: dict[str, str] = {}
    problems: list[Problem] = []

    def add(self, problem: Problem | None) -> None:
        """Note a problem, if there is one."""
        if problem is not None and len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)


def _placed(problem: Problem, places: Mapping[str, str]) -> Problem:
    head, slash, rest = problem.pointer[1:].partition("/")
    place = places.get(head)
    return problem if place is None else msgspec.structs.replace(problem, pointer=place + slash + rest)


class Reader:
    """How requests to one route of a verb are read.

    `names` are all names that a parameter or a member of the body may have, with the fields they stand for.
    """

    def __init__(self, verb: type[Operation[Any]], method: str, path_fields: tuple[str, ...], max_body: int) -> None:
        self.verb, self.path_fields, self.max_body = verb, path_fields, max_body
        self.has_body = method not in wire.QUERY_METHODS
        declared = [field.name for field in field_types.fields_of(verb)]
        free = [name for name in declared if name not in path_fields]
        if "filters" in declared:
            free += FILTERS
        named = {*free} - MADE.get(verb.name, frozenset())
        self._references = REFERENCES & named
        self.names = {name: name for name in free} | {alias: name for alias, name in ALIASES.items() if name in named}
        # An import's channel is its own, whoever sends it.
        self._tells_channel = any(one.name == "channel" and one.default == TYPED for one in field_types.fields_of(verb))
        self._nested = NESTED.get(verb.name, "")
        self._inside = {name: to for name, to in self.names.items() if to not in OUTSIDE.get(verb.name, ())}
        self._not_yet = NOT_YET.get(verb.name, {})
        self._kinds = {} if self.has_body else {field.name: field.kind for field in field_types.describe(verb)}
        if not self.has_body and SELECTION in declared:
            raise TypeError(f"verb {verb.name}: the parameter {SELECTION} chooses fields of the answer")

    async def read(self, scope: Scope, receive: Receive, segments: list[str]) -> Reading:
        """The verb that a request asks for.

        Raises InvalidInput with every problem, UsageError for what cannot be read at all, TooLarge.
        """
        parameters = query_parameters(scope)
        found = _Gathered(dict(zip(self.path_fields, segments, strict=True)))
        if self.has_body:
            _only_selection(parameters)
            body = await read_body(scope, receive, self.max_body)
            if body:
                refuse_other_types(scope)
                self._take_body(decode(body), found)
            if self._tells_channel and header(scope, _FROM_CASECTL) == "":
                found.given.setdefault("channel", CHANNEL)
        else:
            self._take_parameters(parameters, found)
        return Reading(self._build(found), parameters, _selection(parameters), found.places)

    def _build(self, found: _Gathered) -> AnyOperation:
        try:
            built: AnyOperation = field_types.build(self.verb, found.given)
        except InvalidInput as refusal:
            found.problems += [_placed(problem, found.places) for problem in refusal.problems]
        else:
            if not found.problems:
                return built
        problems = found.problems
        more = f" (and {len(problems) - TOLD} more)" if len(problems) > TOLD else ""
        raise InvalidInput("; ".join(problem.message for problem in problems[:TOLD]) + more, problems=problems)

    def _take_body(self, document: Any, found: _Gathered) -> None:
        if isinstance(document, dict):
            self._take_members(document, self.names, "", found)
        else:
            found.add(Problem(message="the body must be a JSON object", code="object"))

    def _take_members(self, document: dict[str, Any], names: Mapping[str, str], place: str, found: _Gathered) -> None:
        for key, value in document.items():
            name = names.get(key)
            if name is not None and name not in found.places:
                found.given[name] = _ids(value) if name in self._references else value
                found.places[name] = f"{place}/{key}"
            elif not place and key == self._nested:
                self._take_nested(value, found)
            elif len(found.problems) < MOST_PROBLEMS:  # to find out what was meant takes longer than to refuse
                found.add(self._odd_member(key, value, place + json_pointer(key), names))

    def _take_nested(self, value: Any, found: _Gathered) -> None:
        place = f"/{self._nested}"
        if isinstance(value, dict):
            self._take_members(value, self._inside, place, found)
        else:
            found.add(Problem(message=f"{self._nested} must be an object", pointer=place, code="object"))

    def _odd_member(self, key: str, value: Any, pointer: str, names: Mapping[str, str]) -> Problem | None:
        """What is wrong with a member that cannot be taken; None when nothing is."""
        if key in names:
            return _twice(key, names[key], pointer)
        if key in self._not_yet:
            return None if value is None else Problem(message=self._not_yet[key], pointer=pointer, code="not_supported")
        if key in self.path_fields or ALIASES.get(key) in self.path_fields:
            return Problem(message=f"{key} is given by the path", pointer=pointer, code="given_twice")
        return self._unknown(key, pointer, names)

    def _unknown(self, key: str, pointer: str, names: Mapping[str, str]) -> Problem:
        hint = did_you_mean(key[:80], names)
        message = f"{self.verb.name} has no field {key[:80]!r}"
        return Problem(message=message, pointer=pointer, code="unknown", hint=hint, allowed=[*names])

    def _take_parameters(self, parameters: list[tuple[str, str]], found: _Gathered) -> None:
        words: dict[str, list[str]] = {}
        for key, word in parameters:
            name = self.names.get(key)
            if name is not None and found.places.setdefault(name, f"/{key}") == f"/{key}":
                words.setdefault(name, []).append(word)
            elif name is not None:
                found.add(_twice(key, name, f"/{key}"))
            elif key != SELECTION:
                found.add(self._unknown(key, json_pointer(key), self.names))
        for name, values in words.items():
            kind = self._kinds.get(name)
            problem = _take_filter(name, values, found) if kind is None else _take(name, kind, values, found)
            found.add(problem and msgspec.structs.replace(problem, pointer=found.places[name]))


def _take_filter(name: str, words: list[str], found: _Gathered) -> Problem | None:
    if not all(word.strip() for word in words):
        return Problem(message=f"{name} is empty", code="empty", hint="leave it out")
    found.given.setdefault("filters", []).append(filter_term(name, words))
    return None


def _twice(key: str, name: str, pointer: str) -> Problem:
    return Problem(message=f"{name} is given twice, once as {key}", pointer=pointer, code="given_twice")


def _take(name: str, kind: str, words: list[str], found: _Gathered) -> Problem | None:
    """The words of a parameter as a value of its kind."""
    if kind == "list":
        found.given.setdefault(name, []).extend(words)
        return None
    if len(words) > 1:
        return Problem(message=f"{name} is given {len(words)} times", code="given_twice")
    word = words[0]
    try:
        found.given[name] = _READERS[kind](word)
    except (ValueError, KeyError):
        message = f"{name} must be {_WANTED[kind]}, not {word[:80]!r}"
        return Problem(message=message, code=kind, allowed=["true", "false"] if kind == "flag" else [])
    return None


def _whole(word: str) -> int:
    if not word.isascii() or not word.removeprefix("-").isdigit() or len(word) > MOST_DIGITS:
        raise ValueError(word)
    return int(word)


def _decimal(word: str) -> float:
    if not word.isascii() or "_" in word or not isfinite(float(word)):
        raise ValueError(word)
    return float(word)


_READERS: dict[str, Callable[[str], Any]] = {
    "text": str,
    "flag": lambda word: _FLAGS[word.lower()],
    "number": _whole,
    "decimal": _decimal,
}
_WANTED = {"flag": "true or false", "number": "a whole number", "decimal": "a number"}


def _ids(value: Any) -> Any:
    """Integers of a reference as the text that the desk's resolvers read."""
    if isinstance(value, list):
        return [_ids(one) for one in value]
    if isinstance(value, float) and value.is_integer():  # 3.0 is an integer of JSON
        value = int(value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def query_parameters(scope: Scope) -> list[tuple[str, str]]:
    """Names and values of the query string in order. Raises UsageError for what is no text, and for too many."""
    query: bytes = scope["query_string"]
    if not query:
        return []
    try:
        return parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS)
    except ValueError as error:
        hint = "percent-encode it as UTF-8"
        raise UsageError("the query string of the address cannot be read", hint=hint) from error


def _selection(parameters: list[tuple[str, str]]) -> str | None:
    words = [value for name, value in parameters if name == SELECTION]
    return ",".join(words) if words else None


def _only_selection(parameters: list[tuple[str, str]]) -> None:
    problems = [
        Problem(message=f"there is no parameter {name[:80]!r} here", pointer=json_pointer(name), code="unknown",
                hint="its place is the JSON body", allowed=[SELECTION])
        for name, _ in parameters[:MOST_PROBLEMS]
        if name != SELECTION
    ]  # fmt: skip
    if problems:
        raise InvalidInput(problems[0].message, hint=problems[0].hint, problems=problems)
