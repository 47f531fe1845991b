"""What a terminal is asked while a verb is performed: values that are missing, and again those that were refused.

Only casectl.cli.execution imports this module. Legal values come from the desk itself (the verb `suggest`), so that
what is offered is what is possible: for a case the statuses it may go to, for a form the values of its field.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from casectl.cli.messages import choose, declined, note, prompt
from casectl.cli.parameters import value_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from casectl.desk import Desk
    from casectl.errors import Problem
    from casectl.field_types import VerbField
    from casectl.operation import AnyOperation

_SOURCES = {"status", "type"}
"""Fields whose values are few, and called as their source is."""

_MOST = 200


class Questions:
    """The questions of one call; `given` is what the call has so far, and gets the answers."""

    def __init__(self, verb: type[AnyOperation], fields: Sequence[VerbField], given: dict[str, Any]) -> None:
        self._verb = verb
        self._by_name = {field.name: field for field in fields}
        self._given = given
        self._asked: set[str] = set()

    def ask(self, problems: Sequence[Problem], desk: Desk) -> bool:
        """Ask for every value that is missing or was answered wrongly; False when something else is wrong as well."""
        if not problems or not all(self._can_be_asked(problem) for problem in problems):
            return False
        places = {_place(problem.pointer): problem for problem in reversed(problems)}
        for place, problem in reversed(places.items()):
            if place in self._asked:
                note(problem.message)
            self._asked.add(place)
            self._take(place, self._answer(place, problem, desk))
        if any(place.strip("/") in self._verb.cli.positionals for place in places):
            self._ask_more(desk)
        return True

    def _can_be_asked(self, problem: Problem) -> bool:
        """A value of the verb or of its form; which case is meant must be said, and a wrong option is no answer.

        What has to be confirmed is asked once, in the verb's own words: a wrong answer is an answer.
        """
        place = _place(problem.pointer)
        field = self._by_name.get(place.split("/")[1]) if place else None
        if field is None or field.name == "case" or field.takes_stdin or field.is_query:
            return False
        if problem.code == "unconfirmed":
            return False
        return problem.code in ("required", "confirm") or place in self._asked

    def _ask_more(self, desk: Desk) -> None:
        """What the verb names in `cli.asked`, of whom leaves out what must be given: none of it has to be answered."""
        for name in self._verb.cli.asked:
            place = f"/{name}"
            words = [] if name in self._given or place in self._asked else self._words(place, desk)
            self._asked.add(place)
            if len(words) > 1:
                self._take(place, choose(f"{name.capitalize()}, or nothing for the usual one", words, optional=True))

    def _answer(self, place: str, problem: Problem, desk: Desk) -> str:
        field = self._by_name[place.split("/")[1]]
        if field.is_secret:
            return prompt(self._question(place, problem, desk), secret=True)
        if problem.code == "confirm":
            return _typed(problem)
        words = [(word, "") for word in problem.allowed] or self._words(place, desk)
        if place == "/status" and not words and "case" in self._given:
            self._refuse(desk)
        question = self._question(place, problem, desk, told=bool(words))
        return choose(question, words) if words else prompt(question)

    def _refuse(self, desk: Desk) -> None:
        """Where the case may go to no status at all, raise what the desk says to the first step that there is."""
        from casectl.field_types import build
        from casectl.operation import Call
        from casectl.operations.actions import Actions

        case = self._given["case"]
        steps = [one.name for one in desk.perform(Actions(case=case)) if one.name.startswith("status ")]
        if steps:
            given = self._given | {"status": steps[0].removeprefix("status ")}
            desk.perform(build(self._verb, given), Call(dry_run=True))

    def _words(self, place: str, desk: Desk) -> list[tuple[str, str]]:
        """The legal values with what they mean; nothing where any value may be."""
        name, key = _parts(place)
        if key:
            begin = f"{key}="
            return [(text.removeprefix(begin), meaning) for text, meaning in self._suggested(desk, "field", begin)]
        return self._suggested(desk, name, "") if name in _SOURCES else []

    def _suggested(self, desk: Desk, source: Any, prefix: str) -> list[tuple[str, str]]:
        from casectl.operations.suggest import Suggest

        about = {name: self._given[name] for name in ("case", "type") if isinstance(self._given.get(name), str)}
        if source == "type":
            about = {}
        return [
            (word.text, word.help) for word in desk.perform(Suggest(source=source, prefix=prefix, limit=_MOST, **about))
        ]

    def _question(self, place: str, problem: Problem, desk: Desk, *, told: bool = False) -> str:
        """What is missing: a form's field by its title, with what it is for unless its legal values are told."""
        name, key = _parts(place)
        if key:
            titles = dict(self._suggested(desk, "field", key))
            title = titles.get(f"{key}=") or key.replace("_", " ")
            return title[:1].upper() + title[1:]
        spoken = name.replace("_", " ").capitalize()
        about = "" if told else problem.hint or self._by_name[name].help
        return f"{spoken} ({about})" if about else spoken

    def _take(self, place: str, answer: str) -> None:
        name, key = _parts(place)
        if not answer:
            return
        if key:
            self._given[name] = {**self._given.get(name, {}), key: answer}
            return
        field = self._by_name[name]
        self._given[name] = value_of(field, [answer] if field.kind in ("list", "map") else answer)


def _typed(problem: Problem) -> str:
    """The word that confirms it: typed, never chosen. Raises Failure for any other."""
    answer = prompt(problem.message)
    if answer.upper() not in {word.upper() for word in problem.allowed}:
        raise declined(problem.hint)
    return answer


def _place(pointer: str) -> str:
    """The field that a problem is about: of a form's field its name, of a list's entry the list."""
    steps = pointer.split("/")[1:]
    return "".join(f"/{step}" for step in steps[: 2 if steps[:1] == ["fields"] else 1])


def _parts(place: str) -> tuple[str, str]:
    name, _, key = place[1:].partition("/")
    return name, key.replace("~1", "/").replace("~0", "~")
