"""The fuzzer: requests made of the OpenAPI document by schemathesis, sent over HTTP, judged by its checks and by ours.

`fuzz` returns what it found as sentences with a command to try it again; an empty list is a pass.
"""

from __future__ import annotations

import copy
import json
import os
from typing import TYPE_CHECKING, Any, ClassVar

import jsonschema_rs
import msgspec
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.generation import GenerationMode

if TYPE_CHECKING:
    from collections.abc import Iterator

SEED = int(os.environ.get("CASECTL_FUZZ_SEED", "20261123"))
LONGER = float(os.environ.get("CASECTL_FUZZ_LONGER", "1"))
"""Multiplies time and examples: 20 for a night."""

BY_RULES = frozenset({
    # of the query language
    "bad_character", "bad_cursor", "bad_number", "bad_operator", "bad_range", "bad_value", "empty_value",
    "misplaced_operator", "no_words",
    "too_deep", "too_long", "too_many_terms", "unbalanced_parenthesis", "unbalanced_quote", "unknown_field",
    "unknown_name", "unknown_sort_key", "unknown_state",
    # of what the desk has: types, statuses, forms, people
    "circle", "form", "inactive", "lifecycle", "required", "unknown_priority", "unknown_status", "unknown_role",
    # of several fields together, and of words with a grammar of their own
    "bad_address", "bad_duration", "bad_time", "carried", "case", "character", "dry_run", "email", "empty",
    "encoding", "excluded", "given_twice", "guessable", "idempotency_conflict", "lead", "login", "name", "nothing",
    "number_pattern", "option", "past", "range", "selection", "tag", "too_many",
})  # fmt: skip
"""Codes of problems that no schema can tell beforehand."""

STREAMS = ("application/x-ndjson", "text/event-stream")


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One run: whose token, which phases, how long (seconds), how many examples of each endpoint."""

    url: str
    token: str
    phases: tuple[str, ...]
    seconds: int
    examples: int
    foreign: str
    """A word that stands in everything of the other tenant and in nothing of this one."""
    references: dict[str, list[str]] = {}
    """Values that parameters and fields of these names shall have too."""


class Run(msgspec.Struct):
    """What came of a run."""

    requests: int = 0
    statuses: dict[int, int] = {}
    found: dict[tuple[str, str, str], str] = {}

    def told(self) -> str:
        """Every finding, for the message of an assertion."""
        return "\n\n".join(f"{' | '.join(place)}\n{sample}" for place, sample in sorted(self.found.items()))


def fuzz(document: dict[str, Any], plan: Plan) -> Run:
    """Run the engine over a document; the phases are those of schemathesis: examples, coverage, fuzzing, stateful."""
    config = _config(plan)
    schema = schemathesis.openapi.from_dict(_fed(document, plan.references), config=config)
    run = Run()
    public = plan.token.split("_")[1]
    _Watch.foreign, _Watch.document = plan.foreign.encode(), document
    _Watch.own_key = frozenset({public, f"ck_{public}", str(int(public)), "test"})
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            _note(event, run)
        elif isinstance(event, events.NonFatalError | events.FatalError):
            told = getattr(event, "info", None) or getattr(event, "exception", None)
            run.found[type(event).__name__, "", str(told)[:300]] = ""
    return run


def _config(plan: Plan) -> SchemathesisConfig:
    seconds = max(2, int(plan.seconds * LONGER))
    config = SchemathesisConfig.from_dict({
        "seed": SEED,
        "max-time": seconds,
        "headers": {"Authorization": f"Bearer {plan.token}"},
        "continue-on-failure": True,
        "generation": {"max-examples": int(plan.examples * LONGER), "no-shrink": True, "database": "none"},
        "phases": {
            name: {"enabled": name in plan.phases} for name in ("examples", "coverage", "fuzzing", "stateful")
        },
        "checks": {
            # Ours, `refused_for_a_reason`, asks more: which rule refused it.
            "positive_data_acceptance": {"enabled": False},
            # A case that was deleted is in the trash, where it can be seen.
            "use_after_free": {"enabled": False},
        },
        # Parameters that an authorization server does not know are ignored (RFC 6749, 3.1); its forms are for browsers.
        "operations": [
            {"include-path-regex": "^/(oauth|.well-known)/", "checks": {"negative_data_rejection": {"enabled": False}}},
            # A line that is wrong is told in the answer: the others are imported.
            {"include-path": "/v1/imports/", "checks": {"negative_data_rejection": {"enabled": False}}},
        ],
    })  # fmt: skip
    config.projects.default.base_url = plan.url
    return config


def _note(event: events.ScenarioFinished, run: Run) -> None:
    for interaction in event.recorder.interactions.values():
        run.requests += 1
        if interaction.response is not None:
            status = interaction.response.status_code
            run.statuses[status] = run.statuses.get(status, 0) + 1
    for checks in event.recorder.checks.values():
        for check in checks:
            if check.failure_info is not None:
                failure = check.failure_info.failure
                if "in header - object with unexpected properties" in failure.message:
                    continue  # headers nobody knows are ignored (RFC 9110, 5.1)
                place = (event.recorder.label, check.name, f"{failure.title}: {failure.message[:500]}")
                run.found.setdefault(place, check.failure_info.code_sample)


def _fed(document: dict[str, Any], references: dict[str, list[str]]) -> dict[str, Any]:
    """The document without streams, its parameters and fields also having the values that were given."""
    fed = copy.deepcopy(document)
    # In its coverage phase schemathesis makes an empty value of a pattern with quotes.
    fed["components"]["parameters"]["If-Match"]["schema"] = {"type": "string", "enum": ['"1"', '"2"', '"3"']}
    for item in fed["paths"].values():
        for operation in item.values():
            for parameter in operation.get("parameters", []):
                if parameter.get("in") == "path" and parameter["name"] in references:
                    parameter["schema"] = _or_one_of(parameter["schema"], references[parameter["name"]])
            beside = operation.get("parameters", [])
            operation["parameters"] = [one for one in beside if one.get("x-media-type") not in STREAMS]
            for content in _contents(operation):
                for stream in STREAMS:
                    content.pop(stream, None)
                for body in content.values():
                    _feed(body.get("schema", {}), references)
    return fed


def _contents(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "requestBody" in operation:
        yield operation["requestBody"]["content"]
    for answer in operation["responses"].values():
        if "content" in answer:
            yield answer["content"]


def _feed(schema: dict[str, Any], references: dict[str, list[str]]) -> None:
    for name, own in schema.get("properties", {}).items():
        if name in references and own.get("type") != "array":
            schema["properties"][name] = _or_one_of(own, references[name])
        elif name in references and "items" in own:
            own["items"] = _or_one_of(own["items"], references[name])
        _feed(own, references)


def _or_one_of(schema: dict[str, Any], values: list[str]) -> dict[str, Any]:
    return {"anyOf": [{"type": "string", "enum": values}, schema]}


class _Watch:
    """What the checks below look for in the run that is going on."""

    foreign: ClassVar[bytes] = b""
    document: ClassVar[dict[str, Any]] = {}
    own_key: ClassVar[frozenset[str]] = frozenset()


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Spare the key that the run comes with: the engine reads its number in a list and would revoke it."""
    if str(case.path_parameters.get("key", "")).strip().lower() in _Watch.own_key:
        case.path_parameters["key"] = "0"


@schemathesis.check
def nothing_of_the_other_tenant(ctx: Any, response: Any, case: Any) -> None:
    """No answer holds the other tenant's word."""
    told = response.content + repr(sorted(response.headers.items())).encode()
    spellings = (_Watch.foreign.lower(), _Watch.foreign.upper(), _Watch.foreign.title())  # a secret may hold others
    assert not [word for word in spellings if word in told], "the answer holds what is another tenant's"


@schemathesis.check
def answers_are_whole(ctx: Any, response: Any, case: Any) -> None:
    """Without a choice of fields an answer has all that its noun has."""
    if not 200 <= response.status_code < 300 or "fields=" in (response.request.url or ""):
        return
    answers = _Watch.document["paths"][case.operation.path][case.method.lower()]["responses"]
    schema = answers[str(response.status_code)].get("content", {}).get("application/json", {}).get("schema", {})
    if "anyOf" not in schema or not response.content:
        return
    whole = schema["anyOf"][0] | {"components": {"schemas": _Watch.document["components"]["schemas"]}}
    jsonschema_rs.validator_for(whole).validate(json.loads(response.content))


@schemathesis.check
def refused_for_a_reason(ctx: Any, response: Any, case: Any) -> None:
    """What fits the document is refused only by rules that no schema can tell."""
    if response.status_code not in (400, 422) or not _is_valid(case):
        return
    problem = json.loads(response.content) if "problem+json" in str(response.headers.get("content-type")) else {}
    if "code" not in problem or "must be a whole number, not a number" in problem["detail"]:
        return  # to JSON Schema 3.0 is an integer, where no id is meant it must be 3 here
    codes = {one.get("code", "invalid") for one in problem.get("problems", [])} or {problem["code"]}
    strange = codes - BY_RULES
    assert not strange, f"refused with {sorted(strange)}: {problem['detail'][:300]}"


def _is_valid(case: Any) -> bool:
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return False
    return all(one.mode == GenerationMode.POSITIVE for one in case.meta.components.values())
