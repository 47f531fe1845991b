"""The verb `type revisions`."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from casectl.model.configuration import TypeRevision
from casectl.operation import Cli, Operation
from casectl.operations._type_effects import documents_differ
from casectl.rules.type_difference import summary_of

if TYPE_CHECKING:
    from casectl.unit import Unit


class ListRevisions(Operation[list[TypeRevision]], frozen=True, kw_only=True):
    """List the revisions of a case type.

    Who made them when, what they changed, and how many open cases each has. A case lives under the revision it was made
    under, or was brought to by `type migrate`.
    """

    name: ClassVar[str] = "type revisions"
    right: ClassVar[str] = "type:read"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("GET", "/v1/types/{type}/revisions/"),)
    reads: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        positionals=("type",),
        examples=(("casectl type revisions incident", ""),),
        view="type_revisions",
    )

    type: Annotated[str, Meta(description="name or id of the case type")]

    async def run(self, unit: Unit) -> list[TypeRevision]:
        current = await unit.configuration.case_type(self.type)
        found = await unit.types.revisions(current.id)
        cases: dict[int, int] = {}
        for (revision, _), count in (await unit.types.open_cases(current.id)).items():
            cases[revision] = cases.get(revision, 0) + count
        told = ["made"]
        told += [summary_of(documents_differ(*pair)) or "title or numbers only" for pair in pairwise(found)]
        return [
            TypeRevision(
                revision=one.revision, is_current=one.revision == current.revision, at=one.at, actor=one.actor,
                open_cases=cases.get(one.revision, 0), summary=summary,
            )
            for one, summary in zip(found, told, strict=True)
        ]  # fmt: skip
