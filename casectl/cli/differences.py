"""Tells people what became of a value: `New → Active`, a text as a unified diff. Only casectl.cli imports this module.

Nothing here makes text harmless: the table does that for every line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from casectl.cli.formats import moment, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SHORT = 60
"""Longer texts, and those of several lines, are told line by line."""

_CONTEXT = 3
_MOST_COMPARED = 200
"""Lines: of more, difflib takes seconds where they are alike, and the whole of both is told instead."""


def difference(change: Any) -> str:
    """What a change with `before` and `after` did, for people."""
    is_time = change["field"].endswith("_at") and not change["field"].startswith("fields.")
    before, after = ((moment if is_time else plain)(change[name]) for name in ("before", "after"))
    if any(len(text) > _SHORT or "\n" in text for text in (before, after)):
        return "\n".join(_lines(before.splitlines(), after.splitlines()))
    return f"{before or 'none'} → {after or 'none'}"


def _lines(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    """Both texts, each line after a sign, what they have in common left out but for what stands around."""
    head = _shared(before, after)
    tail = _shared(before[head:][::-1], after[head:][::-1])
    gone, come = before[head : len(before) - tail], after[head : len(after) - tail]
    yield from (f"  {line}" for line in before[max(head - _CONTEXT, 0) : head])
    yield from _compared(gone, come)
    yield from (f"  {line}" for line in before[len(before) - tail :][:_CONTEXT])


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    """How many lines both begin with."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _compared(gone: Sequence[str], come: Sequence[str]) -> Iterator[str]:
    if max(len(gone), len(come)) > _MOST_COMPARED:
        yield from (f"- {line}" for line in gone)
        yield from (f"+ {line}" for line in come)
        return
    import difflib

    for group in difflib.SequenceMatcher(None, gone, come, autojunk=False).get_grouped_opcodes(_CONTEXT):
        for kind, a, b, c, d in group:
            yield from (f"{'  ' if kind == 'equal' else '- '}{line}" for line in gone[a:b])
            yield from (f"+ {line}" for line in come[c:d] if kind != "equal")
