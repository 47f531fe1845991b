"""Case types with their revisions. Anyone above `model` may import it."""

from __future__ import annotations

from typing import Any

from casectl.model.case import Noun


class CaseType(Noun, frozen=True, kw_only=True):
    """A kind of case: intake form, lifecycle and number pattern of its current revision."""

    id: int
    name: str
    title: str
    revision: int
    number_pattern: str
    form_schema: dict[str, Any]
    lifecycle: dict[str, Any]
    is_active: bool
