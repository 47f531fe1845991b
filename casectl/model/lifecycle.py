"""The lifecycle of a case type as it is configured. Everything above model may import this module.

`rules.lifecycle` says what a document of these nouns must hold and what it allows.
"""

from __future__ import annotations

import msgspec

CATEGORIES = ("new", "open", "pending", "on_hold", "resolved", "closed")
"""What a status means to the desk: pending waits for the reporter, on_hold for anything else."""

ACTIVE = frozenset({"new", "open", "pending", "on_hold"})
"""The categories of a case that is still being worked on."""


class LifecycleStatus(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A status; `title` is how people read it, the name when empty."""

    name: str
    category: str
    title: str = ""


class Transition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An edge. `source` `*` is any status, but an edge that names the status goes before it.

    `right` is needed on top of the verb's own; `required_fields` must be filled: columns by name, form fields as
    `field.NAME`.
    """

    source: str
    target: str
    right: str = ""
    required_fields: list[str] = []


class EscalationLevel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One level of the escalation path: what `escalate` does.

    `status` is gone to where the lifecycle allows it ('' keeps the status), `raise_priority` steps are added up to
    critical, `assign_lead` hands the case to its team's lead, `notify` are told (`team.lead`, `assignee`, logins).
    """

    status: str = ""
    raise_priority: int = 1
    assign_lead: bool = True
    notify: list[str] = msgspec.field(default_factory=lambda: ["team.lead"])


class Lifecycle(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Statuses, the edges between them, and where the verbs close, reopen, resolve, escalate lead ('': nowhere set)."""

    initial: str
    statuses: list[LifecycleStatus]
    transitions: list[Transition]
    close_to: str
    reopen_to: str
    escalate_to: str = ""
    resolve_to: str = ""
    escalation: list[EscalationLevel] = []
