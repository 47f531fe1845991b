"""The endpoints that are no verbs, for the OpenAPI document: health, login, events, jobs.

Only `casectl.api.openapi` imports this module.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

FIXED_TAGS: dict[str, str] = {}


def fixed_paths() -> Json:
    """Their path items."""
    return {}


def fixed_schemas() -> Json:
    """Schemas that only they need."""
    return {}
