"""The histories of whole cases, from the words of a file into the columns of this desk. Only verbs import this module.

A parent in a history may come anywhere in the batch, so parents stay numbers until all lines have been read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from casectl.errors import InvalidInput
from casectl.operations._import_names import contact_named
from casectl.rules import rights
from casectl.rules.export_history import steps_of
from casectl.rules.lifecycle import status_key
from casectl.unit_exchange import ArrivingStep

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from casectl.model.actor import Actor
    from casectl.model.configuration import CaseType
    from casectl.model.export import ExportedCase, ExportedNote
    from casectl.operations._import_names import Names
    from casectl.operations._types import TypeBook
    from casectl.rules.export_history import Step

_PLAIN = ("title", "description", "priority", "tags", "fields", "due_at", "is_restricted", "first_response_at",
          "resolved_at", "closed_at", "deleted_at", "channel", "external_id")  # fmt: skip
"""Columns that are called as the field is and hold what it tells."""


_OPTIONAL = ("assignee_id", "reporter_id", "team_id", "contact_id", "parent_id")


class Histories:
    """Turns the histories of cases into steps."""

    def __init__(self, actor: Actor, names: Names, book: TypeBook, types: Sequence[CaseType], now: datetime) -> None:
        self._actor, self._names, self._book, self._now = actor, names, book, now
        self._types = {status_key(found.name): found for found in types}

    def of(self, case: ExportedCase) -> tuple[list[ArrivingStep], Sequence[ExportedNote]]:
        """The steps of a case, `parent_id` being the parent's number, and its notes. Raises the refusal of the line."""
        told, notes = steps_of(case, self._now)
        kind: dict[str, Any] = {}
        steps = []
        for step in told:
            kind |= {name: step.values[name] for name in ("type", "type_revision") if name in step.values}
            steps.append(ArrivingStep(
                at=step.at, by=self._names.actor(step.actor) or 0, operation=step.operation, note=step.note,
                columns=self._columns(case, step, kind),
            ))  # fmt: skip
        steps[0].columns = dict.fromkeys((*_PLAIN, *_OPTIONAL)) | steps[0].columns
        return steps, notes

    def _columns(self, case: ExportedCase, step: Step, kind: Mapping[str, Any]) -> dict[str, Any]:
        values = step.values
        columns = {name: values[name] for name in _PLAIN if name in values}
        if columns.get("is_restricted"):
            rights.require(self._actor, "case:read_restricted")
        if "type" in values or "type_revision" in values:
            columns["case_type_id"], columns["type_revision"] = self._type(kind["type"], kind["type_revision"])
        if "status" in values:
            columns["status_id"], columns["category"] = self._status(values["status"])
        for name in ("assignee", "reporter"):
            if name in values:
                columns[f"{name}_id"] = self._names.person(values[name])
        if "team" in values:
            columns["team_id"] = self._names.team(values["team"]) if values["team"] else None
        if "contact" in values:
            named = values["contact"]
            columns["contact_id"] = self._names.contact(contact_named(case, named)) if named else None
        if "parent" in values:
            columns["parent_id"] = values["parent"]
        return columns

    def _type(self, name: str, revision: int) -> tuple[int, int]:
        """A type in the revision that the file tells, where the desk has had that many; else in the current one."""
        found = self._types.get(status_key(name))
        if found is None:
            raise InvalidInput(f"its history tells of the case type {name}, which is not there")
        return found.id, revision if 1 <= revision < found.revision else found.revision

    def _status(self, name: str) -> tuple[int, int]:
        if not self._book.knows_status(name):
            raise InvalidInput(f"its history tells of the status {name}, which no case type has")
        status_id = self._book.status_id(name)
        return status_id, self._book.category_id(status_id)


def settled(steps: Sequence[ArrivingStep], parents: Mapping[str, int]) -> list[ArrivingStep]:
    """The steps with the ids of parents by number, one that was not found being none, and without what changes nothing.

    Two names of a file may be one on this desk: a step that then changes nothing is left out, or the versions of the
    case would count a change that the audit does not have.
    """
    kept: list[ArrivingStep] = []
    state: dict[str, Any] = {}
    for step in steps:
        columns = step.columns
        if "parent_id" in columns:
            columns["parent_id"] = parents.get(str(columns["parent_id"]).upper())
        for name in _NAMED & columns.keys():
            if kept and state[name] == columns[name]:
                del columns[name]
        state |= {name: columns[name] for name in _NAMED & columns.keys()}
        if columns or step.note is not None:
            kept.append(step)
    return kept


_NAMED = frozenset({"case_type_id", "type_revision", "status_id", "category", "assignee_id", "reporter_id", "team_id",
                    "contact_id", "parent_id"})  # fmt: skip
"""Columns that hold what the file names, or follow from it."""

_PEOPLE = ("assignee_id", "reporter_id", "team_id", "contact_id")


def people_of(step: ArrivingStep) -> list[int | None]:
    """The ids of those that a step names, provisional ones among them."""
    return [step.by, *(step.columns[name] for name in _PEOPLE if name in step.columns)]


def make_real(step: ArrivingStep, names: Names) -> None:
    """Put the ids of those who were made in the places of provisional ones."""
    step.by = names.real(step.by) or 0
    step.columns |= {name: names.real(step.columns[name]) for name in _PEOPLE if name in step.columns}
