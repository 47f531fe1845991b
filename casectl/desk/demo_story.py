"""What happens to a case of the demo desk, step by step along its type's lifecycle. Only `desk.demo_data` uses it."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - msgspec resolves the annotations at run time
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from random import Random

    from casectl.desk.demo_office import Office


class DemoStep(msgspec.Struct, frozen=True, kw_only=True):
    """Something somebody did to a case: changes by name (status, assignee, team, priority, remedy), a note, both."""

    at: datetime
    actor: str
    changes: dict[str, Any] = {}
    note: str = ""
    is_internal: bool = False
    deletes: bool = False


class Story(msgspec.Struct, kw_only=True):
    """What is known of a case before its steps are told; `born` is its age in working days."""

    kind: str
    priority: int
    front: str
    team: str
    creator: str
    fix: str
    slots: dict[str, str]
    born: float
    status: str = "new"
    assignee: str = ""
    age: float = 0.0


_WAYS: dict[str, dict[str, dict[str, int]]] = {
    "incident": {
        "new": {"active": 88, "resolved": 5, "awaiting user": 5, "closed": 2},
        "active": {"resolved": 58, "awaiting user": 16, "awaiting vendor": 7, "awaiting problem": 6,
                   "awaiting evidence": 4, "escalated": 14},
        "awaiting user": {"active": 62, "resolved": 38},
        "awaiting vendor": {"active": 60, "resolved": 40},
        "awaiting problem": {"active": 45, "resolved": 55},
        "awaiting evidence": {"active": 60, "resolved": 40},
        "escalated": {"resolved": 75, "awaiting vendor": 25},
        "resolved": {"closed": 92, "active": 8},
    },
    "request": {
        "new": {"in progress": 55, "awaiting approval": 40, "rejected": 5},
        "in progress": {"fulfilled": 70, "awaiting user": 12, "awaiting vendor": 15, "escalated": 3},
        "awaiting approval": {"in progress": 88, "rejected": 12},
        "awaiting user": {"in progress": 70, "fulfilled": 30},
        "awaiting vendor": {"in progress": 40, "fulfilled": 60},
        "escalated": {"fulfilled": 100},
        "fulfilled": {"closed": 95, "in progress": 5},
    },
    "complaint": {
        "new": {"under review": 96, "rejected": 4},
        "under review": {"resolved": 50, "awaiting user": 25, "awaiting evidence": 12, "escalated": 9, "rejected": 4},
        "awaiting user": {"under review": 70, "resolved": 30},
        "awaiting evidence": {"under review": 100},
        "escalated": {"resolved": 80, "under review": 20},
        "resolved": {"closed": 94, "under review": 6},
    },
}  # fmt: skip
"""How often a case of a kind goes from one status to another."""

_STAY = {
    "new": 0.35, "active": 1.5, "in progress": 2.2, "under review": 2.2, "escalated": 1.6, "awaiting user": 3.0,
    "awaiting vendor": 5.0, "awaiting problem": 8.0, "awaiting evidence": 5.0, "awaiting approval": 2.5,
    "resolved": 4.0, "fulfilled": 4.0,
}  # fmt: skip
"""Working days in a status on average, at medium priority."""

_PACE = {1: 1.6, 2: 1.0, 3: 0.55, 4: 0.25}
_WORKED = frozenset({"active", "in progress", "under review"})
_DONE = frozenset({"resolved", "fulfilled"})
_INSIDE = frozenset({"awaiting vendor", "awaiting problem", "awaiting evidence", "awaiting approval", "escalated"})
"""The notes of these are for colleagues."""
_REMEDIES = {"refund": "refund", "paid": "refund", "payment": "refund", "sent": "replacement", "replace": "replacement"}
"""What the note of a solution speaks of, and the remedy that is."""
_MOST = 14
"""Changes of status; a case that goes round in circles stays where it is."""


def sentence(text: str) -> str:
    """`text` with a capital first letter; the name of a machine (web-03) stays as it is."""
    return text[:1].upper() + text[1:] if text.split(" ", 1)[0].isalpha() else text


class Teller:
    """Tells what happened to a case until now."""

    def __init__(
        self, random: Random, notes: dict[str, list[str]], teams: dict[str, list[str]], office: Office
    ) -> None:
        self._random = random
        self._notes = notes
        self._teams = teams
        self._office = office

    def tell(self, story: Story) -> list[DemoStep]:
        """The steps that lie in the past, in order of time."""
        steps: list[DemoStep] = []
        ways = _WAYS[story.kind]
        slow = 7.0 if self._random.random() < 0.07 else 1.0  # noqa: PLR2004 - some are forgotten for a while
        for _ in range(_MOST):
            if story.status not in ways:
                break
            stay = _STAY[story.status] * _PACE[story.priority] * slow * self._random.uniform(0.2, 1.9)
            steps += self._within(story, stay)
            story.age += stay
            steps += self._change(story, self._next(ways[story.status]))
        return [step for step in steps if step is not None and step.at <= self._office.at(0)]

    def rubbish(self, story: Story) -> list[DemoStep]:
        """Seen by the first one who looks, and thrown away."""
        actor = self._random.choice(self._teams[story.front])
        return [DemoStep(at=self._at(story, story.born * 0.5), actor=actor, deletes=True)]

    def _next(self, ways: dict[str, int]) -> str:
        return self._random.choices(list(ways), list(ways.values()))[0]

    def _at(self, story: Story, age: float) -> datetime:
        return self._office.at(story.born - age)

    def _say(self, kind: str, story: Story) -> str:
        notes = self._notes.get(f"{kind} {story.kind}") or self._notes[kind]
        return sentence(self._random.choice(notes).format_map(story.slots))

    def _within(self, story: Story, stay: float) -> list[DemoStep]:
        """What happens while the case stays in its status: handed on, assigned, noted."""
        if story.status == "new":
            return self._sorted_out(story, stay)
        if story.status in _DONE or self._random.random() > 0.3:  # noqa: PLR2004
            return []
        at = self._at(story, story.age + stay * self._random.uniform(0.2, 0.8))
        return [DemoStep(at=at, actor=self._worker(story), note=self._say("internal", story), is_internal=True)]

    def _sorted_out(self, story: Story, stay: float) -> list[DemoStep]:
        steps = []
        if story.front != story.team:
            at = self._at(story, story.age + stay * 0.4)
            actor = self._random.choice(self._teams[story.front])
            moved, why = {"team": story.team}, f"Belongs to {story.team}."
            steps.append(DemoStep(at=at, actor=actor, changes=moved, note=why, is_internal=True))
        if self._random.random() < 0.6:  # noqa: PLR2004
            story.assignee = self._random.choice(self._teams[story.team])
            at = self._at(story, story.age + stay * 0.7)
            steps.append(DemoStep(at=at, actor=self._teams[story.team][0], changes={"assignee": story.assignee}))
        return steps

    def _worker(self, story: Story) -> str:
        if not story.assignee:
            story.assignee = self._random.choice(self._teams[story.team])
        return story.assignee

    def _change(self, story: Story, target: str) -> list[DemoStep]:
        """The change to `target` with its note, by whoever has the case then."""
        changes: dict[str, Any] = {"status": target}
        if not story.assignee:
            changes["assignee"] = self._worker(story)
        actor, note = self._worker(story), self._note(story, target)
        if target == "escalated":
            story.assignee = changes["assignee"] = self._teams[story.team][0]
            story.priority = changes["priority"] = min(story.priority + 1, 4)
        if story.kind == "complaint" and target == "resolved":
            changes["remedy"] = next((_REMEDIES[word] for word in _REMEDIES if word in story.fix.lower()), "apology")
        story.status = target
        at = self._at(story, story.age)
        return [DemoStep(at=at, actor=actor, changes=changes, note=note, is_internal=target in _INSIDE)]

    def _note(self, story: Story, target: str) -> str:
        if target in _DONE:
            return story.fix
        if target in _WORKED:
            kind = "first" if story.status == "new" else "reopened" if story.status in _DONE else ""
            return self._say(kind, story) if kind else ""
        return self._say(target, story) if target in self._notes else ""
