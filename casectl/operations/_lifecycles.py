"""Lifecycles as people read them. Only verbs import this module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casectl.model.configuration import LifecycleDetail, LifecycleStep
from casectl.rules.lifecycle import allowed_targets, status_key
from casectl.rules.rights import RIGHTS
from casectl.rules.type_difference import edges_of

if TYPE_CHECKING:
    from casectl.model.lifecycle import Lifecycle, LifecycleStatus


def detail_of(lifecycle: Lifecycle, type_name: str | None = None, revision: int | None = None) -> LifecycleDetail:
    """The lifecycle with the ways out of each status, in the document's order."""
    return LifecycleDetail(
        type=type_name, revision=revision, initial=lifecycle.initial, close_to=lifecycle.close_to,
        reopen_to=lifecycle.reopen_to, resolve_to=lifecycle.resolve_to, escalate_to=lifecycle.escalate_to,
        statuses=[_step(lifecycle, status) for status in lifecycle.statuses],
    )  # fmt: skip


def _step(lifecycle: Lifecycle, status: LifecycleStatus) -> LifecycleStep:
    targets = [_told(lifecycle, status.name, target) for target in allowed_targets(lifecycle, status.name, {*RIGHTS})]
    return LifecycleStep(name=status.name, title=status.title, category=status.category, leads_to=targets)


def _told(lifecycle: Lifecycle, source: str, target: str) -> str:
    """`closed (right case:escalate, field.cause)`."""
    edges = edges_of(lifecycle)
    edge = edges.get((status_key(source), status_key(target))) or edges["*", status_key(target)]
    asked = [*([f"right {edge.right}"] if edge.right else []), *edge.required_fields]
    return f"{target} ({', '.join(asked)})" if asked else target
