"""Random lifecycle documents within the grammar, sound ones and ones with a flaw, and an oracle of both."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from casectl.model.lifecycle import ACTIVE, CATEGORIES
from casectl.rules.rights import RIGHTS

NAMES = ["a", "b c", "b-c2", "dd_d", "e1", "waiting for parts", "z"]
FIELDS = ["assignee", "team", "due", "field.size", "field.note"]
"""What an edge may require; the last two are fields of the form that the cases have."""
PLACES = ["initial", "close_to", "reopen_to", "escalate_to", "resolve_to", "name", "category", "source", "target",
          "right", "fields", "level", "cut", "again"]  # fmt: skip
"""Where a careless edit may hit."""
EDGE_RIGHTS = ["", "", "", "case:close", "case:purge", "type:manage"]


def key(name: str) -> str:
    """Names that a person would take for the same."""
    return name.strip().casefold().replace(" ", "_").replace("-", "_")


@st.composite
def sound(draw: st.DrawFn, prefix: str = "") -> dict[str, Any]:
    """A lifecycle that can be lived: one status of each kind that the verbs need, and a way to each."""
    names = [prefix + name for name in draw(st.permutations(NAMES))[: draw(st.integers(3, len(NAMES)))]]
    categories = ["new", "closed", draw(st.sampled_from(sorted(ACTIVE)))]
    categories += [draw(st.sampled_from(CATEGORIES)) for _ in names[3:]]
    statuses = [{"name": name, "category": category} for name, category in zip(names, categories, strict=True)]
    edges = draw(st.dictionaries(st.tuples(st.sampled_from([*names, "*"]), st.sampled_from(names)), edge_parts(),
                                 max_size=12))  # fmt: skip
    for at, name in enumerate(names[1:]):
        if draw(st.booleans()):
            edges[draw(st.sampled_from([*names[: at + 1], "*"])), name] = draw(edge_parts())
        else:
            edges.setdefault((names[0], name), draw(edge_parts()))
    active = [name for name, category in zip(names, categories, strict=True) if category in ACTIVE]
    resolved = [name for name, category in zip(names, categories, strict=True) if category == "resolved"]
    return {
        "initial": names[0], "statuses": statuses,
        "transitions": [{"source": source, "target": target, **parts} for (source, target), parts in edges.items()
                        if source != target],
        "close_to": names[1], "reopen_to": draw(st.sampled_from(active)),
        "escalate_to": draw(st.sampled_from(["", *active])), "resolve_to": draw(st.sampled_from(["", *resolved])),
        "escalation": draw(st.lists(st.fixed_dictionaries({
            "status": st.sampled_from(["", *active]), "raise_priority": st.integers(0, 3),
            "assign_lead": st.booleans(), "notify": st.just([])}), max_size=2)),
    }  # fmt: skip


def edge_parts() -> st.SearchStrategy[dict[str, Any]]:
    """What an edge asks for."""
    fields = st.lists(st.sampled_from(FIELDS), max_size=2, unique=True)
    return st.fixed_dictionaries({"right": st.sampled_from(EDGE_RIGHTS), "required_fields": fields})


@st.composite
def flawed(draw: st.DrawFn) -> dict[str, Any]:
    """A sound document after up to three careless edits; some of them do no harm."""
    document = draw(sound())
    words = st.sampled_from(["", "*", "a", "A", "b_c", "nowhere", "x" * 50, "new", "closed", "9", "é", "a\n"])
    for _ in range(draw(st.integers(1, 3))):
        where = draw(st.sampled_from(PLACES))
        word = draw(words)
        statuses, edges = document["statuses"], document["transitions"]
        if where in document:
            document[where] = word
        elif where in ("name", "category") and statuses:
            draw(st.sampled_from(statuses))[where] = word
        elif where in ("source", "target", "right") and edges:
            draw(st.sampled_from(edges))[where] = word
        elif where == "fields" and edges:
            draw(st.sampled_from(edges))["required_fields"] = [word]
        elif where == "level":
            document["escalation"] = [{"status": word, "raise_priority": draw(st.integers(-1, 5))}]
        elif where == "cut":
            kept = draw(st.integers(0, len(statuses)))
            document |= {"statuses": statuses[:kept], "transitions": edges[: draw(st.integers(0, len(edges)))]}
        elif where == "again" and edges:
            edges.append(dict(edges[0]))
    return document


def is_sound(document: dict[str, Any]) -> bool:
    """Whether cases can live by it: said once more, from the manual's side."""
    statuses, edges = document["statuses"], document["transitions"]
    known = {key(one["name"]): one["category"] for one in statuses}
    simple = all(
        one["name"][:1].isascii() and one["name"][:1].isalpha() and one["name"].islower() and len(one["name"]) <= 41
        and all(letter.isascii() and (letter.isalnum() or letter in "_- ") for letter in one["name"])
        and one["category"] in CATEGORIES
        for one in statuses
    )  # fmt: skip
    pairs = [(key(edge["source"]), key(edge["target"])) for edge in edges]
    linked = all(
        (edge["source"] == "*" or key(edge["source"]) in known) and key(edge["target"]) in known
        and (not edge["right"] or edge["right"] in RIGHTS) and all(edge["required_fields"])
        for edge in edges
    )  # fmt: skip
    targets = [("initial", {"new", "open"}), ("close_to", {"closed"}), ("reopen_to", ACTIVE)]
    targets += [(name, kinds) for name, kinds in (("escalate_to", ACTIVE), ("resolve_to", {"resolved"}))
                if document[name]]  # fmt: skip
    led = all(known.get(key(document[name])) in kinds for name, kinds in targets)
    raised = all((not level["status"] or known.get(key(level["status"])) in ACTIVE)
                 and 0 <= level.get("raise_priority", 1) <= 3 for level in document["escalation"])  # fmt: skip
    reached = {key(document["initial"])}
    for _ in statuses:
        reached |= {target for source, target in pairs if source in reached or source == "*"}
    return (
        simple and linked and led and raised and len(known) == len(statuses) > 0 and set(known) <= reached
        and len(set(pairs)) == len(pairs) and all(source != target for source, target in pairs)
    )  # fmt: skip


def edge_between(document: dict[str, Any], source: str, target: str) -> dict[str, Any] | None:
    """The edge that a change takes: one that names the source goes before `*`."""
    found = [edge for edge in document["transitions"] if key(edge["target"]) == key(target)]
    named = [edge for edge in found if key(edge["source"]) == key(source)]
    wild = [edge for edge in found if edge["source"] == "*"]
    return (named or wild or [None])[0]
