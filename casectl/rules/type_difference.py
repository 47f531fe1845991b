"""What differs between two revisions of a case type, and what that means to its open cases. Pure.

Everything above model may import this module. Differences are canonical: their order follows the documents' own
order, values are told as words or as JSON with sorted keys, so that the same two revisions read the same everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from casectl.errors import NotAllowed
from casectl.model.configuration import Difference, TypeDifference, TypeEffect
from casectl.rules.lifecycle import ANY, map_status, status_key
from casectl.rules.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from casectl.model.lifecycle import Lifecycle, Transition

RENAMED = "x-renamed-from"
"""The keyword by which a field of a form says what it was called before."""

_SETTINGS = ("initial", "close_to", "reopen_to", "resolve_to", "escalate_to")
_LISTED = ("properties", "required")


def told(value: Any) -> str:
    """A value of a document in one line: words as they are, all else as canonical JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value, order="sorted").decode()


def _differs(part: Any, what: str, before: Any, after: Any) -> Iterator[TypeDifference]:
    """One difference between two values; None is a value that is not there."""
    if before != after:
        change: Difference = "added" if before is None else "removed" if after is None else "changed"
        yield TypeDifference(part=part, what=what, change=change, before=told(before), after=told(after))


def settings_differ(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[TypeDifference]:
    """The differences between title and number pattern of a type."""
    return [
        one
        for name in ("title", "number_pattern")
        for one in _differs("type", name.replace("_", " "), before[name], after[name])
    ]


def lifecycles_differ(before: Lifecycle, after: Lifecycle) -> list[TypeDifference]:
    """The differences between two lifecycles: settings, statuses, transitions, escalation."""
    return [
        *(one for name in _SETTINGS for one in _setting(name, before, after)),
        *_statuses(before, after),
        *_transitions(before, after),
        *_levels(before, after),
    ]


def _setting(name: str, before: Lifecycle, after: Lifecycle) -> Iterator[TypeDifference]:
    return _differs("lifecycle", name, getattr(before, name) or None, getattr(after, name) or None)


def _statuses(before: Lifecycle, after: Lifecycle) -> Iterator[TypeDifference]:
    old, new = ({status_key(status.name): status for status in one.statuses} for one in (before, after))
    for key in [*old, *(key for key in new if key not in old)]:
        was, now = old.get(key), new.get(key)
        name = was.name if was else new[key].name
        yield from _differs("lifecycle", f"status {name}", was and was.category, now and now.category)
        if was and now:
            yield from _differs("lifecycle", f"status {name}: title", was.title or None, now.title or None)


def edges_of(lifecycle: Lifecycle) -> dict[tuple[str, str], Transition]:
    """The transitions by the keys of their two statuses."""
    return {(status_key(edge.source), status_key(edge.target)): edge for edge in lifecycle.transitions}


def _transitions(before: Lifecycle, after: Lifecycle) -> Iterator[TypeDifference]:
    old, new = edges_of(before), edges_of(after)
    for key in [*old, *(key for key in new if key not in old)]:
        was, now = old.get(key), new.get(key)
        edge = was or new[key]
        what = f"transition {edge.source} → {edge.target}"
        yield from _differs("lifecycle", what, was and _asks(was), now and _asks(now))


def _asks(edge: Transition) -> str:
    """What a transition asks for, in words."""
    asked = [f"right {edge.right}"] if edge.right else []
    return ", ".join([*asked, *edge.required_fields]) or "free"


def _levels(before: Lifecycle, after: Lifecycle) -> Iterator[TypeDifference]:
    for index in range(max(len(before.escalation), len(after.escalation))):
        was, now = (
            msgspec.to_builtins(one.escalation[index]) if index < len(one.escalation) else None
            for one in (before, after)
        )
        yield from _differs("lifecycle", f"escalation level {index + 1}", was, now)


def forms_differ(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[TypeDifference]:
    """The differences between two forms: each keyword of each field, then the rules between them."""
    renamed = renames(before, after)
    found = list(_fields(before, after, renamed))
    for name in [*before, *(name for name in after if name not in before)]:
        if name not in _LISTED:
            found += _differs("form", f"form: {name}", before.get(name), after.get(name))
    return found


def renames(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, str]:
    """The fields that `after` calls otherwise: new name to old one, where the old one is no field any more."""
    old, new = fields_in(before), fields_in(after)
    named = {name: field.get(RENAMED) for name, field in new.items() if isinstance(field, dict)}
    return {name: was for name, was in named.items() if was in old and was not in new and name not in old}


def fields_in(form: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a form as it describes them."""
    return dict(form.get("properties", {}))


def _fields(
    before: Mapping[str, Any], after: Mapping[str, Any], renamed: Mapping[str, str]
) -> Iterator[TypeDifference]:
    old, new = fields_in(before), fields_in(after)
    names = {was: name for name, was in renamed.items()}
    for was in old:
        name = names.get(was, was)
        if name not in new:
            yield TypeDifference(part="form", what=f"field {was}", change="removed", before=told(old[was].get("type")))
            continue
        if name != was:
            yield TypeDifference(part="form", what=f"field {name}", change="renamed", before=was, after=name)
        yield from _keywords(name, old[was], new[name])
        asked = tuple("required" if key in form.get("required", []) else "optional"
                      for key, form in ((was, before), (name, after)))  # fmt: skip
        yield from _differs("form", f"field {name}: required", *asked)
    for name in new:
        if name not in old and name not in renamed:
            asked_of = "required" if name in after.get("required", []) else "optional"
            kind = told(new[name].get("type") or new[name].get("$ref"))
            yield TypeDifference(part="form", what=f"field {name}", change="added", after=f"{kind}, {asked_of}")


def _keywords(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[TypeDifference]:
    for key in [*before, *(key for key in after if key not in before)]:
        if key != RENAMED:
            yield from _differs("form", f"field {name}: {key}", before.get(key), after.get(key))


def summary_of(differences: Sequence[TypeDifference]) -> str:
    """A list of differences in one line: `lifecycle: 2 added, 1 removed; form: 1 changed`."""
    told_parts = []
    for part in ("type", "lifecycle", "form"):
        changes = [one.change for one in differences if one.part == part]
        counts = [f"{changes.count(word)} {word}" for word in ("added", "removed", "renamed", "changed")
                  if word in changes]  # fmt: skip
        told_parts += [f"{part}: {', '.join(counts)}"] if counts else []
    return "; ".join(told_parts)


class OpenCases(msgspec.Struct, frozen=True, kw_only=True):
    """The open cases of a type as effects are reckoned: how many there are, by status, and by the field they hold."""

    total: int
    by_status: Mapping[str, int]
    holding: Mapping[str, int]


def fields_touched(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The fields whose holders have to be counted, old names and new ones."""
    old, new, renamed = fields_in(before), fields_in(after), renames(before, after)
    changed = [name for name in old if old[name] != new.get(name)]
    asked = [name for name in after.get("required", []) if name not in before.get("required", [])]
    return list(dict.fromkeys([*changed, *asked, *(renamed[name] for name in asked if name in renamed)]))


def effects(
    before: tuple[Mapping[str, Any], Lifecycle], after: tuple[Mapping[str, Any], Lifecycle], cases: OpenCases
) -> list[TypeEffect]:
    """What bringing the open cases from one (form, lifecycle) to another means to them; nothing where none are."""
    found = [*_status_effects(before[1], after[1], cases), *_edge_effects(before[1], after[1], cases)]
    found += [*_field_effects(before[0], after[0], cases)]
    return [one for one in found if one.cases]


def _status_effects(before: Lifecycle, after: Lifecycle, cases: OpenCases) -> Iterator[TypeEffect]:
    kept = {status_key(status.name) for status in after.statuses}
    for status, count in cases.by_status.items():
        if status_key(status) in kept:
            continue
        try:
            told_way, remedy = f"they go to {map_status(before, after, status, {})}", ""
        except NotAllowed:
            told_way, remedy = "say where they go", f"--map-status '{status}=STATUS'"
        message = f"{plural(count, 'open case')} in a status that is gone: {told_way}"
        yield TypeEffect(kind="status", what=status, cases=count, message=message, remedy=remedy)


def _edge_effects(before: Lifecycle, after: Lifecycle, cases: OpenCases) -> Iterator[TypeEffect]:
    kept = {status_key(status.name) for status in after.statuses}
    old, new = edges_of(before), edges_of(after)
    for status, count in cases.by_status.items():
        key = status_key(status)
        if key not in kept:
            continue
        for verb, here, there in (("lose", old, new), ("gain", new, old)):
            targets = [
                edge.target
                for (source, target), edge in here.items()
                if source in (key, ANY) and target != key and not {(key, target), (ANY, target)} & there.keys()
            ]
            if targets:
                message = f"{plural(count, 'open case')} in {status} {verb} the way to {', '.join(targets)}"
                yield TypeEffect(kind="transition", what=status, cases=count, message=message)


def _field_effects(before: Mapping[str, Any], after: Mapping[str, Any], cases: OpenCases) -> Iterator[TypeEffect]:
    old, new, renamed = fields_in(before), fields_in(after), renames(before, after)
    is_closed = bool(after) and after.get("additionalProperties") is not True
    for name in old:
        count = cases.holding.get(name, 0)
        if name in renamed.values():
            target = next(key for key, was in renamed.items() if was == name)
            message = f"{plural(count, 'open case')} with {name}, which is called {target}: the values go along"
            yield TypeEffect(kind="field", what=name, cases=count, message=message)
        elif name not in new and is_closed:
            message = f"{plural(count, 'open case')} with {name}, which is gone"
            yield TypeEffect(kind="field", what=name, cases=count, message=message, remedy=f"--drop-field {name}")
        elif name in new and _is_judged_anew(old[name], new[name]):
            message = f"{plural(count, 'open case')} with {name}, whose values are judged anew"
            yield TypeEffect(kind="field", what=name, cases=count, message=message)
    for name in after.get("required", []):
        if name not in before.get("required", []) or name not in old:
            lacking = cases.total - cases.holding.get(name, 0) - cases.holding.get(renamed.get(name, ""), 0)
            message = f"{plural(lacking, 'open case')} without {name}, which is required"
            yield TypeEffect(kind="field", what=name, cases=lacking, message=message, remedy=f"--fill {name}=VALUE")


def _is_judged_anew(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether what a field may hold has changed, not only how it is called or shown."""
    shown = {"title", "description", "default", "examples", "$comment"}
    return any(
        before.get(key) != after.get(key)
        for key in before.keys() | after.keys()
        if key not in shown and not key.startswith("x-")
    )
