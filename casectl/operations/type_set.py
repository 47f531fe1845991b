"""The verb `type set`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from casectl.errors import InvalidInput, Problem
from casectl.field_types import told_place
from casectl.model.configuration import CaseType
from casectl.model.lifecycle import CATEGORIES, Lifecycle
from casectl.operation import Cli, Operation
from casectl.rules import case_input
from casectl.rules.form_schema import check_form_schema
from casectl.rules.lifecycle import status_key
from casectl.rules.lifecycle_document import check_lifecycle
from casectl.rules.numbering import check_pattern
from casectl.rules.text import json_pointer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from casectl.unit import Unit

LONGEST_NAME = 40
PARTS = ("title", "number_pattern", "form_schema", "lifecycle")


class SetType(Operation[CaseType], frozen=True, kw_only=True):
    """Make a case type, or a new revision of one.

    What is not given stays as it is; a new type needs title, number pattern and lifecycle. Cases keep the form and the
    lifecycle of the revision they were made under; numbers go on counting. A status means the same in every type: its
    category cannot differ.
    """

    name: ClassVar[str] = "type set"
    right: ClassVar[str] = "type:manage"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("PUT", "/v1/types/{type}/"),)
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        positionals=("type",),
        examples=(
            ("casectl type set incident --lifecycle lifecycle.json", "as type show prints it, or TOML"),
            ("casectl type show incident --select lifecycle | casectl type set incident --lifecycle -", ""),
        ),
        view="type",
    )

    type: Annotated[str, Meta(description="its name")]
    title: Annotated[str, Meta(description="name as people read it")] | UnsetType = UNSET
    number_pattern: Annotated[str, Meta(description="how numbers look: INC-{year}-{seq:05}")] | UnsetType = UNSET
    form_schema: (
        Annotated[dict[str, Any], Meta(description="form: JSON Schema, as JSON or TOML", extra={"json": True})]
        | UnsetType
    ) = UNSET
    lifecycle: (
        Annotated[dict[str, Any], Meta(description="statuses and transitions, likewise", extra={"json": True})]
        | UnsetType
    ) = UNSET

    async def run(self, unit: Unit) -> CaseType:
        known = next((one for one in await unit.configuration.case_types() if one.name == self.type), None)
        wished = self._wished(known)
        problems: list[Problem] = []
        checks: tuple[Callable[[], object], ...] = (
            self._check_name,
            lambda: case_input.one_line(wished["title"], "title", "/title"),
            lambda: check_pattern(wished["number_pattern"]),
            lambda: _placed("/form_schema", lambda: check_form_schema(wished["form_schema"])),
            lambda: case_input.refuse_all([*_unstorable(wished["form_schema"], "form_schema")]),
            lambda: case_input.refuse_all([*_unstorable(wished["lifecycle"], "lifecycle")]),
            lambda: _placed("/lifecycle", lambda: check_lifecycle(_lifecycle(wished["lifecycle"]))),
        )
        for check in checks:
            try:
                check()
            except InvalidInput as refusal:
                problems += refusal.problems
        case_input.refuse_all(problems)
        lifecycle = _lifecycle(wished["lifecycle"])
        case_input.refuse_all(list(_contradictions(lifecycle, await unit.configuration.statuses())))
        written = wished | {"title": wished["title"].strip(), "lifecycle": msgspec.to_builtins(lifecycle)}
        return await unit.configuration.put_case_type(name=self.type, **written)

    def _wished(self, known: CaseType | None) -> dict[str, Any]:
        """What the type shall be: what was given over what is known. Refuses a new type that lacks something."""
        given = {name: getattr(self, name) for name in PARTS if getattr(self, name) is not UNSET}
        if known is not None:
            return {name: getattr(known, name) for name in PARTS} | given
        lacking = [name for name in PARTS if name not in given and name != "form_schema"]
        case_input.refuse_all([
            Problem(message=f"{name.replace('_', ' ')} is required", pointer=json_pointer(name), code="required")
            for name in lacking
        ])  # fmt: skip
        return {"form_schema": {}} | given

    def _check_name(self) -> None:
        letters = self.type.replace("-", "").replace("_", "")
        sound = letters.isascii() and letters.isalnum() and letters == letters.lower() and not self.type.isdigit()
        if not sound or len(self.type) > LONGEST_NAME:
            hint = f"lower-case letters, digits, - and _, {LONGEST_NAME} characters at most"
            case_input.refuse(f"{self.type[:80]!r} cannot be the name of a type", "/type", "name", hint)


def _lifecycle(document: Any) -> Lifecycle:
    try:
        return msgspec.convert(document, Lifecycle)
    except msgspec.ValidationError as error:
        pointer, reason = told_place(str(error))
        case_input.refuse(f"the lifecycle cannot be read: {pointer or 'it'} {reason}", pointer, "lifecycle")


def _placed(pointer: str, check: Callable[[], None]) -> None:
    """Run a check whose pointers begin inside the document at `pointer`."""
    try:
        check()
    except InvalidInput as refusal:
        placed = [msgspec.structs.replace(one, pointer=pointer + one.pointer) for one in refusal.problems]
        raise InvalidInput(refusal.message, hint=refusal.hint, problems=placed) from None


def _unstorable(value: Any, *place: str | int) -> Iterator[Problem]:
    """Texts in a document that hold what no column of Postgres can."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _unstorable(key, *place)
            yield from _unstorable(inner, *place, key)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _unstorable(inner, *place, index)
    elif isinstance(value, str) and re.search("[\x00\ud800-\udfff]", value):
        message = "a text may not hold U+0000 or half a surrogate pair"
        yield Problem(message=message, pointer=json_pointer(*place), code="character")


def _contradictions(lifecycle: Lifecycle, known: Mapping[str, tuple[int, int]]) -> Iterator[Problem]:
    """Statuses that another type spells differently or means differently."""
    by_key = {status_key(name): (name, CATEGORIES[number - 1]) for name, (_, number) in known.items()}
    for index, status in enumerate(lifecycle.statuses):
        name, category = by_key.get(status_key(status.name), (status.name, status.category))
        pointer = json_pointer("lifecycle", "statuses", index)
        if name != status.name:
            yield Problem(message=f"status {status.name!r} is known as {name!r}", pointer=pointer, code="lifecycle")
        if category != status.category:
            message = f"status {name!r} is of category {category} in another type, it cannot be {status.category} here"
            yield Problem(message=message, pointer=pointer, code="lifecycle", allowed=[category])
