"""What a lifecycle document must hold before a case type may use it. Everything above model may import this module."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from casectl.errors import InvalidInput, Problem
from casectl.model.lifecycle import ACTIVE, CATEGORIES, Lifecycle, LifecycleStatus
from casectl.rules.lifecycle import ANY, status_key
from casectl.rules.priorities import HIGHEST
from casectl.rules.rights import RIGHTS
from casectl.rules.text import did_you_mean, json_pointer, plural

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

MAX_STATUSES = 100

_NAME = r"[a-z][a-z0-9_ -]{0,40}"


def check_lifecycle(lifecycle: Lifecycle) -> None:
    """Refuse a lifecycle that could not be lived; raises InvalidInput with all its problems.

    Statuses have unique names and known categories, every status is reached from the initial one, the verbs' targets
    are of the category their verb means.
    """
    known = {status_key(status.name): status for status in lifecycle.statuses}
    problems = [
        *_bad_statuses(lifecycle),
        *_bad_edges(lifecycle, known),
        *_bad_targets(lifecycle, known),
        *_bad_levels(lifecycle, known),
    ]
    if not problems:
        problems = list(_unreachable(lifecycle))
    if problems:
        raise InvalidInput(
            f"the lifecycle has {plural(len(problems), 'problem')}: {problems[0].message}", problems=problems
        )


def _problem(message: str, *place: str | int, hint: str = "", allowed: Collection[str] = ()) -> Problem:
    return Problem(message=message, pointer=json_pointer(*place), code="lifecycle", hint=hint, allowed=list(allowed))


def _bad_statuses(lifecycle: Lifecycle) -> Iterator[Problem]:
    if not 1 <= len(lifecycle.statuses) <= MAX_STATUSES:
        yield _problem(f"a lifecycle has 1 to {MAX_STATUSES} statuses", "statuses")
    seen: dict[str, str] = {}
    for index, status in enumerate(lifecycle.statuses):
        key = status_key(status.name)
        if not re.fullmatch(_NAME, status.name):
            yield _problem(
                f"status name {status.name!r} is not allowed",
                *("statuses", index, "name"),
                hint="a lower-case letter, then letters, digits, space, _ or -, 41 characters at most",
            )
        if key in seen:
            yield _problem(f"status {status.name!r} is there already as {seen[key]!r}", "statuses", index, "name")
        if status.category not in CATEGORIES:
            yield _problem(
                f"unknown category {status.category!r} of status {status.name!r}",
                *("statuses", index, "category"),
                hint=did_you_mean(status.category, CATEGORIES),
                allowed=CATEGORIES,
            )
        seen.setdefault(key, status.name)


def _bad_edges(lifecycle: Lifecycle, known: dict[str, LifecycleStatus]) -> Iterator[Problem]:
    seen = set()
    for index, edge in enumerate(lifecycle.transitions):
        source, target = status_key(edge.source), status_key(edge.target)
        if edge.source != ANY:
            yield from _unknown(edge.source, known, "transitions", index, "source")
        yield from _unknown(edge.target, known, "transitions", index, "target")
        if source == target:
            yield _problem(f"the transition of {edge.source} to itself says nothing", "transitions", index)
        if (source, target) in seen:
            yield _problem(f"the transition {edge.source} to {edge.target} is there twice", "transitions", index)
        if edge.right and edge.right not in RIGHTS:
            hint = did_you_mean(edge.right, RIGHTS)
            yield _problem(f"unknown right {edge.right!r}", "transitions", index, "right", hint=hint)
        if not all(edge.required_fields):
            yield _problem("a required field without a name", "transitions", index, "required_fields")
        seen.add((source, target))


def _unknown(name: str, known: dict[str, LifecycleStatus], *place: str | int) -> Iterator[Problem]:
    if status_key(name) not in known:
        names = [status.name for status in known.values()]
        yield _problem(f"unknown status {name!r}", *place, hint=did_you_mean(name, names), allowed=names)


def _bad_targets(lifecycle: Lifecycle, known: dict[str, LifecycleStatus]) -> Iterator[Problem]:
    """The initial status and the targets of the verbs, each with the categories that make sense."""
    wanted: list[tuple[str, str, Collection[str]]] = [
        ("initial", lifecycle.initial, ("new", "open")),
        ("close_to", lifecycle.close_to, ("closed",)),
        ("reopen_to", lifecycle.reopen_to, ACTIVE),
        ("escalate_to", lifecycle.escalate_to, ACTIVE),
        ("resolve_to", lifecycle.resolve_to, ("resolved",)),
    ]
    for place, name, categories in wanted:
        if name or place not in ("escalate_to", "resolve_to"):
            yield from _bad_target(name, known, categories, place)


def _bad_target(
    name: str, known: dict[str, LifecycleStatus], categories: Collection[str], *place: str | int
) -> Iterator[Problem]:
    yield from _unknown(name, known, *place)
    status = known.get(status_key(name))
    # A category that is none is reported where it stands.
    if status and status.category in CATEGORIES and status.category not in categories:
        wanted = " or ".join(found for found in CATEGORIES if found in categories)
        yield _problem(f"{place[-1]} {name!r} is of category {status.category}, it must be {wanted}", *place)


def _bad_levels(lifecycle: Lifecycle, known: dict[str, LifecycleStatus]) -> Iterator[Problem]:
    for index, level in enumerate(lifecycle.escalation):
        if level.status:
            yield from _bad_target(level.status, known, ACTIVE, "escalation", index, "status")
        if not 0 <= level.raise_priority < HIGHEST:
            yield _problem(f"raise_priority is 0 to {HIGHEST - 1} steps", "escalation", index, "raise_priority")


def _unreachable(lifecycle: Lifecycle) -> Iterator[Problem]:
    """Statuses no case can come to; a case is created in the initial one."""
    reached = {status_key(lifecycle.initial)}
    edges = [(status_key(edge.source), status_key(edge.target)) for edge in lifecycle.transitions]
    while new := {target for source, target in edges if source in reached or source == ANY} - reached:
        reached |= new
    for index, status in enumerate(lifecycle.statuses):
        if status_key(status.name) not in reached:
            yield _problem(
                f"status {status.name!r} cannot be reached from {lifecycle.initial!r}",
                *("statuses", index),
                hint="add a transition to it",
            )
