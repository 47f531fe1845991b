"""A field of an intake form, as prompts, help and widgets need it. Everything above model may import this module."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

FieldKind = Literal["string", "integer", "number", "boolean", "array", "date", "date-time", "email", "uri"]


class FormField(msgspec.Struct, frozen=True, kw_only=True):
    """A field of a form; `enum` are the legal values (of a list: of its entries), `filter`: lists may filter by it."""

    name: str
    title: str
    kind: FieldKind = "string"
    required: bool = False
    enum: list[Any] = []
    default: Any = None
    help: str = ""
    section: str = ""
    filter: bool = False
