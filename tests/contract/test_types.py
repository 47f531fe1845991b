"""Case types as they are administered: added, changed with a plan, compared, deactivated, their open cases migrated."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from casectl.errors import Conflict, InvalidInput, NotFound, NotPermitted
from casectl.operations.close import Close
from casectl.operations.create import Create
from casectl.operations.history import History
from casectl.operations.lifecycle_check import CheckLifecycle
from casectl.operations.lifecycle_list import ListLifecycles
from casectl.operations.lifecycle_show import ShowLifecycle
from casectl.operations.reopen import Reopen
from casectl.operations.show import Show
from casectl.operations.status import SetStatus
from casectl.operations.type_activate import ActivateType
from casectl.operations.type_add import AddType
from casectl.operations.type_change import ChangeType
from casectl.operations.type_deactivate import DeactivateType
from casectl.operations.type_diff import DiffType
from casectl.operations.type_list import ListTypes
from casectl.operations.type_migrate import MigrateType
from casectl.operations.type_revisions import ListRevisions
from casectl.operations.type_show import ShowType
from casectl.operations.update import Update

LIFECYCLE: dict[str, Any] = {
    "initial": "new",
    "close_to": "done",
    "reopen_to": "new",
    "statuses": [
        {"name": "new", "category": "new"},
        {"name": "doing", "category": "open"},
        {"name": "parked", "category": "on_hold"},
        {"name": "done", "category": "closed"},
    ],
    "transitions": [
        {"source": "new", "target": "doing"},
        {"source": "doing", "target": "parked"},
        {"source": "parked", "target": "doing"},
        {"source": "doing", "target": "done"},
        {"source": "done", "target": "new"},
    ],
}
FORM: dict[str, Any] = {
    "type": "object",
    "properties": {
        "room": {"type": "string"},
        "size": {"type": "string", "enum": ["small", "large"]},
        "colour": {"type": "string"},
    },
}


def without(status: str) -> dict[str, Any]:
    """The lifecycle without one of its statuses."""
    life = deepcopy(LIFECYCLE)
    life["statuses"] = [one for one in life["statuses"] if one["name"] != status]
    life["transitions"] = [one for one in life["transitions"] if status not in one.values()]
    return life


@pytest.fixture
def task(desk: Any) -> Any:
    return desk.perform(
        AddType(type="task", title="Task", number_pattern="T-{seq}", lifecycle=LIFECYCLE, form_schema=FORM)
    )


def opened(desk: Any, *statuses: str, **fields: Any) -> str:
    number: str = desk.perform(Create(title="one", type="task", fields=fields)).number
    for status in statuses:
        desk.perform(SetStatus(case=number, status=status))
    return number


def test_a_type_is_added_once(desk: Any, task: Any) -> None:
    assert (task.name, task.revision, task.is_active) == ("task", 1, True)
    assert desk.perform(Create(title="first", type="task")).number == "T-1"
    with pytest.raises(Conflict, match="there is a type task already") as caught:
        desk.perform(AddType(type="task", title="Other", number_pattern="O-{seq}", lifecycle=LIFECYCLE))
    assert caught.value.hint == "casectl type change task"
    with pytest.raises(NotFound):
        desk.as_user("admin", tenant="globex").perform(ShowType(type="task"))


def test_a_dry_run_adds_nothing(desk: Any) -> None:
    asked = AddType(type="task", title="Task", number_pattern="T-{seq}", lifecycle=LIFECYCLE)
    assert desk.perform(asked, dry_run=True).name == "task"
    with pytest.raises(NotFound):
        desk.perform(ShowType(type="task"))
    made = [desk.perform(asked, idempotency_key="once") for _ in range(2)]
    assert made[0] == made[1]


def test_every_place_of_a_lifecycle_that_is_wrong_is_told(desk: Any) -> None:
    life = deepcopy(LIFECYCLE) | {"starts": "new"}
    del life["initial"]
    life["statuses"][1] = {"name": "doing", "categorie": "open"}
    life["transitions"][0]["target"] = 5
    life["transitions"][1] = "doing → parked"
    with pytest.raises(InvalidInput) as caught:
        desk.perform(AddType(type="task", title="Task", number_pattern="T-{seq}", lifecycle=life))
    told = {problem.pointer: problem for problem in caught.value.problems}
    assert told.keys() == {
        "/lifecycle", "/lifecycle/starts", "/lifecycle/statuses/1", "/lifecycle/statuses/1/categorie",
        "/lifecycle/transitions/0/target", "/lifecycle/transitions/1",
    }  # fmt: skip
    assert told["/lifecycle"].message == "initial is missing"
    assert told["/lifecycle/statuses/1/categorie"].hint == "did you mean 'category'?"


@pytest.mark.parametrize("was", [5, ["room"], "size", "Not A Name", "place"])
def test_what_a_field_was_called_is_the_name_of_none_there_is(desk: Any, was: Any) -> None:
    form = deepcopy(FORM)
    form["properties"]["place"] = {"type": "string", "x-renamed-from": was}
    with pytest.raises(InvalidInput) as caught:
        desk.perform(ChangeType(type="incident", form_schema=form))
    assert "/form_schema/properties/place/x-renamed-from" in {problem.pointer for problem in caught.value.problems}


def test_a_transition_that_nobody_could_take_is_refused(desk: Any) -> None:
    life = deepcopy(LIFECYCLE)
    life["transitions"][3]["required_fields"] = ["field.rom", "assignee"]
    asked = AddType(type="task", title="Task", number_pattern="T-{seq}", lifecycle=life, form_schema=FORM)
    with pytest.raises(InvalidInput, match=r"no case has 'field\.rom'") as caught:
        desk.perform(asked)
    (problem,) = caught.value.problems
    assert problem.pointer == "/lifecycle/transitions/3/required_fields/0"
    assert "field.room" in problem.hint
    desk.perform(AddType(type="task", title="Task", number_pattern="T-{seq}", lifecycle=life))  # any field, no form


def test_a_change_tells_what_it_means_to_open_cases(desk: Any, task: Any) -> None:
    for _ in range(3):
        opened(desk, "doing", "parked", room="12")
    opened(desk, "doing", colour="red")
    desk.perform(Close(case=opened(desk, "doing", colour="blue")))
    form = deepcopy(FORM)
    del form["properties"]["colour"]
    form["properties"]["place"] = form["properties"].pop("room") | {"x-renamed-from": "room"}
    form["required"] = ["size"]
    asked = ChangeType(type="task", lifecycle=without("parked"), form_schema=form)
    planned = desk.perform(asked, dry_run=True)
    assert (planned.revision_before, planned.revision, planned.open_cases, planned.dry_run) == (1, 2, 4, True)
    assert desk.perform(ShowType(type="task")) == task
    told = {(one.change, one.what) for one in planned.differences}
    assert told == {
        ("removed", "status parked"), ("removed", "transition doing → parked"),
        ("removed", "transition parked → doing"), ("removed", "field colour"), ("renamed", "field place"),
        ("changed", "field size: required"),
    }  # fmt: skip
    effects = {(one.kind, one.what): (one.cases, one.remedy) for one in planned.effects}
    assert effects == {
        ("status", "parked"): (3, "--map-status 'parked=STATUS'"),
        ("transition", "doing"): (1, ""),
        ("field", "colour"): (1, "--drop-field colour"),
        ("field", "room"): (3, ""),
        ("field", "size"): (4, "--fill size=VALUE"),
    }
    done = desk.perform(asked)
    assert done == type(done)(**{**_fields(planned), "dry_run": False})


def _fields(noun: Any) -> dict[str, Any]:
    return {name: getattr(noun, name) for name in noun.__struct_fields__}


def test_a_change_of_nothing_makes_no_revision(desk: Any, task: Any) -> None:
    with pytest.raises(InvalidInput, match="nothing to change"):
        desk.perform(ChangeType(type="task"))
    same = desk.perform(ChangeType(type="TASK", lifecycle=LIFECYCLE))
    assert (same.revision_before, same.revision, same.differences, same.effects) == (1, 1, [], [])
    with pytest.raises(NotFound, match="no case type nothing"):
        desk.perform(ChangeType(type="nothing", title="x"))


def test_revisions_and_what_differs_between_them(desk: Any, task: Any) -> None:
    opened(desk)
    desk.perform(ChangeType(type="task", lifecycle=without("parked")))
    desk.perform(ChangeType(type="task", title="Chore"))
    opened(desk)
    found = desk.perform(ListRevisions(type="task"))
    assert [(one.revision, one.is_current, one.actor, one.open_cases) for one in found] == [
        (1, False, "admin", 1), (2, False, "admin", 0), (3, True, "admin", 1),
    ]  # fmt: skip
    assert [one.summary for one in found] == ["made", "lifecycle: 3 removed", "title or numbers only"]
    assert desk.perform(DiffType(type="task")) == []
    told = [(one.change, one.what, one.before, one.after) for one in desk.perform(DiffType(type="task", before=1))]
    assert told == [
        ("removed", "status parked", "on_hold", ""),
        ("removed", "transition doing → parked", "free", ""),
        ("removed", "transition parked → doing", "free", ""),
    ]
    back = [(one.change, one.what) for one in desk.perform(DiffType(type="task", before=2, after=1))]
    assert back[0] == ("added", "status parked")
    with pytest.raises(NotFound, match="no revision 9"):
        desk.perform(DiffType(type="task", before=9))


def test_an_inactive_type_takes_no_new_cases_and_the_others_go_on(desk: Any, task: Any) -> None:
    number = opened(desk)
    assert not desk.perform(DeactivateType(type="task")).is_active
    with pytest.raises(InvalidInput, match="type task takes no new cases"):
        desk.perform(Create(title="late", type="task"))
    other = desk.perform(Create(title="other")).number
    with pytest.raises(InvalidInput, match="type task takes no new cases"):
        desk.perform(Update(case=other, type="task"))
    assert desk.perform(SetStatus(case=number, status="doing")).status.name == "doing"
    desk.perform(Close(case=number))
    desk.perform(Reopen(case=number))
    assert "task" not in [one.name for one in desk.perform(ListTypes())]
    assert "task" in [one.name for one in desk.perform(ListTypes(include_inactive=True))]
    with pytest.raises(Conflict, match="not active") as caught:
        desk.perform(AddType(type="task", title="Task", number_pattern="T-{seq}", lifecycle=LIFECYCLE))
    assert caught.value.hint == "casectl type activate task"
    assert desk.perform(ActivateType(type="task")).is_active
    assert desk.perform(Create(title="late", type="task")).type.name == "task"


def test_where_the_usual_type_is_gone_the_only_other_one_is_taken(desk: Any) -> None:
    for name in ("incident", "complaint"):
        desk.perform(DeactivateType(type=name))
    made = desk.perform(Create(title="x", fields={"justification": "because"}))
    assert made.type.name == "request"


def test_open_cases_are_brought_to_the_new_revision(desk: Any, task: Any) -> None:
    parked, doing, closed = opened(desk, "doing", "parked", room="12"), opened(desk, "doing"), opened(desk, "doing")
    desk.perform(Close(case=closed))
    form = deepcopy(FORM)
    form["properties"]["place"] = form["properties"].pop("room") | {"x-renamed-from": "room"}
    form["required"] = ["size"]
    desk.perform(ChangeType(type="task", lifecycle=without("parked"), form_schema=form))
    tried = desk.perform(MigrateType(type="task", map_status={"parked": "doing"}), dry_run=True)
    assert (tried.changed, tried.refused, tried.total, tried.next) == (0, 2, 2, None)
    assert {one.message for one in tried.outcomes} == {"size is required (--fill size=VALUE)"}
    done = desk.perform(MigrateType(type="task", map_status={"parked": "doing"}, fill={"size": "LARGE"}))
    assert [(one.number, one.result) for one in done.outcomes] == [(parked, "ok"), (doing, "ok")]
    shown = desk.perform(Show(case=parked))
    assert (shown.status.name, shown.status.category, shown.fields) == (
        "doing",
        "open",
        {"place": "12", "size": "large"},
    )
    entry = desk.perform(History(case=parked, newest_first=True))[0]
    assert (entry.operation, entry.actor) == ("type migrate", "admin")
    told = [(one.field, one.before, one.after) for one in entry.changes]
    assert ("type_revision", 1, 2) in told
    assert ("status", "parked", "doing") in told
    assert desk.perform(MigrateType(type="task")).total == 0
    assert [one.open_cases for one in desk.perform(ListRevisions(type="task"))] == [0, 2]
    with pytest.raises(InvalidInput):  # the closed one stays where it was
        desk.perform(Update(case=closed, fields={"place": "3"}))


def test_a_case_that_does_not_fit_is_told_with_its_reason(desk: Any, task: Any) -> None:
    parked, red = opened(desk, "doing", "parked"), opened(desk, "doing", colour="red")
    form = deepcopy(FORM)
    del form["properties"]["colour"]
    life = without("parked")
    life["statuses"].append({"name": "waiting", "category": "on_hold"})
    life["statuses"].append({"name": "sleeping", "category": "on_hold"})
    life["transitions"] += [{"source": "doing", "target": name} for name in ("waiting", "sleeping")]
    desk.perform(ChangeType(type="task", lifecycle=life, form_schema=form))
    done = desk.perform(MigrateType(type="task"))
    told = {one.number: one.message for one in done.outcomes}
    assert told[parked].startswith("needs --map-status 'parked=STATUS', the revision has no such status; one of new,")
    assert told[red] == "unknown field 'colour' (--drop-field colour)"
    assert (done.changed, done.refused) == (0, 2)
    only = desk.perform(MigrateType(type="task", drop_fields=["colour"], query=f"id:{_id(desk, red)}"))
    assert [(one.number, one.result) for one in only.outcomes] == [(red, "ok")]
    assert desk.perform(Show(case=red)).fields == {}


def _id(desk: Any, number: str) -> int:
    found: int = desk.perform(Show(case=number)).id
    return found


def test_options_that_fit_no_case_are_refused_once(desk: Any, task: Any) -> None:
    opened(desk)
    desk.perform(ChangeType(type="task", form_schema=FORM | {"title": "Task"}))
    asked = MigrateType(type="task", map_status={"parkd": "nowhere"}, fill={"size": "huge", "nope": "1"},
                        drop_fields=["room"])  # fmt: skip
    with pytest.raises(InvalidInput) as caught:
        desk.perform(asked)
    assert [problem.pointer for problem in caught.value.problems] == [
        "/map_status/parkd", "/map_status/parkd", "/fill/nope", "/fill/size", "/drop_fields",
    ]  # fmt: skip
    with pytest.raises(NotFound, match="no revision 7"):
        desk.perform(MigrateType(type="task", revision=7))


def test_a_migration_can_be_taken_back(desk: Any, task: Any) -> None:
    number = opened(desk, room="1")
    desk.perform(ChangeType(type="task", form_schema=FORM | {"title": "Task"}))
    assert desk.perform(MigrateType(type="task")).changed == 1
    assert desk.perform(MigrateType(type="task", revision=1)).changed == 1
    assert [one.open_cases for one in desk.perform(ListRevisions(type="task"))] == [1, 0]
    assert desk.perform(Show(case=number)).version == 3


def test_lifecycles_are_shown_with_the_ways_out_of_each_status(desk: Any) -> None:
    life = deepcopy(LIFECYCLE)
    life["transitions"][3] |= {"right": "case:close", "required_fields": ["assignee"]}
    desk.perform(AddType(type="task", title="Task", number_pattern="T-{seq}", lifecycle=life))
    shown = desk.perform(ShowLifecycle(type="task"))
    assert (shown.type, shown.revision, shown.initial, shown.close_to) == ("task", 1, "new", "done")
    assert [(one.name, one.category, one.leads_to) for one in shown.statuses] == [
        ("new", "new", ["doing"]),
        ("doing", "open", ["parked", "done (right case:close, assignee)"]),
        ("parked", "on_hold", ["doing"]),
        ("done", "closed", ["new"]),
    ]
    listed = {one.type: one for one in desk.perform(ListLifecycles())}
    assert listed.keys() == {"complaint", "incident", "request", "task"}
    assert (listed["task"].transitions, listed["task"].statuses) == (5, ["new", "doing", "parked", "done"])
    desk.perform(DeactivateType(type="task"))
    assert "task" not in {one.type for one in desk.perform(ListLifecycles())}
    assert not {one.type: one for one in desk.perform(ListLifecycles(include_inactive=True))}["task"].is_active
    assert "incident" in {one.type for one in desk.as_user("rita").perform(ListLifecycles())}
    with pytest.raises(NotFound):
        desk.perform(ShowLifecycle(type="task", revision=2))


def test_a_lifecycle_is_checked_without_being_kept(desk: Any) -> None:
    checked = desk.perform(CheckLifecycle(lifecycle=LIFECYCLE))
    assert (checked.type, checked.revision, checked.initial) == (None, None, "new")
    with pytest.raises(InvalidInput) as caught:
        desk.perform(CheckLifecycle(lifecycle=LIFECYCLE | {"initial": "nowhere", "close_to": "new"}))
    assert {problem.pointer for problem in caught.value.problems} == {"/lifecycle/initial", "/lifecycle/close_to"}
    other = deepcopy(LIFECYCLE)
    other["statuses"][1] = {"name": "awaiting user", "category": "open"}
    other["transitions"] = [{key: "awaiting user" if value == "doing" else value for key, value in edge.items()}
                            for edge in other["transitions"]]  # fmt: skip
    with pytest.raises(InvalidInput, match="of category pending in another type"):
        desk.perform(CheckLifecycle(lifecycle=other))


@pytest.mark.parametrize("login", ["wanda", "rita", "apic"])
def test_only_who_manages_types_may(desk: Any, login: str) -> None:
    other = desk.as_user(login)
    for verb in (
        AddType(type="x", title="X", number_pattern="X-{seq}", lifecycle=LIFECYCLE),
        ChangeType(type="incident", title="X"), DeactivateType(type="incident"), ActivateType(type="incident"),
        MigrateType(type="incident"),
    ):  # fmt: skip
        with pytest.raises(NotPermitted):
            other.perform(verb)
