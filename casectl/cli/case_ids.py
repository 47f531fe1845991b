"""Asks before digits alone, which are an id, write to a case whose number ends otherwise (DECISIONS 13).

Only casectl.cli.execution imports this module. No table shows ids: whoever types 574 for INC-2026-00574 may well have
named another case. Scripts, which nobody watches, go on as before.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from casectl import registry
from casectl.cli.execution import MANY
from casectl.cli.messages import confirm, declined
from casectl.errors import Refusal
from casectl.field_types import build

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from casectl.cli.execution import Execution
    from casectl.desk import Desk
    from casectl.model.case import Case

_MOST = 500
"""Ids that are looked up, in one page."""

_TOLD = 5


def confirm_ids(execution: Execution, desk: Desk) -> None:
    """Tell which cases the ids given to a verb that writes are, and ask. Raises Failure when the answer is not yes.

    Nothing is asked where the number ends in the digits that were typed, nor where a confirmation names the cases
    anyway.
    """
    ids = list(_ids(execution))
    if not ids or execution.verb.reads or not execution.may_ask():
        return
    others = [case for case in _found(desk, ids) if not _ends_in(case.number, case.id)]
    if not others:
        return
    lines = [f"{case.id} is the id of {case.number}: {case.title}" for case in others[:_TOLD]]
    lines += [f"and {len(others) - _TOLD:,} more are ids of other numbers"] if len(others) > _TOLD else []
    execution.options.tell("\n".join(lines))
    if len(execution.given.get(execution.verb.batched, ())) >= MANY:
        return  # the question before many cases comes in any case
    if not confirm("Is this the case you mean?" if len(others) == 1 else "Are these the cases you mean?"):
        raise declined(f"digits alone are an id; say the number, like {others[0].number}")


def _ids(execution: Execution) -> Iterator[str]:
    """The references of digits alone; `purge` has its numbers typed in any case."""
    given = execution.given
    names = {field.name for field in execution.fields if field.takes_stdin} | {"case", "parent"}
    if any(field.name == "confirm" for field in execution.fields):
        return
    for name in names & given.keys():
        words = given[name] if isinstance(given[name], list) else [given[name]]
        yield from (word for word in words if isinstance(word, str) and re.fullmatch(r"[0-9]{1,18}", word))


def _found(desk: Desk, ids: Sequence[str]) -> list[Case]:
    """The cases of these ids, in the trash or not; none where that cannot be told: the verb itself will say why."""
    query = ["is:all,deleted", f"id:{','.join(ids[:_MOST])}"]
    try:
        found = {
            str(case.id): case
            for case in desk.perform(build(registry.load("list"), {"query": query, "limit": _MOST})).items
        }
    except Refusal:
        return []
    return [found[word] for word in dict.fromkeys(str(int(word)) for word in ids) if word in found]


def _ends_in(number: str, case_id: int) -> bool:
    found = re.search(r"[0-9]+$", number)
    return found is not None and int(found[0]) == case_id
