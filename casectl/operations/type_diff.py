"""The verb `type diff`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import UNSET, Meta, UnsetType

from casectl.model.configuration import TypeDifference
from casectl.operation import Cli, Operation
from casectl.operations._type_effects import documents_differ

if TYPE_CHECKING:
    from casectl.unit import Unit


class DiffType(Operation[list[TypeDifference]], frozen=True, kw_only=True):
    """Tell what differs between two revisions of a case type.

    Statuses, transitions, fields and rules, each once and in the order of the documents. Without numbers it is the
    current revision against the one before.
    """

    name: ClassVar[str] = "type diff"
    right: ClassVar[str] = "type:read"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("GET", "/v1/types/{type}/diff/"),)
    reads: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        positionals=("type", "before", "after"),
        examples=(("casectl type diff incident", ""), ("casectl type diff incident 1 1", "nothing differs")),
        view="type_diff",
    )

    type: Annotated[str, Meta(description="name or id of the case type")]
    before: Annotated[int, Meta(description="the older revision (default: the one before the newer)", ge=1)] | (
        UnsetType
    ) = UNSET
    after: Annotated[int, Meta(description="the newer revision (default: the current one)", ge=1)] | UnsetType = UNSET

    async def run(self, unit: Unit) -> list[TypeDifference]:
        newer = await unit.configuration.case_type(self.type, None if self.after is UNSET else self.after)
        older = max(newer.revision - 1, 1) if self.before is UNSET else self.before
        return documents_differ(await unit.configuration.case_type(self.type, older), newer)
