"""Reading queries for the verbs that take one. Only verbs import this module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from casectl.errors import InvalidInput, Problem
from casectl.rules.case_input import refuse_all, zone_of
from casectl.rules.query import Query, QueryContext, QueryError, Test, both, parse
from casectl.rules.text import json_pointer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from casectl.rules.query import Expression
    from casectl.unit import Unit

MOST = 500
"""Cases of one page."""


async def read_query(unit: Unit, words: Sequence[str], sort: str = "", filters: Sequence[str] = ()) -> Query:
    """The query that the words of a command say, `sort` added, narrowed by each of `filters`. Raises QueryError."""
    text = " ".join([*words, f"sort:{sort}"] if sort else words)
    context = QueryContext(now=await unit.now(), zone=zone_of(unit.actor.zone), me=unit.actor.login)
    query = parse(text, context)
    if not filters:
        return query
    # Parsed on their own: no bracket or OR of one may take in a part of another.
    parts = [query.where, *(_filter(term, context) for term in filters)]
    known = [part for part in parts if part is not None]
    return Query(both(known) if known else None, query.sort)


def _filter(term: str, context: QueryContext) -> Expression | None:
    """The condition that a filter says. It has no column: its problems point to the field that it tests."""
    try:
        where = parse(term, context).where
    except QueryError as refusal:
        pointer = json_pointer(term.partition(":")[0])
        refuse_all([
            Problem(
                message=problem.message.partition(": ")[2], pointer=pointer, code=problem.code, hint=problem.hint,
                allowed=problem.allowed,
            )
            for problem in refusal.problems
        ])  # fmt: skip
        raise
    return replace(where, position=0) if isinstance(where, Test) else where


def check_limit(limit: int) -> None:
    """Refuse a page that is empty or too long. The command line asks for as many pages as its --limit needs."""
    if not 1 <= limit <= MOST:
        message = f"limit must be at least 1, not {limit}" if limit < 1 else f"a page has at most {MOST} cases"
        hint = "--all lists all of them" if limit < 1 else "ask for the next page with its cursor"
        problem = Problem(message=message, pointer="/limit", code="limit", hint=hint)
        raise InvalidInput(message, hint=problem.hint, problems=[problem])
