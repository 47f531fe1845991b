"""Finds the line and column of a JSON pointer in the JSON or TOML text it points into. Only casectl.cli imports this.

A desk tells what is wrong with a document by pointers, since it never sees the file; whoever wrote the file looks for
lines. Both readers take a text that was parsed before, so they need not be strict about it: they follow its shape and
note where each member begins.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from casectl import typed
from casectl.rules.text import json_pointer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from casectl.errors import InvalidInput, Problem

_TOML_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_TOML_SPACE = re.compile(r"[ \t]*")
_JSON_BLANK = re.compile(r"[ \t\r\n]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BARE_VALUE = re.compile(r"[^,\]}\n#]*")
_JSON_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_TOML_STRING = re.compile(
    r"""\"{3}(?:[^\\]|\\.)*?\"{3,5}(?!")|'{3}.*?'{3,5}(?!')|"(?:[^"\\]|\\.)*"|'[^'\n]*'""", re.DOTALL
)


class Document(msgspec.Struct, frozen=True):
    """A document as it was read: its value, where it came from, its text."""

    value: object
    source: str
    text: str
    is_toml: bool

    def place(self, pointer: str) -> str:
        """`FILE:LINE:COLUMN` of the member at a pointer, or of the nearest one around it."""
        offsets = self._offsets()
        while pointer and pointer not in offsets:
            pointer = pointer.rpartition("/")[0]
        before = self.text[: offsets.get(pointer, 0)]
        line_begins = before.rfind("\n") + 1
        return f"{self.source}:{before.count(chr(10)) + 1}:{len(before) - line_begins + 1}"

    def _offsets(self) -> dict[str, int]:
        scanner = _Toml(self.text) if self.is_toml else _Json(self.text)
        try:
            scanner.scan()
        except (RecursionError, IndexError, ValueError):  # what was found so far is better than nothing
            return scanner.offsets
        return scanner.offsets


def placed(refusal: InvalidInput, documents: Mapping[str, Document]) -> InvalidInput:
    """The refusal with the place of each problem that lies in one of these documents, by name of their fields."""
    if not documents or not refusal.problems:
        return refusal
    problems = [_placed(problem, documents) for problem in refusal.problems]
    first = problems[0]
    if len(problems) == 1 and first.place:
        message = f"{first.place} {first.pointer}: {first.message}"
        return type(refusal)(message, hint=refusal.hint, problems=problems)
    if not any(problem.place for problem in problems):
        return refusal
    return type(refusal)(f"{len(problems)} things are wrong", problems=problems)


def _placed(problem: Problem, documents: Mapping[str, Document]) -> Problem:
    name, _, inner = problem.pointer.removeprefix("/").partition("/")
    document = documents.get(name)
    if document is None or problem.place:
        return problem
    return msgspec.structs.replace(problem, place=document.place(f"/{inner}" if inner else ""))


class _Json:
    """One walk over JSON."""

    blank = _JSON_BLANK
    string = _JSON_STRING

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.offsets: dict[str, int] = {}

    def scan(self) -> None:
        """Note where each member begins."""
        self.skip()
        self.offsets[""] = self.at
        self.value("")

    def skip(self) -> None:
        self.at = self.take(self.blank)

    def take(self, pattern: re.Pattern[str]) -> int:
        found = pattern.match(self.text, self.at)
        if found is None:
            raise ValueError(self.at)
        return found.end()

    def value(self, pointer: str) -> None:
        first = self.text[self.at]
        if first == "{":
            self.members(pointer)
        elif first == "[":
            self.items(pointer)
        else:
            self.at = self.take(self.string if first in "\"'" else _BARE_VALUE)

    def members(self, pointer: str) -> None:
        self.at += 1
        self.skip()
        while self.text[self.at] != "}":
            begin = self.at
            inner = self.key(pointer, begin)
            self.value(inner)
            self.behind()
        self.at += 1

    def key(self, pointer: str, begin: int) -> str:
        """The pointer of the member whose key begins here; its value comes next."""
        self.at = self.take(self.string)
        inner = pointer + json_pointer(typed.decode(self.text[begin : self.at], str))
        self.offsets[inner] = begin
        self.skip()
        self.at += 1
        self.skip()
        return inner

    def items(self, pointer: str) -> None:
        self.at += 1
        self.skip()
        index = 0
        while self.text[self.at] != "]":
            inner = f"{pointer}/{index}"
            self.offsets[inner] = self.at
            self.value(inner)
            self.behind()
            index += 1
        self.at += 1

    def behind(self) -> None:
        """Pass what stands between two members."""
        self.skip()
        if self.text[self.at] == ",":
            self.at += 1
            self.skip()


class _Toml(_Json):
    """One walk over TOML: inline values are like JSON's, tables and keys are its own."""

    blank = _TOML_BLANK
    string = _TOML_STRING

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.counts: dict[str, int] = {}

    def scan(self) -> None:
        """Note where each member begins."""
        self.offsets[""] = 0
        table = ""
        self.skip()
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.value(self.key(table, self.at))
            self.skip()

    def header(self) -> str:
        """The pointer of the table that begins here: `[name]`, or the next element of `[[name]]`."""
        begin, is_element = self.at, self.text.startswith("[[", self.at)
        self.at += 2 if is_element else 1
        *way, last = self.words()
        pointer = self.inside("", way) + json_pointer(last)
        if is_element:
            self.offsets.setdefault(pointer, begin)
            self.counts[pointer] = self.counts.get(pointer, -1) + 1
            pointer += f"/{self.counts[pointer]}"
        self.offsets[pointer] = begin
        self.at = self.text.index("]", self.at) + (2 if is_element else 1)
        return pointer

    def inside(self, pointer: str, words: list[str]) -> str:
        """The pointer of a table named by words; of an array of tables its last element."""
        for word in words:
            pointer += json_pointer(word)
            if pointer in self.counts:
                pointer += f"/{self.counts[pointer]}"
        return pointer

    def key(self, pointer: str, begin: int) -> str:
        """As in JSON; dots lead into tables."""
        for word in self.words():
            pointer += json_pointer(word)
            self.offsets.setdefault(pointer, begin)
        self.at = self.take(_TOML_SPACE) + 1
        self.at = self.take(_TOML_SPACE)
        return pointer

    def words(self) -> list[str]:
        """The parts of a dotted key."""
        found = []
        while True:
            self.at = self.take(_TOML_SPACE)
            begin = self.at
            is_quoted = self.text[begin] in "\"'"
            self.at = self.take(self.string if is_quoted else _BARE_KEY)
            found.append(_unquoted(self.text[begin : self.at]))
            self.at = self.take(_TOML_SPACE)
            if self.text[self.at] != ".":
                return found
            self.at += 1


def _unquoted(word: str) -> str:
    if word[0] not in "\"'":
        return word
    import tomllib

    return str(tomllib.loads(f"key = {word}")["key"])
