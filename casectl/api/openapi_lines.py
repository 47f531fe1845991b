"""JSON lines into an import, for the OpenAPI document: the other body of `import changes` and what stands beside it.

Only `casectl.api.openapi` imports this module; `casectl.api.ndjson` does what is described here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import msgspec

from casectl.api import openapi_schemas
from casectl.api.openapi_answers import LINES
from casectl.model.imports import ChangeRecord, ContactName, CreateOptions

if TYPE_CHECKING:
    from casectl.operation import AnyOperation

Json = dict[str, Any]

_BESIDE = ("source", "run_id", "mode", "channel")
_ONLY = "with a body of lines: "
_OPENED = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


def _record(line: int, text: str, **more: Any) -> ChangeRecord:
    digest = sha256(text.encode()).digest()
    return ChangeRecord(line=line, line_key=f"INC-1:{line}", digest=digest, external_id="INC-1", by="wanda", **more)


_RECORDS = (
    _record(
        2,
        "opened",
        at=_OPENED,
        type="incident",
        title="Login issues",
        contact=ContactName(email="ann@example.com", name="Ann Lee"),
    ),
    _record(3, "resolved", at=_OPENED + timedelta(hours=2), status="resolved"),
)
"""A case as its log tells it: opened, and resolved two hours later."""


def takes_lines(verb: type[AnyOperation]) -> bool:
    """Whether a verb's records may come as lines."""
    return verb.name == "import changes"


def lines_parameters(verb: type[AnyOperation]) -> list[Json]:
    """What a body of records alone does not say, as parameters of the address."""
    own = openapi_schemas.properties_of(verb, dict.fromkeys(_BESIDE, ""))
    plain = [_parameter(name, own[name].get("description", name), _bare(own[name])) for name in _BESIDE]
    made = (field.name for field in msgspec.structs.fields(CreateOptions) if field.type is bool)
    return plain + [_parameter(f"create.{name}", f"make {name} that are missing", {"type": "boolean"}) for name in made]


def _parameter(name: str, text: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "description": f"{_ONLY}{text}", "schema": schema, "x-media-type": LINES}


def _bare(schema: Json) -> Json:
    return {key: value for key, value in schema.items() if key not in ("description", "default")}


def lines_content() -> Json:
    """The body: one record on each line."""
    return {
        LINES: {
            "schema": {
                "type": "string",
                "contentMediaType": LINES,
                "contentSchema": {"$ref": openapi_schemas.REF.format(name=ChangeRecord.__name__)},
                "description": "One record on each line, any number of them; a thousand are a transaction. `source` "
                "and `run_id` are parameters of the address.",
            },
            "example": "".join(msgspec.json.encode(record).decode() + "\n" for record in _RECORDS),
        }
    }
