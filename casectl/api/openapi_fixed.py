"""The endpoints that are no verbs, for the OpenAPI document: the documents themselves, health.

Only `casectl.api.openapi` imports this module; the endpoints of the login are in `openapi_oauth`.
"""

from __future__ import annotations

from typing import Any

from casectl.api.openapi_answers import header_references, refusals
from casectl.api.openapi_oauth import LOGIN, oauth_paths, oauth_schemas

Json = dict[str, Any]

ABOUT, HEALTH = "About", "Health"

FIXED_TAGS: dict[str, str] = {
    ABOUT: "What this interface is.",
    HEALTH: "For balancers and service managers.",
    LOGIN: "The authorization server: OAuth 2 with PKCE, devices, programs of their own.",
}
"""Headings of these endpoints."""


def fixed_paths() -> Json:
    """Their path items."""
    document = _answer("The document.", "application/json", {"type": "object"})
    page = _answer("The page.", "text/html", {"type": "string"})
    word = {"type": "string"}
    return {
        "/openapi.json": _get("openapi", ABOUT, "This interface as an OpenAPI 3.1 document", {"200": document}),
        "/docs": _get("docs", ABOUT, "This interface as a readable page", {"200": page}),
        "/healthz": _get(
            "healthz", HEALTH, "Tell whether the process answers", {"200": _answer("It does.", "text/plain", word)}
        ),
        "/readyz": _get(
            "readyz", HEALTH, "Tell whether the server can serve: the database answers and has the right schema",
            {"200": _answer("It can.", "text/plain", word)} | refusals(503),
        ),
    } | oauth_paths()  # fmt: skip


def _get(name: str, tag: str, summary: str, answers: Json) -> Json:
    return {"get": {"operationId": name, "tags": [tag], "summary": summary, "security": [], "responses": answers}}


def _answer(description: str, media: str, schema: Json) -> Json:
    return {"description": description, "headers": header_references(), "content": {media: {"schema": schema}}}


def fixed_schemas() -> Json:
    """Schemas that only they need."""
    return oauth_schemas()
