"""The only writer to standard error: refusals, notes, progress, questions. Only casectl.cli imports this module."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Self, TextIO

import msgspec

from casectl.cli.nowhere import write_nowhere
from casectl.cli.standard_input import stream
from casectl.cli.terminal import paint, screen_of
from casectl.errors import Failure, UsageError
from casectl.rules.text import cut, display_width, safe_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from casectl.cli.terminal import Screen
    from casectl.errors import Problem, Refusal

_PROGRAM = "casectl"
_TELLING = frozenset({"shows", "lists", "tells", "takes", "makes", "names", "needs", "registers"})
"""Verbs of sentences about commands."""

_REDRAW = 0.1
_LINE_EVERY = 5.0
_BAR = 24


def complain(refusal: Refusal, as_json: bool = False, *, color: str = "auto") -> None:
    """Tells a refusal: one line, the place in a query, every further problem with its place, and what to do next.

    `as_json` writes `{"error": {"code", "message", "hint", "problems"}}` on one line instead.
    """
    if as_json:
        from casectl.cli.encoding import json_bytes

        _write(json_bytes({"error": _error(refusal)}).decode() + "\n")
        return
    lines = [f"{_mark(color)} {safe_text(refusal.message)}", *_excerpt_lines(refusal)]
    problems = [problem for problem in refusal.problems if problem.message not in refusal.message]
    lines += [line for problem in problems for line in _problem_lines(problem, refusal)]
    told = [problem.hint for problem in refusal.problems if problem not in problems]
    hints = dict.fromkeys([*told, refusal.hint])
    if problems and told[:1] == [refusal.hint] and refusal.hint.startswith("did you mean"):
        lines[0] += f" ({safe_text(refusal.hint)})"  # below the others nobody would know whose it is
        del hints[refusal.hint]
    for hint in hints:
        lines += _hint_lines(hint)
    _write("\n".join(lines) + "\n")


def _excerpt_lines(refusal: Refusal) -> list[str]:
    """The query that was refused with a caret under its first problem, where the refusal is about a query."""
    excerpt = getattr(refusal, "excerpt", None)
    return [f"  {line}" for line in excerpt().split("\n")] if excerpt else []


def _mark(color: str) -> str:
    mark = f"{_PROGRAM}:"
    return paint(mark, "bold red") if screen_of(sys.stderr, color).color else mark


def _error(refusal: Refusal) -> dict[str, Any]:
    problems = [{"pointer": problem.pointer, "code": problem.code, "message": problem.message} | _rest(problem)
                for problem in refusal.problems]  # fmt: skip
    return {"code": refusal.code, "message": refusal.message, "hint": refusal.hint, "problems": problems}


def _rest(problem: Problem) -> dict[str, Any]:
    rest = {"hint": problem.hint, "allowed": problem.allowed, "place": problem.place}
    return {key: value for key, value in rest.items() if value}


def _problem_lines(problem: Problem, refusal: Refusal) -> list[str]:
    place = " ".join(filter(None, [problem.place, problem.pointer]))
    line = f"  {safe_text(place)}: {safe_text(problem.message)}" if place else f"  {safe_text(problem.message)}"
    hint = safe_text(problem.hint) if problem.hint != refusal.hint else ""
    return [f"{line} ({hint})" if hint else line]


def _hint_lines(hint: str) -> list[str]:
    lines = [safe_text(line) for line in hint.splitlines()]
    return [f"Try: {line}" if _is_command(line) else line for line in lines if line]


def _is_command(line: str) -> bool:
    """Whether the line is a command to run; `casectl user list shows all` is a sentence about one."""
    words = line.split()
    return words[:1] == [_PROGRAM] and not _TELLING.intersection(words[2:5])


def note(text: str, *, quiet: bool = False) -> None:
    """A sentence beside the result (`No cases match.`), unless `quiet`."""
    if not quiet:
        _write(safe_text(text, newlines=True) + "\n")


def warn(text: str) -> None:
    """What the user should know although all went on; also told with --quiet."""
    _write(f"{_PROGRAM}: warning: {safe_text(text)}\n")


def _write(text: str) -> None:
    # Where standard error is closed or full there is nobody left to tell; the exit code still speaks.
    if sys.stderr is None:
        return
    try:
        encoding = sys.stderr.encoding or "utf-8"
        sys.stderr.write(text.encode(encoding, "backslashreplace").decode(encoding))
        sys.stderr.flush()
    except ValueError:
        return
    except OSError:
        write_nowhere(sys.stderr.fileno())


class Progress:
    """How far a long work is: a bar on a terminal, elsewhere a line every 5 seconds, nothing with `quiet`.

        with Progress("Importing", total=5998) as progress:
            progress.advance(500)

    `total` None counts only. `clock` gives seconds.
    """  # fmt: skip

    def __init__(
        self, label: str, total: int | None = None, *, quiet: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.done = 0
        self.total = total
        self._label = safe_text(label)
        self._quiet = quiet
        self._clock = clock
        self._screen = screen_of(sys.stderr)
        self._drawn = clock()
        self._open = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._open:
            _write("\r\x1b[K")

    def advance(self, steps: int = 1) -> None:
        """Counts `steps` more as done."""
        self.done += steps
        now = self._clock()
        width = self._screen.width
        if self._quiet or now - self._drawn < (_LINE_EVERY if width is None else _REDRAW):
            return
        self._drawn = now
        if width is None:
            _write(self._counted() + "\n")
            return
        self._open = True
        _write(f"\r{cut(self._bar() + self._counted(), width - 1)}\x1b[K")

    def _counted(self) -> str:
        if not self.total:
            return f"{self._label}: {self.done:,}"
        return f"{self._label}: {self.done:,} of {self.total:,} ({100 * self.done // self.total} %)"

    def _bar(self) -> str:
        if not self.total:
            return ""
        full = min(_BAR * self.done // self.total, _BAR)
        return f"[{'#' * full}{'.' * (_BAR - full)}] "


def screen() -> Screen:
    """The screen that notes are written to; they have no colours."""
    return msgspec.structs.replace(screen_of(sys.stderr), color=False)


def can_ask(*, no_input: bool = False) -> bool:
    """Whether somebody is there to answer: standard input and standard error are terminals."""
    return not no_input and _is_terminal(sys.stdin) and _is_terminal(sys.stderr)


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def confirm(question: str, *, word: str = "", no_input: bool = False, flag: str = "--yes") -> bool:
    """Asks `question`; with `word` that very word must be typed, else y or yes. An empty answer is no.

    Raises KeyboardInterrupt when the input ends (Ctrl-D), UsageError naming `flag` where nobody can be asked.
    """
    if not can_ask(no_input=no_input):
        raise UsageError(f"this needs a confirmation: {question}", hint=f"confirm it with {flag}")
    ask = f"type {safe_text(word)} to confirm: " if word else "[y/N] "
    answer = _answer(f"{safe_text(question)} {ask}")
    return answer == word if word else answer.lower() in ("y", "yes")


def declined(hint: str = "") -> Failure:
    """The refusal of what somebody was asked to confirm and did not: the same code everywhere."""
    return Failure("not confirmed, nothing was changed", hint=hint)


def prompt(
    question: str, *, default: str = "", secret: bool = False, no_input: bool = False, flag: str = ""
) -> str:  # fmt: skip
    """Asks for a value; an empty answer is `default`. `secret` shows nothing of what is typed.

    Raises KeyboardInterrupt when the input ends (Ctrl-D), UsageError naming `flag` where nobody can be asked.
    """
    if not can_ask(no_input=no_input):
        raise UsageError(f"{question} is missing", hint=f"give it with {flag}" if flag else "")
    shown = f" [{safe_text(default)}]" if default and not secret else ""
    text = f"{safe_text(question)}{shown}: "
    if not secret:
        return _answer(text) or default
    from getpass import getpass

    try:
        return getpass(text) or default
    except EOFError:
        raise KeyboardInterrupt from None


def choose(question: str, words: Sequence[tuple[str, str]], *, optional: bool = False) -> str:
    """Asks for one of `words`, each with what it means, until one is answered: by its number or by the word itself.

    The word may be begun only, and in any case. Where it is `optional` an empty answer is none of them.
    """
    widest = max(display_width(safe_text(word)) for word, _ in words)
    for number, (word, meaning) in enumerate(words, 1):
        shown = safe_text(word)
        gap = " " * (widest - display_width(shown))
        _write(f"  {number:>2}  {shown}{gap}  {safe_text(meaning)}".rstrip() + "\n")
    while True:
        answer = prompt(f"{question} (number or name)")
        if optional and not answer:
            return ""
        found = _chosen(answer, [word for word, _ in words])
        if found is not None:
            return found
        _write(f"{safe_text(answer)!r} is none of them\n" if answer else "one of them is needed\n")


_MOST_DIGITS = 4
"""Of a number that may be a line of a list."""


def _chosen(answer: str, words: Sequence[str]) -> str | None:
    folded = answer.casefold()
    exact = [word for word in words if word.casefold() == folded]
    if exact or not answer:
        return exact[0] if exact else None
    if answer.isascii() and answer.isdigit() and len(answer) <= _MOST_DIGITS and 1 <= int(answer) <= len(words):
        return words[int(answer) - 1]
    begun = [word for word in words if word.casefold().startswith(folded)]
    return begun[0] if len(begun) == 1 else None


def _answer(question: str) -> str:
    _write(question)
    answers = stream()
    line = answers.readline() if answers else ""
    if not line:
        raise KeyboardInterrupt  # whoever ends the input answers nothing, and wants no more questions
    if not line.endswith("\n"):
        _write("\n")
    return line.strip()
