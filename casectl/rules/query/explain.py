"""Errors of a query, each with its column, and the two lines that show it. Everything above model may import this."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from casectl.errors import InvalidInput, Problem
from casectl.rules.text import display_width, safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable

POINTER = "/query"
MOST_PROBLEMS = 10
_BEFORE, _AFTER = 40, 30
"""Characters of a long query shown around an error: with the ellipses, a line of 72."""
_LONGEST_SHOWN = 60


class QueryProblem(Problem, frozen=True, omit_defaults=True, kw_only=True):
    """A problem at a 1-based column, counted in characters (code points)."""

    column: int = 1


class QueryError(InvalidInput):
    """A query that cannot be understood; `column` is that of the first problem."""

    def __init__(self, query: str, problems: Iterable[QueryProblem]) -> None:
        found = tuple(sorted(problems, key=lambda problem: problem.column))
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        super().__init__(f"query, {found[0].message}{more}", hint=found[0].hint, problems=found)
        self.query = query
        self.column = found[0].column

    def excerpt(self, column: int | None = None) -> str:
        """Two lines safe to print: the query (a window of a long one) and a caret under `column`, else the first."""
        at = min(max((self.column if column is None else column) - 1, 0), len(self.query))
        first, last = max(at - _BEFORE, 0), at + _AFTER
        before = ("…" if first else "") + safe_text(self.query[first:at])
        after = safe_text(self.query[at:last]) + ("…" if last < len(self.query) else "")
        return f"{before}{after}\n{' ' * display_width(before)}^"


def problem_at(column: int, message: str, code: str, *, hint: str = "", allowed: Iterable[str] = ()) -> QueryProblem:
    """A problem whose message names its column, so that it survives a remote desk."""
    return QueryProblem(
        message=f"column {column}: {message}",
        pointer=POINTER,
        code=code,
        hint=hint,
        allowed=list(allowed),
        column=column,
    )


class Problems:
    """Collects what is wrong with one query; refuses at once when it is hopeless."""

    def __init__(self, query: str) -> None:
        self.query = query
        self.found: list[QueryProblem] = []

    def add(self, column: int, message: str, code: str, *, hint: str = "", allowed: Iterable[str] = ()) -> None:
        """Note a problem; the tenth ends the search for more."""
        self.found.append(problem_at(column, message, code, hint=hint, allowed=allowed))
        if len(self.found) >= MOST_PROBLEMS:
            self.refuse()

    def fatal(self, column: int, message: str, code: str, *, hint: str = "") -> NoReturn:
        """Note a problem behind which nothing can be read, and raise QueryError."""
        self.found.append(problem_at(column, message, code, hint=hint))
        self.refuse()

    def refuse(self) -> NoReturn:
        """Raise QueryError with all that was found."""
        raise QueryError(self.query, self.found)


def shown(text: str) -> str:
    """`text` quoted for a message: escaped, and cut when it is long."""
    return repr(text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…")
