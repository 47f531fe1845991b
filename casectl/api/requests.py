"""Requests read into verbs: path, query and JSON body, all problems at once. Only `casectl.api` imports this module.

What a verb needs to be read is found out once, when the server starts (`Reader`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl

import msgspec
from msgspec.structs import fields as struct_fields

from casectl import field_types, wire
from casectl.api.aliases import ALIASES, FILTERS, NESTED, NOT_YET, OUTSIDE, REFERENCES, filter_term
from casectl.api.bodies import decode, read_body, refuse_other_types
from casectl.errors import InvalidInput, Problem, Refusal, UsageError
from casectl.rules.text import did_you_mean, json_pointer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Receive, Scope

    from casectl.operation import AnyOperation, Operation

MOST_PARAMETERS = 500
"""Parameters of a query string."""
MOST_PROBLEMS = 50
"""Unknown names that are told one by one."""

SELECTION = "fields"
"""The parameter that chooses fields of the answer."""

_FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class Reading(msgspec.Struct):
    """A request as far as it is read: the verb, `selection` (what `?fields=` says), where each field stood."""

    operation: AnyOperation
    parameters: list[tuple[str, str]]
    selection: str | None = None
    places: dict[str, str] = {}

    def placed(self, refusal: Refusal) -> None:
        """Let the problems of a refusal point to where the request gave the field, under whatever name."""
        refusal.problems = tuple(_replaced(problem, self.places) for problem in refusal.problems)


def _replaced(problem: Problem, places: Mapping[str, str]) -> Problem:
    head, slash, rest = problem.pointer[1:].partition("/")
    place = places.get(head)
    return problem if place is None else msgspec.structs.replace(problem, pointer=place + slash + rest)


class Reader:
    """How requests to one route of a verb are read."""

    def __init__(self, verb: type[Operation[Any]], method: str, path_fields: tuple[str, ...], max_body: int) -> None:
        self.verb, self.path_fields, self.max_body = verb, path_fields, max_body
        self.has_body = method not in wire.QUERY_METHODS
        self.fields = [field.name for field in struct_fields(verb)]
        self.free = [name for name in self.fields if name not in path_fields]
        self.has_filters = "filters" in self.fields
        self._names = {name: name for name in self.free}
        self._names |= {alias: name for alias, name in ALIASES.items() if name in self.free}
        self._nested = NESTED.get(verb.name, "")
        self._inside = {name: to for name, to in self._names.items() if to not in OUTSIDE.get(verb.name, ())}
        self._not_yet = NOT_YET.get(verb.name, {})
        self._kinds = {} if self.has_body else {field.name: field.kind for field in field_types.describe(verb)}
        if self.has_filters:
            self._names |= {name: name for name in FILTERS}
            self._names |= {alias: name for alias, name in ALIASES.items() if name in FILTERS}
        if not self.has_body and SELECTION in self.fields:
            raise TypeError(f"verb {verb.name}: the parameter {SELECTION} chooses fields of the answer")

    @property
    def names(self) -> dict[str, str]:
        """Every name that a parameter or a member of the body may have, and the field it stands for."""
        return self._names

    async def read(self, scope: Scope, receive: Receive, segments: list[str]) -> Reading:
        """The verb that a request asks for.

        Raises InvalidInput with every problem, UsageError for what cannot be read at all, TooLarge.
        """
        parameters = query_parameters(scope)
        given: dict[str, Any] = dict(zip(self.path_fields, segments, strict=True))
        places: dict[str, str] = {}
        problems: list[Problem] = []
        if self.has_body:
            _only_selection(parameters)
            body = await read_body(scope, receive, self.max_body)
            if body:
                refuse_other_types(scope)
                self._take_object(decode(body), given, places, problems)
        else:
            self._take_parameters(parameters, given, places, problems)
        reading = Reading(cast("AnyOperation", None), parameters, _selection(parameters), places)
        reading.operation = self._build(given, reading, problems)
        return reading

    def _build(self, given: dict[str, Any], reading: Reading, problems: list[Problem]) -> AnyOperation:
        try:
            built = field_types.build(self.verb, given)
        except InvalidInput as refusal:
            reading.placed(refusal)
            problems += refusal.problems
        else:
            if not problems:
                return built
        message = "; ".join(problem.message for problem in problems[:3])
        more = f" (and {len(problems) - 3} more)" if len(problems) > 3 else ""  # noqa: PLR2004 - a line's worth
        raise InvalidInput(message + more, problems=problems)

    def _take_object(
        self, document: Any, given: dict[str, Any], places: dict[str, str], problems: list[Problem]
    ) -> None:
        """Members of the body into `given`."""
        if not isinstance(document, dict):
            problems.append(Problem(message="the body must be a JSON object", code="object"))
            return
        self._take_members(document, self._names, "", given, places, problems)

    def _take_members(
        self, document: dict[str, Any], names: Mapping[str, str], place: str, given: dict[str, Any],
        places: dict[str, str], problems: list[Problem],
    ) -> None:  # fmt: skip
        for key, value in document.items():
            name = names.get(key)
            pointer = place + ("/" + key if name else json_pointer(key))
            if name is not None and name not in places:
                given[name] = _ids(value) if name in REFERENCES else value
                places[name] = pointer
            elif not place and key == self._nested:
                self._take_nested(value, given, places, problems)
            elif problem := self._odd_member(key, value, pointer, name, names):
                problems.append(problem)
                if len(problems) >= MOST_PROBLEMS:
                    return

    def _take_nested(self, value: Any, given: dict[str, Any], places: dict[str, str], problems: list[Problem]) -> None:
        pointer = f"/{self._nested}"
        if isinstance(value, dict):
            self._take_members(value, self._inside, pointer, given, places, problems)
        else:
            problems.append(Problem(message=f"{self._nested} must be an object", pointer=pointer, code="object"))

    def _odd_member(
        self, key: str, value: Any, pointer: str, name: str | None, names: Mapping[str, str]
    ) -> Problem | None:
        """What is wrong with a member that cannot be taken; None when nothing is."""
        if name is not None:
            return _twice(key, name, pointer)
        if key in self._not_yet:
            return None if value is None else Problem(message=self._not_yet[key], pointer=pointer, code="not_supported")
        if key in self.path_fields or ALIASES.get(key) in self.path_fields:
            return Problem(message=f"{key} is given by the path", pointer=pointer, code="given_twice")
        return self._unknown(key, pointer, names)

    def _unknown(self, key: str, pointer: str, names: Mapping[str, str]) -> Problem:
        return Problem(
            message=f"{self.verb.name} has no field {key[:80]!r}", pointer=pointer, code="unknown",
            hint=did_you_mean(key[:80], names), allowed=[*names],
        )  # fmt: skip

    def _take_parameters(
        self, parameters: list[tuple[str, str]], given: dict[str, Any], places: dict[str, str], problems: list[Problem]
    ) -> None:
        """Parameters of the query string into `given`."""
        words: dict[str, list[str]] = {}
        for key, word in parameters:
            name = self._names.get(key)
            if name is not None and places.setdefault(name, "/" + key) == "/" + key:
                words.setdefault(name, []).append(word)
            elif name is not None:
                problems.append(_twice(key, name, "/" + key))
            elif key != SELECTION and len(problems) < MOST_PROBLEMS:
                problems.append(self._unknown(key, json_pointer(key), self._names))
        for name, values in words.items():
            kind = self._kinds.get(name)
            problem = self._take_filter(name, values, given) if kind is None else _take(name, kind, values, given)
            if problem:
                problems.append(msgspec.structs.replace(problem, pointer=places[name]))

    def _take_filter(self, name: str, values: list[str], given: dict[str, Any]) -> Problem | None:
        if not all(value.strip() for value in values):
            return Problem(message=f"{name} is empty", code="empty", hint="leave it out")
        given.setdefault("filters", []).append(filter_term(name, values))
        return None


def _twice(key: str, name: str, pointer: str) -> Problem:
    return Problem(message=f"{name} is given twice, once as {key}", pointer=pointer, code="given_twice")


def _take(name: str, kind: str, words: list[str], given: dict[str, Any]) -> Problem | None:
    """The words of a parameter as a value of its kind."""
    if kind == "list":
        given.setdefault(name, []).extend(words)
        return None
    if len(words) > 1:
        return Problem(message=f"{name} is given {len(words)} times", code="given_twice")
    if kind == "flag":
        flag = _FLAGS.get(words[0].lower())
        if flag is None:
            return Problem(
                message=f"{name} is true or false, not {words[0][:80]!r}", code="flag", allowed=["true", "false"]
            )
        given[name] = flag
        return None
    try:
        given[name] = _number(words[0], kind) if kind in ("number", "decimal") else words[0]
    except ValueError:
        return Problem(message=f"{name} must be a number, not {words[0][:80]!r}", code="number")
    return None


def _number(word: str, kind: str) -> float:
    if not word.isascii() or len(word) > 30 or "_" in word:  # noqa: PLR2004 - no number of ours is longer
        raise ValueError(word)
    return int(word) if kind == "number" else float(word)


def _ids(value: Any) -> Any:
    """Integers of a reference as the text that the desk's resolvers read."""
    if isinstance(value, list):
        return [_ids(one) for one in value]
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
