from __future__ import annotations

import msgspec
import pytest

from casectl.errors import InvalidInput, NotAllowed, NotPermitted
from casectl.model.lifecycle import CATEGORIES, EscalationLevel, Lifecycle, LifecycleStatus, Transition
from casectl.rules.lifecycle import allowed_targets, category, check_transition, find_status, map_status, stamps
from casectl.rules.lifecycle_document import MAX_STATUSES, check_lifecycle

INCIDENT = Lifecycle(
    initial="new",
    statuses=[
        LifecycleStatus("new", "new"),
        LifecycleStatus("in progress", "open", "In Progress"),
        LifecycleStatus("awaiting_user", "pending"),
        LifecycleStatus("resolved", "resolved"),
        LifecycleStatus("closed", "closed"),
    ],
    transitions=[
        Transition("new", "in progress"),
        Transition("in progress", "awaiting_user"),
        Transition("*", "resolved", required_fields=["assignee", "field.solution"]),
        Transition("new", "resolved", right="case:close"),
        Transition("resolved", "closed", right="case:close"),
        Transition("closed", "in progress", right="case:reopen"),
    ],
    close_to="closed",
    reopen_to="in progress",
    resolve_to="resolved",
    escalation=[EscalationLevel(status="in progress")],
)


def changed(**fields):
    return msgspec.structs.replace(INCIDENT, **fields)


def test_a_sound_lifecycle_is_accepted():
    check_lifecycle(INCIDENT)
    check_lifecycle(changed(escalation=[EscalationLevel(raise_priority=0)], escalate_to="awaiting_user"))


def test_a_lifecycle_is_read_from_its_document():
    assert msgspec.convert(msgspec.to_builtins(INCIDENT), Lifecycle) == INCIDENT


def statuses(*more):
    return [*INCIDENT.statuses, *more]


def edges(*more):
    return [*INCIDENT.transitions, *more]


@pytest.mark.parametrize(
    ("document", "pointer", "words"),
    [
        (changed(statuses=statuses(LifecycleStatus("Filed", "new"))), "/statuses/5/name", "'Filed' is not allowed"),
        (changed(statuses=statuses(LifecycleStatus("in_progress", "open"))), "/statuses/5/name", "as 'in progress'"),
        (changed(statuses=statuses(LifecycleStatus("x" * 42, "open"))), "/statuses/5/name", "not allowed"),
        (changed(statuses=statuses(LifecycleStatus("on_it", "opne"))), "/statuses/5/category", "category 'opne'"),
        (changed(statuses=statuses(LifecycleStatus("lost", "open"))), "/statuses/5", "cannot be reached"),
        (changed(initial=""), "/initial", "unknown status ''"),
        (changed(initial="nwe"), "/initial", "unknown status 'nwe'"),
        (changed(initial="resolved"), "/initial", "it must be new or open"),
        (changed(close_to="resolved"), "/close_to", "it must be closed"),
        (changed(close_to=""), "/close_to", "unknown status ''"),
        (changed(reopen_to="closed"), "/reopen_to", "it must be new or open or pending or on_hold"),
        (changed(resolve_to="closed"), "/resolve_to", "it must be resolved"),
        (changed(escalate_to="closed"), "/escalate_to", "it must be new or open"),
        (changed(transitions=edges(Transition("gone", "new"))), "/transitions/6/source", "unknown status 'gone'"),
        (changed(transitions=edges(Transition("new", "gone"))), "/transitions/6/target", "unknown status 'gone'"),
        (changed(transitions=edges(Transition("new", "new"))), "/transitions/6", "says nothing"),
        (changed(transitions=edges(Transition("new", "In-Progress"))), "/transitions/6", "there twice"),
        (changed(transitions=edges(Transition("*", "new", "case:clsoe"))), "/transitions/6/right", "case:clsoe"),
        (
            changed(transitions=edges(Transition("*", "new", required_fields=[""]))),
            "/transitions/6/required_fields",
            "without a name",
        ),
        (changed(escalation=[EscalationLevel(status="escalted")]), "/escalation/0/status", "unknown status"),
        (changed(escalation=[EscalationLevel(status="closed")]), "/escalation/0/status", "must be new or open"),
        (changed(escalation=[EscalationLevel(raise_priority=4)]), "/escalation/0/raise_priority", "0 to 3"),
        (changed(escalation=[EscalationLevel(raise_priority=-1)]), "/escalation/0/raise_priority", "0 to 3"),
    ],
)
def test_a_lifecycle_that_could_not_be_lived_is_refused(document, pointer, words):
    with pytest.raises(InvalidInput) as caught:
        check_lifecycle(document)
    assert [problem.pointer for problem in caught.value.problems] == [pointer]
    assert words in caught.value.problems[0].message


def test_all_problems_are_told_at_once():
    document = changed(initial="nwe", close_to="new", transitions=edges(Transition("gone", "lost")))
    with pytest.raises(InvalidInput, match="4 problems") as caught:
        check_lifecycle(document)
    pointers = {problem.pointer for problem in caught.value.problems}
    assert pointers == {"/initial", "/close_to", "/transitions/6/source", "/transitions/6/target"}
    assert next(p.hint for p in caught.value.problems if p.pointer == "/initial") == "did you mean 'new'?"


def test_a_target_of_an_unknown_category_is_reported_where_the_status_stands():
    with pytest.raises(InvalidInput) as caught:
        check_lifecycle(changed(statuses=[LifecycleStatus("new", "nwe"), *INCIDENT.statuses[1:]]))
    assert [problem.pointer for problem in caught.value.problems] == ["/statuses/0/category"]
    assert caught.value.problems[0].allowed == list(CATEGORIES)


@pytest.mark.parametrize("count", [0, MAX_STATUSES + 1])
def test_the_number_of_statuses_has_bounds(count):
    many = [LifecycleStatus(f"s{number}", "open") for number in range(count)]
    with pytest.raises(InvalidInput, match="1 to 100 statuses"):
        check_lifecycle(changed(statuses=many))


@pytest.mark.parametrize(
    ("source", "rights", "targets"),
    [
        ("new", set(), ["in progress"]),
        ("new", {"case:close"}, ["in progress", "resolved"]),
        ("in progress", set(), ["awaiting_user", "resolved"]),
        ("In-Progress", set(), ["awaiting_user", "resolved"]),
        ("resolved", set(), []),
        ("resolved", {"case:close"}, ["closed"]),
        ("removed", set(), ["resolved"]),
    ],
)
def test_allowed_targets(source, rights, targets):
    assert allowed_targets(INCIDENT, source, rights) == targets


def test_a_transition_that_exists_is_allowed():
    check_transition(INCIDENT, "new", "In Progress", set(), {})
    check_transition(INCIDENT, "in progress", "resolved", set(), {"assignee": 7, "field.solution": "restarted"})
    check_transition(INCIDENT, "resolved", "closed", {"case:close"}, {})


def test_nothing_is_asked_of_a_status_that_stays():
    check_transition(INCIDENT, "resolved", "Resolved", set(), {})


def test_an_edge_that_is_missing_names_the_allowed_ones():
    with pytest.raises(NotAllowed, match="that is in progress cannot become closed") as caught:
        check_transition(INCIDENT, "in progress", "closed", {"case:close"}, {})
    assert caught.value.hint == "allowed: awaiting_user, resolved"
    assert caught.value.problems[0].allowed == ["awaiting_user", "resolved"]
    with pytest.raises(NotAllowed) as caught:
        check_transition(INCIDENT, "closed", "new", set(), {})
    assert "no other status" not in caught.value.message
    assert caught.value.hint == "allowed: resolved"


def test_an_edge_that_needs_a_right_names_it():
    with pytest.raises(NotPermitted, match="needs the right case:close") as caught:
        check_transition(INCIDENT, "resolved", "closed", {"case:status"}, {})
    assert caught.value.hint == "no other status is allowed for you"


@pytest.mark.parametrize("empty", [None, "", [], ()])
def test_an_edge_that_needs_fields_names_all_of_them(empty):
    with pytest.raises(InvalidInput, match=r"needs assignee, field\.solution") as caught:
        check_transition(INCIDENT, "in progress", "resolved", set(), {"assignee": empty})
    assert [(problem.pointer, problem.code) for problem in caught.value.problems] == [
        ("/assignee", "required"),
        ("/fields/solution", "required"),
    ]


@pytest.mark.parametrize("name", ["field", "team"])
def test_a_column_is_pointed_at_by_its_name(name):
    lifecycle = changed(transitions=[Transition("*", "closed", required_fields=[name])])
    with pytest.raises(InvalidInput) as caught:
        check_transition(lifecycle, "new", "closed", set(), {})
    assert caught.value.problems[0].pointer == f"/{name}"


@pytest.mark.parametrize("value", [0, False, "x"])
def test_zero_and_no_are_values(value):
    lifecycle = changed(transitions=[Transition("*", "closed", required_fields=["field.a"])])
    check_transition(lifecycle, "new", "closed", set(), {"field.a": value})
    with pytest.raises(InvalidInput):
        check_transition(lifecycle, "new", "closed", set(), {})


@pytest.mark.parametrize(("name", "hint"), [("resolvd", "did you mean 'resolved'?"), ("zzz", "it is one of new, in")])
def test_an_unknown_status_names_near_and_legal_ones(name, hint):
    with pytest.raises(InvalidInput) as caught:
        check_transition(INCIDENT, "new", name, set(), {})
    (problem,) = caught.value.problems
    assert problem.pointer == "/status"
    assert problem.hint.startswith(hint)
    assert problem.allowed == [status.name for status in INCIDENT.statuses]


def test_category_and_title():
    assert category(INCIDENT, "In Progress") == "open"
    assert find_status(INCIDENT, "in_progress").title == "In Progress"
    with pytest.raises(InvalidInput):
        category(INCIDENT, "gone")


COMPLAINT = Lifecycle(
    initial="received",
    statuses=[
        LifecycleStatus("received", "new"),
        LifecycleStatus("filed", "new"),
        LifecycleStatus("waiting", "pending"),
        LifecycleStatus("examined", "resolved"),
        LifecycleStatus("rejected", "resolved"),
        LifecycleStatus("closed", "closed"),
    ],
    transitions=[],
    close_to="closed",
    reopen_to="received",
)


@pytest.mark.parametrize(
    ("status", "mapping", "target"),
    [
        ("closed", {"closed": "filed"}, "closed"),
        ("resolved", {"Resolved": "Rejected"}, "rejected"),
        ("new", {}, "received"),
        ("awaiting_user", {}, "waiting"),
        ("gone", {"gone": "filed"}, "filed"),
    ],
)
def test_a_case_that_changes_its_type_keeps_its_place(status, mapping, target):
    assert map_status(INCIDENT, COMPLAINT, status, mapping) == target


@pytest.mark.parametrize("status", ["resolved", "in progress", "gone"])
def test_a_change_of_type_that_leaves_a_choice_is_refused(status):
    with pytest.raises(NotAllowed, match=f"no status for {status}") as caught:
        map_status(INCIDENT, COMPLAINT, status, {})
    assert caught.value.problems[0].allowed[0] == "received"


def test_a_mapping_to_an_unknown_status_is_refused():
    with pytest.raises(InvalidInput, match="unknown status 'gone'"):
        map_status(INCIDENT, COMPLAINT, "resolved", {"resolved": "gone"})


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", "new", {}),
        ("", "closed", {"resolved_at": "set_if_unset", "closed_at": "set"}),
        ("open", "pending", {}),
        ("open", "resolved", {"resolved_at": "set_if_unset", "closed_at": "clear"}),
        ("resolved", "resolved", {}),
        ("closed", "closed", {}),
        ("on_hold", "closed", {"resolved_at": "set_if_unset", "closed_at": "set"}),
        ("resolved", "closed", {"resolved_at": "set_if_unset", "closed_at": "set"}),
        ("closed", "resolved", {"resolved_at": "set_if_unset", "closed_at": "clear"}),
        ("closed", "open", {"resolved_at": "clear", "closed_at": "clear"}),
        ("resolved", "new", {"resolved_at": "clear", "closed_at": "clear"}),
    ],
)
def test_stamps(before, after, expected):
    assert stamps(before, after) == expected
