"""Whatever lifecycle is written: it is accepted when it can be lived, else every flaw is told with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from lifecycle_documents import EDGE_RIGHTS, FIELDS, edge_between, flawed, is_sound, key, sound

from casectl.errors import InvalidInput, NotAllowed, NotPermitted, Refusal
from casectl.model.lifecycle import Lifecycle
from casectl.rules.lifecycle import allowed_targets, check_transition, map_status
from casectl.rules.lifecycle_document import check_lifecycle

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.no_cover
"""What is run here many times is measured where it runs once."""

BOUNDED = settings(derandomize=True, deadline=None, database=None, max_examples=60)


def found(document: Any, pointer: str) -> bool:
    """Whether a JSON pointer leads to something, or to a place where something is missing."""
    *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]] or [""]
    for part in parents:
        document = document[int(part)] if isinstance(document, list) else document[part]
    return isinstance(document, dict) or not last or (isinstance(document, list) and int(last) < len(document))


def refusal_of(call: Callable[[], object]) -> Refusal | None:
    """How a call was refused, None when it was not."""
    try:
        call()
    except Refusal as refusal:
        return refusal
    return None


@BOUNDED
@given(sound())
def test_the_oracle_takes_what_it_makes(document: dict[str, Any]) -> None:
    """The generator of sound documents and the oracle agree: neither is too strict."""
    assert is_sound(document)


@BOUNDED
@given(sound() | flawed() | flawed())
def test_a_lifecycle_is_accepted_or_explained(document: dict[str, Any]) -> None:
    refusal = refusal_of(lambda: check_lifecycle(msgspec.convert(document, Lifecycle)))
    event("accepted" if refusal is None else "refused")
    assert (refusal is None) == is_sound(document)
    for problem in refusal.problems if refusal else ():
        assert problem.message
        assert problem.code == "lifecycle"
        assert found(document, problem.pointer), problem.pointer
    assert refusal is None or refusal.problems


@BOUNDED
@given(sound(), st.data())
def test_a_transition_is_allowed_exactly_along_an_edge(document: dict[str, Any], data: st.DataObject) -> None:
    lifecycle = msgspec.convert(document, Lifecycle)
    names = [status["name"] for status in document["statuses"]]
    source, target = data.draw(st.sampled_from(names)), data.draw(st.sampled_from(names))
    rights = data.draw(st.frozensets(st.sampled_from([right for right in EDGE_RIGHTS if right])))
    filled = data.draw(st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(["x", 0, False, None, "", []])))
    edge = edge_between(document, source, target)
    written = data.draw(st.sampled_from([target, target.upper(), target.replace(" ", "_"), f" {target} "]))
    allowed = edge is not None and (not edge["right"] or edge["right"] in rights)
    empty = [name for name in (edge or {}).get("required_fields", []) if filled.get(name) in (None, "", [])]
    refusal = refusal_of(lambda: check_transition(lifecycle, source, written, rights, filled))
    if key(source) == key(target) or (allowed and not empty):
        assert refusal is None
    elif edge is None:
        assert isinstance(refusal, NotAllowed)
        assert refusal.problems[0].allowed == allowed_targets(lifecycle, source, rights)
    elif not allowed:
        assert isinstance(refusal, NotPermitted)
        assert edge["right"] in refusal.message
    else:
        assert isinstance(refusal, InvalidInput)
        assert len(refusal.problems) == len(empty)
    assert (target in allowed_targets(lifecycle, source, rights)) == (allowed and source != target)


@BOUNDED
@given(sound(), sound(prefix="n "), st.data())
def test_a_change_of_type_ends_in_a_status_or_a_question(
    before: dict[str, Any], after: dict[str, Any], data: st.DataObject
) -> None:
    """A status of the new type with the same name or of the same category; else all of them are told."""
    status = data.draw(st.sampled_from(before["statuses"]))
    names = [one["name"] for one in after["statuses"]]
    old, new = msgspec.convert(before, Lifecycle), msgspec.convert(after, Lifecycle)
    refusal = refusal_of(lambda: map_status(old, new, status["name"], {}))
    if refusal is None:
        mapped = map_status(old, new, status["name"], {})
        assert mapped in names
        assert map_status(new, new, mapped, {}) == mapped
        return
    assert isinstance(refusal, NotAllowed)
    assert refusal.problems[0].allowed == names
    assert len([one for one in after["statuses"] if one["category"] == status["category"]]) != 1
