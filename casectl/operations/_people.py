"""What verbs about users, teams, roles and contacts share: reading changes, handing over cases. Only verbs use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import UNSET, UnsetType

from casectl.errors import InvalidInput, NotAllowed, NotPermitted, Problem
from casectl.operations.bulk_update import MOST, BulkUpdate
from casectl.rules import case_input, rights
from casectl.rules.text import plural

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from casectl.model.case import CaseLine
    from casectl.model.people import Team, TeamDeactivation, User, UserDeactivation
    from casectl.unit import Unit

MOST_TOLD = 100
"""Cases of a user or a team that are told one by one."""

Wished = str | UnsetType | None


def read_changes(wished: Mapping[str, tuple[Wished, Callable[[str], str]]]) -> dict[str, Any]:
    """The columns that are wished, each read by its reader; null clears.

    Raises InvalidInput with all that is wrong at once.
    """
    changes: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, (value, reader) in wished.items():
        try:
            if value is not UNSET:
                changes[name] = None if value is None else reader(value)
        except InvalidInput as refusal:
            problems += refusal.problems
    case_input.refuse_all(problems)
    return changes


def refuse_no_change(*wishes: Any, hint: str) -> None:
    """Refuse a command that names no change."""
    if all(wish in (UNSET, []) for wish in wishes):
        case_input.refuse("nothing to change was given", "", "nothing", hint)


def refuse_both(both: Iterable[str], pointer: str) -> None:
    """Refuse what is to be added and removed in one command."""
    for name in sorted(both):
        case_input.refuse(f"{name} is to be added and removed at once", pointer, "excluded", "say one of the two")


def group_name(text: str, what: str, pointer: str, example: str) -> str:
    """The name of a team or a role: a word that is no id and does not mean nobody."""
    name = case_input.one_line(text, "name", pointer)
    if name.isdigit() or case_input.is_none(name):
        case_input.refuse(f"{name!r} cannot be the name of a {what}", pointer, "name", f"a word, like {example}")
    return name


async def person(unit: Unit, reference: str) -> User:
    """A user who is a person, active or not. Raises NotAllowed for the user of a program."""
    user = await unit.people.user(reference)
    if await unit.staff.is_program(user.id):
        raise NotAllowed(f"{user.login} is a program, not a person", hint=f"casectl client show {user.login}")
    return user


async def require_no_less(unit: Unit, user: User) -> None:
    """Refuse an actor who may less than the user he would change; deactivated roles count, for they may come back."""
    rights.require_no_less(unit.actor, await unit.access.rights_of(user.id, even_inactive=True), user.login)


async def change_members(unit: Unit, team: Team, joining: Collection[int], leaving: Collection[int] = ()) -> None:
    """Take users into a team, as far as the actor may, and out of it."""
    if set(joining) - {member.id for member in team.members}:
        rights.require_to_let_in(unit.actor, team.id, team.name)
    await unit.staff.change_members(team.id, joining, leaving)


async def hand_over(unit: Unit, cases: Sequence[CaseLine], *, assignee: Wished = UNSET, team: Wished = UNSET) -> None:
    """Change the assignee or the team of cases as bulk-update does, all or none: a refused one refuses the rest."""
    for begin in range(0, len(cases), MOST):
        part = [str(case.id) for case in cases[begin : begin + MOST]]
        done = await unit.perform(BulkUpdate(cases=part, assignee=assignee, team=team))
        problems = [
            Problem(message=f"{one.number}: {one.message}", pointer="/reassign_to", code=one.code or "refused")
            for one in done.outcomes
            if one.result == "refused"
        ]
        if problems:
            told = f"{plural(len(problems), 'case')} cannot be handed over, {problems[0].message}"
            refusal = NotPermitted if problems[0].code == NotPermitted.code else NotAllowed
            raise refusal(told, hint="without --reassign-to the cases are told and stay", problems=problems[:MOST_TOLD])


def fate(planned: UserDeactivation | TeamDeactivation, whose: str) -> str:
    """The sentence that says what becomes of the open cases of who is deactivated."""
    count = planned.open_cases
    if not planned.reassigned:
        return (
            f"{plural(count, 'open case')} {'stays' if count == 1 else 'stay'} {whose}; --reassign-to hands them over."
        )
    heir = planned.reassigned_to.name if planned.reassigned_to else "nobody in particular"
    return f"{plural(count, 'open case')} {'goes' if count == 1 else 'go'} to {heir}."
