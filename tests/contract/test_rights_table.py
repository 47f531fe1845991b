"""Each role against each verb: allowed or refused, as the declarations say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from casectl import registry
from casectl.api.app import make_app
from casectl.errors import NotPermitted, Refusal
from casectl.rules.rights import ANY, RIGHTS, ROLES
from tests.conftest import copied
from tests.contract.conftest import ServedDesk, TestDesk
from tests.served import config_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.served import Servers

ROLE_OF = {"admin": "Tenant Admin", "wanda": "Case Worker", "rita": "Reporter", "apic": "API Client"}
VERBS = registry.load_all()

GIVEN: dict[str, Any] = {
    "case": "INC-1999-00001", "cases": ["INC-1999-00001"], "title": "x", "content": "x", "reason": "x",
    "status": "active", "query": ["x"], "login": "someone", "team": "l9", "user": "nobody", "contact": "a@b.example",
    "number_pattern": "T-{seq}", "lifecycle": {}, "assignee": "@me", "priority": "high", "type": "nothing",
    "source": "log", "run_id": "1", "records": [], "key": "nothing", "client": "nothing", "session": "999999",
    "password": "short", "job": "999999", "bulk_update": {}, "since": "2h", "role": "99999",
    "actor": "@me", "verb": "list",
}  # fmt: skip
"""A value for each field a verb requires; the cases are not there, so that what may be done changes nothing."""


OF_VERB: dict[str, dict[str, Any]] = {"suggest": {"source": "case"}}
"""Values of fields that mean something else than their name elsewhere."""


@pytest.fixture(scope="module", params=["sync", "async", "remote"])
def desk(request: pytest.FixtureRequest, server: Any, remote_template: Any, serving: Servers) -> Iterator[TestDesk]:
    """One database for the whole table: most calls are refused, and the others change nobody's rights."""
    original, tokens = remote_template
    with copied(server, original.name) as made, serving.serve(make_app(config_of(made))) as served:
        behind = ServedDesk(served.url, made, dict(tokens)) if request.param == "remote" else None
        one = TestDesk(made.app, "admin", "acme", request.param, behind)
        yield one
        one.close()


def call_of(verb: Any) -> Any:
    from msgspec.structs import fields

    given = GIVEN | OF_VERB.get(verb.name, {})
    return verb(**{field.name: given[field.name] for field in fields(verb) if field.required})


def refusal_of(actor: Any, operation: Any) -> str:
    """What the desk says when it refuses, '' when it does not."""
    try:
        actor.perform(operation)
    except Refusal as refusal:
        return refusal.message
    return ""


@pytest.mark.parametrize("login", sorted(ROLE_OF))
@pytest.mark.parametrize("name", sorted(VERBS))
def test_the_right_that_a_verb_declares_decides(desk: Any, name: str, login: str) -> None:
    verb = VERBS[name]
    actor = desk.as_user(login)
    if verb.right in ROLES[ROLE_OF[login]] or (verb.right == ANY and ROLES[ROLE_OF[login]]):
        # What one case or field needs on top may still be refused, never the verb itself.
        assert f"the right {verb.right} is missing" not in refusal_of(actor, call_of(verb))
        return
    with pytest.raises(NotPermitted) as caught:
        actor.perform(call_of(verb))
    if verb.right == ANY:
        assert caught.value.message == f"{login} has no right at all"
    else:
        assert caught.value.message == f"{login} may not {RIGHTS[verb.right]}: the right {verb.right} is missing"


def test_every_verb_declares_a_known_right() -> None:
    assert {verb.right for verb in VERBS.values()} <= {*RIGHTS, ANY}


def test_an_api_client_without_rights_may_do_nothing(desk: Any) -> None:
    refused = 0
    for verb in VERBS.values():
        with pytest.raises(NotPermitted):
            desk.as_user("apic").perform(call_of(verb))
        refused += 1
    assert refused == len(VERBS)
