"""Every lifecycle that is accepted works on the desk: cases begin in its initial status, and go along its edges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from casectl.desk.identity import Identity
from casectl.desk.local import LocalDesk
from casectl.errors import InvalidInput, NotAllowed, NotPermitted, Refusal
from casectl.operations.actions import Actions
from casectl.operations.close import Close
from casectl.operations.create import Create
from casectl.operations.escalate import Escalate
from casectl.operations.reopen import Reopen
from casectl.operations.show import Show
from casectl.operations.status import SetStatus
from casectl.operations.type_set import SetType
from casectl.operations.type_show import ShowType
from casectl.rules.rights import ROLES, status_right
from tests.conftest import copied
from tests.contract.conftest import contract_template
from tests.rules.lifecycle_documents import edge_between, sound

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["contract_template"]

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]

BOUNDED = settings(
    derandomize=True, deadline=None, database=None, max_examples=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
FORM = {
    "type": "object",
    "properties": {"size": {"type": "integer", "minimum": 0}, "note": {"type": "string", "maxLength": 20}},
}
PEOPLE = {"admin": "Tenant Admin", "wanda": "Case Worker"}


@pytest.fixture(scope="module")
def desks(server: Any, contract_template: Any) -> Iterator[dict[str, LocalDesk]]:
    with copied(server, contract_template.name) as database:
        made = {
            login: LocalDesk(lambda: psycopg.connect(**database.app), Identity(tenant="acme", login=login))
            for login in PEOPLE
        }
        yield made
        for desk in made.values():
            desk.close()


class Types:
    """Gives every example a type and statuses of its own: a status means one category in the whole tenant."""

    made = 0

    @classmethod
    def set(cls, desk: LocalDesk, document: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """The name of a new type, and its lifecycle with the names of its statuses."""
        cls.made += 1
        name = f"kind{cls.made}"
        renamed = _renamed(document, f"k{cls.made} ")
        desk.perform(SetType(type=name, title=name, number_pattern=f"K{cls.made}-{{seq}}", form_schema=FORM,
                             lifecycle=renamed))  # fmt: skip
        return name, renamed


def _renamed(node: Any, prefix: str, under: str = "") -> Any:
    """The document with a prefix before each status."""
    if isinstance(node, dict):
        return {name: _renamed(value, prefix, name) for name, value in node.items()}
    if isinstance(node, list) and under not in ("required_fields", "notify"):
        return [_renamed(item, prefix, under) for item in node]
    status = under in ("name", "source", "target", "initial", "status") or under.endswith("_to")
    return prefix + node if status and node not in ("", "*") else node


def refusal_of(desk: LocalDesk, verb: Any) -> Refusal | None:
    """How a verb was refused, None when it was not."""
    try:
        desk.perform(verb)
    except Refusal as refusal:
        return refusal
    return None


def expected(document: dict[str, Any], case: Any, target: str, login: str, fields: dict[str, Any]) -> type | None:
    """How the change of status must end: None when it happens, else the class of the refusal."""
    rights = ROLES[PEOPLE[login]]
    categories = {one["name"]: one["category"] for one in document["statuses"]}
    source = case.status.name
    if source == target:
        return None
    edge = edge_between(document, source, target)
    if status_right(categories[source], categories[target]) not in rights:
        return NotPermitted
    if edge is None:
        return NotAllowed
    if edge["right"] and edge["right"] not in rights:
        return NotPermitted
    filled = {"assignee": case.assignee, "team": case.team, "due": case.due_at}
    filled |= {f"field.{name}": value for name, value in {**case.fields, **fields}.items()}
    return InvalidInput if any(filled.get(name) is None for name in edge["required_fields"]) else None


@BOUNDED
@given(document=sound(), login=st.sampled_from(sorted(PEOPLE)), data=st.data())
def test_an_accepted_lifecycle_is_lived(
    desks: dict[str, LocalDesk], document: dict[str, Any], login: str, data: st.DataObject
) -> None:
    name, document = Types.set(desks["admin"], document)
    assert desks["admin"].perform(ShowType(type=name)).lifecycle["initial"] == document["initial"]
    desk, statuses = desks[login], [one["name"] for one in document["statuses"]]
    case = desks["admin"].perform(Create(title="x", type=name, assignee="wanda"))
    assert case.status.name == document["initial"]
    for _ in range(6):
        target = data.draw(st.sampled_from(statuses))
        fields = data.draw(st.sampled_from([{}, {"size": 0}, {"note": "ok"}, {"size": 3, "note": "ok"}]))
        told = {one.name: one for one in desk.perform(Actions(case=case.number))}
        wanted = expected(document, case, target, login, fields)
        refusal = refusal_of(desk, SetStatus(case=case.number, status=target, fields=fields))
        after = desks["admin"].perform(Show(case=case.number, notes=0))
        event("moved" if refusal is None else type(refusal).__name__)
        assert (type(refusal) if refusal else None) is wanted, refusal
        if target != case.status.name:
            assert told[f"status {target}"].possible == (wanted in (None, InvalidInput))
        assert after.status.name == (case.status.name if refusal else target)
        assert after.version == case.version or refusal is None
        case = after


@BOUNDED
@given(document=sound(), data=st.data())
def test_the_verbs_of_an_accepted_lifecycle_end_where_it_says(
    desks: dict[str, LocalDesk], document: dict[str, Any], data: st.DataObject
) -> None:
    """Closing, reopening and escalating take the lifecycle's own targets, or say which edge or field is missing."""
    name, document = Types.set(desks["admin"], document)
    desk = desks["admin"]
    case = desk.perform(Create(title="x", type=name))
    for _ in range(5):
        verb, target = data.draw(st.sampled_from([
            (Close(case=case.number), document["close_to"]), (Reopen(case=case.number), document["reopen_to"]),
            (Escalate(case=case.number, reason="now"), None),
        ]))  # fmt: skip
        refusal = refusal_of(desk, verb)
        case = desk.perform(Show(case=case.number, notes=0))
        assert refusal is None or (isinstance(refusal, NotAllowed | InvalidInput) and refusal.message)
        assert refusal is not None or target in (None, case.status.name)
        assert case.status.name in {one["name"] for one in document["statuses"]}
