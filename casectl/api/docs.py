"""`/openapi.json` and `/docs`: what the interface is, for programs and for people. `casectl.api.app` imports it.

Both are made at the first request and kept as bytes. The page loads nothing, not even from its own host, and its policy
allows nothing else than its own style sheet.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

from casectl import wire
from casectl.api.docs_page import page
from casectl.api.docs_style import STYLE
from casectl.api.openapi import document, document_bytes

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

AGE = "public, max-age=300"
"""The documents change with the program only."""


def docs_routes() -> list[BaseRoute]:
    """The two routes; nobody needs a token to read them."""
    return [
        Route(path, answer) for path, answer in (("/openapi.json", openapi_json), ("/docs", docs), ("/docs/", docs))
    ]


async def openapi_json(request: Request) -> Response:
    """The OpenAPI document."""
    return _told(request, document_bytes(), wire.JSON, {})


async def docs(request: Request) -> Response:
    """The readable page."""
    policy = f"default-src 'none'; style-src '{_hash()}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    return _told(request, _page(), "text/html; charset=utf-8", {"content-security-policy": policy})


def _told(request: Request, content: bytes, media: str, headers: dict[str, str]) -> Response:
    tag = f'"{_digest(content)}"'
    headers = {"cache-control": AGE, "etag": tag, **headers}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers | {"content-type": media})


@cache
def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


@cache
def _page() -> bytes:
    return page(document()).encode()


@cache
def _hash() -> str:
    """The style sheet as the policy names it (CSP3, 8.2)."""
    return f"sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}"
