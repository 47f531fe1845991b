"""The query language of list, search and bulk-update. Everything above model may import this package.

    status:open priority:>=high assignee:@me tag:vip -team:l2 created:<7d due:<2h field.system:crm "words" sort:-due

Terms side by side must all match; `OR` and parentheses give alternatives, `NOT` or `-` the opposite. `parse` makes
the tree of `ast`, typed and without SQL; `canonical.unparse` writes it back, `completion.complete` helps at the shell
(both are modules of their own, which a list does not load); `fields.FIELDS` is what may be asked for.
"""

from __future__ import annotations

from casectl.rules.query.ast import (
    DEFAULT_SORT,
    And,
    Expression,
    Marker,
    Not,
    Or,
    Query,
    Range,
    SortKey,
    Span,
    Test,
    Text,
    Value,
    active_by_default,
    both,
    leaves,
    names_state,
    names_trash,
)
from casectl.rules.query.explain import QueryError, QueryProblem, problem_at
from casectl.rules.query.parser import parse
from casectl.rules.query.values import QueryContext

__all__ = [
    "DEFAULT_SORT",
    "And",
    "Expression",
    "Marker",
    "Not",
    "Or",
    "Query",
    "QueryContext",
    "QueryError",
    "QueryProblem",
    "Range",
    "SortKey",
    "Span",
    "Test",
    "Text",
    "Value",
    "active_by_default",
    "both",
    "leaves",
    "names_state",
    "names_trash",
    "parse",
    "problem_at",
]
