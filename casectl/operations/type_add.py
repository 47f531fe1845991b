"""The verb `type add`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import UNSET, Meta, UnsetType

from casectl.errors import Conflict
from casectl.model.configuration import CaseType
from casectl.operation import Cli, Operation
from casectl.operations._type_documents import (
    FormSchema,
    LifecycleDocument,
    NumberPattern,
    Title,
    checked,
    complete,
    given_parts,
)

if TYPE_CHECKING:
    from casectl.unit import Unit


class AddType(Operation[CaseType], frozen=True, kw_only=True):
    """Add a case type with its lifecycle.

    It needs a title, a number pattern and a lifecycle; without a form its cases take any text fields. A status means
    the same in every type: its category cannot differ. `casectl help types` shows a whole example.
    """

    name: ClassVar[str] = "type add"
    right: ClassVar[str] = "type:manage"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("POST", "/v1/types/"),)
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        positionals=("type",),
        aliases=("lifecycle add",),
        examples=(
            (
                "casectl type add problem --title Problem --number-pattern 'PRB-{seq:04}' --lifecycle lifecycle.json",
                "a lifecycle as type show prints it, or TOML",
            ),
        ),
        view="type",
    )

    type: Annotated[str, Meta(description="its name")]
    title: Title
    number_pattern: NumberPattern
    lifecycle: LifecycleDocument
    form_schema: FormSchema | UnsetType = UNSET

    async def run(self, unit: Unit) -> CaseType:
        taken = next((one for one in await unit.types.all() if one.name == self.type.lower()), None)
        if taken is not None:
            hint = f"casectl type change {taken.name}" if taken.is_active else f"casectl type activate {taken.name}"
            message = f"there is a type {taken.name} already" + ("" if taken.is_active else ", which is not active")
            raise Conflict(message, hint=hint)
        written = await checked(unit, self.type, complete(given_parts(self)))
        return await unit.configuration.put_case_type(name=self.type, **written)
