"""The verb `type set`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import UNSET, Meta, UnsetType

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
    parts_of,
)

if TYPE_CHECKING:
    from casectl.unit import Unit


class SetType(Operation[CaseType], frozen=True, kw_only=True):
    """Make a case type, or a new revision of one.

    For programs that keep a desk as their files say: whether the type is there already makes no difference. People
    have `type add` and `type change`, which tell the two apart and what a change means.
    """

    name: ClassVar[str] = "type set"
    right: ClassVar[str] = "type:manage"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("PUT", "/v1/types/{type}/"),)
    cli: ClassVar[Cli] = Cli(group="People and configuration", positionals=("type",), view="type")

    type: Annotated[str, Meta(description="its name")]
    title: Title | UnsetType = UNSET
    number_pattern: NumberPattern | UnsetType = UNSET
    form_schema: FormSchema | UnsetType = UNSET
    lifecycle: LifecycleDocument | UnsetType = UNSET

    async def run(self, unit: Unit) -> CaseType:
        given = given_parts(self)
        known = next((one for one in await unit.types.all() if one.name == self.type), None)
        if known is not None:
            known = await unit.types.lock(str(known.id))
        wished = complete(given) if known is None else parts_of(known) | given
        return await unit.configuration.put_case_type(name=self.type, **await checked(unit, self.type, wished))
