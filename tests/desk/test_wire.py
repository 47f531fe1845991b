"""The wire contract: a verb with any text is read by the server as it was meant, refusals keep their class."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from casectl import __version__, errors, registry, wire
from casectl.api.requests import Reader
from casectl.errors import InvalidInput, Problem, Refusal
from casectl.field_types import VerbField, build, describe
from casectl.model.imports import ChangeRecord, ContactName
from casectl.operation import Call
from casectl.operations.import_changes import ImportChanges
from casectl.operations.list import ListCases
from casectl.operations.search import Search
from casectl.operations.show import Show
from casectl.operations.update import Update

BOUNDED = settings(
    derandomize=True, deadline=None, database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)  # fmt: skip

HOSTILE = st.one_of(
    st.text(min_size=1, max_size=40),
    st.sampled_from(
        ["..", ".", "a/b", "a%2Fb", "%", "?x=1", "#frag", "a+b&c=d", "Ünïcödé\u202e", "\x1b[2J", "'; --", "null", "\0"]
    ),
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), HOSTILE)
DOCUMENTS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(HOSTILE, inner, max_size=3), max_leaves=6
)
TIMES = st.datetimes(timezones=st.just(UTC))
RECORDS = st.lists(
    st.builds(
        ChangeRecord,
        line=st.integers(0, 10**9),
        line_key=HOSTILE,
        digest=st.binary(max_size=32),
        at=st.none() | TIMES,
        title=HOSTILE | st.just(UNSET),
        team=HOSTILE | st.none() | st.just(UNSET),
        contact=st.builds(ContactName, email=st.none() | HOSTILE, name=HOSTILE) | st.none() | st.just(UNSET),
        tags=st.lists(HOSTILE, max_size=2) | st.just(UNSET),
        fields=st.dictionaries(HOSTILE, DOCUMENTS, max_size=2),
    ),
    max_size=3,
)


def values_of(field: VerbField, verb: type[Any]) -> Any:
    """Values that a field may have, the hostile ones above all."""
    if field.choices:
        return st.sampled_from(field.choices)
    by_kind = {
        "text": HOSTILE,
        "flag": st.booleans(),
        "number": st.integers(-(10**12), 10**12),
        "decimal": st.floats(allow_nan=False, allow_infinity=False),
        "list": st.lists(HOSTILE, min_size=1, max_size=4),
        "map": st.dictionaries(HOSTILE, DOCUMENTS, max_size=3),
    }
    found = by_kind[field.kind]
    return found | st.none() if field.is_nullable and verb.routes[0][0] not in wire.QUERY_METHODS else found


@st.composite
def verbs(draw: Any) -> Any:
    verb = draw(st.sampled_from([*registry.load_all().values()]))
    chosen = {
        field.name: draw(values_of(field, verb))
        for field in describe(verb, verb.cli.hidden)
        if field.is_required or draw(st.booleans())
    }
    if verb is ImportChanges:
        chosen |= {"records": draw(RECORDS), "carried": draw(st.dictionaries(HOSTILE, st.binary(max_size=9)))}
    try:
        return build(verb, chosen)
    except InvalidInput:
        assume(False)


def read_by_the_server(operation: Any, sent: wire.Encoded) -> Any:
    """What the server makes of a request: its own reader, on the route's own template."""
    template = operation.routes[0][1].split("/")
    parts = sent.path.split("/")
    assert len(parts) == len(template)
    names = tuple(part[1:-1] for part in template if part.startswith("{"))
    segments = [unquote(part, errors="strict") for part, word in zip(parts, template, strict=True) if word[:1] == "{"]
    headers = [] if sent.body is None else [(b"content-type", b"application/json")]
    scope: Any = {"type": "http", "query_string": sent.query.encode("ascii"), "headers": headers}

    async def receive() -> Any:
        return {"type": "http.request", "body": sent.body or b"", "more_body": False}

    reader = Reader(type(operation), sent.method, names, 2**20)
    return asyncio.run(reader.read(scope, receive, segments)).operation


@given(operation=verbs())
@settings(BOUNDED, max_examples=200)
def test_every_verb_with_any_text_is_read_as_it_was_meant(operation: Any) -> None:
    sent = wire.encode(operation)
    assert sent.target.isascii()
    assert sent.target.isprintable()
    assert not any(part in (".", "..") for part in sent.path.split("/"))
    assert read_by_the_server(operation, sent) == operation


def test_what_is_absent_is_not_sent_and_null_clears() -> None:
    sent = wire.encode(Update(case="INC0000001", assignee=None, title="x"))
    body = msgspec.json.decode(sent.body or b"")
    assert (sent.method, sent.path, body["assignee"], body["title"]) == ("PATCH", "/v1/cases/INC0000001/", None, "x")
    assert "team" not in body
    assert wire.encode(Show(case="")).path == "/v1/cases/%20/"
    assert wire.encode(Search(query=[])).target == "/v1/search/?query="
    assert wire.encode(ListCases()).target == "/v1/cases/"
    assert wire.encode(ListCases(query=["a b", "c&d"], limit=3)).query == "query=a%20b&query=c%26d&limit=3"


@pytest.mark.parametrize("hostile", ["\ud800", "a\udfffb"])
def test_half_a_surrogate_is_refused_with_its_field(hostile: str) -> None:
    with pytest.raises(InvalidInput, match="the title holds characters that are no text") as refusal:
        wire.encode(Update(case="1", title=hostile, add_tags=["fine", hostile], fields={hostile: 1}))
    assert [problem.pointer for problem in refusal.value.problems] == ["/title", "/add_tags", "/fields"]
    with pytest.raises(InvalidInput, match="the case holds"):
        wire.encode(Show(case=hostile))


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_refused_and_not_cleared(number: float) -> None:
    with pytest.raises(InvalidInput, match="must be a number"):
        wire.encode(Update(case="1", fields={"size": number}))


CLASSES = [
    kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Refusal) and kind != Refusal
]


@pytest.mark.parametrize("kind", CLASSES)
def test_every_refusal_keeps_class_words_and_problems(kind: type[Refusal]) -> None:
    problems = [Problem(message="too long", pointer="/fields/a~1b", code="too_long", hint="cut it", allowed=["x"])]
    told = wire.problem_of(kind("it is\u202e so", hint="do that", problems=problems), "r-1", "/v1/cases/")
    told = msgspec.json.decode(msgspec.json.encode(told))
    assert (told["status"], told["code"], told["request_id"]) == (kind.http_status, kind.code, "r-1")
    back = wire.refusal_of(told, 500, 7.0)
    assert (type(back), back.message, back.hint, list(back.problems)) == (kind, "it is\u202e so", "do that", problems)
    assert back.retry_after == 7.0


@pytest.mark.parametrize(("status", "kind"), [(500, errors.Failure), (418, errors.Failure), (503, errors.Unreachable)])
def test_an_unknown_code_becomes_what_the_status_says(status: int, kind: type[Refusal]) -> None:
    found = wire.refusal_of({"code": "of_tomorrow", "detail": 3, "problems": [{"x": 1}, "y"]}, status)
    assert type(found) is kind
    assert str(status) in found.message
    assert found.problems == ()


@given(
    document=st.dictionaries(
        st.sampled_from(["code", "detail", "hint", "title", "problems", "status"]), DOCUMENTS, max_size=6
    )
)
@BOUNDED
def test_no_problem_document_breaks_the_reader(document: Any) -> None:
    assert isinstance(wire.refusal_of(document, 500), Refusal)


def test_the_version_is_read_as_it_was_written() -> None:
    assert wire.read_version(wire.version_header("0002")) == wire.Served(__version__, "0002", wire.API)


@pytest.mark.parametrize("header", [None, "", ";", "nginx", "1.0; api=x", "; api=1", "a; api=" + "9" * 5000])
def test_what_is_no_version_is_none(header: str | None) -> None:
    assert wire.read_version(header) is None


def test_what_accompanies_a_verb_travels_in_headers() -> None:
    call = Call(
        request_id="r\r\n1", idempotency_key="k ü%", expected_version=3, dry_run=True, historic_actor=7,
        historic_at=datetime(2026, 1, 2, tzinfo=UTC),
    )  # fmt: skip
    assert wire.headers_of(call) == {
        "X-Request-Id": "r%0D%0A1",
        "Idempotency-Key": "k%20%C3%BC%",
        "If-Match": '"3"',
        "Casectl-Dry-Run": "true",
        "Casectl-Historic-At": "2026-01-02T00:00:00+00:00",
        "Casectl-Historic-Actor": "7",
    }
    assert wire.headers_of(Call()) == {}


@BOUNDED
@given(text=st.text())
def test_no_text_breaks_out_of_a_header(text: str) -> None:
    assert wire.header_text(text).isascii()
    assert not text or (wire.header_text(text).isprintable() and " " not in wire.header_text(text))
