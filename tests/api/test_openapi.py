"""The OpenAPI document: valid, the same as what the router does, with examples that fit; and the page made of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest

from casectl import registry
from casectl.api import openapi
from casectl.api.aliases import ALIASES, FILTERS, NESTED
from casectl.api.docs_page import inline, page, prose
from casectl.api.docs_style import STYLE
from casectl.api.openapi_examples import QUERIES, REQUESTS
from casectl.api.routes import verb_routes
from casectl.rules.rights import ANY, RIGHTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.api.conftest import Caller

DOCUMENT: dict[str, Any] = json.loads(openapi.document_bytes())
SUMMARY = Path(__file__).parent / "pins/openapi.txt"


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


OPERATIONS = {operation["operationId"]: (method, path, operation) for method, path, operation in operations()}


def schema_of(schema: dict[str, Any]) -> Any:
    """A validator of a part of the document."""
    return jsonschema_rs.validator_for(schema | {"components": DOCUMENT["components"]})


def test_the_document_is_valid_openapi_3_1() -> None:
    program = (
        "import json, sys; from openapi_spec_validator import OpenAPIV31SpecValidator;"
        "sys.exit('\\n'.join(str(e)[:500] for e in OpenAPIV31SpecValidator(json.load(sys.stdin)).iter_errors()) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=openapi.document_bytes(), capture_output=True, timeout=300
    )
    assert done.returncode == 0, done.stderr.decode()


def test_the_document_is_the_same_bytes_in_every_process() -> None:
    program = "import sys; from casectl.api import openapi; sys.stdout.buffer.write(openapi.document_bytes())"
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            timeout=300,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        assert done.stdout == openapi.document_bytes(), done.stderr.decode()


def test_every_route_of_a_verb_is_described_and_no_other() -> None:
    served = {(route.method, route.template) for route in verb_routes()}
    described = {(method, path) for method, path, _ in operations() if path.startswith("/v1/")}
    assert described == served


def test_every_described_path_is_served_with_and_without_slash(shared_api: Caller) -> None:
    for method, path, _ in operations():
        filled = re.sub(r"\{\w+\}", "1", path)
        for target in {filled, filled.rstrip("/")}:
            answer = shared_api("OPTIONS" if path.startswith("/v1/") else "TRACE", target)
            assert answer.status in (204, 405), (target, answer.status)
            assert method in answer.headers["allow"], target


def test_what_is_served_beside_the_verbs_is_described(shared_api: Caller) -> None:
    described = {path for _, path, _ in operations()}
    served = {route.path.split("{")[0].rstrip("/") for route in shared_api.served.app.routes if hasattr(route, "path")}
    assert served - described == set()


def test_operation_ids_are_unique_and_the_first_is_the_verb() -> None:
    assert len(OPERATIONS) == len(list(operations()))
    assert {name.replace(" ", "-") for name in registry.VERBS} <= OPERATIONS.keys()


def test_every_operation_names_its_right() -> None:
    for route in verb_routes():
        operation = DOCUMENT["paths"][route.template][route.method.lower()]
        scopes = [] if route.verb.right == ANY else [route.verb.right]
        assert operation["security"] == [{"oauth2": scopes}, {"api_key": scopes}]
    flows = DOCUMENT["components"]["securitySchemes"]["oauth2"]["flows"]
    assert {*flows["authorizationCode"]["scopes"]} == RIGHTS.keys()


def test_every_name_the_server_reads_is_described() -> None:
    told: set[str] = set()
    for route in verb_routes():
        operation = DOCUMENT["paths"][route.template][route.method.lower()]
        if route.reader.has_body:
            body = operation.get("requestBody", {"content": {"application/json": {"schema": {}}}})
            names = body["content"]["application/json"]["schema"].get("properties", {}).keys()
        else:
            names = {one["name"] for one in operation["parameters"] if one.get("in") == "query"} - {"fields"}
        assert names - {"document_id", *NESTED.values()} == route.reader.names.keys(), route.template
        told |= names
    in_path = {"case"}  # what stands in the path has no other name
    assert {alias for alias, field in ALIASES.items() if field not in in_path} <= told
    assert {*FILTERS} <= told


def test_every_answer_has_the_headers_of_all_answers() -> None:
    for _, path, operation in operations():
        for answer in operation["responses"].values():
            if "$ref" not in answer:
                assert {"Casectl-Version", "X-Request-Id"} <= answer["headers"].keys(), path


@pytest.mark.parametrize(
    ("verb", "name"), [(verb, name) for verb, examples in REQUESTS.items() for name in examples], ids=str
)
def test_the_examples_of_requests_fit_their_schemas(verb: str, name: str) -> None:
    _, _, operation = OPERATIONS[verb.replace(" ", "-")]
    content = operation["requestBody"]["content"]["application/json"]
    schema_of(content["schema"]).validate(REQUESTS[verb][name])


def test_the_examples_of_queries_and_answers_fit_their_schemas() -> None:
    for verb, values in QUERIES.items():
        _, _, operation = OPERATIONS[verb.replace(" ", "-")]
        parameters = {one["name"]: one for one in operation["parameters"] if "name" in one}
        for name, value in values.items():
            schema_of(parameters[name]["schema"]).validate(value)
    for _, _, operation in operations():
        for answer in operation["responses"].values():
            for content in answer.get("content", {}).values():
                if "example" in content:
                    schema_of(content["schema"]["anyOf"][0]).validate(content["example"])


def test_a_body_of_lines_is_described_as_it_is_taken(api: Caller) -> None:
    _, path, operation = OPERATIONS["import-changes"]
    content = operation["requestBody"]["content"]["application/x-ndjson"]
    schema_of(content["schema"]).validate(content["example"])
    for line in content["example"].splitlines():
        schema_of(content["schema"]["contentSchema"]).validate(json.loads(line))
    beside = [one for one in operation["parameters"] if one.get("x-media-type") == "application/x-ndjson"]
    values = {"source": "log", "run_id": "r1", "mode": "change", "channel": "import"}
    given = {one["name"]: values.get(one["name"], "true") for one in beside}
    assert set(given) == {*values, "create.users", "create.teams", "create.contacts"}
    query = "&".join(f"{name}={value}" for name, value in given.items())
    answer = api("POST", f"{path}?{query}", content["example"].encode(), **{"Content-Type": "application/x-ndjson"})
    told = json.loads(answer.body)
    assert (answer.status, told["created"], told["changes"], told["refused"]) == (200, 1, 1, 0)


def test_the_summary_of_the_interface_is_pinned() -> None:
    made = "".join(f"{method:6} {path}  {operation['operationId']}\n" for method, path, operation in operations())
    if os.environ.get("CASECTL_UPDATE_PINS") == "1":
        SUMMARY.parent.mkdir(exist_ok=True)
        SUMMARY.write_text(made, encoding="utf-8")
    assert SUMMARY.read_text(encoding="utf-8") == made, "when it should change: CASECTL_UPDATE_PINS=1"


def test_both_documents_are_there_for_everybody(shared_api: Caller) -> None:
    for path, kind in (("/openapi.json", "application/json"), ("/docs", "text/html; charset=utf-8")):
        answer = shared_api.served.ask("GET", path)
        assert (answer.status, answer.headers["content-type"]) == (200, kind)
        again = shared_api.served.ask("GET", path, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status, again.body) == (304, b"")


def test_the_page_loads_nothing_and_allows_nothing(shared_api: Caller) -> None:
    answer = shared_api.served.ask("GET", "/docs")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    told = answer.body.decode()
    assert "<script" not in told
    assert not re.search(r"<(link|img|iframe|object|embed|form|base)\b|url\(|@import|\bon\w+=|style=", told)
    assert set(re.findall(r'(?:src|href)="([^"#]*)', told)) == {"", "/openapi.json"}
    assert told.count("<style>") == told.count(STYLE) == 1


def test_the_page_leads_to_every_operation_and_schema() -> None:
    told = page(DOCUMENT)
    for name in OPERATIONS:
        assert f'id="{name}"' in told
        assert f'href="#{name}"' in told
    anchors = set(re.findall(r'id="([^"]+)"', told))
    assert set(re.findall(r'href="#([^"]+)"', told)) <= anchors


def test_everything_on_the_page_is_escaped() -> None:
    evil = '<script>alert("1")</script>'
    document = json.loads(openapi.document_bytes())
    _poison(document["paths"]["/v1/cases/"]["get"], evil)
    document["info"]["description"] = document["components"]["schemas"]["Case"]["description"] = f"`{evil}` {evil}"
    assert "<script" not in page(document)
    assert inline(f"`{evil}`") == "<code>&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;</code>"
    assert prose("one\n- two\n- `three`\n\nfour") == (
        "<p>one</p><ul><li>two</li><li><code>three</code></li></ul><p>four</p>"
    )


def _poison(value: Any, evil: str) -> None:
    """Put `evil` before every text below `value`, but for tags, by which operations are found."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        if key in ("tags", "$ref", "in"):
            continue
        if isinstance(inner, str):
            value[key] = evil + inner
        elif isinstance(inner, dict | list):
            _poison(inner, evil)
