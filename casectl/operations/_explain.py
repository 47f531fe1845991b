"""The rules that decide about a verb on a case, asked one by one. Only `access explain` imports this module.

Each is the rule that the verb itself asks; the verdict is that of all of them at once, as `_judge` puts them together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from casectl.errors import InvalidInput, Refusal
from casectl.model.access import AccessRule
from casectl.operations._plan import facts_after, in_trash
from casectl.operations._types import category_of
from casectl.operations.note import case_facts
from casectl.rules import lifecycle as law
from casectl.rules import rights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from casectl.model.access import AccessRuleName
    from casectl.operations._judge import Judge

    Ask = Callable[[], str]

OF_THE_TRASH = frozenset({"restore", "purge"})


class Change(msgspec.Struct, frozen=True):
    """What a verb changes of a case, as far as rights depend on it: fields, new assignee, new status."""

    fields: frozenset[str] = frozenset({"title"})
    assignee_id: int | None = None
    target: str = ""


_SCOPES = {
    "own": "sees the cases reported by himself",
    "tenant": "sees all cases but restricted ones that are neither his nor his teams'",
    "admin": "sees all cases of the tenant",
}


def asked(rule: AccessRuleName, ask: Ask) -> AccessRule:
    """What a rule says: its sentence where it holds, else its refusal. What is still to be given is no refusal."""
    try:
        return AccessRule(rule=rule, holds=True, message=ask())
    except InvalidInput as refusal:
        return AccessRule(rule=rule, holds=True, message=f"{refusal.message}, to be given with it")
    except Refusal as refusal:
        return AccessRule(rule=rule, holds=False, message=refusal.message, hint=refusal.hint)


def visibility(held: frozenset[str], *, seen: bool) -> AccessRule:
    """Whether row-level security shows the case, which the database has said."""
    scope = _SCOPES[rights.scope(held)]
    if "case:read" not in held and not seen:
        scope = "sees no case"
    return AccessRule(rule="visibility", holds=seen, message=scope if seen else f"{scope}: not this one")


def given_by(right: str, granted: Mapping[str, Sequence[str]]) -> str:
    """A right with what gives it."""
    return f"{right}, given by {', '.join(granted.get(right, ())) or 'the token'}"


def case_rules(judge: Judge, verb: str, *, target: str, internal: bool, granted: Mapping[str, Sequence[str]]) -> (
    Iterator[AccessRule]
):  # fmt: skip
    """The rules about one case that a verb asks, each for itself."""
    if verb not in OF_THE_TRASH:
        yield asked("trash", lambda: _not_in_trash(judge))
    if verb == "purge":
        return
    if verb == "note":
        yield asked("ownership", lambda: _may_note(judge, internal=internal, granted=granted))
        return
    if is_done_already(judge, verb, target):
        yield AccessRule(rule="state", holds=True, message=f"it is {judge.status_name} already: nothing would change")
        return
    change = _change(judge, verb, target)
    yield asked("ownership", lambda: _may_write(judge, change))
    yield asked("fields", lambda: _may_change(judge, change, granted))
    if target:
        yield asked("lifecycle", lambda: _leads(judge, target))


def _change(judge: Judge, verb: str, target: str) -> Change:
    """What the verb would change; all but these change what `case:update` allows."""
    if verb in ("status", "close", "reopen"):
        return Change(frozenset({"status"}), target=target)
    if verb == "assign":
        return Change(frozenset({"assignee"}))
    if verb == "take":
        return Change(frozenset({"assignee"}), judge.actor.user_id)
    if verb == "escalate" and judge.rise is not None:
        fields = {"assignee" if name == "assignee_id" else name for name in judge.rise.columns}
        status = judge.rise.status or ""
        return Change(
            frozenset(fields | ({"status"} if status else set())), judge.rise.columns.get("assignee_id"), status
        )
    return Change()


def is_done_already(judge: Judge, verb: str, target: str) -> bool:
    """Whether the verb would change nothing, and therefore asks no rule: a change of nothing needs no right."""
    if verb == "close":
        return category_of(judge.row.category) == "closed"
    return verb == "status" and bool(target) and law.status_key(target) == law.status_key(judge.status_name)


def _not_in_trash(judge: Judge) -> str:
    if judge.row.deleted_at is not None:
        raise in_trash(judge.row.number)
    return "the case is not in the trash"


def _facts(judge: Judge) -> rights.CaseFacts:
    return case_facts(judge.unit, judge.case)


def _may_note(judge: Judge, *, internal: bool, granted: Mapping[str, Sequence[str]]) -> str:
    reason = rights.may_note(judge.actor, _facts(judge), internal=internal)
    if reason:
        raise rights.refusal_of(reason)
    right = "note:create_internal" if internal else "note:create"
    return f"may note on it, with {given_by(right, granted)}"


def _takes(judge: Judge, change: Change) -> bool:
    return "assignee" in change.fields and change.assignee_id == judge.actor.user_id


def _may_write(judge: Judge, change: Change) -> str:
    """The rule of assignee and team; whoever takes an unassigned case needs neither."""
    facts, probe = _facts(judge), {"assignee"} if _takes(judge, change) else {"title"}
    rights.check_update(judge.actor, facts, probe, new_assignee_id=change.assignee_id)
    if "case:update_any" in judge.actor.rights:
        return "may change all cases he sees, with case:update_any"
    if facts.assignee_id == judge.actor.user_id:
        return "the case is assigned to him"
    return "the case is his teams'" if facts.team_id in judge.actor.team_ids else "nobody has the case: it may be taken"


def _may_change(judge: Judge, change: Change, granted: Mapping[str, Sequence[str]]) -> str:
    """The rights of single fields, whose case it is being judged apart."""
    facts = _facts(judge)
    own = facts if _takes(judge, change) else msgspec.structs.replace(facts, assignee_id=judge.actor.user_id)
    before = category_of(judge.row.category)
    after = judge.lifecycle_category(change.target) if change.target else before
    rights.check_update(
        judge.actor, own, change.fields, new_assignee_id=change.assignee_id, categories=(before, after)
    )  # fmt: skip
    if change.fields == {"assignee"} and _takes(judge, change):
        return f"takes it, with {given_by('case:take', granted)}"
    needed = {rights.status_right(before, after) if field == "status" else rights.FIELD_RIGHTS.get(field, "case:update")
              for field in change.fields}  # fmt: skip
    told = [given_by(right, granted) for right in sorted(needed & judge.actor.rights)]
    return f"may change {', '.join(sorted(change.fields))}, with {'; '.join(told) or 'case:update_any'}"


def _leads(judge: Judge, target: str) -> str:
    law.check_transition(
        judge.lifecycle, judge.status_name, target, judge.actor.rights, facts_after(judge.row, {})
    )  # fmt: skip
    return f"{judge.status_name} leads to {target}"
