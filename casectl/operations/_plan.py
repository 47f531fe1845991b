"""The plan of a change: which columns of a case get which values, judged by all rules. Pure; only verbs import it.

One plan serves one case and a thousand: `update` is the only verb that writes case columns, all others wish through it
(DECISIONS 4). A refused part refuses all of a case's change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from casectl.errors import InvalidInput, NotAllowed, NotPermitted, Problem
from casectl.model.lifecycle import CATEGORIES
from casectl.operations._types import category_number, category_of
from casectl.rules import case_input, forms, rights
from casectl.rules import lifecycle as law

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from casectl.model.actor import Actor
    from casectl.operations._types import LoadedType, TypeBook
    from casectl.operations._wishes import Target
    from casectl.unit import CaseRow

_FIELD_OF = {
    "assignee_id": "assignee", "team_id": "team", "reporter_id": "reporter", "contact_id": "contact",
    "parent_id": "parent", "status_id": "status", "case_type_id": "type", "due_at": "due",
}  # fmt: skip
"""Columns and the fields of the verbs that set them."""

_CONSEQUENCES = frozenset({"category", "type_revision", "resolved_at", "closed_at"})
"""Columns that follow from others and need no right of their own."""


def plan_change(
    actor: Actor, row: CaseRow, target: Target, book: TypeBook | None, now: datetime | None
) -> dict[str, Any]:
    """The columns that change and their values; empty when nothing would.

    `book` may be None unless `target.needs_types`, `now` unless the status, the type or the trash may change. Raises
    NotPermitted, NotAllowed or InvalidInput, and then nothing of it may be written.
    """
    if row.deleted_at is not None and target.is_deleted is not False:
        raise in_trash(row.number)
    after = dict(target.columns)
    if target.is_deleted is not None:
        after["deleted_at"] = now if target.is_deleted else None
    if target.tags is not None or target.add_tags or target.remove_tags:
        base = row.tags if target.tags is None else target.tags
        after["tags"] = case_input.merged_tags(base, target.add_tags, target.remove_tags)
    if book is not None and target.needs_types:
        after |= _typed(row, target, book)
    changed = {name: value for name, value in after.items() if getattr(row, name) != value}
    if changed:
        _check_rights(actor, row, changed)
        if book is not None and target.needs_types:
            _check_state(actor, row, target, book, changed)
    if "category" in changed and now is not None:
        changed |= _stamped(row, changed["category"], now)
    return changed


def in_trash(number: str) -> NotAllowed:
    """The refusal of any change to a deleted case."""
    return NotAllowed(f"{number} is in the trash", hint=f"casectl restore {number}")


def _typed(row: CaseRow, target: Target, book: TypeBook) -> dict[str, Any]:
    """Type, status and form fields after the change, as far as they are wished."""
    before, after = book.type_of(row), target.type or book.type_of(row)
    columns: dict[str, Any] = {}
    if target.type is not None and (target.renews or target.type.id != row.case_type_id):
        columns |= {"case_type_id": after.id, "type_revision": after.revision}
    elif target.type is not None:
        after = before
    if target.status is not None or after is not before:
        status = _status_after(row, target, book, before, after)
        columns["status_id"] = book.status_id(status)
        columns["category"] = category_number(after.status(status).category)
    if target.fields:
        columns["fields"] = merged_fields(after.form, row.fields, target.fields)
    return columns


def _status_after(row: CaseRow, target: Target, book: TypeBook, before: LoadedType, after: LoadedType) -> str:
    current = book.status_of(row)
    if target.status is not None:
        return after.status(target.status).name
    if after is before:
        return current
    return law.map_status(before.lifecycle, after.lifecycle, current, target.status_map)


def merged_fields(form: Mapping[str, Any], before: Mapping[str, Any], wished: Mapping[str, Any]) -> dict[str, Any]:
    """Form values after a change; text is read by the type of its field, None takes a value away."""
    merged = dict(before)
    problems: list[Problem] = []
    for key, value in wished.items():
        try:
            merged[key] = forms.from_text(form, key, value) if isinstance(value, str) else value
        except InvalidInput as refusal:
            problems += refusal.problems
    case_input.refuse_all(problems)
    return {key: value for key, value in merged.items() if value is not None}


def _check_rights(actor: Actor, row: CaseRow, changed: Mapping[str, Any]) -> None:
    facts = rights.CaseFacts(assignee_id=row.assignee_id, team_id=row.team_id, reporter_id=row.reporter_id)
    fields = {_FIELD_OF.get(name, name) for name in changed.keys() - _CONSEQUENCES}
    categories = (category_of(row.category), category_of(changed.get("category", row.category)))
    try:
        rights.check_update(actor, facts, fields, new_assignee_id=changed.get("assignee_id"), categories=categories)
    except NotPermitted as refusal:
        hint = spelled_out(refusal.hint, row.number)
        raise NotPermitted(refusal.message, hint=hint, problems=refusal.problems) from None


def not_permitted(reason: rights.Reason, number: str) -> NotPermitted:
    """The refusal that a rule's reason stands for."""
    return NotPermitted(reason.message, hint=spelled_out(reason.hint, number))


def spelled_out(hint: str, number: str) -> str:
    """The hint of a rule with the command to run, where there is one."""
    return f"take it first: casectl take {number}" if hint == "take it first" else hint


def _check_state(actor: Actor, row: CaseRow, target: Target, book: TypeBook, changed: Mapping[str, Any]) -> None:
    """Form and transition, the problems of both at once."""
    changes_type = not changed.keys().isdisjoint(("case_type_id", "type_revision"))
    loaded = target.type if changes_type and target.type else book.type_of(row)
    problems: list[Problem] = []
    if "fields" in changed or changes_type:
        problems += loaded.form_problems(changed.get("fields", row.fields))
    source = _mapped(row, book, loaded) if changes_type else book.status_of(row)
    if target.status is not None and source is not None and "status_id" in changed:
        wanted = loaded.status(target.status).name
        try:
            loaded.check_transition(source, wanted, actor.rights, lambda: facts_after(row, changed))
        except InvalidInput as refusal:
            problems += refusal.problems
    case_input.refuse_all(problems)


def _mapped(row: CaseRow, book: TypeBook, after: LoadedType) -> str | None:
    """Where the change of type alone leads; None where the wished status has to say it."""
    try:
        return law.map_status(book.type_of(row).lifecycle, after.lifecycle, book.status_of(row), {})
    except NotAllowed:
        return None


def facts_after(row: CaseRow, changed: Mapping[str, Any]) -> dict[str, object]:
    """What a transition may require, after the change: columns by name and field, form fields as `field.NAME`."""
    columns = {name: changed.get(name, getattr(row, name)) for name in row.__struct_fields__}
    named = {_FIELD_OF[name]: value for name, value in columns.items() if name in _FIELD_OF}
    form = {f"field.{key}": value for key, value in columns["fields"].items()}
    return columns | named | form


def _stamped(row: CaseRow, category: int, now: datetime) -> dict[str, Any]:
    """What the change of category does to `resolved_at` and `closed_at`."""
    columns: dict[str, Any] = {}
    for name, stamp in law.stamps(category_of(row.category), CATEGORIES[category - 1]).items():
        before = getattr(row, name)
        value = {"set": now, "clear": None, "set_if_unset": before or now}[stamp]
        if value != before:
            columns[name] = value
    return columns
