"""The server stands whatever the OpenAPI document lets one send, and no tenant is ever told anything of another."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import psycopg
import pytest

from casectl.api.app import make_app
from casectl.store.tables import KINDS
from tests.api.conftest import Caller
from tests.api.fuzzing import Plan, Run, fuzz
from tests.conftest import copied
from tests.serve_program import until
from tests.served import Servers, config_of, issue_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from copies import Database

    from casectl.store.cluster import Address

pytestmark = [pytest.mark.slow, pytest.mark.no_cover, pytest.mark.filterwarnings("default")]

TENANTS = ("acme", "globex")
"""Each one's name stands in everything that is its own."""


class Prepared(msgspec.Struct, frozen=True):
    """The served desk, an admin's caller and the ids of what each tenant has."""

    callers: dict[str, Caller]
    ids: dict[str, dict[str, list[str]]]
    document: dict[str, Any]


@pytest.fixture(scope="module")
def prepared(serving: Servers, server: Address, served_template: Database) -> Iterator[Prepared]:
    """Both tenants with something of every kind; acme's ids begin at a million, so that none is also globex's."""
    with copied(server, served_template.name) as made:
        _count_on(made, 1)
        config = config_of(made, server__client_rate="off", server__address_rate="off")
        with serving.serve(make_app(config)) as served:
            callers = {
                name: Caller(served, made, issue_key(made, "admin", tenant_id))
                for tenant_id, name in enumerate(TENANTS, 1)
            }
            document = json.loads(served.ask("GET", "/openapi.json").body)
            yield Prepared(callers, {name: _fill(callers[name], name) for name in TENANTS}, document)


def _count_on(database: Database, tenant_id: int) -> None:
    with psycopg.connect(**database.owner) as owner:
        for name, value in {"tenant": tenant_id, "actor": 0, "operation": "test", "scope": "admin"}.items():
            owner.execute("SELECT set_config('casectl.' || %s, %s, true)", (name, str(value)))
        nouns = ("cases", "notes", "contacts", "users", "teams", "case_types", "api_keys", "clients")
        for counter in (*(f"{noun}.id" for noun in nouns), "job"):
            owner.execute("SELECT take_numbers(%s, 1000000)", (counter,))


def _fill(api: Caller, word: str) -> dict[str, list[str]]:
    """Something of every kind with `word` in every text; ids by the name of the parameter that takes them."""

    def made(path: str, **fields: Any) -> Any:
        answer = api("POST", path, fields)
        assert answer.status == 201, answer.body
        return answer.json

    user = made("/v1/users/", login=f"{word}-ann", full_name=f"Ann of {word}", email=f"ann@{word}.example")
    team = made("/v1/teams/", team=f"{word} network", members=["@me"])
    contact = made("/v1/contacts/", contact=f"Bea of {word} <bea@{word}.example>")
    incident = api("GET", "/v1/types/incident/").json
    kind = api("PUT", f"/v1/types/{word}/", {
        "title": f"What {word} knows", "number_pattern": f"{word.upper()}-{{seq:04}}",
        "lifecycle": incident["lifecycle"],
    }).json  # fmt: skip
    key = made("/v1/keys/", key=f"{word} nightly", rights=["case:read"])
    client = made("/v1/clients/", client=f"{word}-monitoring", rights=["case:read"])
    cases = [
        made(
            "/v1/cases/", title=f"{word} {state}", description=f"all that {word} knows", tags=[word],
            contact=f"bea@{word}.example", external_id=f"{word}-{state}", type=word, is_restricted=state == "secret",
            team=f"{word} network",
        )
        for state in ("open", "secret", "gone", "taken")
    ]  # fmt: skip
    ids = [str(case["id"]) for case in cases]
    for number in ids:
        made(f"/v1/cases/{number}/notes/", content=f"{word} said so")
        made(f"/v1/cases/{number}/notes/", content=f"{word} thinks so", is_internal=True)
    job = made("/v1/jobs/", bulk_update={"cases": ids[:1], "add_tags": [f"{word}-job"]})
    assert api("DELETE", f"/v1/cases/{ids[2]}/").status == 200
    assert api("POST", f"/v1/cases/{ids[3]}/take/").status == 200
    return {
        "case": ids, "cases": ids, "case_ids": ids, "parent": ids, "user": [str(user["id"])],
        "assignee": [str(user["id"])], "assigned_to": [str(user["id"])], "reporter": [str(user["id"])],
        "team": [str(team["id"])], "contact": [str(contact["id"])], "contact_id": [str(contact["id"])],
        "type": [str(kind["id"])], "case_type_id": [str(kind["id"])], "key": [str(key["id"])],
        "client": [str(client["id"])], "job": [str(job["id"])],
    }  # fmt: skip


def _rows_of(prepared: Prepared, server: Address, tenant: str) -> dict[str, str]:
    """A digest of all rows of a tenant by table, but those that every request touches; its jobs end first."""
    _settle(prepared.callers[tenant])
    database = prepared.callers[tenant].database
    digests = {}
    with psycopg.connect(**database.superuser) as root:
        for table in (*KINDS["domain"], *KINDS["record"]):
            statement = psycopg.sql.SQL(
                "SELECT md5(coalesce(string_agg(md5(t::text), '' ORDER BY t::text), '')) FROM {} t WHERE tenant_id = %s"
            ).format(psycopg.sql.Identifier("desk", table))
            row = root.execute(statement, (TENANTS.index(tenant) + 1,)).fetchone()
            assert row is not None
            digests[table] = row[0]
    return digests


def _settle(api: Caller) -> None:
    over = ("done", "failed", "cancelled")
    until(lambda: all(job["state"] in over for job in api("GET", "/v1/jobs/?limit=500").json), 120)


def _plan(prepared: Prepared, tenant: str, *phases: str, seconds: int, examples: int = 1) -> Plan:
    """A run as the admin of a tenant, who is told ids of both."""
    other = TENANTS[1 - TENANTS.index(tenant)]
    references = {name: ids + prepared.ids[other][name] for name, ids in prepared.ids[tenant].items()}
    caller = prepared.callers[tenant]
    return Plan(
        url=caller.served.url, token=caller.token, phases=phases, seconds=seconds, examples=examples, foreign=other,
        references=references,
    )  # fmt: skip


def _fuzz(prepared: Prepared, plan: Plan, least: int) -> None:
    """Run and judge; a slow machine that has not asked so much in time gets more of it."""
    for longer in (1, 4, 16):
        run = fuzz(prepared.document, msgspec.structs.replace(plan, seconds=plan.seconds * longer))
        if run.found or run.requests >= least:
            break
    _judge(run, plan, prepared, least)


def _judge(run: Run, plan: Plan, prepared: Prepared, least: int) -> None:
    assert not run.found, run.told()
    who = prepared.callers["acme"].served.ask("GET", "/v1/whoami/", token=plan.token)
    assert who.status == 200, "the token was lost on the way: what came after it proves nothing"
    assert run.requests >= least, f"only {run.requests} requests: {run.statuses}"
    assert run.statuses.get(200, 0) >= least // 20, f"hardly anything was done: {run.statuses}"


def test_every_edge_of_the_document_as_admin(prepared: Prepared, server: Address) -> None:
    theirs = _rows_of(prepared, server, "globex")
    plan = _plan(prepared, "acme", "examples", "coverage", seconds=28)
    _fuzz(prepared, plan, least=300)
    assert _rows_of(prepared, server, "globex") == theirs


def test_random_requests_as_admin_of_the_other_tenant(prepared: Prepared, server: Address) -> None:
    theirs = _rows_of(prepared, server, "acme")
    plan = _plan(prepared, "globex", "fuzzing", seconds=10, examples=12)
    _fuzz(prepared, plan, least=60)
    assert _rows_of(prepared, server, "acme") == theirs


def test_random_requests_as_reporter(prepared: Prepared, server: Address) -> None:
    theirs = _rows_of(prepared, server, "acme")
    rita = prepared.callers["globex"].as_user("rita", 2)
    plan = msgspec.structs.replace(_plan(prepared, "globex", "fuzzing", seconds=9, examples=4), token=rita.token)
    _fuzz(prepared, plan, least=40)
    assert _rows_of(prepared, server, "acme") == theirs


@pytest.mark.parametrize(
    "place", ["/v1/cases/{case}/", "/v1/users/{user}/", "/v1/teams/{team}/", "/v1/jobs/{job}/", "/v1/keys/{key}/"]
)
def test_not_yours_and_not_there_answer_alike(prepared: Prepared, place: str) -> None:
    name = place.partition("{")[2].partition("}")[0]
    method = "DELETE" if name == "key" else "GET"
    theirs, nobodys = prepared.ids["acme"][name][0], "999999999"
    api = prepared.callers["globex"]
    answers = [api(method, place.replace(f"{{{name}}}", one), X_Request_Id="same") for one in (theirs, nobodys)]
    assert [answer.status for answer in answers] == [404, 404]
    assert answers[0].body.decode().replace(theirs, nobodys) == answers[1].body.decode()
