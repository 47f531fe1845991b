"""The verb `suggest`: what completion and prompts offer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from msgspec import UNSET, Meta, UnsetType

from casectl.model.suggestion import Suggestion
from casectl.operation import Cli, Operation
from casectl.rules.rights import ANY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from casectl.model.configuration import CaseType
    from casectl.unit import Unit

Source = Literal[
    "case", "closed", "trash", "status", "person", "team", "contact", "type", "tag", "channel", "role", "field"
]

NEEDED: dict[str, str] = {
    "person": "user:read", "team": "team:read", "contact": "contact:read", "type": "type:read", "field": "type:read",
    "role": "role:read",
}  # fmt: skip
"""The right without which there is nothing to suggest; all else stands on cases."""

_STEP = "status "
"""How `actions` names a step to another status."""


class Suggest(Operation[list[Suggestion]], frozen=True, kw_only=True):
    """Tell the words that may stand where somebody is typing.

    Nothing is suggested that the asker may not read. With a case its statuses are those it may go to now, and its
    fields those of its type; behind `KEY=` of a field come its values.
    """

    name: ClassVar[str] = "suggest"
    right: ClassVar[str] = ANY
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("GET", "/v1/suggestions/{source}/"),)
    reads: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(group="Look")

    source: Annotated[Source, Meta(description="what is named there")]
    prefix: Annotated[str, Meta(max_length=300, description="what was typed so far")] = ""
    case: Annotated[str, Meta(description="number or id of the case it is about")] | UnsetType = UNSET
    type: Annotated[str, Meta(description="case type whose fields are meant")] | UnsetType = UNSET
    limit: Annotated[int, Meta(description="words at most", ge=1, le=200)] = 50

    async def run(self, unit: Unit) -> list[Suggestion]:
        if NEEDED.get(self.source, "case:read") not in unit.actor.rights:
            return []
        if self.source in ("status", "type", "field"):
            known = await self._configured(unit)
            begun = [word for word in known if word.text.lower().startswith(self.prefix.lower())]
            return begun[: self.limit]
        words: Any = unit.words
        if self.source in ("case", "closed", "trash"):
            found: list[Suggestion] = await words.cases(self.prefix, self.source, self.limit)
            return found
        names = "people" if self.source == "person" else f"{self.source}s"
        return list(await getattr(words, names)(self.prefix, self.limit))

    async def _configured(self, unit: Unit) -> list[Suggestion]:
        """The words of the tenant's configuration, all of them."""
        if self.source == "type":
            return [Suggestion(text=one.name, help=one.title) for one in await unit.configuration.case_types()]
        if self.source == "status":
            return await self._statuses(unit)
        fields = dict[str, Suggestion]()
        for known in await self._types(unit):
            fields |= {word.text: word for word in _fields(known, self.prefix)}
        return list(fields.values())

    async def _statuses(self, unit: Unit) -> list[Suggestion]:
        if not self.case:
            return [Suggestion(text=name) for name in await unit.configuration.statuses()]
        from casectl.operations.actions import Actions

        choices = await unit.perform(Actions(case=self.case))
        return [
            Suggestion(text=one.name.removeprefix(_STEP), help=one.reason)
            for one in choices
            if one.possible and one.name.startswith(_STEP)
        ]

    async def _types(self, unit: Unit) -> list[CaseType]:
        if self.case:
            row = await unit.cases.peek(self.case)
            return [await unit.configuration.case_type(row.case_type_id, row.type_revision)]
        if self.type:
            return [await unit.configuration.case_type(self.type)]
        return await unit.configuration.case_types()


def _fields(known: CaseType, prefix: str) -> Iterator[Suggestion]:
    """`KEY=` of each field of a form, or `KEY=VALUE` of the legal values of the one that the prefix names."""
    from casectl.rules import forms

    name, equals, _ = prefix.partition("=")
    for field in forms.fields_of(known.form_schema):
        if not equals:
            yield Suggestion(text=f"{field.name}=", help=field.title or field.help)
        elif field.name == name:
            values = ("yes", "no") if field.kind == "boolean" else field.enum
            yield from (Suggestion(text=f"{name}={value}") for value in values)
