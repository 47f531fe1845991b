"""The verb `type set`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from casectl.errors import InvalidInput, Problem
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


class SetType(Operation[CaseType], frozen=True, kw_only=True):
    """Make a case type, or a new revision of one.

    Cases keep the form and the lifecycle of the revision they were made under; numbers go on counting. A status means
    the same in every type: its category cannot differ.
    """

    name: ClassVar[str] = "type set"
    right: ClassVar[str] = "type:manage"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("PUT", "/v1/types/{type}/"),)
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        positionals=("type",),
        view="type",
    )

    type: Annotated[str, Meta(description="its name")]
    title: Annotated[str, Meta(description="name as people read it")]
    number_pattern: Annotated[str, Meta(description="INC-{year}-{seq:05}")]
    form_schema: Annotated[dict[str, Any], Meta(description="form, as JSON Schema", extra={"json": True})] = {}
    lifecycle: Annotated[dict[str, Any], Meta(description="statuses and transitions", extra={"json": True})]

    async def run(self, unit: Unit) -> CaseType:
        problems: list[Problem] = []
        checks: tuple[Callable[[], object], ...] = (
            self._check_name,
            lambda: case_input.one_line(self.title, "title", "/title"),
            lambda: check_pattern(self.number_pattern),
            lambda: _placed("/form_schema", lambda: check_form_schema(self.form_schema)),
            lambda: _placed("/lifecycle", lambda: check_lifecycle(self._lifecycle())),
        )
        for check in checks:
            try:
                check()
            except InvalidInput as refusal:
                problems += refusal.problems
        if not problems:
            problems += _contradictions(self._lifecycle(), await unit.configuration.statuses())
        case_input.refuse_all(problems)
        return await unit.configuration.put_case_type(
            name=self.type,
            title=self.title.strip(),
            number_pattern=self.number_pattern,
            form_schema=self.form_schema,
            lifecycle=msgspec.to_builtins(self._lifecycle()),
        )

    def _check_name(self) -> None:
        letters = self.type.replace("-", "").replace("_", "")
        sound = letters.isascii() and letters.isalnum() and letters == letters.lower() and not self.type.isdigit()
        if not sound or len(self.type) > LONGEST_NAME:
            hint = f"lower-case letters, digits, - and _, {LONGEST_NAME} characters at most"
            case_input.refuse(f"{self.type[:80]!r} cannot be the name of a type", "/type", "name", hint)

    def _lifecycle(self) -> Lifecycle:
        try:
            return msgspec.convert(self.lifecycle, Lifecycle)
        except msgspec.ValidationError as error:
            case_input.refuse(f"the lifecycle cannot be read: {error}", "", "lifecycle")


def _placed(pointer: str, check: Callable[[], None]) -> None:
    """Run a check whose pointers begin inside the document at `pointer`."""
    try:
        check()
    except InvalidInput as refusal:
        placed = [msgspec.structs.replace(one, pointer=pointer + one.pointer) for one in refusal.problems]
        raise InvalidInput(refusal.message, hint=refusal.hint, problems=placed) from None


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
