"""What a lifecycle allows: targets, transitions, the status after a change of type, the time stamps of a change.

Everything above model may import this module. What a lifecycle document must hold is in `rules.lifecycle_document`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from casectl.errors import InvalidInput, NotAllowed, NotPermitted, Problem
from casectl.model.lifecycle import ACTIVE, Lifecycle, LifecycleStatus, Transition
from casectl.rules.text import did_you_mean, json_pointer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

ANY = "*"

Stamp = Literal["set", "set_if_unset", "clear"]


def status_key(name: str) -> str:
    """How status names are compared: `On Hold`, `on-hold` and `on_hold` are one."""
    return name.strip().casefold().replace(" ", "_").replace("-", "_")


def find_status(lifecycle: Lifecycle, name: str, pointer: str = "/status") -> LifecycleStatus:
    """The status called `name`. Raises InvalidInput at `pointer` with the legal names and near ones."""
    status = _lookup(lifecycle, name)
    if status is not None:
        return status
    names = [status.name for status in lifecycle.statuses]
    message = f"unknown status {name!r}"
    hint = did_you_mean(name, names) or f"it is one of {', '.join(names)}"
    problem = Problem(message=message, pointer=pointer, code="unknown_status", hint=hint, allowed=names)
    raise InvalidInput(message, hint=hint, problems=[problem])


def _lookup(lifecycle: Lifecycle, name: str) -> LifecycleStatus | None:
    key = status_key(name)
    return next((status for status in lifecycle.statuses if status_key(status.name) == key), None)


def category(lifecycle: Lifecycle, status: str) -> str:
    """The category of the status called `status`. Raises InvalidInput where there is none."""
    return find_status(lifecycle, status).category


def allowed_targets(lifecycle: Lifecycle, source: str, rights: AbstractSet[str]) -> list[str]:
    """The statuses that may follow `source` for someone with `rights`, in the lifecycle's order."""
    edges = _edges(lifecycle, source)
    return [
        status.name
        for status in lifecycle.statuses
        if (edge := edges.get(status_key(status.name))) and (not edge.right or edge.right in rights)
    ]


def _edges(lifecycle: Lifecycle, source: str) -> dict[str, Transition]:
    """The edges that leave `source` by the key of their target; one that names `source` goes before `*`."""
    key = status_key(source)
    named = {status_key(edge.target): edge for edge in lifecycle.transitions if status_key(edge.source) == key}
    wild = {status_key(edge.target): edge for edge in lifecycle.transitions if edge.source == ANY}
    return {target: edge for target, edge in (wild | named).items() if target != key}


def check_transition(
    lifecycle: Lifecycle, source: str, target: str, rights: AbstractSet[str], fields: Mapping[str, object]
) -> None:
    """Refuse to go from `source` to `target`, unless nothing would change.

    `fields` are the values after the change: columns by name, form fields as `field.NAME`. Raises InvalidInput for an
    unknown target or for fields the edge needs, NotAllowed with the allowed targets, NotPermitted with the right.
    """
    wanted = find_status(lifecycle, target).name
    if status_key(source) == status_key(wanted):
        return
    edge = _edges(lifecycle, source).get(status_key(wanted))
    if edge is None:
        raise _no_edge(lifecycle, source, wanted, rights)
    if edge.right and edge.right not in rights:
        raise NotPermitted(
            f"going from {source} to {wanted} needs the right {edge.right}",
            hint=_allowed_hint(allowed_targets(lifecycle, source, rights)),
        )
    _check_required(edge, source, wanted, fields)


def _no_edge(lifecycle: Lifecycle, source: str, target: str, rights: AbstractSet[str]) -> NotAllowed:
    allowed = allowed_targets(lifecycle, source, rights)
    message = f"a case that is {source} cannot become {target}"
    hint = _allowed_hint(allowed)
    problem = Problem(message=message, pointer="/status", code="transition", hint=hint, allowed=allowed)
    return NotAllowed(message, hint=hint, problems=[problem])


def _allowed_hint(allowed: list[str]) -> str:
    return f"allowed: {', '.join(allowed)}" if allowed else "no other status is allowed for you"


def _check_required(edge: Transition, source: str, target: str, fields: Mapping[str, object]) -> None:
    absent = [name for name in edge.required_fields if _is_empty(fields.get(name))]
    if absent:
        raise InvalidInput(
            f"going from {source} to {target} needs {', '.join(absent)}",
            hint="give them in the same command",
            problems=[_required(name, target) for name in absent],
        )


def _is_empty(value: object) -> bool:
    return value is None or value in ("", [], ())


def _required(name: str, target: str) -> Problem:
    form, dot, key = name.partition(".")
    pointer = json_pointer("fields", key) if form == "field" and dot else json_pointer(name)
    return Problem(message=f"{key or name} is required for {target}", pointer=pointer, code="required")


def map_status(before: Lifecycle, after: Lifecycle, status: str, mapping: Mapping[str, str]) -> str:
    """The status in `after` of a case that is `status` in `before`, when it changes its type.

    The same name; else what `mapping` says; else the initial status or the only one of the same category. Raises
    NotAllowed where that leaves a choice.
    """
    same = _lookup(after, status)
    if same is not None:
        return same.name
    mapped = {status_key(name): target for name, target in mapping.items()}.get(status_key(status))
    if mapped is not None:
        return find_status(after, mapped).name
    old = _lookup(before, status)
    alike = [found for found in after.statuses if old is not None and found.category == old.category]
    chosen = next((found for found in alike if status_key(found.name) == status_key(after.initial)), None)
    if chosen is None and len(alike) == 1:
        chosen = alike[0]
    if chosen is not None:
        return chosen.name
    raise _unmapped(after, status)


def _unmapped(after: Lifecycle, status: str) -> NotAllowed:
    names = [found.name for found in after.statuses]
    message = f"the new type has no status for {status}"
    hint = f"name one with the type: {', '.join(names)}"
    return NotAllowed(
        message, hint=hint, problems=[Problem(message=message, pointer="/status", code="transition", allowed=names)]
    )


def stamps(before: str, after: str) -> dict[str, Stamp]:
    """What a change of category does to `resolved_at` and `closed_at`; a column left out keeps its value.

    A case that is closed counts as resolved at that time if it was not before; reopening clears both. `before` is ''
    for a case that is being created.
    """
    if after in ACTIVE:
        return {} if before in ACTIVE or not before else {"resolved_at": "clear", "closed_at": "clear"}
    if before == after:
        return {}
    if after == "closed":
        return {"resolved_at": "set_if_unset", "closed_at": "set"}
    return {"resolved_at": "set_if_unset", "closed_at": "clear"}
